#!/usr/bin/env python3
"""docs/adapters.md, sentence by sentence: small adapters and payloads through `tocsin adapter try`, `check`, `test` and
`tocsin import csv`, with the facts that must come out. Ids are computed here anew, not taken from the product."""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
HEAD = {"id": "T-1", "account": "acme", "at": "2026-03-02T01:00:00Z"}
CASES = []


def small(rest, **own):
    """An adapter in which `rest` is what a case is about."""
    parts = {"adapter": "small", "source": "/s", "subject": "id", "account": "account", "time": "at", **own}
    return "".join(f"{k}: {v}\n" for k, v in parts.items() if v) + rest + "\n"


def tried(sentence, adapter, *payloads_and_facts):
    """`payloads_and_facts`: payloads, then one text with a fact or a `rejected: reason` a line: all of one stream."""
    CASES.append(("try", sentence, adapter, payloads_and_facts[:-1], payloads_and_facts[-1]))


def refused(sentence, adapter, *said):
    """`said`: LINE and a text that `check` must say of it, as `12: unknown key`."""
    CASES.append(("check", sentence, adapter, said, ""))


def of(**more):
    return {**HEAD, **more}


EVENT = "events: [{fact: responded}]"
R = "responded acme/T-1 01:00:00.000 00 #"

# ---- paths

tried("a.b.0.c", small("events: [{fact: responded, data: {x: a.b.0.c}}]"), of(a={"b": [{"c": 7}]}), R + ' {"x":7}')
tried("a member may be a number", small("events: [{fact: responded, data: {x: a.10}}]"), of(a={"10": "ten"}), R + ' {"x":"ten"}')
tried("[name=x] is the first element whose member is x", small('events: [{fact: responded, data: {x: "a[n=2].v"}}]'), of(a=[{"n": 1, "v": 1}, {"n": 2, "v": 2}, {"n": "2", "v": 3}]), R + ' {"x":2}')
tried("[name=x] of what is no list is absent", small('events: [{fact: responded, data: {x: "a[n=2].v"}}]'), of(a={"n": 2, "v": 2}), R)
tried("a member whose name holds a dot", small("events: [{fact: responded, data: {x: a.\"x.y\".z, y: '\"p.q\"'}}]"), of(a={"x.y": {"z": 1}}, **{"p.q": 2}), R + ' {"x":1,"y":2}')
tried("a header, in any case", small("events: [{fact: responded, data: {x: header.x-event-name}}]"), {"headers": {"X-Event-Name": "e"}, "body": HEAD}, R + ' {"x":"e"}')
tried("`.` is the payload itself", small("events: [{fact: responded, when: {.: exists}}]"), of(), R)
tried("`$` is the payload", small("events: [{fact: responded, data: {x: $.a}}]"), of(a=1), R + ' {"x":1}')
tried("a missing member is absent, never an error", small("events: [{fact: responded, data: {x: a.b.c.d, y: id.z, z: a.0.1}}]"), of(a=None), R)
tried("of members with one name the last counts", small("events: [{fact: responded, data: {x: a}}]"), '{"id":"T-1","account":"acme","at":"2026-03-02T01:00:00Z","a":1,"a":2}', R + ' {"x":2}')

# ---- what is empty

for empty in (None, "", [], {}):
    tried(f"{empty!r} counts as absent", small("events: [{fact: responded, when: {a: absent}, data: {x: [a, b]}}, {fact: progressed, when: {a: exists}}]"), of(a=empty, b=1), R + ' {"x":1}')
    tried(f"a subject that is {empty!r} is missing", small(EVENT), of(id=empty), "rejected: missing:subject")
for full in (0, False, " ", [None], {"a": None}):
    tried(f"{full!r} is there", small("events: [{fact: responded, when: {a: exists}}]"), of(a=full), R)
tried("a comparison sees the empty text", small('events: [{fact: responded, when: {a: ""}}]'), of(a=""), R)
tried("a comparison with the empty text: absent is not it", small('events: [{fact: responded, when: {a: {not: ""}}}]'), of(), R)
tried("what a map gives may be empty: absent", small("maps: {m: {x: ''}}\nevents: [{fact: responded, data: {a: [{path: v, map: m}, b]}}]"), of(v="x", b=2), R + ' {"a":2}')

# ---- texts of numbers and truth values

tried("a number's text is as written", small("events: [{fact: responded, id: n}]"), '{"id":1.50,"account":1e3,"at":"2026-03-02T01:00:00Z","n":12345678901234567890}', "responded 1e3/1.50 01:00:00.000 00 responded/12345678901234567890")
tried("true and false are words in a map", small("maps: {m: {true: yes, false: no}}\nevents: [{fact: responded, data: {x: {path: a, map: m}, y: {path: b, map: m}}}]"), of(a=True, b=False), R + ' {"x":"yes","y":"no"}')
tried("objects and lists have no text", small("maps: {m: {x: y}}\nevents: [{fact: responded, data: {x: {path: a, map: m}, y: {path: b, match: '(.)'}}}]"), of(a=[1], b={"c": 1}), R)
for odd in (True, [1], {"a": 1}):
    tried(f"a subject takes texts and numbers only: {odd!r}", small(EVENT), of(id=odd), "rejected: missing:subject")
    tried(f"an account takes texts and numbers only: {odd!r}", small(EVENT, account="[account, other]"), of(account=odd, other="acme"), R)
    tried(f"an id takes texts and numbers only: {odd!r}", small("events: [{fact: responded, id: [a, b]}]"), of(a=odd, b=9), "responded acme/T-1 01:00:00.000 00 responded/9")
    tried(f"an assignee takes texts and numbers only: {odd!r}", small("state: {assignee: [a, b]}"), of(a=odd, b="li"), "assigned acme/T-1 01:00:00.000 00 # {\"person\":\"li\"}")
    tried(f"what counts as absent takes the default: {odd!r}", small("state: {assignee: {path: a, default: li}}"), of(a=odd), "assigned acme/T-1 01:00:00.000 00 # {\"person\":\"li\"}")
