#!/usr/bin/env python3
"""Runs a tocsin binary on the samples of contract version 4 and compares what it says with what is expected.

    check.py BINARY [PART-OF-NAME ...]      -v: every difference, not the first five of a sample

stories/ are small, `about` says what was computed by hand; streams.tar.xz holds random ones. A sample is a directory: facts.jsonl in
order of arrival, `until` where time goes on after the last of them, and the expected verdicts.jsonl (byte for byte), events.jsonl
(matched by id, field by field) and rejected.jsonl (its lines, and exit status 3).

`owed` names samples that are not right yet; the list only shrinks: one that passes must leave it. Exit status 0 when all others pass
and none of those does. The last line is `N passed, N failed`.

Of events these are left open by the contract and never compared: the order within one decision, the reason of cancelled, withdrawn,
raised and reopened, a cause that is not `late`, clock and cycle on events that are not about a clock, extension attributes, and
what a raised escalation carries for its message.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_MAX = 120
ATTRIBUTES = ("specversion", "source", "type", "subject", "partitionkey", "time", "recordedtime")
MESSAGE = {"title", "priority", "tier", "accountName", "threshold", "due", "link", "next"}


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def comparable(event):
    """{field: value} of what the contract pins of an event."""
    kind = event["type"]
    view = {name: event.get(name) for name in ATTRIBUTES}
    for name, value in event.get("data", {}).items():
        if name == "reason" and not kind == "tocsin.complaint.advanced" or name == "cause" and value != "late":
            continue
        if name in MESSAGE and kind == "tocsin.escalation.raised" or name in ("clock", "cycle") and not kind.startswith("tocsin.clock."):
            continue
        view[name] = {t["name"]: t for t in value} if name == "thresholds" else value
    return view


def differing_events(want, got):
    """In words, how two lists of derived events differ."""
    said = []
    by_id = [{}, {}]
    for events, index in ((want, by_id[0]), (got, by_id[1])):
        recorded = ""
        for event in events:
            if event["id"] in index:
                said.append(f"{event['id']} occurs twice")
            if event["recordedtime"] < recorded:
                said.append(f"recordedtime goes back at {event['id']}")
            recorded = event["recordedtime"]
            if not event["type"].startswith("tocsin.notification."):
                index[event["id"]] = event
    want, got = by_id
    for name in list(want) + [name for name in got if name not in want]:
        if name not in got:
            said.append(f"missing: {json.dumps(want[name], ensure_ascii=False)}")
        elif name not in want:
            said.append(f"too much: {json.dumps(got[name], ensure_ascii=False)}")
        else:
            a, b = comparable(want[name]), comparable(got[name])
            fields = [f"{f} is {b.get(f)!r}, not {a.get(f)!r}" for f in sorted(a.keys() | b.keys()) if a.get(f) != b.get(f)]
            if fields:
                said.append(f"{name}: " + "; ".join(fields))
    return said


def differing_lines(want, got, what):
    a, b = want.splitlines(), got.splitlines()
    if a == b:
        return []
    said = [f"{what} missing: {x}" for x in a if x not in b] + [f"{what} too much: {x}" for x in b if x not in a]
    return said or [f"{what}: the order differs"]


def faults(binary, sample):
    """In words, all in which the binary differs on this sample."""
    def text(name):
        path = sample / name
        return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    until = ["--until", text("until").strip()] if text("until") else []
    refused = "".join(line + "\n" for line in text("rejected.jsonl").splitlines() if line.startswith('{"line"'))
    said = []
    for emit in ("verdicts", "events"):
        done = subprocess.run([binary, "simulate", "--events", str(sample / "facts.jsonl"), "--emit", emit, *until], capture_output=True,
                              encoding="utf-8", errors="surrogateescape", timeout=SECONDS_MAX)
        if done.returncode != (3 if refused else 0):
            said.append(f"{emit}: exit status {done.returncode}: {done.stderr[:300]}")
        if refused:
            got = "".join(line + "\n" for line in done.stderr.splitlines() if line.startswith('{"line"'))
            said += differing_lines(refused, got, "refused")
        if emit == "verdicts":
            said += differing_lines(text("verdicts.jsonl"), done.stdout, "verdict")
        else:
            said += differing_events(lines(text("events.jsonl")), lines(done.stdout))
    return said


def main(arguments):
    every = "-v" in arguments
    binary, *parts = [a for a in arguments if a != "-v"]
    binary = str(pathlib.Path(binary).resolve())
    owed = {line.strip() for line in (HERE / "owed").read_text().splitlines() if line.strip() and not line.startswith("#")}
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(HERE / "streams.tar.xz") as packed:
            packed.extractall(scratch)
        samples = {p.parent.name + "/" + p.name: p for root in (HERE / "stories", pathlib.Path(scratch) / "streams") for p in sorted(root.iterdir())}
        unknown = owed - samples.keys()
        samples = {name: path for name, path in samples.items() if not parts or any(part in name for part in parts)}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = dict(zip(samples, pool.map(lambda path: faults(binary, path), samples.values())))
        passed = failed = 0
        for name, said in found.items():
            if bool(said) == (name in owed):
                passed += not said
                continue
            failed += 1
            print(f"DIFFERS {name}" if said else f"NO LONGER OWED {name}: take it off the list `owed`")
            about = samples[name] / "about"
            if said and about.exists():
                print("".join(f"  # {line}\n" for line in about.read_text().splitlines()), end="")
            for what in said if every else said[:5]:
                print("  " + what[:600])
        for name in sorted(unknown):
            failed += 1
            print(f"`owed` names {name}, which is no sample")
    still = sum(1 for name, said in found.items() if said and name in owed)
    print(f"{still} owed")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
