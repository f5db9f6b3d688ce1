#!/usr/bin/env python3
"""The JSON Schemas in docs/schemas: they are schemas, there is one for every fact of the default policy and
every type of events/vocabulary.h, their examples fit them and stop fitting when a required member goes, and the
accepted facts and derived events of the samples fit too."""
import copy
import json
import re
import sys
import tarfile
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "docs" / "schemas"
SAMPLES = ROOT / "tests" / "conformance4" / "streams.tar.xz"
ENVELOPES = ("cloudevent", "derived")

try:
    import jsonschema
    import yaml
except ImportError:
    print("SKIPPED: python3-jsonschema or python3-yaml is not installed")
    sys.exit(0 if __name__ == "__main__" else 77)


warnings.filterwarnings("ignore", category=DeprecationWarning)  # newer versions prefer another resolver


def load():
    """Validators by type name, `cloudevent` and `derived` among them."""
    documents = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in SCHEMAS.glob("*.json")}
    store = {document["$id"]: document for document in documents.values()}
    validators = {}
    for name, document in documents.items():
        jsonschema.Draft202012Validator.check_schema(document)
        resolver = jsonschema.RefResolver(document["$id"], document, store=store)
        validators[name] = jsonschema.Draft202012Validator(document, resolver=resolver)
    return validators


def derived_types():
    text = (ROOT / "events" / "vocabulary.h").read_text(encoding="utf-8")
    table = text[text.index("kDerivedTypes = {"):]
    return set(re.findall(r'"(tocsin\.[a-z.]+)"', table[: table.index("};")]))


def fact_types():
    policy = yaml.safe_load((ROOT / "policy" / "key-account.yaml").read_text(encoding="utf-8"))
    # A name with a dot is another kind's fact that counts for this one.
    return {"tocsin." + (verb if "." in verb else f"{kind}.{verb}")
            for kind, spec in policy["kinds"].items() for verb in spec["facts"]}


def main():
    validators = load()
    faults = []
    checked = 0
    derived = derived_types()
    described = {name for name in validators if name not in ENVELOPES}
    for missing in sorted((derived | fact_types()) - described):
        faults.append(f"{missing} has no schema")
    for name in sorted(described):
        document = validators[name].schema
        if not document.get("title") or not document.get("description"):
            faults.append(f"{name}: no title or description")
        for field, schema in document["properties"].get("data", {}).get("properties", {}).items():
            if not schema.get("description") and "$ref" not in schema:
                faults.append(f"{name}: data.{field} is not described")
        if not document.get("examples"):
            faults.append(f"{name}: no example")
        for example in document.get("examples", []):
            checked += 1
            for error in validators[name].iter_errors(example):
                faults.append(f"{name}: its example does not fit: {error.message}")
            if example["type"] != name:
                faults.append(f"{name}: its example is a {example['type']}")
            envelope = validators["derived" if name in derived else "cloudevent"].schema
            required = [("", key) for key in envelope["required"]]
            required += [("data", key) for key in document["properties"].get("data", {}).get("required", [])]
            for inside, key in required:
                less = copy.deepcopy(example)
                del (less[inside] if inside else less)[key]
                if validators[name].is_valid(less):
                    faults.append(f"{name}: fits without {inside} {key}")
    kinds = {name.split(".")[1] for name in described}
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(SAMPLES) as streams:
            streams.extractall(unpacked)
        for folder in sorted(Path(unpacked).glob("*/*")):
            rejected = set()
            if (folder / "rejected.jsonl").exists():
                for line in (folder / "rejected.jsonl").read_text(encoding="utf-8").splitlines():
                    if line.startswith("{"):
                        rejected.add(json.loads(line)["line"])
            for file in ("facts.jsonl", "events.jsonl"):
                for number, line in enumerate((folder / file).read_bytes().split(b"\n"), 1):
                    if not line.strip() or (file == "facts.jsonl" and number in rejected):
                        continue
                    event = json.loads(line)
                    if event["type"].split(".")[1] not in kinds:  # of no policy: kept as it is
                        continue
                    checked += 1
                    if event["type"] not in validators:
                        faults.append(f"{event['type']} has no schema")
                        continue
                    for error in validators[event["type"]].iter_errors(event):
                        faults.append(f"{folder.name}/{file}:{number}: {error.message}")
    for fault in faults[:40]:
        print(fault)
    print(f"{len(described)} schemas, {checked} events checked, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
