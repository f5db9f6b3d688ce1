#!/usr/bin/env python3
"""The HTTP API of a running `tocsin run`: each route, events in all modes and at the edges of the contract, tokens and
roles, TLS, the stream with resumption, restart, and what the command refuses to start with."""
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from checks import check, result, run_script

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
PATIENCE_S = 30
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    """A running node; its configuration is given as YAML text."""

    running = []

    def __init__(self, data, config="", tls=None):
        self.port = free_port()
        self.tls = tls
        self.config = Path(data) / "config.yaml"
        self.config.write_text(config)
        self.log = open(Path(data) / "node.log", "ab")
        self.process = subprocess.Popen(
            [TOCSIN, "run", "--data", str(Path(data) / "data"), "--listen", f"127.0.0.1:{self.port}", "--config", str(self.config)],
            stdout=self.log, stderr=self.log)
        Node.running.append(self.process)
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit("the node did not become ready:\n" + (Path(data) / "node.log").read_text())
            time.sleep(0.02)  # until the condition above holds

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def call(self, method, target, body=None, headers=None):
        """(status, headers, body: JSON where it is)"""
        connection = self.connect()
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            text = answer.read()
            kind = answer.headers.get_content_type()
            return answer.status, answer.headers, json.loads(text) if kind.endswith("json") and text else text
        finally:
            connection.close()

    def post(self, body, kind=ONE, **headers):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body, ensure_ascii=False)
        return self.call("POST", "/v1/events", body.encode() if isinstance(body, str) else body, {"Content-Type": kind, **headers})

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE_S)
        self.log.close()
        return status


def now(seconds=0):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def event(name, kind="ticket", verb="opened", subject="T-1", account="acme", seconds=-5, data=None, **more):
    return {"specversion": "1.0", "id": name, "source": "/crm", "type": f"tocsin.{kind}.{verb}", "time": now(seconds),
            "subject": subject, "partitionkey": account, "data": {"priority": "P1"} if data is None else data, **more}


def events_at_the_edges(node):
    first = event("e1")
    check("one event", node.post(first)[::2], (202, {"accepted": 1, "duplicates": 0, "rejected": []}))
    check("again", node.post(first)[2], {"accepted": 0, "duplicates": 1, "rejected": []})
    changed = dict(first, data={"priority": "P2"})
    check("a conflict", node.post(changed)[2], {"accepted": 0, "duplicates": 1, "rejected": [], "conflicts": [0]})
    status, headers, body = node.post(event("e2", data={"priority": "P9"}))
    check("bad data", (status, headers.get_content_type(), body["field"], body["reason"]),
          (400, "application/problem+json", "priority", "bad_data:priority"))
    status, headers, body = node.post({k: v for k, v in event("e0").items() if k != "time"})
    check("missing time", (status, body["reason"], body["field"]), (400, "missing_attribute:time", "time"))
    check("once comes first", node.post({k: v for k, v in first.items() if k != "time"})[0], 202)
    check("ahead", node.post(event("e3", seconds=400))[2]["reason"], "time_in_future")
    check("malformed", node.post("{")[0], 400)
    check("derived type", node.post(event("e4", kind="clock", verb="breached"))[2]["reason"], "bad_attribute:type")
    large = event("e5", data={"x": "x" * (256 << 10)})
    check("too large", node.post(large)[0], 413)
    check("other content", node.post(first, "text/html")[0], 415)
    status, _, body = node.post([first, event("b1", subject="T-2"), 7], BATCH)
    check("batch", (status, body), (202, {"accepted": 1, "duplicates": 1, "rejected": [{"index": 2, "reason": "malformed"}], "conflicts": []}))
    status, _, body = node.post([1, 2], BATCH)
    check("batch of nothing good", (status, body["accepted"], len(body["rejected"])), (400, 0, 2))
    check("empty batch", node.post("[]", BATCH)[::2], (202, {"accepted": 0, "duplicates": 0, "rejected": [], "conflicts": []}))
    check("10,001 events", node.post("[" + ",".join(["1"] * 10_001) + "]", BATCH)[0], 413)
    check("over 8 MiB", node.post("[" + " " * (8 << 20) + "]", BATCH)[0], 413)
    binary = {"ce-specversion": "1.0", "ce-id": "bin1", "ce-source": "/crm", "ce-type": "tocsin.ticket.responded", "ce-time": now(-1),
              "ce-subject": "T-1", "ce-partitionkey": "acme"}
    check("binary", node.post(json.dumps({"by": "li"}), "application/json", **binary)[0], 202)
    check("chinese subject", node.post("{}", "application/json", **{**binary, "ce-id": "bin2", "ce-type": "tocsin.ticket.opened",
                                                                     "ce-subject": "%E5%AE%A2%2F1"})[0], 202)


