#!/usr/bin/env python3
"""The demonstration, read aloud: no complaint has more than one open routing, and no later step of a routing calls an executive outside the
hours of a customer who bought office hours. Read from the log of `tocsin run --demo`, which says what `tocsin simulate` says of its facts."""
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

from crash_node import ROOT, TOCSIN, fail, free_port

FACTS = ROOT / "app/demo/key_account.jsonl"
SHANGHAI = timezone(timedelta(hours=8))
PATIENCE_S = 180
failures = []


def right(holds, what):
    print("ok   " if holds else "WRONG", what)
    if not holds:
        failures.append(what)


def in_office_hours(text):
    """Monday to Friday 9 to 12 and 13 to 18, both ends included: a step that ends at closing time stays there."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(SHANGHAI)
    minutes = at.hour * 60 + at.minute + (at.second > 0)
    return at.weekday() < 5 and (540 <= minutes <= 720 or 780 <= minutes <= 1080)


def most_open_routings(events):
    """{complaint: the most routings that were open at once, after what happened at one instant}"""
    open_, most = {}, {}
    for _, of_instant in itertools.groupby(events, key=lambda e: e["time"]):
        for e in of_instant:
            group = e["data"].get("escalation", "")
            if "/complaint/" not in group or "/routed/" not in group:
                continue
            mine = open_.setdefault(e["data"]["entity"], set())
            if e["type"].endswith(".raised"):
                mine.add(group)
            elif not e["type"].endswith(".reopened"):
                mine.discard(group)
        most.update({entity: max(most.get(entity, 0), len(mine)) for entity, mine in open_.items()})
    return most


def later_calls_of_executives(events, tiers):
    """The times at which a later step of a routing calls an executive for a customer of office hours."""
    return [e["time"] for e in events if e["type"].endswith("escalation.raised") and "/routed/" in e["id"] and e["data"]["step"] > 1 and "executive" in e["data"]["roles"]
            and tiers[e["partitionkey"]] in ("B", "C")]


def judge(what, events):
    tiers = {f["partitionkey"]: f["data"]["tier"] for f in map(json.loads, FACTS.read_text().splitlines()) if f["type"] == "tocsin.account.tiered"}
    most = most_open_routings(events)
    right(bool(most) and max(most.values()) == 1, f"{what}: no complaint has more than one open routing: {most}")
    calls = later_calls_of_executives(events, tiers)
    right(bool(calls) and all(map(in_office_hours, calls)), f"{what}: executives are called in office hours: {calls}")


def shows_that_it_can_fail(events):
    late = [dict(e, time="2026-03-02T13:00:00.000Z") if e["time"] in later_calls_of_executives([e], {"ACME": "A", "BETA": "B"}) else e for e in events]
    right(not all(map(in_office_hours, later_calls_of_executives(late, {"ACME": "A", "BETA": "B"}))), "a call at nine in the evening would be noticed")
    kept = [e for e in events if not (e["type"].endswith("escalation.cleared") and "/routed/stage" in e["id"])]
    right(max(most_open_routings(kept).values()) > 1, "a routing that stays open would be noticed")


def alarm_of(line):
    """`… ALARM high step 2: ACME/ticket/T-2/routed/P1 -> …` as the alarm's id."""
    return line.split(" -> ")[0].split(": ")[-1] + ":" + line.split(" step ")[1].split(":")[0]


def main():
    done = subprocess.run([TOCSIN, "simulate", "--events", FACTS, "--until", "2026-03-04T01:00:00Z"], capture_output=True, encoding="utf-8", timeout=60)
    simulated = [json.loads(line) for line in done.stdout.splitlines()]
    right(done.returncode == 0, f"its facts are taken: {done.stderr[:200]}")
    judge("simulate", simulated)
    shows_that_it_can_fail(simulated)
    with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as scratch:
        demo = subprocess.Popen([TOCSIN, "run", "--demo", "--listen", f"127.0.0.1:{free_port()}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                cwd=scratch, encoding="utf-8", errors="replace")
        patience = threading.Timer(PATIENCE_S, demo.kill)
        patience.start()
        last = max(json.loads(line)["time"] for line in FACTS.read_text().splitlines())
        last = datetime.fromisoformat(last).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        said = ""
        for line in demo.stdout:
            said += line
            if line.startswith(last):
                break
        else:
            fail("the demonstration did not come to its end:\n" + said[-2000:])
        demo.send_signal(signal.SIGTERM)
        said += demo.stdout.read()
        demo.wait(30)
        patience.cancel()
    alarms = [alarm_of(line) for line in said.splitlines() if " ALARM " in line]
    known = {e["id"] for e in simulated if e["type"].endswith("escalation.raised")}
    # A machine with other work learns of a step late and tells the next one only: it may call less often, never otherwise.
    right(len(alarms) > len(known) // 2 and set(alarms) <= known, f"it calls as simulate does, {len(alarms)} times of {len(known)}: {sorted(set(alarms) - known)}")
    shown = [alarm_of(line) for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if " ALARM " in line]
    right(len(shown) > 3 and set(shown) <= known, f"the README shows what it calls: {shown}")
    print(said)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