tried("an assignee that is a number is its text", small("state: {assignee: a}"), of(a=7), 'assigned acme/T-1 01:00:00.000 00 # {"person":"7"}')
tried("in data a value keeps its kind", small("events: [{fact: responded, data: {a: a, b: b, c: c, d: d, e: e}}]"), of(a=True, b="1", c=1, d=[1, {"y": 2, "x": 1}], e={"z": [], "a": None}), R + ' {"a":true,"b":"1","c":1,"d":[1,{"y":2,"x":1}],"e":{"z":[],"a":null}}')
tried("a map's value and a const keep theirs from the YAML", small("maps: {m: {a: 5, b: '5', c: true, d: 'true', e: yes}}\nevents: [{fact: responded, data: {a: {path: a, map: m}, b: {path: b, map: m}, c: {path: c, map: m}, d: {path: d, map: m}, e: {path: e, map: m}, f: {const: 1.0}, g: {const: '1.0'}, h: {const: [1, x]}, i: {const: {k: false}}}}]"),
      of(a="a", b="b", c="c", d="d", e="e"), R + ' {"a":5,"b":"5","c":true,"d":"true","e":"yes","f":1.0,"g":"1.0","h":[1,"x"],"i":{"k":false}}')
tried("members that the contract does not list are kept", small("events: [{fact: responded, data: {anything: a}}]"), of(a="x"), R + ' {"anything":"x"}')

# ---- values

tried("a list: the first that is present", small("events: [{fact: responded, data: {x: [a, b.c, d]}}]"), of(b={"c": ""}, d=3), R + ' {"x":3}')
tried("keys are matched by their text", small('maps: {m: {3: P1, "4": P2}}\nevents: [{fact: prioritized, data: {priority: {path: a, map: m}}}, {fact: prioritized, id: n, data: {priority: {path: b, map: m}}}]'), of(a="3", b=4, n=1), 'prioritized acme/T-1 01:00:00.000 00 # {"priority":"P1"}\nprioritized acme/T-1 01:00:00.000 01 prioritized/1 {"priority":"P2"}')
tried("unmapped without default", small("maps: {m: {x: y}}\nevents: [{fact: responded, data: {x: {path: a, map: m}}}]"), of(a="z"), "rejected: unmapped:m=z")
tried("unmapped in a list: later choices do not mend it", small("maps: {m: {x: y}}\nevents: [{fact: responded, data: {x: [{path: a, map: m}, b]}}]"), of(a="z", b=1), "rejected: unmapped:m=z")
tried("a default where it is unmapped", small("maps: {m: {x: y}}\nevents: [{fact: responded, data: {x: {path: a, map: m, default: d}}}]"), of(a="z"), R + ' {"x":"d"}')
tried("a default where it is absent", small("maps: {m: {x: y}}\nevents: [{fact: responded, data: {x: {path: a, map: m, default: d}, y: {path: b, default: 3}}}]"), of(b=""), R + ' {"x":"d","y":3}')
tried("match: searched, the first group", small("events: [{fact: responded, data: {x: {path: a, match: 'KA-([0-9]+)-(.)'}}}]"), of(a="see KA-12-x"), R + ' {"x":"12"}')
tried("match: no match is absent", small("events: [{fact: responded, data: {x: [{path: a, match: 'KA-([0-9]+)'}, b]}}]"), of(a="none", b=1), R + ' {"x":1}')
tried("match: no match takes the default", small("events: [{fact: responded, data: {x: {path: a, match: 'KA-([0-9]+)', default: none}}}]"), of(a="x"), R + ' {"x":"none"}')
tried("match, then map", small("maps: {p: {2: P2}}\nevents: [{fact: prioritized, data: {priority: {path: a, match: '^([0-9])', map: p}}}]"), of(a="2 - High"), 'prioritized acme/T-1 01:00:00.000 00 # {"priority":"P2"}')
tried("match, then map: unmapped names the group", small("maps: {p: {2: P2}}\nevents: [{fact: prioritized, data: {priority: {path: a, match: '^([0-9])', map: p}}}]"), of(a="9 - Odd"), "rejected: unmapped:p=9")
tried("match of a number", small("events: [{fact: responded, data: {x: {path: a, match: '^([0-9]{2})'}}}]"), of(a=1234), R + ' {"x":"12"}')

# ---- accounts

FIRST = "{first: [account, other], else: %s}"
tried("first, else reject", small(EVENT, account=FIRST % "reject"), of(account=""), "rejected: missing:account")
tried("else known: where it was seen before", small(EVENT, account=FIRST % "known"), of(), {"id": "T-1", "at": "2026-03-02T01:01:00Z"}, R + "\nresponded acme/T-1 01:01:00.000 00 #")
tried("else known: not seen", small(EVENT, account=FIRST % "known"), of(), {"id": "T-2", "at": "2026-03-02T01:01:00Z"}, R + "\nrejected: missing:account")
tried("else NAME: none given and none known", small(EVENT, account=FIRST % "walk-in"), {"id": "T-2", "at": "2026-03-02T01:00:00Z"}, "responded walk-in/T-2 01:00:00.000 00 #")
tried("else NAME: the one that is known first", small(EVENT, account=FIRST % "walk-in"), of(), {"id": "T-1", "at": "2026-03-02T01:01:00Z"}, R + "\nresponded acme/T-1 01:01:00.000 00 #")
tried("an account by a map, not ours otherwise", small("maps: {m: {7: acme}}\n" + EVENT, account="{path: org, map: m, unmapped: ignore}"), of(org=7), of(org=8), R)
tried("a subject by a map, not ours otherwise", small("maps: {m: {7: T-1}}\n" + EVENT, subject="{path: n, map: m, unmapped: ignore}"), of(n=7), of(n=8), R)

# ---- moved