def questions(node):
    status, _, body = node.call("GET", "/v1/clocks?state=running&order=due&limit=5")
    check("clocks", status, 200)
    dues = [min(t["due"] for t in c["thresholds"] if t["verdict"] == "pending") for c in body["clocks"]]
    check("by due", dues, sorted(dues))
    check("row", {"account", "entity", "clock", "cycle", "state", "start", "thresholds", "stopped", "elapsedMs"} <= set(body["clocks"][0]), True)
    for wrong, field in (("limit=0", "limit"), ("limit=x", "limit"), ("state=open", "state"), ("cursor=!", "cursor"), ("order=id", "order"), ("stat=x", "stat")):
        status, headers, body = node.call("GET", "/v1/clocks?" + wrong)
        check(wrong, (status, headers.get_content_type(), body.get("field")), (400, "application/problem+json", field))
    status, _, body = node.call("GET", "/v1/clocks?limit=1")
    seen = set()
    while True:
        seen |= {(c["entity"], c["clock"], str(c["cycle"])) for c in body["clocks"]}
        if not body["cursor"]:
            break
        status, _, body = node.call("GET", "/v1/clocks?limit=1&cursor=" + body["cursor"])
    everything = node.call("GET", "/v1/clocks?limit=1000")[2]["clocks"]
    check("pages", len(seen), len(everything))
    status, _, body = node.call("GET", "/v1/entities/acme/ticket/T-1")
    check("entity", (status, body["entity"], len(body["facts"])), (200, "ticket/T-1", 2))
    check("derived on the timeline", any(r["event"]["type"] == "tocsin.clock.started" for r in body["timeline"]), True)
    check("percent", node.call("GET", "/v1/entities/acme/ticket/%E5%AE%A2%2F1")[0], 200)
    check("unknown entity", node.call("GET", "/v1/entities/acme/ticket/none")[0], 404)
    for target in ("/v1/board", "/v1/inbox", "/v1/inbox?person=li", "/v1/accounts", "/v1/accounts/acme", "/v1/accounts/acme/timeline",
                   "/v1/kpis", "/v1/faults", "/v1/entities/acme/ticket/T-1/timeline", "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/"):
        check(target, node.call("GET", target)[0], 200)
    check("no route", node.call("GET", "/v1/nothing")[0], 404)
    for sent, named in (("{", "JSON"), ('{"text":5}', "text"), ('{"txt":"a"}', "text")):
        status, _, body = node.call("POST", "/v1/policy/check", sent, {"Content-Type": "application/json"})
        check(f"a policy's body {sent}", (status, named in json.dumps(body["errors"] if "errors" in body else body["detail"])), (status, True))
    check("media types know no case", node.call("GET", "/v1/figures", headers={"Accept": "TEXT/CSV"})[1].get_content_type(), "text/csv")
    status, headers, _ = node.call("DELETE", "/v1/events")
    check("method", (status, headers["Allow"]), (405, "POST, OPTIONS"))


def acknowledgement(node):
    inbox = node.call("GET", "/v1/inbox")[2]["escalations"]
    mine = [e for e in inbox if e["entity"] == "ticket/T-2"]
    if not mine:
        check("an escalation of T-2", inbox, "one")
        return
    status, _, body = node.call("POST", "/v1/entities/acme/ticket/T-2/acknowledge",
                                json.dumps({"by": "li", "escalation": mine[0]["escalation"]}), {"Content-Type": "application/json"})
    check("acknowledged", (status, body["acknowledged"], body["unknown"]), (200, [mine[0]["escalation"]], []))
    status, _, body = node.call("POST", "/v1/entities/acme/ticket/T-2/acknowledge",
                                json.dumps({"by": "li", "escalation": None, "note": None}), {"Content-Type": "application/json"})
    check("null is not given", (status, mine[0]["escalation"] in [a["escalation"] for a in body.get("already", [])]), (200, True))
    left = [e for e in node.call("GET", "/v1/inbox")[2]["escalations"] if e["escalation"] == mine[0]["escalation"]]
    check("no longer open", left, [])


