#!/usr/bin/env python3
"""Whole process over loopback: durable ingest to decided, acknowledge times, lateness, queries, restart, memory, disk.

    bench/embedded_run.py [--facts 300000] [--due 20000] [--tocsin build/release/tocsin]

Beside each figure stands its peer of the same run: deciding alone (`tocsin simulate` on the same facts, no disk, no
network), and the disk alone (the same bytes, an fdatasync for each batch). Client and server share the machine's cores."""
import argparse
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "system"))
import crash_node  # noqa: E402
from crash_node import BATCH, ONE, Node  # noqa: E402

BATCH_FACTS = 1000
CONNECTIONS = 4
SINGLE_CONNECTIONS = 16


def at(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def tickets(n, age_s, prefix):
    """One account in 200; the answer is due 15 min after `time`, around the clock."""
    time_ = at(-age_s)
    for i in range(n):
        yield json.dumps({"specversion": "1.0", "id": f"{prefix}-{i}", "source": "/crm", "type": "tocsin.ticket.opened", "time": time_, "subject": f"{prefix}-T{i}",
                          "partitionkey": f"acct-{i % 200}", "data": {"priority": "P1", "tier": "A", "title": "line 3 stands still"}}, separators=(",", ":"))


def request(body, kind):
    body = body.encode()
    return (f"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


class Poster(threading.Thread):
    """Raw requests, one after the other on one connection."""

    def __init__(self, port, requests):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests, self.took, self.refused = requests, [], 0

    def run(self):
        for r in self.requests:
            while True:
                began = time.perf_counter()
                self.socket.sendall(r)
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += self.socket.recv(65536)
                head, body = answer.split(b"\r\n\r\n", 1)
                left = int(re.search(rb"(?i)content-length: *(\d+)", head)[1]) - len(body)
                while left > 0:
                    left -= len(self.socket.recv(left))
                if head.startswith(b"HTTP/1.1 202"):
                    self.took.append(time.perf_counter() - began)
                    break
                self.refused += 1
                time.sleep(0.01)  # as Retry-After would have it, in small


def post(port, requests, connections):
    posters = [Poster(port, requests[i::connections]) for i in range(connections)]
    began = time.perf_counter()
    for p in posters:
        p.start()
    for p in posters:
        p.join()
    took = sorted(t for p in posters for t in p.took)
    return time.perf_counter() - began, took, sum(p.refused for p in posters)


def percentile(sorted_, q):
    return sorted_[min(len(sorted_) - 1, int(q * len(sorted_)))]


def ms(sorted_):
    return " ".join(f"p{q * 100:g} {percentile(sorted_, q) * 1000:.1f} ms" for q in (0.5, 0.99, 0.999))


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def disk_mb(directory):
    return sum(f.stat().st_blocks * 512 for f in Path(directory).rglob("*") if f.is_file()) / 1e6


def breaches_late(node, prefix):
    late = []
    for row in node.log():
        e = row["event"]
        if e["type"] == "tocsin.clock.breached" and e["subject"].startswith(prefix) and e["data"]["threshold"] == "target":
            late.append((datetime.fromisoformat(e["recordedtime"]) - datetime.fromisoformat(e["time"])).total_seconds())
    return sorted(late)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--facts", type=int, default=300_000)
    parser.add_argument("--singles", type=int, default=20_000)
    parser.add_argument("--due", type=int, default=20_000, help="clocks due at the same instant")
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--tocsin", default=crash_node.TOCSIN)
    options = parser.parse_args()
    crash_node.TOCSIN = options.tocsin
    with tempfile.TemporaryDirectory(dir=options.scratch) as name:
        scratch = Path(name)
        node = Node(scratch).start()
        pid = node.process.pid
        lines = list(tickets(options.facts, 60, "batch"))
        requests = [request("[" + ",".join(lines[i:i + BATCH_FACTS]) + "]", BATCH) for i in range(0, len(lines), BATCH_FACTS)]

        # Queries while facts come in.
        asked, ended = [], threading.Event()

        def ask():
            while not ended.wait(0.05):
                began = time.perf_counter()
                node.get("/v1/clocks?state=running&order=due&limit=50")
                asked.append(time.perf_counter() - began)

        asker = threading.Thread(target=ask)
        asker.start()
        used = cpu_s(pid)
        seconds, took, refused = post(node.port, requests, CONNECTIONS)
        used = cpu_s(pid) - used
        ended.set()
        asker.join()
        rate = options.facts / seconds
        began = time.perf_counter()
        subprocess.run([options.tocsin, "simulate", "--events", "-", "--until", at(0)], input="\n".join(lines).encode(), stdout=subprocess.DEVNULL, check=True)
        alone = options.facts / (time.perf_counter() - began)
        body = sum(map(len, requests))
        with open(scratch / "bare", "wb", buffering=0) as f:
            began = time.perf_counter()
            for r in requests:
                f.write(r)
                os.fdatasync(f.fileno())
            bare = options.facts / (time.perf_counter() - began)
        (scratch / "bare").unlink()
        print(f"batches of {BATCH_FACTS} on {CONNECTIONS} connections: {rate:,.0f} facts/s, {used / options.facts * 1e6:.1f} µs of CPU a fact, acknowledged {ms(took)}, refused {refused}")
        print(f"  deciding alone (simulate): {alone:,.0f} facts/s, ratio {rate / alone:.2f}; the same {body / 1e6:.0f} MB written and synced: {bare:,.0f} facts/s, ratio {rate / bare:.3f}")
        print(f"  queries meanwhile ({len(asked)}): {ms(sorted(asked))}")
        print(f"  resident {resident_mb(pid):,.0f} MB, {resident_mb(pid) * 1e6 / options.facts:,.0f} bytes a ticket; disk: log {disk_mb(node.data / 'log') * 1e6 / options.facts:,.0f} and store "
              f"{disk_mb(node.data / 'state') * 1e6 / options.facts:,.0f} bytes a fact", flush=True)

        singles = [request(line, ONE) for line in tickets(options.singles, 60, "single")]
        seconds, took, refused = post(node.port, singles, SINGLE_CONNECTIONS)
        print(f"single POSTs on {SINGLE_CONNECTIONS} connections: {options.singles / seconds:,.0f} facts/s, acknowledged {ms(took)}, refused {refused}", flush=True)

        due_in = 6.0
        lines = list(tickets(options.due, 15 * 60 - due_in, "due"))
        due_at = time.monotonic() + due_in
        post(node.port, [request("[" + ",".join(lines[i:i + BATCH_FACTS]) + "]", BATCH) for i in range(0, len(lines), BATCH_FACTS)], CONNECTIONS)
        room = due_at - time.monotonic()
        meanwhile = [request(line, ONE) for line in tickets(3_000, 60, "meanwhile")]
        while time.monotonic() < due_at - 0.3:
            time.sleep(0.01)
        _, took, _ = post(node.port, meanwhile, 4)
        late = []
        end = time.monotonic() + 60
        while len(late) < options.due and time.monotonic() < end:
            late = breaches_late(node, "due-")
        print(f"{options.due:,} clocks due at one instant (posted {room:.1f} s before): late {ms(late)}, last {late[-1] * 1000:.0f} ms; {len(late)} told; POSTs meanwhile acknowledged {ms(took)}", flush=True)

        # Overdue at the next start, whose clocks are all warm when it says so.
        post(node.port, [request(line, ONE) for line in tickets(1, 15 * 60 - 2, "overdue")], 1)
        node.stop(signal.SIGKILL)
        time.sleep(2)
        began = time.perf_counter()
        told = time.time()
        node.start()
        ready = time.perf_counter() - began
        while not (rows := breaches_late(node, "overdue-")):
            pass
        overdue = next(r["event"] for r in node.log() if r["event"]["type"] == "tocsin.clock.breached" and r["event"]["subject"].startswith("overdue-"))
        print(f"restart after kill -9 with {options.facts + options.singles + options.due + 3001:,} tickets: overdue alarm {(datetime.fromisoformat(overdue['recordedtime']).timestamp() - told) * 1000:.0f} ms, "
              f"ready {ready * 1000:.0f} ms after start; resident {resident_mb(node.process.pid):,.0f} MB")
        records = sum(1 for _ in node.log())
        node.stop()
        began = time.perf_counter()
        subprocess.run([options.tocsin, "rebuild", "--data", node.data], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
        print(f"replay of {records:,} records into a new store: {records / seconds:,.0f} records/s")


if __name__ == "__main__":
    main()