tried("moved: cancelled there, all of it here, then this payload",
      small("state: {opened: {data: {title: title}}}\nevents: [{fact: responded, when: {n: exists}, id: n}]"),
      of(title="a"), of(title="a", n=1), of(title="b", account="beta", at="2026-03-02T01:10:00Z", n=2),
      'opened acme/T-1 01:00:00.000 00 T-1/opened {"title":"a"}\n'
      'opened acme/T-1 01:00:00.000 00 T-1/opened {"title":"a"}\nresponded acme/T-1 01:00:00.000 01 responded/1\n'
      'cancelled acme/T-1 01:10:00.000 00 # {"reason":"moved"}\n'
      'opened beta/T-1 01:00:00.000 00 T-1/opened {"title":"a"}\nresponded beta/T-1 01:00:00.000 01 responded/1\n'
      'opened beta/T-1 01:10:00.000 00 T-1/opened {"title":"b"}\nresponded beta/T-1 01:10:00.000 01 responded/2')
tried("moved and back again", small("events: [{fact: responded, id: n}]"), of(n=1), of(n=2, account="beta", at="2026-03-02T01:10:00Z"), of(n=3, at="2026-03-02T01:20:00Z"),
      "responded acme/T-1 01:00:00.000 00 responded/1\n"
      'cancelled acme/T-1 01:10:00.000 00 # {"reason":"moved"}\nresponded beta/T-1 01:00:00.000 00 responded/1\nresponded beta/T-1 01:10:00.000 00 responded/2\n'
      'cancelled beta/T-1 01:20:00.000 00 # {"reason":"moved"}\nresponded acme/T-1 01:00:00.000 00 responded/1\nresponded acme/T-1 01:10:00.000 00 responded/2\nresponded acme/T-1 01:20:00.000 00 responded/3')
tried("moved within a list: its place stands before", small("each: list\nevents: [{fact: responded}]", account="org", time="t"),
      {"list": [{"id": "A", "org": "x", "t": "2026-03-02T01:00:00Z"}, {"id": "A", "org": "y", "t": "2026-03-02T01:01:00Z"}]},
      'responded x/A 01:00:00.000 0000.00 #\ncancelled x/A 01:01:00.000 0001.00 # {"reason":"moved"}\nresponded y/A 01:00:00.000 0000.00 #\nresponded y/A 01:01:00.000 0001.00 #')
tried("a move that is refused moves nothing", small("events: [{fact: prioritized, data: {priority: p}}]"), of(p="P1"), of(account="beta", p="odd"), of(p="P2"),
      'prioritized acme/T-1 01:00:00.000 00 # {"priority":"P1"}\nprioritized acme/T-1 01:00:00.000 00 # {"priority":"P2"}\nrejected: bad_data:priority')

# ---- conditions

WHEN = "events: [{fact: responded, when: %s}, {fact: progressed}]"
P = "progressed acme/T-1 01:00:00.000 00 #"
BOTH = R + "\nprogressed acme/T-1 01:00:00.000 01 #"
for when, values, holds in (
        ("{a: x}", {"a": "x"}, True), ("{a: x}", {"a": "X"}, False), ("{a: x}", {}, False), ("{a: x}", {"a": ["x"]}, False),
        ("{a: [x, y]}", {"a": "y"}, True), ("{a: [x, y]}", {"a": "z"}, False), ("{a: {not: x}}", {"a": "y"}, True), ("{a: {not: x}}", {}, True),
        ("{a: {not: x}}", {"a": "x"}, False), ("{a: {not: [x, y]}}", {"a": "y"}, False), ("{a: {not: x}}", {"a": ["x"]}, True), ("{a: {not: x}}", {"a": {"x": 1}}, True),
        ("{a: exists}", {"a": 0}, True), ("{a: exists}", {"a": ""}, False), ("{a: absent}", {"a": None}, True), ("{a: absent}", {"a": False}, False),
        ("{a: 1}", {"a": 1}, True), ("{a: 1}", {"a": "1"}, True), ("{a: '1'}", {"a": 1}, True), ("{a: 1}", {"a": 1.0}, False),
        ("{a: true}", {"a": True}, True), ("{a: true}", {"a": "true"}, False), ("{a: 'true'}", {"a": True}, False), ("{a: 'true'}", {"a": "true"}, True),
        ("{a: false}", {"a": False}, True), ("{a: false}", {}, False), ("{a: {not: true}}", {"a": "true"}, True), ("{a: {not: false}}", {"a": False}, False),
        ("{a: yes}", {"a": "yes"}, True), ("{a: yes}", {"a": True}, False), ("{a: on}", {"a": "on"}, True), ("{a: off}", {"a": False}, False), ("{a: no}", {"a": "no"}, True),
        ("{a: 'exists'}", {"a": "exists"}, True), ("{a: x, b: y}", {"a": "x"}, False), ("{a: x, b: y}", {"a": "x", "b": "y"}, True),
        ("{a: {same: b}}", {"a": 7, "b": "7"}, True), ("{a: {same: b}}", {"a": 7, "b": 8}, False), ("{a: {same: b}}", {}, False), ("{a: {not_same: b}}", {"a": 7, "b": 8}, True),
        ("{a: {not_same: b}}", {"a": 7}, True), ("{a: {match: '^K'}}", {"a": "KA"}, True), ("{a: {match: '^K'}}", {"a": "AK"}, False), ("{a: {match: '^1'}}", {"a": 12}, True),
        ("{a: {contains: x}}", {"a": ["y", "x"]}, True), ("{a: {contains: x}}", {"a": "x"}, False), ("{a: {contains: [x, z]}}", {"a": ["z"]}, True), ("{a: {contains: 3}}", {"a": [3]}, True),
        ("{any: [{a: x}, {b: y}]}", {"b": "y"}, True), ("{any: [{a: x}, {b: y}]}", {"b": "x"}, False), ("{any: [{a: x, c: z}, {b: y}], d: 1}", {"a": "x", "c": "z", "d": 1}, True),
        ("{any: [{a: x}], d: 1}", {"a": "x"}, False), ("{any: [x, y]}", {"any": "x"}, True), ("{header.x-e: ping}", {}, False), ("{a.b.c: x}", {"a": {"b": {"c": "x"}}}, True)):
    tried(f"when {when} with {values}", small(WHEN % when), of(**values), BOTH if holds else P)

