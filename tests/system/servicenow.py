#!/usr/bin/env python3
"""`tocsin import servicenow` on a small log of our own: every rule of docs/servicenow.md, the pipe into
`simulate`, the comparison, and bad files. Where the real log is at hand, it goes through the pipe too."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
REAL = ROOT / ".." / "shared" / "data" / "servicenow" / "incident_event_log.csv"

COLUMNS = ("number,incident_state,reopen_count,sys_mod_count,made_sla,caller_id,opened_at,sys_updated_by,sys_updated_at,"
           "contact_type,category,priority,assigned_to,closed_code")
# 2026-03-02 is a Monday. Shanghai is UTC+8 the year round.
LOG = COLUMNS + '''
INC1,New,0,0,TRUE,Caller 1,02-03-2026 09:00,Ann,02-03-2026 09:05,Phone,"Stock, ""new""",3 - Moderate,?,?
INC2,Active,0,0,TRUE,Caller 2,02-03-2026 08:00,Bob,02-03-2026 09:00,Web,?,1 - Critical,Eve,?
INC1,Active,0,1,TRUE,Caller 1,02-03-2026 09:00,Bob,02-03-2026 09:30,Phone,Stock,3 - Moderate,Eve,?
INC1,Awaiting User Info,0,2,TRUE,Caller 1,02-03-2026 09:00,Bob,02-03-2026 10:00,Phone,Stock,3 - Moderate,Eve,?
INC1,Awaiting Vendor,0,3,TRUE,Caller 1,02-03-2026 09:00,Bob,03-03-2026 10:00,Phone,Stock,3 - Moderate,Eve,?
INC1,Active,0,4,TRUE,Caller 1,02-03-2026 09:00,Bob,16-03-2026 10:00,Phone,Stock,2 - High,Eve,?
INC1,Resolved,0,5,TRUE,Caller 1,02-03-2026 09:00,Bob,16-03-2026 10:00,Phone,Stock,2 - High,Eve,code 5
INC2,Resolved,0,1,TRUE,Caller 2,02-03-2026 08:00,Bob,02-03-2026 09:10,Web,?,1 - Critical,Eve,code 1
INC1,Closed,0,6,FALSE,Caller 1,02-03-2026 09:00,Sys,21-03-2026 10:00,Phone,Stock,2 - High,Eve,code 5
INC2,Active,1,2,TRUE,Caller 2,02-03-2026 08:00,Bob,09-03-2026 09:10,Web,?,1 - Critical,Kim,?
INC2,Awaiting Evidence,1,3,TRUE,Caller 2,02-03-2026 08:00,Bob,09-03-2026 09:20,Web,?,1 - Critical,Kim,?
INC2,Resolved,1,4,TRUE,Caller 2,02-03-2026 08:00,Bob,09-03-2026 18:00,Web,?,1 - Critical,Kim,code 1
INC2,Closed,1,5,TRUE,Caller 2,02-03-2026 08:00,Sys,14-03-2026 18:00,Web,?,1 - Critical,Kim,code 1
INC3,Resolved,0,0,TRUE,Caller 3,02-03-2026 09:00,Bob,02-03-2026 09:00,Web,?,4 - Low,?,?
INC3,Closed,0,1,FALSE,Caller 3,02-03-2026 09:00,Sys,07-03-2026 09:00,Web,?,4 - Low,?,?
'''
# In order of arrival: (arrival, subject, verb, time where it is another, data)
EXPECTED = [
    ("2026-03-02T01:00", "INC2", "opened", "2026-03-02T00:00", {"priority": "P1", "title": "INC2", "channel": "Web", "contact": "Caller 2", "tier": "B"}),
    ("2026-03-02T01:00", "INC2", "assigned", None, {"person": "Eve"}),
    ("2026-03-02T01:00", "INC2", "responded", None, {"by": "Bob"}),
    ("2026-03-02T01:00", "INC3", "opened", None, {"priority": "P4", "title": "INC3", "channel": "Web", "contact": "Caller 3", "tier": "B"}),
    ("2026-03-02T01:00", "INC3", "resolved", None, {}),
    ("2026-03-02T01:05", "INC1", "opened", "2026-03-02T01:00",
     {"priority": "P3", "title": "INC1", "channel": "Phone", "module": "Stock, \"new\"", "contact": "Caller 1", "tier": "B"}),
    ("2026-03-02T01:10", "INC2", "resolved", None, {"solution": "code 1"}),
    ("2026-03-02T01:30", "INC1", "assigned", None, {"person": "Eve"}),
    ("2026-03-02T01:30", "INC1", "responded", None, {"by": "Bob"}),
    ("2026-03-02T02:00", "INC1", "paused", None, {"reason": "Awaiting User Info"}),
    ("2026-03-07T01:00", "INC3", "closed", None, None),
    ("2026-03-09T01:10", "INC2", "assigned", None, {"person": "Kim"}),
    ("2026-03-09T01:10", "INC2", "reopened", None, None),
    ("2026-03-09T01:20", "INC2", "paused", None, {"reason": "Awaiting Evidence"}),
    ("2026-03-09T10:00", "INC2", "resolved", None, {"solution": "code 1"}),
    ("2026-03-14T10:00", "INC2", "closed", None, None),
    ("2026-03-16T02:00", "INC1", "prioritized", None, {"priority": "P2"}),
    ("2026-03-16T02:00", "INC1", "resumed", None, None),
    ("2026-03-16T02:00", "INC1", "resolved", None, {"solution": "code 5"}),
    ("2026-03-21T02:00", "INC1", "closed", None, None),
]

faults = []


def check(condition, what):
    if not condition:
        faults.append(what)


def run(*arguments, text=None):
    return subprocess.run([TOCSIN, *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)


def instant(minute):
    return minute + ":00.000Z"


def mapping(log):
    got = run("import", "servicenow", log)
    check(got.returncode == 0 and got.stderr == "", f"import: status {got.returncode}, {got.stderr}")
    facts = [json.loads(line) for line in got.stdout.splitlines()]
    check(len({fact["id"] for fact in facts}) == len(facts), "ids occur once")
    check(len(facts) == len(EXPECTED), f"{len(facts)} facts, expected {len(EXPECTED)}")
    for fact, (arrival, subject, verb, time, data) in zip(facts, EXPECTED):
        seen = (fact["recordedtime"], fact["subject"], fact["type"], fact["time"], fact.get("data"))
        wanted = (instant(arrival), subject, "tocsin.ticket." + verb, instant(time or arrival), data)
        check(seen == wanted, f"got {seen}\n    expected {wanted}")
        check((fact["specversion"], fact["source"], fact["partitionkey"]) == ("1.0", "/servicenow", "servicenow"), str(fact))
    other = run("import", "servicenow", log, "--zone", "Europe/Berlin", "--account", "desk", "--tier", "A")
    first = json.loads(other.stdout.splitlines()[0])
    # 09:00 in Berlin in winter is 08:00Z.
    check((first["recordedtime"], first["partitionkey"], first["data"]["tier"]) == ("2026-03-02T08:00:00.000Z", "desk", "A"),
          f"options: {first}")
    return got.stdout


def simulation(facts):
    got = run("simulate", "--events", "-", "--emit", "verdicts", text=facts)
    check(got.returncode == 0, f"simulate: status {got.returncode}, {got.stderr[:300]}")
    verdicts = {(row["entity"], row["clock"]): row for row in map(json.loads, got.stdout.splitlines())}
    # INC2, P1 in business hours, limit 4 h: 08:00 counts from 09:00; resolved 09:10 = 10 min. Reopened on the 9th 09:10,
    # 10 min later paused until resolved: 20 min in all.
    inc2 = verdicts[("ticket/INC2", "ticket.resolution")]
    check(inc2["elapsedMs"] == 20 * 60_000, f"INC2: {inc2}")
    check([t["verdict"] for t in inc2["thresholds"]] == ["met", "met"], f"INC2: {inc2}")
    # INC1: 09:00 to 10:00 on the 2nd = 1 h, then paused for a fortnight and resolved at the minute it was resumed.
    inc1 = verdicts[("ticket/INC1", "ticket.resolution")]
    check(inc1["elapsedMs"] == 60 * 60_000, f"INC1: {inc1}")
    check(all(t["verdict"] == "met" for t in inc1["thresholds"]), f"INC1: {inc1}")
    check(("ticket/INC3", "ticket.resolution") not in verdicts, "P4 has no resolution clock")
    return got.stdout


def comparison(log, verdicts):
    for arguments in (["--compare"], ["--compare", "--verdicts", verdicts]):
        got = run("import", "servicenow", log, *arguments)
        check(got.returncode == 0, f"compare: status {got.returncode}, {got.stderr}")
        rows = {line.split()[0]: line.split()[1:] for line in got.stdout.splitlines() if line[:2] in ("P1", "P2", "P4")}
        # incidents, made, missed, met, breached, no verdict, agree, differ
        check(rows.get("P1") == ["1", "1", "0", "1", "0", "0", "1", "0"], f"P1: {rows}")
        check(rows.get("P2") == ["1", "0", "1", "1", "0", "0", "0", "1"], f"P2: {rows}")
        check(rows.get("P4") == ["1", "0", "1", "0", "0", "1", "0", "0"], f"P4: {rows}")
        check("    1  They missed, we met: the incident waited" in got.stdout, got.stdout)
        check("INC1 (P2)" in got.stdout, got.stdout)


def bad_files(folder):
    def of(text, *arguments):
        path = Path(folder) / "bad.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return run("import", "servicenow", str(path), *arguments)

    good = LOG.splitlines()[1]
    for text, status, words in (
            ("", 2, "no column"),
            ("a,b\n1,2\n", 2, "no column number"),
            (COLUMNS + "\n" + good.replace("New", "Asleep") + "\n", 3, "line 2 left out: unknown incident_state `Asleep`"),
            (COLUMNS + "\n" + good.replace("3 - Moderate", "5 - Planning") + "\n", 3, "unknown priority"),
            (COLUMNS + "\n" + good.replace("02-03-2026 09:05", "2026-03-02 09:05") + "\n", 3, "sys_updated_at"),
            (COLUMNS + "\n" + good.replace("02-03-2026 09:00", "30-02-2026 09:00") + "\n", 3, "opened_at"),
            (COLUMNS + "\n" + good + ",x\n", 2, "15 fields where the header has 14"),
            (COLUMNS + "\n" + good.replace('""new"""', 'x') + "\n", 2, "quoted"),
            ((COLUMNS + "\n" + good + "\n").encode().replace(b"Ann", b"\xff"), 3, "not UTF-8")):
        got = of(text)
        check(got.returncode == status and words in got.stderr, f"{text[-120:]!r}: status {got.returncode}, {got.stderr!r}")
    check(of(LOG, "--zone", "Mars/Olympus").returncode == 2, "unknown zone")
    check(of(LOG, "--tier", "D").returncode == 2, "unknown tier")
    check(run("import", "servicenow", str(Path(folder) / "absent.csv")).returncode == 2, "absent file")
    windows = of(("\ufeff" + LOG).replace("\n", "\r\n"))
    check(windows.returncode == 0 and len(windows.stdout.splitlines()) == len(EXPECTED), f"CRLF: {windows.stderr}")


def real_log():
    if not REAL.exists():
        print(f"SKIPPED: the real log is not beside the repository ({REAL})")
        return
    imported = run("import", "servicenow", str(REAL))
    check(imported.returncode == 0, f"real log: {imported.stderr[:300]}")
    got = run("simulate", "--events", "-", "--emit", "summary", text=imported.stdout)
    check(got.returncode == 0 and "ticket.resolution" in got.stdout, f"real log: status {got.returncode}, {got.stderr[:300]}")
    compared = run("import", "servicenow", str(REAL), "--compare")
    check("all            597        330          267" in compared.stdout, compared.stdout[:800])
    print(compared.stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        log = str(Path(folder) / "log.csv")
        Path(log).write_text(LOG, encoding="utf-8")
        facts = mapping(log)
        verdicts = str(Path(folder) / "verdicts.jsonl")
        Path(verdicts).write_text(simulation(facts), encoding="utf-8")
        comparison(log, verdicts)
        bad_files(folder)
    real_log()
    for fault in faults:
        print("FAULT", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