class Stream:
    def __init__(self, node, last_id=None):
        self.connection = node.connect()
        self.connection.request("GET", "/v1/stream", headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.id = None

    def next(self):
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                self.id = line[4:]
            if line.startswith("data: "):
                return json.loads(line[6:])

    def until(self, fits):
        events = []
        while not events or not fits(events[-1]):
            events.append(self.next())
        return events

    def close(self):
        self.answer.close()
        self.connection.close()


def stream(node):
    live = Stream(node)
    check("stream", live.status, 200)
    node.post(event("s1", subject="T-9"))
    seen = live.until(lambda e: e["type"] == "tocsin.clock.started")
    check("the fact comes first", (seen[0]["type"], seen[0]["id"]), ("tocsin.ticket.opened", "s1"))
    position = live.id
    live.close()
    node.post(event("s2", verb="responded", subject="T-9", seconds=-1, data={"by": "li"}))
    node.post(event("s3", subject="T-10"))
    resumed = Stream(node, position)
    ids = [e["id"] for e in resumed.until(lambda e: e["id"] == "s3")]
    check("nothing lost", "s2" in ids, True)
    check("nothing twice", len(ids), len(set(ids)))
    check("nothing of before", "s1" in ids, False)
    resumed.close()
    check("bad position", node.call("GET", "/v1/stream", headers={"Last-Event-ID": "x"})[0], 400)


def slow_and_many(node):
    """A connection that sends half a request holds nobody up; a pipelined one gets its answers in order."""
    half = socket.create_connection(("127.0.0.1", node.port), PATIENCE_S)
    half.sendall(b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
    body = json.dumps(event("p1", subject="T-20")).encode()
    request = b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/cloudevents+json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection(("127.0.0.1", node.port), PATIENCE_S) as s:
        s.sendall(request + request + b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        text = b""
        while chunk := s.recv(65536):
            text += chunk
    check("pipelined", (text.count(b"202 Accepted"), text.count(b'"duplicates":1'), text.count(b"200 OK")), (2, 1, 1))
    check("in order", text.index(b'"accepted":1') < text.index(b'"accepted":0') < text.index(b"200 OK"), True)
    half.close()


def tokens(data):
    config = ("http:\n  rate_per_second: 0\n  tokens:\n"
              f"    - {{name: crm, sha256: {hashlib.sha256(b'crm-secret-0123456789').hexdigest()}, roles: [ingest]}}\n"
              "    - {name: wall, token: wall-secret-0123456789, roles: [read]}\n")
    node = Node(data, config)
    def bearer(token):
        return {"Authorization": "Bearer " + token}
    check("no token", node.post(event("t1"))[0], 401)
    check("asked for one", node.post(event("t1"))[1]["WWW-Authenticate"].startswith("Bearer"), True)
    check("ingest", node.post(event("t1"), **bearer("crm-secret-0123456789"))[0], 202)
    check("ingest reads nothing", node.call("GET", "/v1/clocks", headers=bearer("crm-secret-0123456789"))[0], 403)
    check("read", node.call("GET", "/v1/clocks", headers=bearer("wall-secret-0123456789"))[0], 200)
    check("read sends nothing", node.post(event("t2"), **bearer("wall-secret-0123456789"))[0], 403)
    check("wrong token", node.call("GET", "/v1/clocks", headers=bearer("guess"))[0], 401)
    check("health is open", node.call("GET", "/healthz")[0], 200)
    check("SIGTERM", node.stop(), 0)
    log = (Path(data) / "node.log").read_text(errors="replace")
    check("no secrets in the log", "secret-0123" in log, False)


def rate(data):
    node = Node(data, "http: {rate_per_second: 0.01, rate_burst: 2}\n")
    statuses = [node.post(event(f"r{i}"))[0] for i in range(3)]
    check("rate", statuses, [202, 202, 429])
    check("Retry-After", int(node.post(event("r9"))[1]["Retry-After"]) > 0, True)
    node.stop()


def tls(data):
    key, certificate = Path(data) / "key.pem", Path(data) / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                    "/CN=localhost", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    node = Node(data, "http: {tls: {certificate: certificate.pem, key: key.pem}}\n", context)
    check("TLS", node.post(event("tls1"))[0], 202)
    check("SIGTERM", node.stop(), 0)


def restart(data):
    node = Node(data)
    sent = [event(f"k{i}", subject=f"K-{i}") for i in range(50)]
    for one in sent:
        check("accepted", node.post(one)[2]["accepted"], 1)
    node.stop(signal.SIGKILL)
    node = Node(data)
    status, _, body = node.post(sent, BATCH)
    check("202 survives kill -9", (status, body["duplicates"]), (202, 50))
    check("SIGTERM", node.stop(), 0)


def refusals(data):
    def run(*arguments, config=None, environment=None):
        if config is not None:
            path = Path(data) / "bad.yaml"
            path.write_text(config)
            arguments += ("--config", str(path))
        done = subprocess.run([TOCSIN, "run", "--data", str(Path(data) / "data"), *arguments], capture_output=True, text=True,
                              timeout=PATIENCE_S, env={**os.environ, **(environment or {})})
        return done.returncode != 0, done.stdout + done.stderr
    failed, text = run("--listen", "0.0.0.0:0")
    check("open to everybody", (failed, "http.tokens" in text), (True, True))
    failed, text = run(config="http:\n  tokns: []\n")
    check("unknown key", (failed, "http.tokens" in text and ":2:" in text), (True, True))
    failed, text = run(environment={"TOCSIN_THREADS": "many"})
    check("bad variable", (failed, "TOCSIN_THREADS" in text), (True, True))


def main():
    with tempfile.TemporaryDirectory(prefix="tocsin-http-") as scratch:
        def directory(name):
            path = Path(scratch) / name
            path.mkdir()
            return str(path)
        node = Node(directory("open"))
        events_at_the_edges(node)
        questions(node)
        acknowledgement(node)
        stream(node)
        slow_and_many(node)
        check("SIGTERM", node.stop(), 0)
        tokens(directory("tokens"))
        rate(directory("rate"))
        tls(directory("tls"))
        restart(directory("restart"))
        refusals(directory("refusals"))
    return result()


if __name__ == "__main__":
    run_script(main, Node.running)
