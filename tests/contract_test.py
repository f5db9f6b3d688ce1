#!/usr/bin/env python3
"""docs/contract.md against what it defines: the fact types and clocks of its tables are those of the default
policy, its derived events those of events/vocabulary.h, and every "contract §…" in the tree names a section
that is there. First it shows on changed copies of the page that each of these checks can fail."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

try:
    import yaml
except ImportError:
    print("SKIPPED: python3-yaml is not installed")
    sys.exit(0)

CITATION = re.compile(r"[Cc]ontract,? §(\d+(?:\.\d+)?)")
KIND_VERBS = {"acknowledged", "escalated", "notified", "excused"}  # of any kind: `tocsin.<kind>.…` in §3


def sections(page):
    return set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)[. ]", page, re.M))


def rows(page, section):
    """The table rows of a section, as lists of cells."""
    text = re.split(rf"^## {section}\. .*$", page, flags=re.M)[1]
    text = re.split(r"^## \d+\. ", text, flags=re.M)[0]
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def fact_types(page):
    """{type: required members} of §3, without those of any kind."""
    found = {}
    for cells in rows(page, 3):
        types = [t for t in re.findall(r"`(tocsin\.[a-z.]+)`", cells[0])]
        required = set(re.findall(r"\*\*(\w+)\*\*", cells[1]))
        for i, name in enumerate(types):
            # Of `assigned`, `unassigned` the data belongs to the first only.
            found[name] = required if i == 0 or "unassigned" not in name else set()
    return found


def policy_fact_types(policy):
    found = {}
    for kind, spec in policy["kinds"].items():
        for verb, fact in spec["facts"].items():
            name = verb if "." in verb else f"{kind}.{verb}"
            if name.split(".")[-1] in KIND_VERBS:
                continue
            data = (fact or {}).get("data") or {}
            found[f"tocsin.{name}"] = {member[:-1] for member in data if member.endswith("!")}
    return found


def duration(text):
    return re.sub(r"(\d+) ?wd", r"\1wd", str(text))


def page_clocks(page):
    """{clock: {threshold: {priority or '': allowance}}} of §5, where the allowance is a duration."""
    found = {}
    for cells in rows(page, 5):
        if not re.fullmatch(r"[a-z]+\.[a-z0-9]+", cells[0]):
            continue
        thresholds = {}
        for part in re.split(r";", cells[3]):
            threshold = re.search(r"\b(target|limit)\b", part)
            if not threshold:
                continue
            by = {}
            for priorities, allowance in re.findall(r"((?:P\d(?:,| and)? ?)*)\b(\d+(?:m|h| wd))", part):
                for priority in re.findall(r"P\d", priorities) or [""]:
                    by[priority] = duration(allowance)
            thresholds[threshold.group(1)] = by
        found[cells[0]] = (thresholds, cells[5])
    return found


def policy_clock(clock):
    thresholds = {}
    for key, value in clock["allow"].items():
        for threshold, allowance in (value.items() if isinstance(value, dict) else [(key, value)]):
            if re.fullmatch(r"\d+(m|h|wd)", str(allowance)):
                thresholds.setdefault(threshold, {})[key if isinstance(value, dict) else ""] = str(allowance)
    return thresholds


def faults(page, policy, vocabulary, citations):
    found = []
    known = sections(page)
    for where, section in citations:
        if section not in known:
            found.append(f"{where} cites §{section}, which is not there")
    told, have = fact_types(page), policy_fact_types(policy)
    for name in sorted(set(told) | set(have)):
        if told.get(name) != have.get(name):
            found.append(f"{name}: the page requires {told.get(name)}, the policy {have.get(name)}")
    clocks = {name: clock for name, clock in policy["clocks"].items() if "every" not in clock}
    told = page_clocks(page)
    for name in sorted(set(told) ^ set(clocks)):
        found.append(f"clock {name} is only in {'the page' if name in told else 'the policy'}")
    for name in sorted(set(told) & set(clocks)):
        thresholds, warn = told[name]
        thresholds = {threshold: by for threshold, by in thresholds.items() if by}
        if thresholds != policy_clock(clocks[name]):
            found.append(f"{name}: the page allows {thresholds}, the policy {policy_clock(clocks[name])}")
        first = re.match(r"\d/\d|\d+ wd before", warn)
        if first and duration(first.group(0)) not in re.sub(r"(\d+) wd", r"\1wd", str(clocks[name].get("warn"))):
            found.append(f"{name}: the page warns at {first.group(0)}, the policy {clocks[name].get('warn')}")
    periods = {name for cells in rows(page, 6) for name in re.findall(r"\b(?:account|project|org)\.[a-z_]+\b", cells[0])}
    have = {name for name, clock in policy["clocks"].items() if "every" in clock}
    for name in sorted(periods ^ have):
        found.append(f"period clock {name} is only in {'the page' if name in periods else 'the policy'}")
    derived = {name for cells in rows(page, 7) for name in re.findall(r"`(tocsin\.[a-z.]+)`", cells[0])}
    for name in sorted(derived ^ set(re.findall(r'"(tocsin\.[a-z]+\.[a-z]+)"', vocabulary))):
        found.append(f"derived event {name} is only in {'the page' if name in derived else 'events/vocabulary.h'}")
    return found


def unexplained_attributes(page):
    """Attributes of ours that a record may carry and that docs/storage.md does not explain."""
    sources = [ROOT / name for name in ("events/log_record.cc", "engine/partition_join.cc", "engine/said/derived_encode.cc", "app/room.cc", "connectors/crm/given_facts.cc")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    names = set(re.findall(r'"(tocsin[a-z]+)\\?"', text)) | {"tocsin" + name for name in re.findall(r'\bnumber\("([a-z]+)"', text)} | {"tocsinby"}
    return [f"docs/storage.md does not explain {name}" for name in sorted(names) if f"`{name}`" not in page]


def cited():
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "*.h", "*.cc", "*.py", "*.md", "*.yaml"],
                           capture_output=True, text=True, check=False).stdout.split()
    for name in files:
        if (ROOT / name).is_file() and name != "docs/contract.md":
            for section in CITATION.findall((ROOT / name).read_text(encoding="utf-8", errors="replace")):
                yield name, section


def main():
    page = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    policy = yaml.safe_load((ROOT / "policy" / "key-account.yaml").read_text(encoding="utf-8"))
    vocabulary = (ROOT / "events" / "vocabulary.h").read_text(encoding="utf-8")
    citations = list(cited())
    found = faults(page, policy, vocabulary, citations)
    before = len(found)
    for old, new in [("| `tocsin.ticket.prioritized` |", "| `tocsin.ticket.priorised` |"), ("**priority**", "priority"),
                     ("target P1 15m", "target P1 16m"), ("| ticket.response |", "| ticket.answer |"),
                     ("| account.weekly_contact |", "| account.daily_contact |"), ("| 1/2 |", "| 1/3 |"),
                     ("`tocsin.clock.started`", "`tocsin.clock.begun`"), ("## 13. ", "## 15. ")]:
        assert old in page, old
        assert len(faults(page.replace(old, new), policy, vocabulary, citations + [("x", "13")])) > before, old
    storage = (ROOT / "docs" / "storage.md").read_text(encoding="utf-8")
    assert unexplained_attributes(storage.replace("`tocsinanchor`", "")), "an attribute that is not explained is found"
    found += unexplained_attributes(storage)
    for fault in found:
        print(fault)
    print(f"{len(citations)} citations, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
