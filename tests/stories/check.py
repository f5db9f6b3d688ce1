#!/usr/bin/env python3
"""Runs a tocsin binary on stories that were computed by hand, each around an instant that matters.

    check.py BINARY [PART-OF-NAME ...]      -v: what the binary said in each run that differs

A file *.story holds stories of one part of contract version 4; README.md says how they are written, and which sentence of the
contract each of them shows. The last line is `N passed, N failed`; exit status 0 when none failed.
"""
import concurrent.futures
import datetime
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_MAX = 60
ZONE = datetime.timezone(datetime.timedelta(hours=8))
CASES = {"-": -1, "=": 0, "+": 1}  # the run of a story -> the milliseconds that ± stands for
TIME = re.compile(r"(?:(\d{4})-)?(?:(\d\d)-(\d\d)T)?(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{3}))?)?(±?)$")


class Mistake(Exception):
    """A story that is not written as README.md says."""


def instant(text, shift):
    """The instant of `10:15`, `03-04T18:00`, `2027-01-04T09:00:00.001`, each with ± where it moves with the run."""
    read = TIME.match(text)
    if not read:
        raise Mistake(f"{text!r} is no time")
    year, month, day, hour, minute, second, ms, moves = read.groups()
    at = datetime.datetime(int(year or 2026), int(month or 3), int(day or 2), int(hour), int(minute), int(second or 0), int(ms or 0) * 1000, ZONE)
    at += datetime.timedelta(milliseconds=shift if moves else 0)
    return at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def words(line):
    """The words of a line; what stands in double quotes, brackets or braces is one with what is before it."""
    return re.findall(r'(?:"(?:\\.|[^"\\])*"|\[[^]]*\]|\{[^}]*\}|[^\s"\[{])+', line)


def fact(number, tokens, shift):
    """`10:15@10:30 ticket/T1 opened priority=P1 !sequence=2` as a CloudEvent."""
    when, _, learned = tokens[0].partition("@")
    kind, _, id = tokens[1].partition("/")
    event = {"specversion": "1.0", "id": f"f{number:03d}", "source": "/crm", "type": f"tocsin.{kind}.{tokens[2]}", "time": instant(when, shift), "subject": id,
             "partitionkey": id if kind in ("account", "org") else "ACME", "data": {}}
    if learned:
        event["recordedtime"] = instant(learned, shift)
    for token in tokens[3:]:
        name, equals, text = token.partition("=")
        if not equals:
            raise Mistake(f"{token!r} is no NAME=VALUE")
        if name.startswith("!"):
            event[name[1:]] = text
        else:
            event["data"][name] = instant(text[1:], shift) if text.startswith("@") else value(text)
    return event


class Story:
    def __init__(self, file, name):
        self.name, self.file, self.lines = f"{file.stem}: {name}", file, []

    def cases(self):
        return list(CASES) if any("±" in line for line in self.lines) else ["="]


def read(file):
    stories = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            stories.append(Story(file, line[3:].strip()))
        elif line.strip() and not line.startswith("#"):
            if not stories:
                raise Mistake(f"{file.name}: {line!r} stands before the first story")
            stories[-1].lines.append(line)
    return stories


def event_differs(tokens, events, shift):
    """What is wrong about `says ID [at TIME] [NAME=VALUE ...]`, or None."""
    id, rest = tokens[0], tokens[1:]
    found = [e for e in events if e["id"].partition("/")[2] == id]
    if not found:
        return "was not said"
    if rest[:1] == ["at"]:
        if found[0]["time"] != instant(rest[1], shift):
            return f"has time {found[0]['time']}"
        rest = rest[2:]
    for token in rest:
        name, _, text = token.partition("=")
        want = instant(text[1:], shift) if text.startswith("@") else value(text)
        got = found[0].get(name[1:]) if name.startswith("!") else found[0]["data"].get(name)
        if name in ("target", "limit"):  # a threshold: DUE or DUE/VERDICT
            due, _, verdict = text.partition("/")
            want = (instant(due, shift) if due != "null" else None, verdict or None)
            got = next(((t.get("due"), t.get("verdict")) for t in found[0]["data"].get("thresholds", []) if t["name"] == name), None)
        if got != want:
            return f"has {name} {got!r}, not {want!r}"
    return None


