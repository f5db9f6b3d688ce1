#!/usr/bin/env python3
"""kill -9 at random moments while clients post, the wall clock leaps by a day and policies change; then SIGSTOP and a full
disk. After each: every acknowledged fact stands in the log once, every derived id once, no breach is early; at the end the
verdicts are those of `tocsin simulate`, and `tocsin verify` agrees. TOCSIN_SEED repeats the moments and facts; TOCSIN_CYCLES
says how many kills (default 30), TOCSIN_LONG=1 makes them 1000."""
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crash_node import ROOT, TOCSIN, Book, Client, Ledger, Node, fail

SEED = int(os.environ.get("TOCSIN_SEED") or random.SystemRandom().randrange(1 << 31))
CYCLES = int(os.environ.get("TOCSIN_CYCLES") or (1000 if os.environ.get("TOCSIN_LONG") == "1" else 30))
CLIENTS = 4
CHECK_EVERY = 5  # cycles
FULL_DISK_MB = 160
NOISE = 1000  # so that what the log has allocated ahead is soon full
UP_MAX_S = 0.8
FACTS_MAX = 500  # of a client between two kills, so that a thousand can be kept in mind
DUES_PASS_S = 6  # the last tickets' dues lie within it


def clients(node, book, rng, name, stale, **limits):
    all_ = [Client(node, book, f"{name}-{i}", rng.random(), stale[i::CLIENTS], **limits) for i in range(CLIENTS)]
    for client in all_:
        client.start()
    return all_


def join(all_):
    for client in all_:
        client.join(120)
        if client.is_alive():
            fail("a client waits for ever")
        if client.errors:
            fail(f"a client was told {client.errors[0]}")


def end(all_):
    for client in all_:
        client.done.set()
    join(all_)


def until(what, holds, patience_s=60):
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            fail(f"never came: {what}")
        time.sleep(0.02)  # until the condition holds


def settle_and_check(node, ledger, what):
    deadline = time.monotonic() + DUES_PASS_S
    until("the last dues", lambda: time.monotonic() > deadline)
    rows = ledger.check_verdicts()
    if node.stop() != 0:
        fail("SIGTERM did not end in status 0")
    facts = ledger.check()
    ledger.verify()
    print(f"{what}: {facts} facts, {len(ledger.derived)} derived events, {ledger.breaches} breaches, {rows} clocks as simulate says", flush=True)


