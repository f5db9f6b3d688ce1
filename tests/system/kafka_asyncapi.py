#!/usr/bin/env python3
"""docs/asyncapi.yaml names every schema of docs/schemas where it belongs, and nothing that is not there."""
import json
import sys
from pathlib import Path

try:
    import yaml
except ImportError:
    print("SKIPPED: python3-yaml is not installed")
    sys.exit(77)

DOCS = Path(__file__).resolve().parents[2] / "docs"
ENVELOPES = {"cloudevent", "derived"}


def refs(node):
    """Every $ref below a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def lookup(document, pointer):
    for part in pointer.removeprefix("#/").split("/"):
        document = document[part]
    return document


def main():
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    wrong = []
    for ref in set(refs(document)):
        try:
            lookup(document, ref) if ref.startswith("#/") else (DOCS / ref).read_text(encoding="utf-8")
        except (KeyError, OSError):
            wrong.append(f"{ref} leads nowhere")

    facts, derived = set(), set()
    for file in (DOCS / "schemas").glob("*.json"):
        if file.stem not in ENVELOPES:
            base = json.loads(file.read_text(encoding="utf-8"))["allOf"][0]["$ref"]
            (derived if base == "derived.json" else facts).add(f"schemas/{file.name}")
    messages = document["components"]["messages"]
    in_log = {lookup(document, message["$ref"])["payload"].get("$ref")
              for message in document["channels"]["log"]["messages"].values()} - {None}
    in_intake = set(refs(messages["StructuredFact"]["payload"]))
    wrong += [f"{ref} is no message of the log" for ref in derived - in_log]
    wrong += [f"{ref} is no derived event" for ref in in_log - derived]
    wrong += [f"{ref} is no message of intake" for ref in facts - in_intake]
    wrong += [f"{ref} is no fact" for ref in in_intake - facts]

    for line in wrong:
        print(f"FAILED: {line}")
    print(f"{len(derived)} derived events and {len(facts)} facts in docs/asyncapi.yaml")
    return 1 if wrong or not derived or not facts else 0


if __name__ == "__main__":
    sys.exit(main())
