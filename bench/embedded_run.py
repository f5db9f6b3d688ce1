#!/usr/bin/env python3
"""Whole process over loopback: durable ingest to decided, acknowledge times, lateness, queries, restart, memory, disk.

    bench/embedded_run.py [--facts 300000] [--due 20000] [--scale TICKETS] [--tocsin build/release/tocsin]

--scale leaves all that out and asks what many open clocks do: it posts so many tickets (two clocks each), lets
--due of them fall due in one second and then 20,000 a second while facts come in, and starts anew. Beside each figure stands its peer of the same run: deciding alone (`tocsin simulate` on the same facts, no disk, no
network), and the disk alone (the same bytes, an fdatasync for each batch). Client and server share the machine's cores."""
import argparse
import http.client
import json
import multiprocessing
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
    return (f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


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


WRK = """
local n, name = 0, "?"
function setup(thread) count = (count or 0) + 1; thread:set("name", "wrk-" .. count) end
function request()
  n = n + 1
  local id = name .. "-" .. n
  local body = '{"specversion":"1.0","id":"' .. id .. '","source":"/crm","type":"tocsin.ticket.opened","time":"%s","subject":"' .. id ..
    '","partitionkey":"acct-' .. (n %% 200) .. '","data":{"priority":"P1","tier":"A","title":"line 3 stands still"}}'
  return wrk.format("POST", "/v1/events", {["Content-Type"] = "%s"}, body)
end
"""


def by_wrk(port, scratch):
    """Requests a second as a client that costs little sees them; None without wrk."""
    script = scratch / "post.lua"
    script.write_text(WRK % (at(-60), ONE))
    try:
        out = subprocess.run(["wrk", "-t1", "-c64", "-d5s", "--latency", "-s", script, f"http://127.0.0.1:{port}/v1/events"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return None
    rate, p50, p99 = (re.search(p + r":?\s+([\d.]+\w*)", out)[1] for p in ("Requests/sec", "50%", "99%"))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return f"{float(rate):,.0f} facts/s, acknowledged p50 {p50} p99 {p99}, refused {bad[1] if bad else 0}"


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


def breaches_late(node, prefix, after=None):
    late = []
    for row in node.log(after):
        e = row["event"]
        if e["type"] == "tocsin.clock.breached" and e["subject"].startswith(prefix) and e["data"]["threshold"] == "target":
            late.append((datetime.fromisoformat(e["recordedtime"]) - datetime.fromisoformat(e["time"])).total_seconds())
    return sorted(late)


SCALE_DUE_IN_S = 40  # the tickets that fall due are posted so long before
SPREAD_A_SECOND = 20_000
SPREAD_S = 5


def spread(n, due_in, prefix):
    """Answers due 20,000 a second from `due_in` on."""
    for i in range(n):
        yield next(tickets(1, 15 * 60 - due_in - i / SPREAD_A_SECOND, f"{prefix}{i}"))


def batches(lines):
    return [request("[" + ",".join(lines[i:i + BATCH_FACTS]) + "]", BATCH) for i in range(0, len(lines), BATCH_FACTS)]


def scale(options, scratch):
    node = Node(scratch).start()
    pid = node.process.pid
    print(f"empty: resident {resident_mb(pid):,.0f} MB")
    began, used = time.perf_counter(), cpu_s(pid)
    for first in range(0, options.scale, 100_000):  # P3: no clock of theirs falls due today
        lines = [line.replace('"P1"', '"P3"') for line in tickets(min(100_000, options.scale - first), 0, f"open{first}")]
        post(node.port, batches(lines), CONNECTIONS)
    seconds = time.perf_counter() - began
    clocks = 2 * options.scale
    print(f"{options.scale:,} tickets, {clocks:,} open clocks: {options.scale / seconds:,.0f} facts/s with the making of them, {(cpu_s(pid) - used) / options.scale * 1e6:.1f} µs of CPU a fact, "
          f"resident {resident_mb(pid):,.0f} MB, {resident_mb(pid) * 1e6 / clocks:,.0f} bytes an open clock", flush=True)
    due_at = time.monotonic() + SCALE_DUE_IN_S
    lines = list(tickets(options.due, 15 * 60 - SCALE_DUE_IN_S, "due-"))
    post(node.port, batches(lines), CONNECTIONS)
    left = due_at + 5 - time.monotonic()
    lines = list(spread(SPREAD_A_SECOND * SPREAD_S, left, "spread-"))
    post(node.port, batches(lines), CONNECTIONS)
    meanwhile = [request(line, ONE) for line in tickets(60_000, 0, "meanwhile-")]
    print(f"posted {due_at - time.monotonic():.1f} s before they fall due", flush=True)
    after = f"0:{node.get('/v1/clocks?limit=1')[1]['as_of_offset']['0']}"
    while time.monotonic() < due_at - 0.3:
        time.sleep(0.01)
    _, took, _ = post(node.port, meanwhile, 8)
    total = options.due + SPREAD_A_SECOND * SPREAD_S
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if len(late := breaches_late(node, "due-", after)) + len(apart := breaches_late(node, "spread-", after)) >= total:
            break
    print(f"{options.due:,} due at one instant: late {ms(late)}, last {late[-1] * 1000:.0f} ms; POSTs meanwhile acknowledged {ms(took)}")
    print(f"{SPREAD_A_SECOND:,} due a second for {SPREAD_S} s: late {ms(apart)}, last {apart[-1] * 1000:.0f} ms", flush=True)
    post(node.port, [request(line, ONE) for line in tickets(1, 15 * 60 - 2, "overdue")], 1)
    after = f"0:{node.get('/v1/clocks?limit=1')[1]['as_of_offset']['0'] - 1}"
    node.stop(signal.SIGKILL)
    time.sleep(2)
    began, told = time.perf_counter(), time.time()
    node.start()
    ready = time.perf_counter() - began
    while not breaches_late(node, "overdue-", after):
        pass
    alarm = next(e for e in (r["event"] for r in node.log(after)) if e["type"] == "tocsin.clock.breached" and e["subject"].startswith("overdue-"))
    print(f"restart after kill -9: overdue alarm {(datetime.fromisoformat(alarm['recordedtime']).timestamp() - told) * 1000:.0f} ms, ready {ready * 1000:.0f} ms after start; "
          f"resident {resident_mb(node.process.pid):,.0f} MB, {resident_mb(node.process.pid) * 1e6 / clocks:,.0f} bytes an open clock")
    node.stop()


def ask(port, ended, told):
    """Asks 50 times a second for 50 running clocks; tells how long each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = []
    while not ended.wait(0.02):
        began = time.perf_counter()
        connection.request("GET", "/v1/clocks?state=running&order=due&limit=50")
        connection.getresponse().read()
        took.append(time.perf_counter() - began)
    told.send(took)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--facts", type=int, default=300_000)
    parser.add_argument("--singles", type=int, default=20_000)
    parser.add_argument("--due", type=int, default=20_000, help="clocks due at the same instant")
    parser.add_argument("--scale", type=int, default=0, help="open tickets")
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--tocsin", default=crash_node.TOCSIN)
    options = parser.parse_args()
    crash_node.TOCSIN = options.tocsin
    with tempfile.TemporaryDirectory(dir=options.scratch) as name:
        scratch = Path(name)
        if options.scale:
            return scale(options, scratch)
        node = Node(scratch).start()
        pid = node.process.pid
        lines = list(tickets(options.facts, 60, "batch"))
        requests = [request("[" + ",".join(lines[i:i + BATCH_FACTS]) + "]", BATCH) for i in range(0, len(lines), BATCH_FACTS)]

        # Queries while facts come in, by a process that does not wait for this one's interpreter.
        asked, told = multiprocessing.Pipe(duplex=False)
        ended = multiprocessing.Event()
        asker = multiprocessing.Process(target=ask, args=(node.port, ended, told))
        asker.start()
        used = cpu_s(pid)
        seconds, took, refused = post(node.port, requests, CONNECTIONS)
        used = cpu_s(pid) - used
        ended.set()
        asked = asked.recv()
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

        if told := by_wrk(node.port, scratch):
            print(f"single POSTs of wrk on 64 connections: {told}", flush=True)

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
