#!/usr/bin/python3
"""A Debezium-shaped stream through a real Kafka: a foreign topic read by an adapter, tombstones, what is known after a restart,
records handed over twice that count once, webhooks and tokens on a node that is on Kafka."""
import json
import os
import signal
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import check, result  # noqa: E402
from crm_lib import TOCSIN, Node, facts_of, wait_for  # noqa: E402
from kafka_lib import Broker, Producer  # noqa: E402

TOKEN = "desk-secret-0123456789"


def crm_facts(node):
    return [e for e in facts_of(node) if e.get("source") == "/crm/db"]


def tokens(node, producer, prefix):
    """A fact that came with a token says whose; a name that a producer of intake claims is dropped."""
    def fact(id, **more):
        return json.dumps({"specversion": "1.0", "id": id, "source": "/by", "type": "tocsin.account.contacted", "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
                           "subject": "acme", "partitionkey": "acme", "data": {"kind": "weekly_contact"}, **more})
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": "Bearer " + TOKEN}
    check("a fact with a token", node.call("POST", "/v1/events", fact("1"), headers)[0], 202)
    binary = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "/by", "ce-type": "tocsin.account.contacted", "ce-time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
              "ce-subject": "acme", "ce-partitionkey": "acme", "Content-Type": "application/json", "Authorization": "Bearer " + TOKEN}
    check("the same in binary mode", node.call("POST", "/v1/events", '{"kind": "weekly_contact"}', binary)[0], 202)
    forged = [("content-type", b"application/cloudevents+json"), ("tocsin-by", b"desk"), ("tocsin-by-proof", b"0" * 64)]
    producer.produce(prefix + ".intake", fact("3", tocsinby="desk"), "acme", headers=forged)
    producer.flush(30)
    by = lambda: {e["id"]: e.get("tocsinby") for e in facts_of(node) if e["source"] == "/by"}
    wait_for("all three", lambda: len(by()) == 3)
    check("who sent them", by(), {"1": "desk", "2": "desk", "3": None})


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
        config = f"kafka: {{brokers: \"{bootstrap}\", prefix: {prefix}, group: {prefix}}}\nadapters: {{debezium: {{topic: {topic}}}}}\nhttp: {{tokens: [{{name: desk, token: {TOKEN}, roles: [ingest, read]}}]}}\n"
        (folder / "config.yaml").write_text(config)
        check("topics", subprocess.run([TOCSIN, "topics", "create", "--config", str(folder / "config.yaml"), "--partitions", "2", "--replication", "1"]).returncode, 0)
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
        wait_for("both rows", lambda: len(crm_facts(node)) >= 9)
        verbs = [(e["type"].split(".")[2], e["partitionkey"]) for e in crm_facts(node)]
        check("what came of them", verbs, [(v, "acme") for v in ("opened", "reopened", "prioritized", "assigned", "resumed", "reopened", "prioritized", "assigned", "paused")])
        check("facts carry their adapter", crm_facts(node)[0].get("tocsinadapter", "").split("@")[0], "debezium")
        node.stop(signal.SIGKILL)
        put(row("d", base + 120_000, 3, id="T-1"))
        node = Node(folder, config)
        wait_for("the deletion, whose account is known", lambda: len(crm_facts(node)) >= 10)
        check("the last", (crm_facts(node)[-1]["type"], crm_facts(node)[-1]["partitionkey"]), ("tocsin.ticket.cancelled", "acme"))
        put(row("u", base + 180_000, 5, id="T-1", customer_id="beta", status="open", priority="P2", owner="li", title="停机", created_at=base + 8 * 3600_000))
        wait_for("a move", lambda: any(e["partitionkey"] == "beta" for e in crm_facts(node)))
        verbs_of_beta = lambda: [e["type"].split(".")[2] for e in crm_facts(node) if e["partitionkey"] == "beta"]
        wait_for("all of it", lambda: len(verbs_of_beta()) >= 14)
        beta = verbs_of_beta()
        check("what the new account is told", beta[:10].count("opened"), 1)
        check("and of the new row", beta[-1], "resumed")
        status, text = node.call("POST", "/v1/in/debezium", json.dumps(row("c", base, 7, id="T-2", customer_id="acme", status="odd")))
        check("not mapped", (status, json.loads(text)["rejected"]), (202, ["adapter:debezium:unmapped:state=odd"]))
        metrics = node.call("GET", "/metrics", None, {"Authorization": "Bearer " + TOKEN})[1].decode()
        check("figures", 'tocsin_adapter_payloads_total{adapter="debezium"}' in metrics, True)
        tokens(node, producer, prefix)
        node.stop()
    return result()


if __name__ == "__main__":
    sys.exit(main())
