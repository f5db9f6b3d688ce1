#!/usr/bin/env python3
"""What a node owes after an outage goes urgent first, newest first; what is not urgent as one digest. And what a dry run owes.

    tests/system/notify_owed.py [NAME…]      TOCSIN=binary"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from notify import World, right, run, until
from crash_node import utc

ROUNDS, AT_A_TIME = 10, 30  # tickets; each fifth is urgent


class OneAtATime:
    """Takes any POST with 200, one connection after the other, in the order in which they were begun. Until `opened` it takes none."""

    def __init__(self):
        self.got = []
        self.opened = threading.Event()
        told = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                told.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

        class Server(HTTPServer):
            request_queue_size = 1024

            def get_request(self):
                told.opened.wait()
                return super().get_request()

        self.server = Server(("127.0.0.1", 0), Handler)
        self.channel = (f"    queue: {{type: http, url: 'http://127.0.0.1:{self.server.server_address[1]}/', "
                        "body: '{\"ticket\":\"{{entityId}}\",\"high\":{{high}},\"count\":{{count}},\"text\":\"{{text}}\"}'}\n")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.opened.set()
        self.server.shutdown()
        self.server.server_close()


def post_mixed(w, name, rounds=ROUNDS):
    """Rounds of tickets, a batch each: `name-ROUND-NUMBER`; each fifth is urgent. (urgent, others)"""
    for r in range(rounds):
        batch = [{"specversion": "1.0", "id": f"{name}-{r}-{i}", "source": "/crm", "type": "tocsin.ticket.opened", "time": utc(), "subject": f"{name}-{r}-{i}",
                  "partitionkey": "ACME", "data": {"priority": "P2" if i % 5 == 0 else "P3", "title": "x"}} for i in range(AT_A_TIME)]
        right(w.request("POST", "/v1/events", json.dumps(batch), "application/cloudevents-batch+json")[0] == 202, "taken")
    return rounds * AT_A_TIME // 5, rounds * AT_A_TIME * 4 // 5


def raised(w, name):
    return sum(e["type"] == "tocsin.escalation.raised" and e["subject"].startswith(name) for e in w.log())


def what_was_owed_over_an_outage_goes_urgent_first():
    far = OneAtATime()
    far.opened.set()
    with World({"ana": "{via: queue}"}, channels=far.channel) as w:
        w.assign(["ana"])
        w.assign(["ana"], role="account_manager")
        with_channels = w.node.config.read_text()
        w.node.stop()
        w.node.config.write_text("roster: roster.yaml\n")  # nobody tells
        w.node.start()
        high, low = post_mixed(w, "B")
        until("all are raised", lambda: raised(w, "B") == high + low)
        w.node.stop()
        right(not far.got, "nobody was told")
        w.node.config.write_text(with_channels)
        w.node.start()
        until("all are told", lambda: sum(m["count"] for m in far.got) >= high + low)
        urgent = [m for m in far.got if m["high"]]
        right(len(urgent) == high and far.got[:high] == urgent, f"all {high} urgent ones come before the others: {[m['high'] for m in far.got]}")
        rounds = [int(m["ticket"].split("-")[1]) for m in urgent]
        right(rounds == sorted(rounds, reverse=True), f"the newest first: {rounds}")
        others = far.got[high:]
        right(len(others) == 1 and others[0]["count"] == low, f"the others as one digest: {[m['count'] for m in others]}")
        right("B-9-" in others[0]["text"], "which begins with the newest")
        until("an outcome for each", lambda: len({e["id"] for e in w.outcomes()}) == high + low)
    far.close()


def an_urgent_one_passes_what_waits_for_a_receiver():
    """The receiver takes nothing for a while: what was begun hangs, the rest waits; what is new and urgent goes before it."""
    far = OneAtATime()
    people = {f"p{i}": f"{{via: queue, to: '{i}'}}" for i in range(100)} | {"ana": "{via: queue, to: ana}"}
    with World(people, channels=far.channel) as w:
        w.assign([f"p{i}" for i in range(100)], role="account_manager")
        w.assign(["ana"])
        w.post("ticket.opened", "LOW", {"priority": "P3", "title": "x"})
        until("it is raised", lambda: raised(w, "LOW") == 1)
        w.p1("URGENT")
        until("it is raised", lambda: raised(w, "URGENT") == 1)
        far.opened.set()
        until("all are told", lambda: len(far.got) == 101)
        place = [m["ticket"] for m in far.got].index("URGENT")
        right(place <= 48, f"behind what was begun before it, before the rest: {place}")
    far.close()


def a_dry_run_says_what_it_would_send_and_sends_nothing():
    w = World({"ana": "{via: phone, to: '+861'}, {via: slack, after: 1s}"}, more="  dry_run: true\n")
    w.node.start()
    try:
        w.assign(["ana"])
        w.post("ticket.opened", "T-1", {"priority": "P1", "title": "x"})
        said = lambda: [line for line in (w.node.scratch / "node.log").read_text().splitlines() if "notify_dry_run" in line]  # noqa: E731
        until("what it would send by each channel", lambda: any("slack ana" in line for line in said()))
        right(any("phone ana" in line for line in said()), f"{said()}")
        w.node.stop()
        right(not w.receiver.messages, "nothing is sent")
        types = {r["event"]["type"] for r in w.node.log()}
        right(not [t for t in types if t.startswith("tocsin.notification.") or t == "tocsin.engine.notify"], f"nothing is recorded: {types}")
    finally:
        w.receiver.close()


if __name__ == "__main__":
    sys.exit(run([what_was_owed_over_an_outage_goes_urgent_first, an_urgent_one_passes_what_waits_for_a_receiver,
                  a_dry_run_says_what_it_would_send_and_sends_nothing]))
