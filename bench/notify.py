#!/usr/bin/env python3
"""How long a missed promise takes to a receiver's socket, and what 10,000 steps at once take.

    bench/notify.py [SECONDS]       TOCSIN names the binary; needs Python alone

Prints: at 100 raised steps a second, from the due to the message's first byte (p50, p99), against a bare POST by the same receiver in
the same run; and of 10,000 steps that are raised at once (a tenth of them urgent) when the last urgent one came, when the last of all, and
how many that are not urgent came before the last urgent one.
"""
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
STEPS_PER_S = 100
AHEAD_S = 4  # a promise falls due so long after its ticket is posted
BURST = 10_000
URGENT = 1_000  # of them

class Receiver:
    """Takes any POST with 200: [(seconds since the epoch, body)]."""

    def __init__(self):
        self.got = []
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                at = time.time()
                length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
                self.got.append((at, await reader.readexactly(length)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def utc(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fact(number, verb, subject, time, data, account="ACME"):
    return {"specversion": "1.0", "id": f"b-{number}-{verb}", "source": "/bench", "type": f"tocsin.{verb}", "time": time, "subject": subject,
            "partitionkey": account, "data": data}


def until(what, holds, patience=60):
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"waited {patience} s for {what}")
        time.sleep(0.005)  # until the condition holds


class Node:
    def __init__(self, folder, receiver):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        (folder / "roster.yaml").write_text("people:\n  ann: {channels: [{via: hook}]}\nlast_resort: [ann]\n")
        (folder / "c.yaml").write_text(
            "roster: roster.yaml\nnotify:\n  channels:\n"
            f"    hook: {{type: http, url: 'http://127.0.0.1:{receiver.port}/', "
            "body: '{\"e\":\"{{escalation}}\",\"step\":{{step}},\"high\":{{high}},\"count\":{{count}}}'}\n")
        self.log = open(folder / "node.log", "wb")
        self.process = subprocess.Popen([TOCSIN, "run", "--data", folder / "data", "--listen", f"127.0.0.1:{self.port}", "--config", folder / "c.yaml"],
                                        stdout=self.log, stderr=self.log)
        until("the node", lambda: self.get("/readyz") is not None)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def post(self, facts):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/events", json.dumps(facts).encode(),
                                         {"Content-Type": "application/cloudevents-batch+json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def at_a_rate(node, receiver):
    """Tickets at P2 whose response falls due some seconds after they are posted: 100 breaches a second."""
    begin = len(receiver.got)
    number, dues = 0, {}
    began = time.monotonic()
    tick = 0.05
    for i in range(int(SECONDS / tick)):
        wait = began + i * tick - time.monotonic()
        if wait > 0:
            time.sleep(wait)  # the load is a number of facts a second
        facts = []
        for _ in range(int(STEPS_PER_S * tick)):
            number += 1
            opened = datetime.now(timezone.utc) - timedelta(minutes=30) + timedelta(seconds=AHEAD_S)
            facts.append(fact(number, "ticket.opened", f"R-{number}", opened.isoformat(timespec="milliseconds").replace("+00:00", "Z"), {"priority": "P2", "tier": "A"}))
            dues[f"R-{number}"] = (opened + timedelta(minutes=30)).timestamp()
        node.post(facts)
    spans = {}

    def read():
        for at, body in receiver.got[begin:]:
            told = json.loads(body)
            ticket = told["e"].split("/")[2]
            if told["e"].endswith("/ticket.response/1/target") and told["step"] == 1 and ticket in dues:
                spans.setdefault(ticket, at - dues[ticket])
        return len(spans) == number
    until("every missed response to be told", read, 60)
    return sorted(spans.values())


def bare(receiver):
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port)
    spans = []
    for _ in range(500):
        before = time.time()
        connection.request("POST", "/", b"{}")
        connection.getresponse().read()
        spans.append(receiver.got[-1][0] - before)
    return spans


def at_once(node, receiver):
    begin = len(receiver.got)
    facts = [fact(f"x{i}", "ticket.opened", f"B-{i}", utc(0), {"priority": "P2" if i % (BURST // URGENT) == 0 else "P3", "tier": "A"}, f"A{i % 50}")
             for i in range(BURST)]
    began = time.time()
    for i in range(0, BURST, 2500):
        node.post(facts[i:i + 2500])
    posted = time.time() - began
    told = []

    def read():
        told[:] = [(at - began, json.loads(body)) for at, body in receiver.got[begin:]]
        return sum(m["count"] for _, m in told) >= BURST
    until("all steps to be told", read, 120)
    high = [at for at, m in told if m["high"]]
    low = [(at, m["count"]) for at, m in told if not m["high"]]
    return posted, max(high), max(at for at, _ in low), sum(n for at, n in low if at < max(high)), len(high), sum(n for _, n in low), len(low)


with tempfile.TemporaryDirectory() as scratch:
    receiver = Receiver()
    node = Node(Path(scratch), receiver)
    try:
        until("notifying to be switched on", lambda: "tocsin.engine.notify" in (node.get("/metrics") or ""))
        spans = at_a_rate(node, receiver)
        plain = bare(receiver)
        print(f"{STEPS_PER_S} missed promises/s for {SECONDS} s: due to the receiver's socket p50 {percentile(spans, 0.5) * 1000:.1f} ms (20 allowed), "
              f"p99 {percentile(spans, 0.99) * 1000:.1f} ms (100 allowed); a bare POST p50 {percentile(plain, 0.5) * 1000:.2f} ms")
        posted, last_high, last_low, before, high, low, digests = at_once(node, receiver)
        print(f"{BURST} steps at once (posted within {posted:.1f} s): all {high} urgent ones after {last_high:.1f} s (10 allowed), all {low} others, in {digests} messages, after {last_low:.1f} s; "
              f"{before} others came before the last urgent one")
    finally:
        node.process.kill()
        node.process.wait()