class LeapingClock:
    """The node's wall clock leaps ahead by a day and is right again before anybody believes it: nothing may come of it. (One that
    leaps back makes recordedtime stand still, by which `tocsin simulate` cuts times that the node took: tests/sim has those.)"""

    DAY_MS = 86_400_000

    def __init__(self, scratch):
        self.file = scratch / "leap"
        library = scratch / "leaping_clock.so"
        compiler = shutil.which("cc") or shutil.which("g++") or fail("no C compiler")
        subprocess.run([compiler, "-x", "c", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests" / "system" / "leaping_clock.c"], check=True)
        self.by(0)
        self.environment = {"LD_PRELOAD": str(library), "TOCSIN_LEAP": str(self.file)}
        self.leaps = 0

    def by(self, ms):
        with open(self.file, "r+b" if self.file.exists() else "wb") as f:
            f.write(struct.pack("q", ms))

    def perhaps(self, rng):
        leaps = rng.random() < 0.4
        self.by(self.DAY_MS if leaps else 0)
        self.leaps += leaps


class Policies:
    """The shipped policy and others that call other people at other times, with the same promises, so that verdicts stay."""

    def __init__(self, scratch):
        text = (ROOT / "policy" / "key-account.yaml").read_text()
        response = "breach: {steps: [{tell: [assignee, service_director]}, {after: 15m, tell: [executive]}]"
        others = [text.replace(response, "breach: {steps: [{tell: [service_director]}, {after: 2s, tell: [executive]}]", 1),
                  text.replace("\nclocks:\n", "\nclocks:\n  ticket.first:\n    start: [unassigned]\n    stop: [closed]\n    hours: 24x7\n    allow: {target: 1h}\n"
                               "    breach: {steps: [{tell: [executive]}]}\n\n", 1)]
        if text in others:
            fail("the default policy is another than this test changes")
        (scratch / "calendars").mkdir(exist_ok=True)
        for file in (ROOT / "policy" / "calendars").iterdir():
            shutil.copy(file, scratch / "calendars")
        self.files = []
        for n, policy in enumerate([text] + others):
            self.files.append(scratch / f"policy-{n}.yaml")
            self.files[-1].write_text(policy)
        self.applied = 0

    def perhaps(self, rng, node):
        """Begins to put one in force; whether it does before the kill is left open."""
        if rng.random() >= 0.2:
            return None
        self.applied += 1
        return subprocess.Popen([TOCSIN, "policy", "apply", rng.choice(self.files), "--by", "the test", "--url", f"http://127.0.0.1:{node.port}"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kills(scratch, rng):
    clock, policies = LeapingClock(scratch), Policies(scratch)
    node, book = Node(scratch, environment=clock.environment), Book()
    ledger = Ledger(node, book)
    started = time.monotonic()
    for cycle in range(CYCLES):
        if cycle > 0:  # a first start believes any clock
            clock.perhaps(rng)
        node.start()
        all_ = clients(node, book, rng, f"k{cycle}", list(book.unsure.values()), facts_max=FACTS_MAX)
        kill_at = time.monotonic() + rng.uniform(0.01, UP_MAX_S)
        leap_at = time.monotonic() + rng.uniform(0.01, UP_MAX_S)
        apply = policies.perhaps(rng, node)
        until("the leap or the kill", lambda: time.monotonic() > min(leap_at, kill_at))
        clock.perhaps(rng)
        until("the kill", lambda: time.monotonic() > kill_at)
        node.stop(signal.SIGKILL)
        join(all_)
        if apply is not None:
            apply.wait(60)
        if cycle % CHECK_EVERY == CHECK_EVERY - 1:
            ledger.check()
    clock.by(0)
    print(f"{CYCLES} kills in {time.monotonic() - started:.0f} s, {clock.leaps} leaps of the clock, {policies.applied} policies handed in, "
          f"{book.sent} facts sent, {len(book.acknowledged)} acknowledged", flush=True)
    node.start()
    # Stopped for longer than anything waits, under load.
    all_ = clients(node, book, rng, "stop", list(book.unsure.values()))
    for _ in range(2):
        node.process.send_signal(signal.SIGSTOP)
        go_on = time.monotonic() + 2.5
        until("the going on", lambda: time.monotonic() > go_on)
        node.process.send_signal(signal.SIGCONT)
        sent = len(book.acknowledged)
        until("an answer after SIGCONT", lambda: len(book.acknowledged) > sent + 100)
    end(all_)
    if book.unsure.keys() & {c.tag for c in all_}:
        fail("a stopped process lost requests")
    settle_and_check(node, ledger, "killed and stopped")


def fill(directory):
    """A file that takes what room there is."""
    path = directory / "filler"
    with open(path, "wb", buffering=0) as f:
        for size in (1 << 20, 4096):
            try:
                while True:
                    f.write(b"x" * size)
            except OSError:
                pass
    return path


def full_disk(scratch, rng):
    disk = scratch / "small"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_MB}m", "tmpfs", disk], capture_output=True).returncode == 0
    if not mounted:
        print("SKIPPED the full disk: it needs root and mount", flush=True)
        return
    try:
        node, book = Node(scratch, disk / "data"), Book()
        ledger = Ledger(node, book)
        node.start()
        for round_ in range(3):
            all_ = clients(node, book, rng, f"full{round_}", list(book.unsure.values()), noise=NOISE)
            sent = len(book.acknowledged)
            until("facts before", lambda: len(book.acknowledged) > sent + 100)
            filler = fill(disk)
            until("503", lambda: any(c.last_status == 503 for c in all_) or not any(c.is_alive() for c in all_))
            if not all(c.retry_after for c in all_ if c.last_status == 503):
                fail("503 without Retry-After")
            if node.get("/readyz")[0] != 503:
                fail("ready on a full disk")
            if round_ == 1:  # killed while the disk is full; it may refuse to start until there is room
                node.stop(signal.SIGKILL)
                join(all_)
                filler.unlink()
                node.start()
                continue
            filler.unlink()
            until("ready again", lambda: node.get("/readyz")[0] == 200)
            sent = len(book.acknowledged)
            until("facts after", lambda: len(book.acknowledged) > sent + 100)
            end(all_)
            ledger.check()
        settle_and_check(node, ledger, "full disk, 3 times")
    finally:
        if node.process and node.process.poll() is None:
            node.stop(signal.SIGKILL)
        subprocess.run(["umount", disk], check=True)


def main():
    print(f"TOCSIN_SEED={SEED} TOCSIN_CYCLES={CYCLES}", flush=True)
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        parts = {"kills": kills, "full_disk": full_disk}
        for part in sys.argv[1:] or parts:
            directory = Path(name) / part
            directory.mkdir()
            try:
                parts[part](directory, rng)
            except SystemExit:
                said = (directory / "node.log").read_text(errors="replace")
                wrong = [line for line in said.splitlines() if '"level":"info"' not in line and line.startswith("{")]
                print(f"again with TOCSIN_SEED={SEED}; the node's warnings and errors:\n" + "\n".join(wrong[-20:]) + "\nand what it said at last:\n" + said[-1500:], flush=True)
                raise


if __name__ == "__main__":
    main()
