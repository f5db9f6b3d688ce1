#!/usr/bin/env python3
"""A second reading of docs/adapters.md: adapters and payloads made at random, through `tocsin adapter try` and through the
few lines below, which were written from the text alone. Both must give the same facts and reasons.

  adapter_reading.py [ADAPTERS] [SEED]"""
import concurrent.futures
import datetime
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from adapter_maker import STATES, Maker, Number  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))


def compact(value, ordered):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        items = sorted(value.items()) if ordered else value.items()
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + compact(v, ordered) for k, v in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(compact(v, ordered) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def yaml(value):
    """In one line; texts are quoted, so that only what is true, false or a number here is one there."""
    if isinstance(value, dict):
        return "{" + ", ".join((key if isinstance(key, str) and re.fullmatch("[a-z]+", key) and key not in ("true", "false", "null") else yaml(key)) + ": " + (c if (c := value[key]) in ("exists", "absent") else yaml(c)) for key in value) + "}"
    return "[" + ", ".join(map(yaml, value)) + "]" if isinstance(value, list) else json.dumps(value, ensure_ascii=False)


class Rejected(Exception):
    pass


class NotOurs(Exception):
    pass


def empty(value):
    return value is None or value == "" or value == [] or value == {}


def text(value):
    """None: objects, lists and null have none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


MISSING = object()


def walk(node, steps):
    for step in steps:
        if isinstance(step, tuple):
            name, wanted = step
            node = next((e for e in node if isinstance(e, dict) and name in e and text(e[name]) == wanted), MISSING) if isinstance(node, list) else MISSING
        elif isinstance(node, list) and step.isdigit():
            node = node[int(step)] if int(step) < len(node) else MISSING
        else:
            node = node.get(step, MISSING) if isinstance(node, dict) else MISSING
        if node is MISSING:
            return MISSING
    return node


def steps_of(path):
    """`a.b[n=x]."c.d"` → ["a", "b", ("n", "x"), "c.d"]"""
    out = []
    for quoted, name, wanted, plain in re.findall(r'"([^"]*)"|\[([^=\]]*)=([^\]]*)\]|([^.\["]+)', path):
        out.append((name, wanted) if name else quoted or plain)
    return out


class Run:
    def __init__(self, adapter, payload, element, headers, arrival):
        self.a, self.payload, self.element, self.headers, self.arrival = adapter, payload, element, headers, arrival

    def find(self, path):
        if path.startswith("header."):
            return self.headers.get(path[7:], MISSING)
        if path == ".":
            return self.element
        if path == "$" or path.startswith("$."):
            return walk(self.payload, steps_of(path[2:]))
        return walk(self.element, steps_of(path))

    # ---- conditions

    def equal(self, value, word):
        if isinstance(word, bool) or isinstance(value, bool):
            return isinstance(word, bool) and isinstance(value, bool) and value == word
        return text(value) is not None and text(value) == str(word)

    def holds(self, when):
        return all(any(self.holds(g) for g in c) if path == "any" and c and isinstance(c[0], dict) else self.test(self.find(path), c) for path, c in when.items())

    def test(self, found, c):
        there = found is not MISSING
        if c == "exists":
            return there and not empty(found)
        if c == "absent":
            return not there or empty(found)
        words = lambda w: w if isinstance(w, list) else [w]
        if isinstance(c, dict):
            (kind, word), = c.items()
            if kind == "not":
                return not (there and any(self.equal(found, w) for w in words(word)))
            if kind in ("same", "not_same"):
                other = self.find(word)
                same = there and other is not MISSING and text(found) is not None and text(other) is not None and isinstance(found, bool) == isinstance(other, bool) and text(found) == text(other)
                return same == (kind == "same")
            if kind == "match":
                return there and text(found) is not None and re.search(word, text(found)) is not None
            return isinstance(found, list) and any(self.equal(e, w) for e in found for w in words(word))
        return there and any(self.equal(found, w) for w in words(c))

    # ---- values

    def value(self, v, plain=False):
        """MISSING, or the value."""
        for choice in v if isinstance(v, list) else [v]:
            found = self.choice(choice if isinstance(choice, dict) else {"path": choice}, plain)
            if found is not MISSING:
                return found
        return MISSING

    def choice(self, c, plain):
        if "const" in c:
            return c["const"] if not empty(c["const"]) else MISSING
        found = self.find(c["path"])
        if found is MISSING or empty(found):
            found = MISSING
        if "match" in c and found is not MISSING:
            m = re.search(c["match"], text(found)) if text(found) is not None else None
            found = m.group(1) if m and m.group(1) else MISSING
        if "map" in c and found is not MISSING:
            if text(found) is None:
                found = MISSING
            else:
                table = {(text(k) if isinstance(k, (bool, str)) else str(k)): w for k, w in self.a["maps"][c["map"]].items()}
                if text(found) in table:
                    found = table[text(found)]
                    if empty(found):
                        found = MISSING
                    else:
                        return self.plain(found, plain)
                elif "default" in c:
                    return self.plain(c["default"], plain)
                elif c.get("unmapped") == "ignore":
                    raise NotOurs
                else:
                    raise Rejected(f"unmapped:{c['map']}={text(found)}")
                return MISSING
        if plain and found is not MISSING and "map" not in c and "match" not in c:
            found = self.plain(found, True)
        if found is MISSING and "default" in c:
            return self.plain(c["default"], plain)
        return found

    @staticmethod
    def plain(value, plain):
        return MISSING if plain and (isinstance(value, (bool, list, dict)) or value is None) else value

    def time(self, v, otherwise):
        if v is None:
            return otherwise
        if v == {"const": "arrival"}:
            return self.arrival
        for c in v if isinstance(v, list) else [v]:
            found = self.choice(c if isinstance(c, dict) else {"path": c}, True)
            if found is not MISSING:
                return self.read_time(text(found) if isinstance(found, str) else str(found), isinstance(c, dict) and "as" in c)
        return otherwise

    def read_time(self, t, wall_clock):
        zone = ZoneInfo(self.a["zone"]) if "zone" in self.a else None
        epoch = datetime.datetime(1970, 1, 1)
        if re.fullmatch(r"\d+(\.\d+)?", t):
            n = int(t.split(".")[0])
            ms = n // 1_000_000 if n > 10**17 else n // 1000 if n > 10**14 else n if n > 10**11 else n * 1000 + int(((t.split(".") + [""])[1] + "000")[:3])
            if not wall_clock:
                return ms
            if zone is None:
                raise Rejected("time_without_zone")
            return self.at_local(epoch + datetime.timedelta(milliseconds=ms // 1000 * 1000), zone, ms % 1000)
        m = re.fullmatch(r"(\d{4})(?:-(\d\d)-(\d\d)|/(\d\d?)/(\d\d?))(?:[Tt ](\d\d?):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|z| UTC| ?[+-]\d\d(?::?\d\d)?)?)?", t)
        if not m:
            raise Rejected("bad_time:" + t)
        y, mo, d, mo2, d2, h, mi, s, f, off = m.groups()
        try:
            local = datetime.datetime(int(y), int(mo or mo2), int(d or d2), int(h or 0), int(mi or 0), int(s or 0))
        except ValueError:
            raise Rejected("bad_time:" + t)
        ms = int((f or "0")[:3].ljust(3, "0"))
        if off:
            off = off.strip()
            shift = 0
            if off not in ("Z", "z", "UTC"):
                digits = off[1:].replace(":", "")
                shift = (int(digits[:2]) * 60 + int(digits[2:] or 0)) * 60_000 * (-1 if off[0] == "-" else 1)
            return int((local - epoch).total_seconds()) * 1000 + ms - shift
        if zone is None:
            raise Rejected("bad_time:" + t if h is None else "time_without_zone")
        return self.at_local(local, zone, ms)

    @staticmethod
    def at_local(local, zone, ms):
        first = int(local.replace(tzinfo=zone).timestamp())
        there = datetime.datetime.fromtimestamp(first, zone).replace(tzinfo=None)
        if there == local:
            return first * 1000 + ms
        while datetime.datetime.fromtimestamp(first - 1, zone).utcoffset() == datetime.datetime.fromtimestamp(first, zone).utcoffset():
            first -= 1  # the gap's end
        return first * 1000

    # ---- the run

    def facts(self, known, place):
        a = self.a
        if any(self.holds(i["when"]) for i in a.get("ignore", [])):
            return None
        plain_text = lambda v: text(v) if isinstance(v, (str, bool)) else str(v)
        subject = self.value(a["subject"], True)
        if subject is MISSING:
            raise Rejected("missing:subject")
        subject = a.get("prefix", "") + plain_text(subject)
        account = a["account"]
        otherwise = "reject"
        if isinstance(account, dict) and "first" in account:
            account, otherwise = account["first"], account.get("else", "reject")
        account = self.value(account, True)
        if account is MISSING:
            account = known.get(subject, MISSING) if otherwise != "reject" else MISSING
            if account is MISSING and otherwise not in ("reject", "known"):
                account = otherwise
            if account is MISSING:
                raise Rejected("missing:account")
        account = plain_text(account)
        time = self.time(a["time"], None)
        if time is None:
            raise Rejected("missing:time")
        order = ""
        if "order" in a:
            found = Number(self.arrival) if a["order"] == {"const": "arrival"} else self.value(a["order"])
            digits = re.sub(r"[^0-9]", "", text(found) or "") if found is not MISSING else ""
            order = digits.rjust(20, "0") + "." if digits else ""
        out, applied = [], False

        def add(verb, at, data, id=None):
            data = {k: v for k, v in data.items() if v is not MISSING}
            out.append([verb, at, data, id])

        def data_of(rule):
            return {k: self.value(v) for k, v in (rule or {}).items()}

        blocks = a.get("state", [])
        for block in blocks if isinstance(blocks, list) else [blocks]:
            if not self.holds(block.get("when", {})):
                continue
            applied = True
            state = self.value(block["is"]) if "is" in block else MISSING
            state = MISSING if state is MISSING else text(state)
            if state is None:
                state = MISSING
            if state is not MISSING and state not in STATES:
                raise Rejected("unmapped:is=" + state)
            wait = self.value(block["wait"], True) if state == "paused" and "wait" in block else MISSING
            priority = self.value(block["priority"]) if "priority" in block else MISSING
            priority = MISSING if priority is MISSING or text(priority) is None else text(priority)
            assignee = self.value(block["assignee"], True) if "assignee" in block else MISSING
            if "opened" in block:
                rule = block["opened"] or {}
                at = self.time(rule.get("time"), time)
                data = data_of(rule.get("data"))
                if priority is not MISSING and "priority" not in (rule.get("data") or {}):
                    data["priority"] = priority
                add("opened", at, data, subject + "/opened")
            if state in ("open", "paused"):
                add("reopened", time, {})
            if priority is not MISSING:
                add("prioritized", time, {"priority": priority})
            if assignee is not MISSING:
                add("assigned", time, {"person": plain_text(assignee)})
            elif "assignee" in block and any(self.parent(p) for p in self.paths(block["assignee"])):
                add("unassigned", time, {})
            if state == "open":
                add("resumed", time, {})
            elif state == "paused":
                if "wait" in block:
                    words = self.words(block["wait"])
                    if words is None:
                        add("resumed", time, {})
                    for word in words or []:
                        if wait is MISSING or word != plain_text(wait):
                            add("resumed", time, {"wait": word})
                add("paused", time, {} if wait is MISSING else {"wait": plain_text(wait)})
            elif state is not MISSING:
                add(state, time, data_of((block.get(state) or {}).get("data")))
        for event in a.get("events", []):
            if not self.holds(event.get("when", {})):
                continue
            applied = True
            id = self.value(event["id"], True) if "id" in event else MISSING
            at = self.time(event.get("time"), time)
            add(event["fact"], at, data_of(event.get("data")), None if id is MISSING else event["fact"] + "/" + plain_text(id))
        if not applied:
            raise Rejected("no_rule")
        facts = []
        for n, (verb, at, data, id) in enumerate(out):
            facts.append(fact(subject, verb, at, data, f"{order}{place}{n:02d}", id))
        return subject, account, time, facts, order + place

    @staticmethod
    def paths(v):
        return [c["path"] if isinstance(c, dict) else c for c in (v if isinstance(v, list) else [v]) if isinstance(c, str) or "path" in c]

    def parent(self, path):
        if path.startswith("header."):
            return True
        steps = steps_of(path[2:] if path.startswith("$") else path)
        base = self.payload if path.startswith("$") else self.element
        at = next((i for i, s in enumerate(steps) if isinstance(s, tuple) or s.isdigit()), None)
        if at is not None:
            found = walk(base, steps[:at])
            if found is MISSING or not isinstance(found, dict):
                return found is not MISSING
        return bool(steps) and walk(base, steps[:-1]) is not MISSING

    def words(self, wait):
        """Those that it can give; None: nobody knows."""
        out = []
        for c in wait if isinstance(wait, list) else [wait]:
            if not isinstance(c, dict) or ("map" not in c and "const" not in c):
                return None
            given = [c["const"]] if "const" in c else list(self.a["maps"][c["map"]].values())
            for w in given + ([c["default"]] if "default" in c else []):
                w = text(w) if isinstance(w, (str, bool)) else str(w)
                if w and w not in out:
                    out.append(w)
        return out


def rfc3339(ms):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"


def numbers(value):
    """The YAML's numbers as the payload's."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Number(json.dumps(value))
    if isinstance(value, dict):
        return {k: numbers(v) for k, v in value.items()}
    return [numbers(v) for v in value] if isinstance(value, list) else value


def fact(subject, verb, at, data, sequence, id=None):
    data = numbers(data)
    if id is None:
        parts = [subject, verb, rfc3339(at), data or None]
        id = hashlib.sha256(compact(parts, True).encode()).hexdigest()[:20]
    return {"verb": verb, "subject": subject, "time": rfc3339(at), "sequence": sequence, "id": id, "data": compact(data, False) if data else ""}


def stream(adapter, payloads):
    known, given, facts, reasons = {}, {}, [], []

    def take(run, place):
        try:
            made = run.facts(known, place)
        except NotOurs:
            return
        except Rejected as e:
            return reasons.append(str(e))
        if made is None:
            return
        subject, account, time, own, order = made
        if not own and subject not in known:
            return  # seen is what facts came of
        out = []
        if known.get(subject, account) != account:
            out.append({**fact(subject, "cancelled", time, {"reason": "moved"}, order + "00"), "account": known[subject]})
            out += [{**f, "account": account} for f in given[subject].values()]
        out += [{**f, "account": account} for f in own]
        known[subject] = account
        for f in own:
            given.setdefault(subject, {}).setdefault(f["id"], f)
        facts.extend(out)

    for p in payloads:
        root, headers, arrival = p["body"], p["headers"], p["arrival"]
        if "each" not in adapter:
            take(Run(adapter, root, root, headers, arrival), "")
            continue
        found = Run(adapter, root, root, headers, arrival).find(adapter["each"])
        if isinstance(found, dict):
            found = [found]
        if not isinstance(found, list):
            whole = lambda w: all(k.startswith(("$", "header.")) and not (isinstance(c, dict) and any(x in c for x in ("same", "not_same")) and not str(list(c.values())[0]).startswith(("$", "header."))) for k, c in w.items() if k != "any")
            run = Run(adapter, root, None, headers, arrival)
            if any("any" not in i["when"] and whole(i["when"]) and run.holds(i["when"]) for i in adapter.get("ignore", [])):
                continue
            reasons.append("missing:each")
            continue
        for n, element in enumerate(found):
            take(Run(adapter, root, element, headers, arrival), f"{n:04d}.")
    return facts, reasons


def trial(seed, folder):
    m = Maker(seed)
    adapter = m.adapter()
    payloads = [m.payload(adapter) for _ in range(m.r.randrange(1, 6))]
    (folder / f"{seed}.yaml").write_text(yaml(adapter) + "\n")
    files = []
    for n, p in enumerate(payloads):
        file = folder / f"{seed}-{n}.json"
        file.write_text('{"headers":' + json.dumps({k.upper(): v for k, v in p["headers"].items()}) + ',"arrival":"' + rfc3339(p["arrival"]) + '","body":' + compact(p["body"], False) + "}")
        files.append(str(file))
    done = subprocess.run([TOCSIN, "adapter", "try", str(folder / f"{seed}.yaml"), *files], capture_output=True, text=True)
    if done.returncode == 2:
        return "refused", done.stderr + done.stdout
    facts = []
    for line in done.stdout.split("\n"):
        if not line:
            continue
        e = json.loads(line, parse_float=Number, parse_int=Number)
        facts.append({"verb": e["type"].split(".")[2], "subject": e["subject"], "time": e["time"], "sequence": e["sequence"], "id": e["id"], "data": compact(e["data"], False) if "data" in e else "", "account": e["partitionkey"]})
    reasons = [json.loads(l)["rejected"].split(":", 2)[2] if json.loads(l)["rejected"].startswith("adapter:") else json.loads(l)["rejected"] for l in done.stderr.split("\n") if l.startswith("{")]
    want_facts, want_reasons = stream(adapter, payloads)
    if facts == want_facts and reasons == want_reasons:
        return "same", len(facts)
    if any(r.startswith(("bad_data", "bad_attribute")) for r in reasons):
        return "own", ""
    return "differs", json.dumps({"seed": seed, "got": [f for f in facts if f not in want_facts][:3], "want": [f for f in want_facts if f not in facts][:3], "reasons": reasons, "want_reasons": want_reasons, "err": done.stderr[:300]}, ensure_ascii=False, indent=1)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    first = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    tally, shown = {}, 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        for kind, what in pool.map(lambda n: trial(first + n, Path(folder)), range(count)):
            tally[kind] = tally.get(kind, 0) + 1
            if kind in ("differs", "refused") and shown < 6:
                shown += 1
                print(kind, what)
    print(f"seed {first}:", tally)
    return 1 if tally.get("differs") or tally.get("refused", 0) > count / 4 else 0


if __name__ == "__main__":
    sys.exit(main())