def verdict_differs(tokens, rows, shift):
    """What is wrong about `verdict ENTITY CLOCK CYCLE STATE [target=DUE/VERDICT] [limit=…]`, or None."""
    entity, clock, cycle, state, *rest = tokens
    found = [r for r in rows if r["entity"] == entity and r["clock"] == clock and str(r["cycle"]) == cycle]
    if state == "none":
        return f"is {found[0]['state']}" if found else None
    if not found:
        return "is not there"
    row = found[0]
    if row["state"] != state:
        return f"is {row['state']}"
    for token in rest:
        name, _, text = token.partition("=")
        if name in ("target", "limit"):
            due, _, verdict = text.partition("/")
            want = None if due == "gone" else (instant(due, shift) if due != "null" else None, verdict)
            got = next(((t["due"], t["verdict"]) for t in row["thresholds"] if t["name"] == name), None)
        else:
            want, got = (instant(text, shift) if ":" in text else value(text)), row[name]
        if got != want:
            return f"has {name} {got}, not {want}"
    return None


def differs(what, tokens, events, rows, refused, shift):
    """What is wrong about one expectation, or None."""
    if what == "says":
        return event_differs(tokens, events, shift)
    if what == "never":
        said = [e["id"] for e in events if fnmatch.fnmatchcase(e["id"].partition("/")[2], tokens[0])]
        return f"was said: {', '.join(said)}" if said else None
    if what == "order":  # these ids come in this order
        ids = [e["id"].partition("/")[2] for e in events]
        places = [ids.index(t) if t in ids else None for t in tokens]
        missing = [t for t, place in zip(tokens, places) if place is None]
        if missing:
            return f"{missing[0]} was not said"
        return None if places == sorted(places) else f"came as {', '.join(sorted(tokens, key=ids.index))}"
    if what == "verdict":
        return verdict_differs(tokens, rows, shift)
    if what == "refused":  # NUMBER-OF-THE-FACT REASON
        got = next((r["reason"] for r in refused if r["line"] == int(tokens[0])), None)
        return None if got == tokens[1] else f"is {got}"
    if what == "unusable":  # the run says so, see there
        return None
    raise Mistake(f"{what!r} is no word of a story")


def run(binary, story, case, scratch):
    """(what differs, what the binary said) in one run of a story."""
    shift, facts, until, expected, more = CASES[case], [], [], [], []
    for line in story.lines:
        what, *tokens = words(line)
        if what == "until":
            until = ["--until", instant(tokens[0], shift)]
        elif what == "policy":
            more += ["--policy", str(HERE / "policies" / tokens[0])]
        elif what == "roster":
            more += ["--roster", str(HERE / "policies" / tokens[0])]
        elif TIME.match(what.partition("@")[0]):
            facts.append(fact(len(facts) + 1, [what, *tokens], shift))
        else:
            cases = tokens.pop(0) if tokens and set(tokens[0]) <= set(CASES) else "-=+"
            if case in cases:
                expected.append((what, tokens, line.strip()))
    if not expected and len(story.cases()) == 1:
        raise Mistake("expects nothing")
    path = scratch / f"{abs(hash(story.name))}{shift}.jsonl"
    path.write_text("".join(json.dumps(f, ensure_ascii=False) + "\n" for f in facts), encoding="utf-8")
    said, output, streams = [], "", {}
    for emit in ("events", "verdicts"):
        done = subprocess.run([binary, "simulate", "--events", str(path), "--emit", emit, *until, *more], capture_output=True, encoding="utf-8", timeout=SECONDS_MAX)
        streams[emit] = [json.loads(x) for x in done.stdout.splitlines()]
        refused = [json.loads(x) for x in done.stderr.splitlines() if x.startswith('{"line"')]
        output += done.stdout
        unusable = [t[0] for w, t, _ in expected if w == "unusable"]
        if done.returncode != (2 if unusable else 3 if refused else 0):
            said.append(f"{emit}: exit status {done.returncode}: {done.stderr[:300]}")
        if unusable and unusable[0] not in done.stderr:
            said.append(f"{emit}: says nothing of {unusable[0]}: {done.stderr[:300]}")
        if refused and not any(w == "refused" for w, _, _ in expected):
            said.append(f"refused: {refused[0]}")
    for what, tokens, line in expected:
        wrong = differs(what, tokens, streams["events"], streams["verdicts"], refused, shift)
        if wrong:
            said.append(f"{line}  --  {wrong}")
    return said, output


