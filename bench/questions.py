#!/usr/bin/env python3
"""What a page of each list costs while nothing else is asked: many open alarms, many running clocks.

    bench/questions.py [--alarms 5000] [--asked 300]        TOCSIN names the binary

Each ticket is a P1 of tier A: one open alarm, two running clocks. Each page is asked over one connection, one after the other; the time is
that of the whole answer at the client. Exit status 1 where a page's 99th percentile is over 5 ms."""
import argparse
import atexit
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "system"))
from crash_node import BATCH, Node, fail, utc  # noqa: E402

GOAL_MS = 5.0
AT_ONCE = 1000


def tickets(n):
    now = utc(-1)
    for first in range(0, n, AT_ONCE):
        yield [{"specversion": "1.0", "id": f"o{i}", "source": "/crm", "type": "tocsin.ticket.opened", "time": now, "subject": f"T-{i}", "partitionkey": f"acct-{i % 200}",
                "data": {"priority": "P1", "tier": "A", "title": f"line {i} stands still", "module": "mes"}} for i in range(first, min(first + AT_ONCE, n))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alarms", type=int, default=5000)
    parser.add_argument("--asked", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-questions-") as scratch:
        node = Node(scratch).start()
        atexit.register(node.process.kill)
        connection = node.connect()

        def ask(target, body=None):
            connection.request("POST" if body else "GET", target, body, {"Content-Type": BATCH} if body else {})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status not in (200, 202):
                fail(f"{target}: {answer.status} {text[:200]}")
            return json.loads(text)
        for batch in tickets(options.alarms):
            ask("/v1/events", json.dumps(batch))
        end = time.monotonic() + 60
        while ask("/v1/board")["counts"].get("groups", 0) < options.alarms:
            if time.monotonic() > end:
                fail("the alarms did not come")
        worst = 0.0
        print(f"{options.alarms} open alarms, {2 * options.alarms} running clocks, each page asked {options.asked} times; ms")
        cursor = ask("/v1/inbox?limit=50")["cursor"]
        for what, target in {"inbox, first page": "/v1/inbox?limit=50", "inbox, second page": f"/v1/inbox?limit=50&cursor={cursor}", "inbox of an account": "/v1/inbox?account=acct-7&limit=50",
                             "inbox, nobody called": "/v1/inbox?nobody=true&limit=50", "inbox, text sought": "/v1/inbox?q=line%204999&limit=50",
                             "clocks by due": "/v1/clocks?state=running&order=due&limit=50", "clocks of an account": "/v1/clocks?account=acct-7&limit=50",
                             "clocks overdue": "/v1/clocks?state=overdue&limit=50", "board": "/v1/board", "accounts": "/v1/accounts?limit=50",
                             "a ticket": "/v1/entities/acct-7/ticket/T-7", "figures": "/v1/figures"}.items():
            took = []
            for _ in range(options.asked):
                began = time.perf_counter()
                ask(target)
                took.append((time.perf_counter() - began) * 1000)
            took.sort()
            p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
            worst = max(worst, p99)
            print(f"{what:22} p50 {p50:6.2f}  p99 {p99:6.2f}")
        node.stop()
    print(f"worst p99 {worst:.2f} ms, goal {GOAL_MS} ms")
    return 0 if worst <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