# ---- times

ZONE = {"zone": "Asia/Shanghai"}
TIMES = [('"2026-03-02T01:00:00Z"', "01:00:00.000"), ('"2026-03-02t01:00:00z"', "01:00:00.000"), ('"2026-03-02T09:00:00.123456789+08:00"', "01:00:00.123"), ('"2026-03-02T09:00:00+0800"', "01:00:00.000"),
         ('"2026-03-01T20:00:00-0500"', "01:00:00.000"), ('"2026-03-02 01:00:00Z"', "01:00:00.000"), ('"2026-03-02 09:00:00+08:00"', "01:00:00.000"), ('"2026-03-02 01:00:00 UTC"', "01:00:00.000"),
         ('"2026-03-02 09:00:00"', "01:00:00.000"), ('"2026-03-02T09:00:00"', "01:00:00.000"), ('"2026-03-02T09:00:00.5"', "01:00:00.500"), ("1772413200", "01:00:00.000"), ('"1772413200"', "01:00:00.000"),
         ("1772413200123", "01:00:00.123"), ('"1772413200123"', "01:00:00.123"), ("1772413200.9876", "01:00:00.987"), ("1.7724132e9", "01:00:00.000"), ('"2026-03-02T09:00:00+08"', "01:00:00.000"),
         ('"2026-03-02 09:00:00 +0800"', "01:00:00.000"), ('"2026/3/2 9:05"', "01:05:00.000"), ('"2026/03/02 09:05:06"', "01:05:06.000"), ("1772413200123456", "01:00:00.123"), ("1772413200123456789", "01:00:00.123"),
         ('"2026-03-02 09:00"', "01:00:00.000"), ('"2026-03-02T01:00:00.000000Z"', "01:00:00.000")]
for text, at in TIMES:
    tried(f"the time {text}", small(EVENT, **ZONE), '{"id":"T-1","account":"acme","at":%s}' % text, f"responded acme/T-1 {at} 00 #")
for text in ("2026-03-02T01:00:60Z", "2026-02-29", "02.03.2026", "yesterday", "2026-03-02T25:00:00Z", "2026-03-02T01:00:00+25:00", "1e400", "--1", "2026-03-02T01:00:00ZZ", "2026-13-01T00:00:00Z", " "):
    tried(f"no time: {text}", small(EVENT, **ZONE), of(at=text), "rejected: bad_time:" + text)
for text in ("2026-03-02 09:00:00", "2026-03-02T09:00:00.000", "2026/3/2 9:05"):
    tried(f"without a zone: {text}", small(EVENT), of(at=text), "rejected: time_without_zone")
for odd in (None, "", True, [1], {"a": 1}):
    tried(f"a missing time: {odd!r}", small(EVENT), of(at=odd), "rejected: missing:time")
tried("a date alone is a time only in a zone", small(EVENT), of(at="2026-03-02"), "rejected: bad_time:2026-03-02")
tried("the start of a date", small(EVENT, **ZONE), of(at="2026-03-02"), "responded acme/T-1 2026-03-01T16:00:00.000Z 00 #")
tried("1e11 itself is seconds, which lies beyond what is counted", small(EVENT), '{"id":"T-1","account":"acme","at":100000000000}', "rejected: bad_attribute:time")
tried("a bit above is milliseconds", small(EVENT), '{"id":"T-1","account":"acme","at":100000000001}', "responded acme/T-1 1973-03-03T09:46:40.001Z 00 #")
tried("a local time that occurs twice is the first", small(EVENT, zone="Europe/Berlin"), of(at="2025-10-26 02:30:00"), "responded acme/T-1 2025-10-26T00:30:00.000Z 00 #")
tried("a local time in a gap is its end", small(EVENT, zone="Europe/Berlin"), of(at="2025-03-30 02:30:00"), "responded acme/T-1 2025-03-30T01:00:00.000Z 00 #")
tried("a wall clock written as a number", small(EVENT, time="{path: at, as: local}", **ZONE), '{"id":"T-1","account":"acme","at":1772442000000}', R)
tried("the arrival as time", small(EVENT, time="{const: arrival}"), {"arrival": "2026-03-02T01:00:00.250Z", "body": {"id": "T-1", "account": "acme"}}, "responded acme/T-1 01:00:00.250 00 #")
tried("a time's list: the first that is present", small(EVENT, time="[b, at]"), of(b=""), R)
tried("an event's own time", small("events: [{fact: responded, time: t}, {fact: progressed, time: u}, {fact: reported}]"), of(t="2026-03-02T00:59:00Z"), "responded acme/T-1 00:59:00.000 00 #\nprogressed acme/T-1 01:00:00.000 01 #\nreported acme/T-1 01:00:00.000 02 #")
tried("opened's own time, and the payload's where it is absent", small("state: {opened: {time: t, data: {title: x}}}"), of(t="2026-03-02T00:59:00Z", x="a"), of(id="T-2", x="a"),
      'opened acme/T-1 00:59:00.000 00 T-1/opened {"title":"a"}\nopened acme/T-2 01:00:00.000 00 T-2/opened {"title":"a"}')

# ---- state

S = ("maps:\n  s: {new: open, hold: paused, done: resolved, shut: closed, gone: cancelled}\n  p: {hi: P1, lo: P3}\n"
     "state: {is: {path: s, map: s}, priority: {path: p, map: p}, assignee: owner.name, opened: {data: {title: t}}}")


def facts(*lines):
    return "\n".join(line.replace("@", f" acme/T-1 01:00:00.000 {n:02d} ") for n, line in enumerate(lines))


tried("open", small(S), of(s="new", p="hi", owner={"name": "li"}, t="x"), facts('opened@T-1/opened {"title":"x","priority":"P1"}', "reopened@#", 'prioritized@# {"priority":"P1"}', 'assigned@# {"person":"li"}', "resumed@#"))
tried("paused", small(S), of(s="hold", t="x"), facts('opened@T-1/opened {"title":"x"}', "reopened@#", "paused@#"))
for word, verb in (("done", "resolved"), ("shut", "closed"), ("gone", "cancelled")):
    tried(word, small(S), of(s=word, owner={}), facts("opened@T-1/opened", "unassigned@#", f"{verb}@#"))
