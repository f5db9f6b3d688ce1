"""For crash_*.py and api_live.py: a node that can be killed, clients that keep a book, and the checks of the book."""
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
PATIENCE_S = 60
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ENGINE = "/tocsin/engine"


def fail(text):
    sys.exit("FAILED " + text)


def iso(t):
    return t.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(seconds=0.0):
    return iso(datetime.now(timezone.utc) + timedelta(seconds=seconds))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    def __init__(self, scratch, data=None, config="", environment=None):
        self.environment = {**os.environ, **(environment or {})}
        self.scratch = Path(scratch)
        self.data = Path(data or self.scratch / "data")
        self.port = free_port()
        self.config = self.scratch / "config.yaml"
        self.config.write_text(config)
        self.process = None

    def start(self):
        self.output = open(self.scratch / "node.log", "ab")
        self.process = subprocess.Popen([TOCSIN, "run", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", "--config", self.config],
                                        stdout=self.output, stderr=self.output, env=self.environment)
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                if self.get("/readyz")[0] == 200:
                    return self
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                fail("the node did not become ready:\n" + (self.scratch / "node.log").read_text(errors="replace")[-3000:])
            time.sleep(0.01)  # until the condition above holds

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE_S)
        self.output.close()
        return status

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def get(self, target):
        connection = self.connect()
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.headers.get_content_type().endswith("json") and text else text
        finally:
            connection.close()

    def command(self, *arguments, given=None):
        run = subprocess.run([TOCSIN, *arguments], input=given, capture_output=True)
        return run.returncode, run.stdout, run.stderr.decode(errors="replace")

    def log(self, after=None):
        more = ["--after", after] if after else []
        status, out, errors = self.command("log", "--data", str(self.data), *more)
        if status != 0:
            fail(f"tocsin log: {status} {errors}")
        return [json.loads(line) for line in out.splitlines()]


