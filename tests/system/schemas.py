#!/usr/bin/env python3
"""What the schemas in docs/schemas say and what the product does are the same: each fact's example, and each
example with one field taken out or given another value, goes through `tocsin simulate`; it must be rejected
exactly when it does not fit its schema, and for the field that was changed."""
import copy
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True
import schemas_test  # noqa: E402

TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
VALUES = [None, "", "x", "P1", "p1", "P5", "A", "D", "normal", "customer", "weekly_contact", 0, 1, 5, 6, -1, 2.5, 3.0,
          True, [], ["Li"], [""], [1], ["Li", "Wei"], {}, {"a": 1}, "2026-06-30", "2026-02-30", "2026-06-30T10:00:00",
          "2026-06-30T10:00:00Z", "2026-06-30T10:00:00+08:00", "2026-06-30T25:00:00Z", "2026-06-30 10:00:00Z",
          "2026-06-30t10:00:00.1239z", "2026-06-30T10:00:60Z", "soon"]
# A date that the pattern of a schema cannot tell from right ones: where it stands in a date's place it must be rejected.
NO_DATE = "2026-02-30"
DATES = {"due", "confirmBy", "reviewBy", "rectifyBy"}
ATTRIBUTES = ["specversion", "id", "source", "type", "time", "subject", "partitionkey", "sequence"]


def variants(example, schema):
    """(event, what a rejection must name)"""
    yield example, None
    for name in ATTRIBUTES:
        less = copy.deepcopy(example)
        less.pop(name, None)
        yield less, "missing_attribute:" + name
        for bad in (None, "", 5, [], "a\u0001b"):
            other = copy.deepcopy(example)
            other[name] = bad
            yield other, ("missing_attribute:" if bad is None else "bad_attribute:") + name
    for data in ([], "x", 5, True):
        other = copy.deepcopy(example)
        other["data"] = data
        yield other, "bad_data:data"
    for field in schema["properties"].get("data", {}).get("properties", {}):
        less = copy.deepcopy(example)
        less.setdefault("data", {}).pop(field, None)
        yield less, "bad_data:" + field
        for value in VALUES:
            other = copy.deepcopy(example)
            other.setdefault("data", {})[field] = value
            yield other, "bad_data:" + field


def without_nulls(event):
    return {key: value for key, value in event.items() if value is not None}


def main():
    validators = schemas_test.load()
    derived = schemas_test.derived_types()
    lines, expected = [], []
    for name in sorted(validators):
        if name in derived or name in schemas_test.ENVELOPES:
            continue
        schema = validators[name].schema
        for number, (event, reason) in enumerate(variants(schema["examples"][0], schema)):
            event = {**event, "id": f"{name}-{number}"} if event.get("id") == schema["examples"][0]["id"] else event
            lines.append(json.dumps(event, ensure_ascii=False))
            fits = validators[name].is_valid(without_nulls(event))
            # Another type is another schema's business; the engine checks `type` itself.
            expected.append((None if fits else reason, event))
    run = subprocess.run([TOCSIN, "simulate", "--events", "-", "--emit", "verdicts"], input="\n".join(lines),
                         capture_output=True, text=True, timeout=120, check=False)
    got = {}
    for line in run.stderr.splitlines():
        if line.startswith('{"line"'):
            rejected = json.loads(line)
            got[rejected["line"]] = rejected["reason"]
    faults = 0
    for number, (reason, event) in enumerate(expected, 1):
        data = event.get("data") if isinstance(event.get("data"), dict) else {}
        if reason is None:
            reason = next((f"bad_data:{f}" for f in DATES if data.get(f) == NO_DATE), None)
        actual = got.get(number)
        # Where the subject must equal the partitionkey, changing one makes the subject wrong first.
        if actual == "bad_attribute:subject" and reason is None and event["subject"] != event["partitionkey"]:
            continue
        if actual != reason:
            faults += 1
            if faults <= 20:
                print(f"schema says {reason}, tocsin says {actual}: {json.dumps(event, ensure_ascii=False)}")
    print(f"{len(lines)} events, {sum(1 for r, _ in expected if r)} of them wrong, {faults} faults, exit status {run.returncode}")
    if run.returncode != 3:
        print(run.stderr[:2000])
        return 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