tried("no state told", small(S), of(p="lo", owner=None), facts('opened@T-1/opened {"priority":"P3"}', 'prioritized@# {"priority":"P3"}', "unassigned@#"))
tried("the owner's parent is not there: nothing is said of it", small(S), of(s="new"), facts("opened@T-1/opened", "reopened@#", "resumed@#"))
tried("opened's own priority goes before", small("state: {priority: p, opened: {data: {priority: q}}}"), of(p="P1", q="P4"), facts('opened@T-1/opened {"priority":"P4"}', 'prioritized@# {"priority":"P1"}'))
tried("without a map `is` gives one of the five words", small("state: {is: s}"), of(s="open"), facts("reopened@#", "resumed@#"))
tried("without a map another word is unmapped", small("state: {is: s}"), of(s="new"), "rejected: unmapped:is=new")
tried("without a map a truth value is unmapped", small("state: {is: s}"), of(s=True), "rejected: unmapped:is=true")
tried("a priority that is none", small("state: {priority: p}"), of(p="P9"), "rejected: bad_data:priority")
tried("a member of the payload itself: its parent is there", small("state: {assignee: owner}"), of(), facts("unassigned@#"))
tried("the parent through a list is the list", small("state: {assignee: l.0.name}"), of(l=[]), facts("unassigned@#"))
tried("the parent through a list that is null", small("state: {assignee: 'l[role=owner].name'}"), of(l=None), facts("unassigned@#"))
tried("the parent through an object's member called by a number", small("state: {assignee: l.0.name}\nevents: [{fact: responded}]"), of(l={}), facts("responded@#"))
tried("of several paths one parent is enough", small("state: {assignee: [a.b.name, c.name]}"), of(c=""), facts("unassigned@#"))
tried("no parent at all", small("state: {assignee: [a.b.name, c.name]}\nevents: [{fact: responded}]"), of(a={}), facts("responded@#"))
tried("blocks speak in their order", small("state:\n  - {when: {a: exists}, assignee: owner}\n  - {is: s}"), of(a=1, owner="li", s="closed"), facts('assigned@# {"person":"li"}', "closed@#"))
tried("state first, then events", small("events: [{fact: responded}]\nstate: {is: s}"), of(s="open"), facts("reopened@#", "resumed@#", "responded@#"))
tried("wait: every other word ends first", small("maps: {w: {c: customer, v: vendor}}\nstate: {is: s, wait: {path: w, map: w}}"), of(s="paused", w="v"), facts("reopened@#", 'resumed@# {"wait":"customer"}', 'paused@# {"wait":"vendor"}'))
tried("wait: without a word all known words end", small("maps: {w: {c: customer, v: vendor}}\nstate: {is: s, wait: {path: w, map: w}}"), of(s="paused"), facts("reopened@#", 'resumed@# {"wait":"customer"}', 'resumed@# {"wait":"vendor"}', "paused@#"))
tried("wait: of open nothing is asked", small("maps: {w: {c: customer}}\nstate: {is: s, wait: {path: w, map: w}}"), of(s="open", w="odd"), facts("reopened@#", "resumed@#"))
tried("data of the end states", small("state: {is: s, closed: {data: {satisfaction: n}}, resolved: {data: {cause: c}}, cancelled: {data: {reason: r}}}"), of(s="closed", n=5), of(s="resolved", c="x"), of(s="cancelled", r="spam"),
      'closed acme/T-1 01:00:00.000 00 # {"satisfaction":5}\nresolved acme/T-1 01:00:00.000 00 # {"cause":"x"}\ncancelled acme/T-1 01:00:00.000 00 # {"reason":"spam"}')

# ---- sequences, ids, order, each

tried("more than ten facts count on", small("events:\n" + "".join(f"  - {{fact: responded, id: n, data: {{k: {{const: {n}}}}}}}\n" for n in range(12))), of(n=1), "\n".join(f'responded acme/T-1 01:00:00.000 {n:02d} responded/1 {{"k":{n}}}' for n in range(12)))
tried("an event's id", small("events: [{fact: responded, id: n}]"), of(n="a/b"), "responded acme/T-1 01:00:00.000 00 responded/a/b")
tried("an id that is absent is computed", small("events: [{fact: responded, id: n, data: {z: z, a: a}}]"), of(z={"y": "\u2028\x7f/\"\\\n\u0001é😀", "b": [1.0, -0]}, a="钱"), R + ' {"z":{"y":"\u2028\x7f/\\"\\\\\\n\\u0001é😀","b":[1.0,0]},"a":"钱"}')
tried("the order of members is no matter to an id", small("events: [{fact: responded, data: {b: b, a: a}}]"), of(a=1, b=2), R + ' {"b":2,"a":1}')
tried("order: its digits, padded to 20", small("order: pos\n" + EVENT), of(pos="1,543-b2"), "responded acme/T-1 01:00:00.000 00000000000000015432.00 #")
tried("order is absent", small("order: pos\n" + EVENT), of(), R)
tried("order of the arrival", small("order: {const: arrival}\n" + EVENT), {"arrival": "2026-03-02T01:00:00.250Z", "body": HEAD}, "responded acme/T-1 01:00:00.000 00000001772413200250.00 #")
tried("order with each", small("order: p\neach: l\n" + EVENT, account="$.account", time="$.at"), of(l=[{"id": "T-1", "p": 7}]), "responded acme/T-1 01:00:00.000 00000000000000000007.0000.00 #")
EACH = small("each: l\n" + EVENT, account="$.account", time="$.at")
tried("each: a run an element, each all or none", EACH, of(l=[{"id": 1}, {"n": 1}, {"id": 3}]), "responded acme/1 01:00:00.000 0000.00 #\nresponded acme/3 01:00:00.000 0002.00 #\nrejected: missing:subject")
tried("each: an object is a list of one", EACH, of(l={"id": 1}), "responded acme/1 01:00:00.000 0000.00 #")
tried("each: an empty list gives nothing", EACH, of(l=[]), "")
for odd in (None, "", "x", 1, True):
    tried(f"each: {odd!r} is no list", EACH, of(l=odd), "rejected: missing:each")