def unmapped(names):
    """What is wrong about README.md's table: what version 4 says must be in it, and what it names must exist."""
    contract = (HERE.parents[1] / "docs" / "contract.md").read_text(encoding="utf-8")
    changes = " ".join(re.search(r"^## 12\..*?$(.*?)^## 13\.", contract, re.M | re.S)[1].split())
    small_print = contract[contract.index("\n## 14."):]
    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", (HERE / "README.md").read_text(encoding="utf-8"), re.M)[1:]
    rest = changes
    for left, _ in sorted(rows, key=lambda row: -len(row[0])):
        rest = rest.replace(left, "")
    said = [f"§12 says {part.strip()!r}, which no row of README.md shows" for part in re.split(r"[,;.:]| and ", rest)
            if part.strip() and part.strip() not in ("In `verdicts`", "In `events`", "New facts", "the", "what it announced stands", "what version 4 says otherwise it says as the difference")]
    said += [f"§14 has {lead!r}, which no row of README.md shows" for lead in re.findall(r"^- \*\*(.*?)\*\*", small_print, re.M) if lead not in [left for left, _ in rows]]
    samples = {p.name for p in (HERE.parent / "conformance4" / "stories").iterdir()}
    sources = " ".join("".join(p.read_text(encoding="utf-8") for p in HERE.parent.rglob("*_test.cc")).split())
    for left, right in rows:
        for named in re.findall(r"`(.*?)`", right):
            suite, dot, test = named.partition(".")
            if not (any(named in n for n in names) or any(re.fullmatch(re.escape(named) + r"(-\d)?", s) for s in samples)
                    or dot and f"({suite}, {test})" in sources or "/" in named and (HERE.parents[1] / named).exists()):
                said.append(f"README.md names {named!r} for {left!r}, which does not exist")
    return said


def main(arguments):
    every = "-v" in arguments
    binary, *parts = [a for a in arguments if a != "-v"]
    binary = str(pathlib.Path(binary).resolve())
    stories = [s for file in sorted(HERE.glob("*.story")) for s in read(file)]
    names = [s.name for s in stories]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise Mistake(f"two stories have one name: {twice}")
    runs = [(s, case) for s in stories if not parts or any(p in s.name for p in parts) for case in s.cases()]
    missing = unmapped(names)
    failed = len(missing)
    for what in missing:
        print(f"DIFFERS {what}")
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (story, case), (said, output) in zip(runs, pool.map(lambda r: run(binary, *r, pathlib.Path(scratch)), runs)):
            if said:
                failed += 1
                moved = {"-": ", 1 ms before", "=": "", "+": ", 1 ms after"}[case]
                print(f"DIFFERS {story.name}{moved}\n" + "".join(f"  {what}\n" for what in said), end="")
                if every:
                    print("".join(f"    {line}\n" for line in output.splitlines()), end="")
    print(f"{len(runs) + len(missing) - failed} passed, {failed} failed")
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
