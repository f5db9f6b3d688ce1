#!/usr/bin/env python3
"""A log that version 3 wrote (tests/system/data, made on 2026-11-29) is read and goes on: every record of it stands as it was, the
states are those of version 4, what that says otherwise is said once as the difference, no derived id occurs twice, and a second
start has nothing to add.

In it: T-1 opened P1 at 18:03:20Z (tier A, target 2 h, limit 4 h), P2 at 20:13:20, back to P1 at 20:18:20. Version 3 gave it the due of
P2 there, 22:03:20; in version 4 it has the 20:03:20 that it had before and is breached at 20:18:20. T-2 is paused since 22:23:20."""
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path

TOCSIN = os.environ.get("TOCSIN", "build/release/tocsin")
PACKED = Path(__file__).resolve().parent / "data" / "log-of-version-3.tar.xz"
PATIENCE_S = 30


def fail(what):
    print(f"FAILED: {what}")
    sys.exit(1)


def log(data):
    done = subprocess.run([TOCSIN, "log", "--data", str(data)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_until_ready(data):
    """Starts a node, waits until it is ready, gives its clocks, ends it."""
    port = free_port()
    node = subprocess.Popen([TOCSIN, "run", "--data", str(data), "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if node.poll() is not None:
                fail(f"the node ended: {node.stderr.read()[-800:]}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                    break
            except OSError:
                if time.monotonic() > deadline:
                    fail("the node never was ready")
                time.sleep(0.05)  # until it listens
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/clocks?account=ACME&limit=100", timeout=5) as answer:
            body = json.load(answer)
        return body.get("clocks") or body.get("items") or body
    finally:
        node.terminate()
        if node.wait(PATIENCE_S) != 0:
            fail("the node did not end in order")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(PACKED) as packed:
            packed.extractall(scratch)
        data = Path(scratch) / "data"
        before = log(data)
        clocks = run_until_ready(data)
        after = log(data)
        if after[: len(before)] != before:
            fail("a record of version 3 is not as it was")
        resolution = next(c for c in clocks if c["entity"] == "ticket/T-1" and c["clock"] == "ticket.resolution")
        target = next(t for t in resolution["thresholds"] if t["name"] == "target")
        if target["due"] != "2026-11-29T20:03:20.000Z" or target["verdict"] != "breached":
            fail(f"the target of T-1 is not that of version 4: {target}")
        paused = next(c for c in clocks if c["entity"] == "ticket/T-2" and c["clock"] == "ticket.resolution")
        if paused["state"] != "paused":
            fail(f"T-2 does not wait: {paused}")
        new = [r["event"] for r in after[len(before):]]
        moved = [e for e in new if e["type"] == "tocsin.clock.retargeted" and e["data"]["entity"] == "ticket/T-1"]
        if [(e["data"]["clock"], e["data"]["cause"]) for e in moved].count(("ticket.resolution", "late")) != 1:
            fail(f"the due that is another one is not said once, as late: {moved}")
        ids = [r["event"]["id"] for r in after if r["event"]["source"] == "/tocsin/engine"]
        if len(ids) != len(set(ids)):
            fail("a derived id occurs twice")
        run_until_ready(data)
        again = [r["event"] for r in log(data)[len(after):]]
        said = [e["id"] for e in again if e["data"].get("entity") in ("ticket/T-1", "ticket/T-2") and "retargeted" in e["type"]]
        if said:
            fail(f"a second start says it again: {said}")
    print("1 log of version 3 read, and gone on with")


main()