tried("each: absent", EACH, of(), "rejected: missing:each")
tried("each: `.` is the payload", small("each: .\n" + EVENT), [HEAD, {**HEAD, "id": "T-2"}], "responded acme/T-1 01:00:00.000 0000.00 #\nresponded acme/T-2 01:00:00.000 0001.00 #")
tried("each: `.` in it is the element", small("each: l\n" + EVENT, subject=".", account="$.account", time="$.at"), of(l=["A", 7, None]), "responded acme/A 01:00:00.000 0000.00 #\nresponded acme/7 01:00:00.000 0001.00 #\nrejected: missing:subject")
tried("each: ignored elements give nothing", small("each: l\nignore: [{when: {bot: true}}]\n" + EVENT, account="$.account", time="$.at"), of(l=[{"id": 1, "bot": True}, {"id": 2}]), "responded acme/2 01:00:00.000 0001.00 #")
tried("prefix", small("prefix: west-\nstate: {opened: {}}\n" + EVENT), of(), "opened acme/west-T-1 01:00:00.000 00 west-T-1/opened\nresponded acme/west-T-1 01:00:00.000 01 #")

# ---- ignore, reasons and their order

tried("ignore comes before all else", small("ignore: [{when: {by: bot}}, {when: {x: 1, y: 2}}]\n" + EVENT), {"by": "bot"}, {"x": 1, "y": 2}, {"x": 1}, "rejected: missing:subject")
tried("no rule", small("events: [{fact: responded, when: {a: 1}}]"), of(), "rejected: no_rule")
tried("a state that applied and had nothing to say", small("state: {priority: p}"), of(), "")
tried("a state whose condition does not hold is no rule", small("state: {when: {k: 1}, priority: p}"), of(p="P1"), "rejected: no_rule")
ORDERED = small("maps: {s: {a: open}, p: {a: P1}, o: {a: li}, t: {a: b}}\nstate: {is: {path: s, map: s}, priority: {path: p, map: p}, assignee: {path: o, map: o}, opened: {time: ot, data: {title: {path: t, map: t}}}}\n"
                "events: [{fact: responded, id: {path: i, map: t}, time: et, data: {by: {path: b, map: t}}}]")
WRONG = {"id": None, "account": None, "at": "x", "s": "x", "p": "x", "o": "x", "ot": "x", "t": "x", "i": "x", "et": "x", "b": "x"}
GOOD = {**HEAD, "s": "a", "p": "a", "o": "a", "ot": "2026-03-02T01:00:00Z", "t": "a", "i": "a", "et": "2026-03-02T01:00:00Z"}
for n, (member, reason) in enumerate([("id", "missing:subject"), ("account", "missing:account"), ("at", "bad_time:x"), ("s", "unmapped:s=x"), ("p", "unmapped:p=x"), ("o", "unmapped:o=x"), ("ot", "bad_time:x"),
                                      ("t", "unmapped:t=x"), ("i", "unmapped:t=x"), ("et", "bad_time:x"), ("b", "unmapped:t=x")]):
    names = list(WRONG)
    tried(f"the first reason: {member}", ORDERED, {**WRONG, **{k: GOOD[k] for k in names[:names.index(member)]}}, "rejected: " + reason)
tried("a run gives all its facts or none", small("state: {is: s}\nevents: [{fact: closed, data: {satisfaction: n}}]"), of(s="open", n=9), "rejected: bad_data:satisfaction")
for text in ("", "x", "{", '{"a":1,}', '{"id":"\\ud800"}', "[" * 1000 + "]" * 1000, '{"a":01}', "{} {}"):
    tried(f"malformed: {text[:12]!r}", small(EVENT), text, "rejected: malformed")

# ---- kinds, data

tried("another kind", small("kind: complaint\nevents: [{fact: opened, data: {severity: sev}}, {fact: contacted, when: {c: 1}}]"), of(sev="major", c=1), 'opened acme/T-1 01:00:00.000 00 # {"severity":"major"}\ncontacted acme/T-1 01:00:00.000 01 #')
tried("the fact's own reason", small("kind: complaint\nevents: [{fact: opened, data: {severity: sev}}]"), of(sev="grave"), "rejected: bad_data:severity")
tried("required data that is absent in the payload", small("kind: complaint\nevents: [{fact: opened, data: {severity: sev}}]"), of(), "rejected: bad_data:severity")
tried("accounts: the subject is the account", small("kind: account\nevents: [{fact: tiered, data: {tier: tier}}]"), of(id="acme", tier="A"), 'tiered acme/acme 01:00:00.000 00 # {"tier":"A"}')
tried("accounts: another subject", small("kind: account\nevents: [{fact: tiered, data: {tier: tier}}]"), of(tier="A"), "rejected: bad_attribute:subject")

# ---- mistakes, by line

