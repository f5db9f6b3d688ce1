"""Adapters and payloads made at random, for adapter_reading.py: every construct of docs/adapters.md, values of every kind."""
import json
import random

STATES = ("open", "paused", "resolved", "closed", "cancelled")


class Number(str):
    """A number as written."""


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def one(self, *of):
        return self.r.choice(of)

    def often(self, p):
        return self.r.random() < p

    def scalar(self):
        return self.one("a", "b", "c", "", "open", "7", Number("7"), Number("1.0"), Number("12345678901234567890"), Number("-1e3"), True, False, None, "钱 \"x\"", "x[1]{", "P2", "true", "\u2028", "a.b")

    def small(self, depth=2):
        k = self.r.random()
        if depth == 0 or k < 0.7:
            return self.scalar()
        if k < 0.85:
            return [self.small(depth - 1) for _ in range(self.r.randrange(4))]
        return {self.one("a", "b", "c", "n", "x.y", "0", "1"): self.small(depth - 1) for _ in range(self.r.randrange(4))}

    def path(self):
        names = ("a", "b", "c", "o", "l", "n")
        return self.one(*names, *names, "o.a", "o.b", "o.c.a", "l.0", "l.1.a", 'o."x.y"', "l[n=a].b", "l[a=7].c", "$.a", "$.o.b", "header.x-e", "l.0.b", "o.0", ".", "$", '"x.y"', "o.l[n=true].a")

    def match(self):
        return self.one("^(.)", "([0-9]+)", "(a|b)", "(x*)a", "^([a-z]+)$", "(P[1-4])")

    def value(self, maps, deep=True):
        k = self.r.random()
        if k < 0.5:
            return self.path()
        if k < 0.62 and deep:
            return [self.value(maps, False) for _ in range(self.r.randrange(1, 4))]
        if k < 0.7:
            return {"const": self.one("k", 5, 1.5, True, "yes", [1, "x"], {"k": "v"}, "")}
        out = {"path": self.path()}
        if self.often(0.4):
            out["match"] = self.match()
        if maps and self.often(0.6):
            out["map"] = self.one(*maps)
        if self.often(0.5) or len(out) == 1:
            out["default"] = self.one("d", 3, "dd", True)
        return out

    def when(self):
        out = {}
        for _ in range(self.r.randrange(1, 3)):
            word = lambda: self.one("a", "b", "", 7, "7", True, False, "open", "yes")
            out[self.path()] = self.one("exists", "absent", "exists", word(), word(), [word(), word()], {"not": word()}, {"not": [word(), word()]}, {"same": self.path()}, {"not_same": self.path()}, {"match": self.match()},
                                        {"contains": self.one("a", 7, ["b", "7"], True)})
        if self.often(0.1):
            out["any"] = [self.when(), self.when()]
        return out

    def time(self):
        return self.one("t", "t", "t", ["t2", "t"], {"path": "t"}, {"const": "arrival"}, ["t3", "t2", "t"], {"path": "t", "as": "local"}, [{"path": "t2", "as": "local"}, "t"])

    def adapter(self):
        maps = {}
        for name in ("m", "k")[: self.r.randrange(3)]:
            maps[name] = {key: self.one("a", "b", 5, True, "x y", "") for key in self.r.sample(["a", "b", "7", 8, True, "open", "P2", "12345678901234567890"], self.r.randrange(1, 6))}
        own = list(maps)
        a = {"adapter": "r", "source": "/r"}
        if self.often(0.6):
            a["zone"] = self.one("Asia/Shanghai", "Europe/Berlin", "America/New_York")
        if self.often(0.2):
            a["prefix"] = "w-"
        where = ""
        if self.often(0.3):
            a["each"] = self.one("list", "o.list", "$.list", ".")
            where = self.one("", "$.")
        subject = self.one("id", ["a", "id"], {"path": "id", "match": "^(.)"}, "id")
        if own and self.often(0.15):
            subject = [{"path": "a", "map": own[0], "unmapped": "ignore"}, "id"]
        a["subject"] = subject
        a["account"] = self.one(where + "acc", [self.path(), where + "acc"], {"first": [where + "acc"], "else": "known"}, {"first": [where + "acc", self.path()], "else": "walk-in"}, {"first": [where + "acc"], "else": "reject"})
        if own and self.often(0.1):
            a["account"] = {"path": where + "acc", "map": own[0], "unmapped": "ignore"}
        t = self.time()
        a["time"] = t if not where else (where + "t" if self.often(0.7) else {"const": "arrival"})
        if self.often(0.25):
            a["order"] = self.one("n", {"const": "arrival"}, ["b", "n"], {"path": "t", "match": "([0-9]+)"})
        if self.often(0.3):
            a["ignore"] = [{"when": self.when()} for _ in range(self.r.randrange(1, 3))]
        if maps:
            a["maps"] = maps
        if self.often(0.75):
            a["maps"] = {**a.get("maps", {}), "s": {"a": "open", "b": "paused", "c": "resolved", "7": "closed", "open": "open", True: "cancelled"}, "p": {"a": "P1", "b": "P2", "7": "P3", False: "P4", "P2": "P2"}, "w": {"a": "customer", "b": "vendor", 7: "x"}}
            blocks = [self.block(own) for _ in range(self.one(1, 1, 1, 2))]
            a["state"] = blocks if len(blocks) > 1 or self.often(0.1) else blocks[0]
        if "state" not in a or self.often(0.6):
            a["events"] = [self.event(own) for _ in range(self.r.randrange(1, 4))]
        used = json.dumps({k: v for k, v in a.items() if k != "maps"})
        if "maps" in a:
            a["maps"] = {k: v for k, v in a["maps"].items() if f'"map": "{k}"' in used}
            if not a["maps"]:
                del a["maps"]
        return a

    def block(self, own):
        b = {}
        if self.often(0.3):
            b["when"] = self.when()
        with_default = lambda v, d: {**v, **({"default": d} if self.often(0.4) else {})}
        if self.often(0.85):
            b["is"] = self.one(with_default({"path": self.path(), "map": "s"}, "open"), "st", {"path": "a", "match": "(a|b|c)", "map": "s"})
            if self.often(0.3):
                b["wait"] = self.one("b", {"path": self.path(), "map": "w"}, with_default({"path": "b", "map": "w"}, "customer"), [{"path": "a", "map": "w"}, {"const": "z"}])
        if self.often(0.6):
            b["priority"] = self.one(with_default({"path": self.path(), "map": "p"}, "P4"), "pr")
        if self.often(0.6):
            b["assignee"] = self.one(self.path(), [self.path(), self.path()], {"path": self.path(), "default": "li"}, {"path": self.path(), "match": "^(.)"})
        if self.often(0.6):
            b["opened"] = self.one(None, {}, {"time": "t2"}, {"data": {"title": {"path": "a", "match": "(.+)"}, "x": self.value(own)}}, {"time": ["t2", "t"], "data": {"y": self.value(own), "priority": {"path": "pr"}}}) or {}
        for name in ("resolved", "closed", "cancelled"):
            if "is" in b and self.often(0.2):
                b[name] = {"data": {"z": self.value(own)}}
        if not set(b) & {"is", "priority", "assignee", "opened"}:
            b["assignee"] = "o.a"
        return b

    def event(self, own):
        e = {"fact": self.one("responded", "progressed", "reported", "resolved", "opened", "reopened")}
        if self.often(0.7):
            e["when"] = self.when()
        if self.often(0.5):
            e["id"] = self.one(self.path(), [self.path(), "n"], {"path": "n", "default": "d"})
        if self.often(0.4):
            e["time"] = self.one("t2", "t3", ["t3", "t2"], {"const": "arrival"}, {"path": "t3", "as": "local"})
        if self.often(0.6):
            e["data"] = {k: self.value(own) for k in self.r.sample(["u", "v", "客", "z", "a b"], self.r.randrange(1, 4))}
        return e

    def when_text(self):
        return self.one("2026-03-02T01:00:00Z", "2026-03-02 09:00:00", "2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026/3/2 9:05", "2026-03-02", "2026-03-02T09:00:00.123456+0800", "2026-03-02 09:00:00 +0800", "2026-03-02T09:00+08",
                        "2026-03-02 01:00:00 UTC", Number("1772413200"), Number("1772413200123"), "1772413200123456", Number("1772413200123456789"), "1772413200", Number("1640244967.924"), "1640244967.9249", "soon", "", None, "2026-02-30T00:00:00Z", "2026-11-01 01:30:00", "2026-03-08 02:30:00")

    def element(self, ids):
        e = {"id": self.one(*ids, *ids, Number("7"), None), "acc": self.one("x", "x", "y", Number("3"), "", "7", "a"), "t": self.when_text() if self.often(0.5) else "2026-03-02T01:00:00Z", "st": self.one(*STATES, "open", "odd", None), "pr": self.one("P1", "P2", "P3", None, "P4")}
        for name in ("a", "b", "c", "n"):
            if self.often(0.75):
                e[name] = self.scalar() if self.often(0.75) else self.small()
        if self.often(0.6):
            e["o"] = {k: self.small() for k in self.r.sample(["a", "b", "c", "x.y", "0", "l"], self.r.randrange(4))}
        if self.often(0.6):
            e["l"] = self.small() if self.often(0.2) else [{"n": self.scalar(), "a": self.scalar(), "b": self.scalar(), "c": self.small()} if self.often(0.8) else self.scalar() for _ in range(self.r.randrange(4))]
        for name in ("t2", "t3"):
            if self.often(0.6):
                e[name] = self.when_text()
        if self.often(0.2):
            e["x.y"] = self.scalar()
        return e

    def payload(self, adapter):
        ids = ["A", "B"]
        body = self.element(ids)
        if "each" in adapter:
            many = self.one([self.element(ids) for _ in range(self.r.randrange(4))], self.element(ids), [self.element(ids), self.element(ids)], "none", None)
            if adapter["each"] == ".":
                body = many
            elif adapter["each"] == "o.list":
                body["o"] = {**body.get("o", {}), "list": many}
            else:
                body["list"] = many
        return {"headers": {"x-e": self.scalar_text()} if self.often(0.5) else {}, "arrival": 1800000000123, "body": body}

    def scalar_text(self):
        return self.one("a", "b", "7", "open")
