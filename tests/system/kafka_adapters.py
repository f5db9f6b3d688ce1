#!/usr/bin/env python3
"""A Debezium-shaped stream through a real Kafka: a foreign topic read by an adapter, tombstones, what is known after a restart,
records handed over twice that count once, webhooks on a node that is on Kafka."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from kafka_lib import TOCSIN, Broker, Producer  # noqa: E402

PATIENCE_S = 90
failures = checks = 0


def check(what, got, wanted):
    global failures, checks
    checks += 1
    if got != wanted:
        failures += 1
        print(f"FAILED {what}: {got!r}, not {wanted!r}")


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if (got := condition()):
            return got
        time.sleep(0.1)
    check(what, "never", f"within {PATIENCE_S} s")
    return None


class Node:
    def __init__(self, folder, config):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.config = folder / "c.yaml"
        self.config.write_text(config)
        self.log = open(folder / "node.log", "ab")
        self.process = subprocess.Popen([TOCSIN, "run", "--data", str(folder / "data"), "--listen", f"127.0.0.1:{self.port}", "--config", str(self.config)],
                                        stdout=self.log, stderr=self.log)
        wait_for("ready", lambda: self.process.poll() is not None or self.ready())

    def ready(self):
        try:
            return self.call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def call(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        return r.status, r.read()

    def facts(self):
        out = subprocess.run([TOCSIN, "log", "--config", str(self.config)], capture_output=True, text=True).stdout
        return [e for e in (json.loads(line)["event"] for line in out.splitlines()) if e.get("source") == "/crm/db"]

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)


def row(op, ts, pos, **after):
    whole = {"before": None if op != "d" else after, "after": None if op == "d" else after, "op": op, "ts_ms": ts + 5,
             "source": {"connector": "mysql", "ts_ms": ts, "file": "binlog.1", "pos": pos, "row": 0, "snapshot": "false"}}
    return {"schema": {}, "payload": whole} if pos % 2 else whole


def main():
    bootstrap = os.environ.get("TOCSIN_KAFKA_BOOTSTRAP") or Broker().up("--brokers", "1")
    prefix = f"crm{os.getpid()}"
    topic = prefix + ".public.ticket"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = f"kafka: {{brokers: \"{bootstrap}\", prefix: {prefix}, group: {prefix}}}\nadapters: {{debezium: {{topic: {topic}}}}}\n"
        (folder / "c.yaml").write_text(config)
        check("topics", subprocess.run([TOCSIN, "topics", "create", "--config", str(folder / "c.yaml"), "--partitions", "2", "--replication", "1"]).returncode, 0)
        from confluent_kafka.admin import AdminClient, NewTopic
        admin = AdminClient({"bootstrap.servers": bootstrap})
        for future in admin.create_topics([NewTopic(topic, 2, 1)]).values():
            future.result(30)
        producer = Producer({"bootstrap.servers": bootstrap})
        base = 1772413200000

        def put(value, key="T-1"):
            producer.produce(topic, None if value is None else json.dumps(value), key)
            producer.flush(30)

        put(row("c", base, 1, id="T-1", customer_id="acme", status="open", priority="P2", owner="li", title="停机", created_at=base + 8 * 3600_000))
        put(row("u", base + 60_000, 2, id="T-1", customer_id="acme", status="waiting", priority="P2", owner="li", title="停机", created_at=base + 8 * 3600_000))
        put(None)
        node = Node(folder, config)
        wait_for("both rows", lambda: len(node.facts()) >= 9)
        verbs = [(e["type"].split(".")[2], e["partitionkey"]) for e in node.facts()]
        check("what came of them", verbs, [(v, "acme") for v in ("opened", "reopened", "prioritized", "assigned", "resumed", "reopened", "prioritized", "assigned", "paused")])
        check("facts carry their adapter", node.facts()[0].get("tocsinadapter", "").split("@")[0], "debezium")
        node.stop(signal.SIGKILL)
        put(row("d", base + 120_000, 3, id="T-1"))
        node = Node(folder, config)
        wait_for("the deletion, whose account is known", lambda: len(node.facts()) >= 10)
        check("the last", (node.facts()[-1]["type"], node.facts()[-1]["partitionkey"]), ("tocsin.ticket.cancelled", "acme"))
        put(row("u", base + 180_000, 5, id="T-1", customer_id="beta", status="open", priority="P2", owner="li", title="停机", created_at=base + 8 * 3600_000))
        wait_for("a move", lambda: any(e["partitionkey"] == "beta" for e in node.facts()))
        time.sleep(1)
        beta = [e["type"].split(".")[2] for e in node.facts() if e["partitionkey"] == "beta"]
        check("what the new account is told", beta[:10].count("opened"), 1)
        check("and of the new row", beta[-1], "resumed")
        status, text = node.call("POST", "/v1/in/debezium", json.dumps(row("c", base, 7, id="T-2", customer_id="acme", status="odd")))
        check("not mapped", (status, json.loads(text)["rejected"]), (202, ["adapter:debezium:unmapped:state=odd"]))
        metrics = node.call("GET", "/metrics")[1].decode()
        check("figures", 'tocsin_adapter_payloads_total{adapter="debezium"}' in metrics, True)
        node.stop()
    print(f"{checks} checks, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