refused("an unknown key", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\ncolour: red\nevents: [{fact: responded}]\n", "6: colour")
refused("a key that stands twice", "adapter: a\nsource: /s\nsubject: id\nsubject: no\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "4: subject")
refused("a key that stands twice further in", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nmaps:\n  m: {x: 1}\n  m: {y: 1}\nevents: [{fact: responded, data: {x: {path: y, map: m}}}]\n", "8: m")
refused("a map's key that stands twice by its text", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nmaps:\n  m:\n    3: x\n    \"3\": y\nevents: [{fact: responded, data: {x: {path: y, map: m}}}]\n", "9: 3")
refused("a fact that the policy does not know", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents:\n  - {fact: answered}\n", "7: answered")
refused("a kind that the policy does not know", "adapter: a\nsource: /s\nkind: tickets\nsubject: id\naccount: a\ntime: t\nevents:\n  - {fact: opened}\n", "3: tickets")
refused("a word of a map that is no priority", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nmaps:\n  p:\n    hi: P1\n    lo: P7\nstate: {priority: {path: p, map: p}}\n", "9: P7")
refused("a default that is no priority", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nstate:\n  priority: {path: p, default: high}\n", "7: high")
refused("a const that is no state", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nstate:\n  is: {const: new}\n", "7: new")
refused("a word of a map that is no state", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nmaps:\n  s: {new: opened}\nstate: {is: {path: p, map: s}}\n", "7: opened")
refused("a const of data that is no word of its field", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents:\n  - {fact: messaged, data: {from: {const: client}}}\n", "7: client")
refused("required data that is missing", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents:\n  - {fact: messaged}\n", "7: from")
refused("a map that is not used", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nmaps:\n  m: {x: y}\nevents: [{fact: responded}]\n", "7: m")
refused("a map that is not there", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nmaps: {state: {x: open}}\nstate:\n  is: {path: s, map: stat}\n", "8: stat")
refused("required keys", "adapter: a\n", "1: source", "1: subject", "1: account", "1: time")
refused("neither state nor events", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\n", "1: state")
refused("a name with capitals", "adapter: Desk\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "1: Desk")
refused("state is for tickets only", "adapter: a\nsource: /s\nkind: complaint\nsubject: id\naccount: a\ntime: t\nstate:\n  is: s\n", "7: ticket")
refused("an expression that is none", "adapter: a\nsource: /s\nsubject: {path: id, match: '(['}\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "3: ([")
refused("a path that is none", "adapter: a\nsource: /s\nsubject: a..b\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "3: path")
refused("a path whose bracket is open", "adapter: a\nsource: /s\nsubject: 'a[b=c'\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "3: [")
refused("a zone that is none", "adapter: a\nsource: /s\nzone: Asia/Nowhere\nsubject: id\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "3: Asia/Nowhere")
refused("a scheme that is none", "adapter: a\nsource: /s\nverify: {scheme: magic}\nsubject: id\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "3: magic")
refused("an hmac without a header", "adapter: a\nsource: /s\nverify: {scheme: hmac}\nsubject: id\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "3: header")
refused("an unknown part of what is signed", "adapter: a\nsource: /s\nverify: {scheme: hmac, header: X, over: [url]}\nsubject: id\naccount: a\ntime: t\nevents: [{fact: responded}]\n", "3: url")
refused("a key of an event", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents:\n  - fact: responded\n    if: {a: 1}\n", "8: if")
refused("a condition that is a map of nothing known", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents:\n  - fact: responded\n    when: {a: {is: 1}}\n", "8: is")
refused("no YAML", "adapter: a\nsource: [\n", "")
refused("all mistakes are said at once", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\ncolour: red\nevents:\n  - {fact: answered}\n  - {fact: messaged}\n", "6: colour", "8: answered", "9: from")
refused("a clock of a test that the policy does not know", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents: [{fact: responded}]\ntests:\n  - {payload: x.json, facts: [responded], verdict: {ticket.answer: met}}\n", "8: ticket.answer")
refused("a fact of a test that the policy does not know", "adapter: a\nsource: /s\nsubject: id\naccount: a\ntime: t\nevents: [{fact: responded}]\ntests:\n  - {payload: x.json, facts: [answered]}\n", "8: answered")


# ---- files of rows

ROWS = "adapter: rows\nsource: /s\nsubject: id\naccount: account\ntime: at\nevents: [{fact: responded, data: {x: x, y: \"\\\"a.b\\\"\"}}]\n"


def rows(sentence, text, expected, adapter=ROWS):
    CASES.append(("rows", sentence, adapter, (text,), expected))


rows("the first row names the members, every value is a text", b"id,account,at,x\nT-1,acme,2026-03-02T01:00:00Z,7\n", R + ' {"x":"7"}')
rows("a byte order mark is skipped", b"\xef\xbb\xbfid,account,at,x\nT-1,acme,2026-03-02T01:00:00Z,true\n", R + ' {"x":"true"}')
rows("a byte order mark before a quoted name", b'\xef\xbb\xbf"id","account","at","x"\r\n"T-1","acme","2026-03-02T01:00:00Z","a ""b"", c"\r\n', R + ' {"x":"a \\"b\\", c"}')
rows("a line end in a quoted value, and none at the end", b'id,account,at,x\nT-1,acme,2026-03-02T01:00:00Z,"a\nb"', R + ' {"x":"a\\nb"}')
rows("semicolons", "id;account;at;x\nT-1;acme;2026-03-02T01:00:00Z;停,机\n".encode(), R + ' {"x":"停,机"}')
rows("a member whose name holds a dot", b"id,account,at,a.b\nT-1,acme,2026-03-02T01:00:00Z,1\n", R + ' {"y":"1"}')
rows("an empty value is absent", b"id,account,at,x\nT-1,acme,2026-03-02T01:00:00Z,\n", R)
rows("the whole file is one stream", b"id,account,at\nT-1,acme,2026-03-02T01:00:00Z\nT-1,,2026-03-02T01:01:00Z\nT-2,,2026-03-02T01:02:00Z\n", R + "\nresponded acme/T-1 01:01:00.000 00 #\nrejected: missing:account",
     ROWS.replace("account: account", "account: {first: [account], else: known}"))
rows("a row with fields too many, and the rows after it", b"id,account,at,x\nT-1,acme,2026-03-02T01:00:00Z,7,8\nT-1,acme,2026-03-02T01:00:00Z,7\n", R + ' {"x":"7"}\nrejected: malformed')
rows("empty rows are nothing", b"id,account,at,x\n\nT-1,acme,2026-03-02T01:00:00Z,7\n\n", R + ' {"x":"7"}')
rows("GB18030", "id,account,at,x\nT-1,acme,2026-03-02T01:00:00Z,停机\n".encode("gb18030"), R + ' {"x":"停机"}', "encoding: gb18030\n" + ROWS)
rows("a date of a spreadsheet", "id,account,at,x\nT-1,acme,2026/3/2 9:05,\n".encode(), "responded acme/T-1 01:05:00.000 00 #", "zone: Asia/Shanghai\n" + ROWS)

# ---- the tests that adapters carry

TESTED = "adapter: small\nsource: /s\nsubject: id\naccount: account\ntime: at\nstate: {is: s, opened: {data: {title: t}}}\nevents: [{fact: responded, when: {r: exists}}]\ntests:\n"


def tested(sentence, tests, status, said=""):
    CASES.append(("test", sentence, TESTED + tests, (status,), said))


OPEN = "payload: open.json, facts: [opened, reopened, resumed]"
tested("the verbs in their order", f"  - {{{OPEN}}}\n", 0, "1 passed, 0 failed")
tested("another order", "  - {payload: open.json, facts: [reopened, opened, resumed]}\n", 1, ":9: ")
tested("nothing comes out", "  - {payload: nothing.json, facts: []}\n", 1, "expected facts []")
tested("a clock's state", f"  - {{{OPEN}, verdict: {{ticket.response: running}}}}\n", 0)
tested("a clock's verdict", f"  - {{{OPEN}, verdict: {{ticket.response: pending, ticket.resolution: running}}}}\n", 0)
tested("another verdict", f"  - {{{OPEN}, verdict: {{ticket.response: met}}}}\n", 1, "ticket.response")
tested("a clock that is not there", f"  - {{{OPEN}, verdict: {{ticket.reply: met}}}}\n", 1, "ticket.reply")
tested("several payloads are one stream", "  - {payload: [open.json, answered.json], facts: [opened, reopened, resumed, opened, reopened, resumed, responded], verdict: {ticket.response: met}}\n", 0)
tested("what is rejected", "  - {payload: nothing.json, rejected: 'missing:subject'}\n  - {payload: nothing.json, rejected: 'adapter:small:missing:subject'}\n", 0)
tested("another reason", "  - {payload: nothing.json, rejected: 'missing:account'}\n", 1, "missing:subject")
tested("a payload that is not there", "  - {payload: none.json, facts: []}\n", 1, "none.json")


def canonical(value):
    """Compact, names sorted, numbers as written (they were read as texts of the class Number)."""
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + canonical(value[k]) for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, Number):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


class Number(str):
    pass


def read_json(text):
    return json.loads(text, parse_float=Number, parse_int=Number)


def line_of(text):
    event = read_json(text)
    verb = event["type"].split(".")[2]
    hashed = hashlib.sha256(canonical([event["subject"], verb, event["time"], event.get("data")]).encode()).hexdigest()[:20]
    when = event["time"][11:-1] if event["time"].startswith("2026-03-02T") else event["time"]
    data = event.get("data")
    compact = text[text.index(',"data":') + 8:-1] if data is not None else ""
    return " ".join(filter(None, [verb, event["partitionkey"] + "/" + event["subject"], when, event["sequence"], "#" if event["id"] == hashed else event["id"], compact]))


def run_try(adapter, payloads, folder):
    (folder / "a.yaml").write_text(adapter)
    files = []
    for n, payload in enumerate(payloads):
        files.append(folder / f"{n}.json")
        files[-1].write_text(payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False))
    done = subprocess.run([TOCSIN, "adapter", "try", str(folder / "a.yaml"), *map(str, files)], capture_output=True, text=True, timeout=60)
    return told(done)


def told(done):
    out = [line_of(line) for line in done.stdout.split("\n") if line]
    rejected = ["rejected: " + ":".join(json.loads(line)["rejected"].split(":")[2:]) for line in done.stderr.split("\n") if line.startswith("{")]
    wrong_exit = [f"exit {done.returncode}: {done.stderr[:300]}"] if done.returncode != (3 if rejected else 0) else []
    return out + rejected + wrong_exit


def run_rows(adapter, rows, folder):
    (folder / "a.yaml").write_text(adapter)
    (folder / "rows.csv").write_bytes(rows)
    return told(subprocess.run([TOCSIN, "import", "csv", "--adapter", str(folder / "a.yaml"), str(folder / "rows.csv")], capture_output=True, text=True, timeout=60))


def run_tests(adapter, folder):
    (folder / "a.yaml").write_text(adapter)
    for name, payload in (("open", of(s="open", t="x")), ("answered", of(s="open", t="x", r=1, at="2026-03-02T01:05:00Z")), ("nothing", {})):
        (folder / (name + ".json")).write_text(json.dumps(payload))
    done = subprocess.run([TOCSIN, "adapter", "test", str(folder / "a.yaml")], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def run_check(adapter, folder):
    (folder / "a.yaml").write_text(adapter)
    done = subprocess.run([TOCSIN, "adapter", "check", str(folder / "a.yaml")], capture_output=True, text=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).split("\n")


def judge(case):
    """What is wrong with it, or nothing."""
    kind, sentence, adapter, given, expected = case
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "try":
            got = run_try(adapter, given, folder)
            wanted = expected.split("\n") if expected else []
            return "" if got == wanted else f"{sentence}\n  expected " + "\n           ".join(wanted or ["nothing"]) + "\n  got      " + "\n           ".join(got or ["nothing"])
        if kind == "rows":
            got = run_rows(adapter, given[0], folder)
            return "" if got == expected.split("\n") else f"{sentence}\n  expected {expected}\n  got      " + "\n           ".join(got or ["nothing"])
        if kind == "test":
            status, said = run_tests(adapter, folder)
            return "" if status == given[0] and expected in said else f"{sentence}\n  exit {status}, expected {given[0]} and `{expected}`; said:\n    {said}"
        status, said = run_check(adapter, folder)
        missing = [g for g in given if g and not any(f":{g.split(': ')[0]}: " in s and g.split(": ", 1)[1] in s.split(": ", 1)[1] for s in said)]
        return "" if status == 2 and not missing else f"{sentence}\n  exit {status}, not said: {missing}; said:\n    " + "\n    ".join(said)


def main():
    only = sys.argv[1:]
    cases = [c for c in CASES if not only or any(o in c[1] for o in only)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        wrong = [w for w in pool.map(judge, cases) if w]
    for text in wrong:
        print("FAILED", text)
    print(f"{len(cases)} cases, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