class Book:
    """What clients sent and what they were told of it. A fact that nobody answered for may be sent again, or not."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = set()
        self.refused = set()  # told that nothing was kept
        self.unsure = {}
        self.sent = 0

    def begin(self, facts):
        with self.lock:
            self.sent += len(facts)
            for f in facts:
                self.unsure[f["id"]] = f
                self.refused.discard(f["id"])

    def answered(self, facts, refused=False):
        with self.lock:
            for f in facts:
                self.unsure.pop(f["id"], None)
                if refused and f["id"] not in self.acknowledged:
                    self.refused.add(f["id"])
                elif not refused:
                    self.acknowledged.add(f["id"])


class Client(threading.Thread):
    """Posts tickets and what follows on them until it is told to end or the node is gone."""

    LIMITS_S = {"P1": 15 * 60, "P2": 30 * 60}  # ticket.response, tier A: around the clock

    def __init__(self, node, book, name, seed, stale=(), facts_max=sys.maxsize, noise=0):
        """`facts_max`: then nothing new comes but what was posted last, again and again. `noise`: characters of each fact that do not pack."""
        super().__init__(daemon=True)
        self.facts_max, self.noise = facts_max, noise
        self.node, self.book, self.tag = node, book, name
        self.random = random.Random(seed)
        self.done = threading.Event()
        self.count = 0
        self.open = []
        self.stale = list(stale)  # facts of clients that are gone, of which nobody knows what became
        self.errors = []
        self.last_status = None
        self.retry_after = None

    def fact(self, verb, subject, account, seconds, data=None, kind="ticket"):
        self.count += 1
        noise = {"noise": f"{self.random.getrandbits(4 * self.noise):x}"} if self.noise else {}
        return {**noise, "specversion": "1.0", "id": f"{self.tag}-{self.count}", "source": "/crm", "type": f"tocsin.{kind}.{verb}",
                "time": utc(seconds), "subject": subject, "partitionkey": account, "sequence": f"{self.count:09}", "data": data or {}}

    def facts(self, n):
        out = []
        while len(out) < n:
            r = self.random.random()
            account = f"acct-{self.random.randrange(20)}"
            if r < 0.02:
                out.append(self.fact("tiered", account, account, -30 * 86400, {"tier": "A", "name": "客户"}, "account"))
            elif r < 0.6 or not self.open:
                priority = self.random.choice(["P1", "P2"])
                # The answer is due some seconds before or after this instant.
                at = -self.LIMITS_S[priority] + self.random.uniform(-3, 5)
                subject = f"{self.tag}-T{self.count}"
                data = {"priority": priority, "module": f"m{self.random.randrange(3)}"}
                if self.random.random() < 0.8:
                    data["tier"] = "A"
                out.append(self.fact("opened", subject, account, at, data))
                self.open.append((subject, account))
            else:
                subject, account = self.open[self.random.randrange(len(self.open))]
                verb, data = self.random.choice([("responded", {"by": "li"}), ("responded", {"by": "wang"}), ("progressed", {"note": "n"}), ("resolved", {"cause": "c"}),
                                                 ("paused", {}), ("resumed", {}), ("messaged", {"from": "customer"}), ("messaged", {"from": "staff"}),
                                                 ("reopened", {}), ("closed", {"satisfaction": 4}), ("prioritized", {"priority": "P1"}), ("prioritized", {"priority": "P3"}),
                                                 ("paused", {"wait": "vendor"}), ("resumed", {"wait": "vendor"}), ("paused", {"wait": "customer"}),
                                                 ("assigned", {"person": "li"}), ("acknowledged", {"by": "li"}), ("escalated", {"by": "li"}),
                                                 ("excused", {"clock": "ticket.response", "reason": "fire"}),
                                                 ("notified", {"escalation": f"{account}/ticket/{subject}/routed/P1", "step": 1, "person": "li", "channel": "desk", "outcome": "delivered"})])
                out.append(self.fact(verb, subject, account, self.random.uniform(-20, 0), data))
        del self.open[:-50]
        return out

    def request(self, connection, facts):
        if len(facts) > 1 or self.random.random() < 0.1:
            connection.request("POST", "/v1/events", json.dumps(facts).encode(), {"Content-Type": BATCH})
        elif self.random.random() < 0.5:
            connection.request("POST", "/v1/events", json.dumps(facts[0]).encode(), {"Content-Type": ONE})
        else:
            headers = {f"ce-{k}": quote(v) for k, v in facts[0].items() if k != "data"}
            headers["Content-Type"] = "application/json"
            connection.request("POST", "/v1/events", json.dumps(facts[0]["data"]).encode(), headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def run(self):
        try:
            self.work()
        except Exception as e:  # told by the main thread
            self.errors.append(repr(e))

    def work(self):
        connection = self.node.connect()
        last = []
        while not self.done.is_set():
            r = self.random.random()
            if last and (r < 0.1 or self.count >= self.facts_max):
                facts = last  # once more: duplicates
            elif r < 0.3 and self.stale:
                facts, self.stale = self.stale[:20], self.stale[20:]
            else:
                facts = self.facts(self.random.choice([1, 1, 1, 5, 50]))
            self.book.begin(facts)
            try:
                status, headers, body = self.request(connection, facts)
            except (OSError, http.client.HTTPException):
                return  # nobody knows what became of them
            self.last_status = status
            if status == 202:
                answer = json.loads(body)
                if answer["rejected"] or answer["accepted"] + answer["duplicates"] != len(facts) or answer.get("conflicts"):
                    self.errors.append(f"{answer} for {len(facts)} facts")
                self.book.answered(facts)
                last = facts
            elif status in (503, 429):
                self.retry_after = headers.get("Retry-After")
                if self.retry_after is None:
                    self.errors.append(f"{status} without Retry-After")
                self.book.answered(facts, refused=True)
                self.done.wait(0.02)
            else:
                self.errors.append(f"{status} {body[:300]!r}")
                return


class Ledger:
    """The log as read so far."""

    def __init__(self, node, book):
        self.node, self.book = node, book
        self.facts, self.derived = {}, {}
        self.lines = []
        self.last = None
        self.recorded = ""
        self.breaches = 0

    def read(self):
        for row in self.node.log(self.last):
            event, self.last = row["event"], row["position"]
            if event["recordedtime"] < self.recorded:
                fail(f"recordedtime goes back at {row['position']}")
            self.recorded = event["recordedtime"]
            if event["type"].startswith("tocsin.engine."):
                continue
            if event["source"] == ENGINE:
                if event["id"] in self.derived:
                    fail(f"{event['id']} stands at {self.derived[event['id']]} and at {row['position']}")
                self.derived[event["id"]] = row["position"]
                if event["type"] == "tocsin.clock.breached":
                    self.breaches += 1
                    # While the clock is set back recordedtime stands still, and facts told after it may show a breach.
                    early = event["recordedtime"] < event["time"] and "tocsinbelieved" not in event
                    if early or event["time"] < event["data"]["due"]:
                        fail(f"a breach before its due: {event}")
            else:
                if event["id"] in self.facts:
                    fail(f"fact {event['id']} stands at {self.facts[event['id']]} and at {row['position']}")
                self.facts[event["id"]] = row["position"]
                self.lines.append(json.dumps(event, ensure_ascii=False))

    def check(self):
        self.read()
        lost = self.book.acknowledged - self.facts.keys()
        if lost:
            fail(f"{len(lost)} acknowledged facts are not in the log, such as {sorted(lost)[:3]}")
        kept = self.book.refused & self.facts.keys()
        if kept:
            fail(f"{len(kept)} facts were refused and kept, such as {sorted(kept)[:3]}")
        return len(self.facts)

    def simulate(self, until):
        status, out, errors = self.node.command("simulate", "--events", "-", "--until", until, "--emit", "verdicts", given="\n".join(self.lines).encode())
        if status != 0:
            fail(f"simulate: {status} {errors[:500]}")
        return sorted(out.decode().splitlines())

    def clocks(self):
        rows, cursor = [], ""
        for_all = "/v1/clocks?limit=1000"
        while True:
            status, body = self.node.get(for_all + (f"&cursor={quote(cursor)}" if cursor else ""))
            if status != 200:
                fail(f"/v1/clocks: {status} {body}")
            rows += body["items"] if "items" in body else body["clocks"]
            cursor = body.get("next") or body.get("cursor") or body.get("next_cursor")
            if not cursor:
                return rows

    NAMES = ["account", "entity", "clock", "cycle", "state", "start", "thresholds", "stopped", "elapsedMs"]

    def check_verdicts(self):
        """Nothing is posted any more. What falls due while the clocks are listed may be told or not: either is right."""
        before = utc(-0.25)
        rows = self.clocks()
        after = utc()
        self.check()
        # A question says of a running clock, too, how much of it has elapsed by now.
        plain = lambda row: {n: [{k: t[k] for k in ("name", "due", "verdict")} for t in row[n]] if n == "thresholds" else
                             None if n == "elapsedMs" and row["state"] != "stopped" else row[n] for n in self.NAMES}
        key = lambda row: tuple(str(row[n]) for n in ("account", "entity", "clock", "cycle"))
        have = {key(row): plain(row) for row in rows}
        want = [{key(row): plain(row) for row in map(json.loads, self.simulate(until))} for until in (before, after)]
        wrong = [k for k in have.keys() | want[0].keys() | want[1].keys() if have.get(k) not in [w.get(k) for w in want]]
        if wrong or len(have) != len(rows):
            told = "\n".join(f"  node     {have.get(k)}\n  simulate {want[1].get(k)}" for k in sorted(wrong)[:3])
            fail(f"the verdicts of {len(wrong)} of {len(rows)} clocks differ from simulate:\n{told}")
        return len(rows)

    def verify(self):
        status, out, errors = self.node.command("verify", "--data", str(self.node.data))
        if status != 0:
            fail(f"tocsin verify: {status} {out.decode()} {errors}")
