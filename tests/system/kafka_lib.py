"""What the tests on Kafka share: a broker, engines as processes, a plain committed reader of the log, and the comparison
of what the log says with `tocsin simulate` on the same facts."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
PATIENCE_S = 90
EVENT_BYTES_MAX = 256 * 1024
STRUCTURED = "application/cloudevents+json"
SKIPPED = 77

try:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
except ImportError:
    print("SKIPPED: python3-confluent-kafka is not installed", file=sys.stderr)
    sys.exit(SKIPPED)


class Broker:
    """scripts/kafka; in a folder of its own when this test kills it."""

    def __init__(self, scratch=None):
        self.environment = dict(os.environ)
        if scratch:
            self.environment["TOCSIN_KAFKA_DIR"] = str(scratch)
            self.environment["TOCSIN_KAFKA_PORT"] = "19392"
            jars = sorted((ROOT / ".kafka").glob("jars-*"))
            if jars:
                self.environment["TOCSIN_KAFKA_JARS"] = str(jars[-1])

    def command(self, *arguments, **options):
        return subprocess.run([str(ROOT / "scripts" / "kafka"), *arguments], env=self.environment, text=True,
                              stdout=subprocess.PIPE, **options)

    def up(self, *arguments):
        done = self.command("up", *arguments)
        if done.returncode == 3:
            print("SKIPPED: no Kafka broker can run on this machine (said above)", file=sys.stderr)
            sys.exit(SKIPPED)
        if done.returncode != 0:
            sys.exit("scripts/kafka up failed")
        return done.stdout.strip()


def iso(t):
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z"


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def utc_now():
    return datetime.now(timezone.utc)


def event(id, account, type, subject, time, data=None, **more):
    made = {"specversion": "1.0", "id": id, "source": "/crm/test", "type": "tocsin." + type, "subject": subject,
            "partitionkey": account, "time": time if isinstance(time, str) else iso(time)}
    if data is not None:
        made["data"] = data
    made.update(more)
    return made


def wait_for(what, condition, patience=PATIENCE_S, step=0.05):
    end = time.monotonic() + patience
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            sys.exit(f"FAILED: waited {patience} s for {what}")
        time.sleep(step)  # until the condition above holds


class Engine:
    """A `tocsin run` process; ends with the test."""

    all = []

    def __init__(self, folder, name, config):
        self.folder, self.name = Path(folder), name
        self.config = self.folder / f"{name}.yaml"
        self.config.write_text(config)
        self.process = None
        Engine.all.append(self)

    def start(self, wait=True):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.log_file = self.folder / f"{self.name}.log"
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [TOCSIN, "run", "--config", str(self.config), "--data", str(self.folder / self.name), "--listen",
                 f"127.0.0.1:{self.port}"], stdout=log, stderr=log)
        if wait:
            wait_for(f"engine {self.name} to be ready; its log is\n" + self.log_file.read_text()[-2000:], self.ready)
        return self

    def call(self, target, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text.decode()
        finally:
            connection.close()

    def ready(self):
        if self.process.poll() is not None:
            sys.exit(f"FAILED: engine {self.name} ended:\n" + self.log_file.read_text()[-3000:])
        try:
            return self.call("/readyz")[0] == 200
        except OSError:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


def end_all():
    for engine in Engine.all:
        if engine.alive():
            engine.process.send_signal(signal.SIGCONT)
            engine.kill()


def producer(bootstrap, **more):
    return Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 5, "message.max.bytes": 2_000_000,
                     "partitioner": "murmur2_random", **more})


def read_topic(bootstrap, topic, patience=PATIENCE_S):
    """Everything committed, by a plain consumer: [(partition, offset, key, value, headers)], in the order of each partition."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "a-stranger", "enable.auto.commit": False,
                       "isolation.level": "read_committed", "enable.partition.eof": True})
    try:
        partitions = sorted(reader.list_topics(topic, timeout=30).topics[topic].partitions)
        reader.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
        left, records, end = set(partitions), [], time.monotonic() + patience
        while left:
            if time.monotonic() > end:
                sys.exit(f"FAILED: {topic} is not read to its end in {patience} s")
            message = reader.poll(1)
            if message is None:
                continue
            if message.error():
                if message.error().name() == "_PARTITION_EOF":
                    left.discard(message.partition())
                continue
            records.append((message.partition(), message.offset(), message.key(), message.value(), message.headers() or []))
        return records
    finally:
        reader.close()


class Log:
    """The log as it stands, with what every reader may rely on checked."""

    def __init__(self, bootstrap, prefix):
        self.records = [(p, o, json.loads(v)) for p, o, _, v, _ in read_topic(bootstrap, prefix + ".log")]
        self.facts, self.derived, self.faults = [], [], []
        last = {}
        for p, o, e in self.records:
            recorded = instant(e["recordedtime"])
            if p in last and recorded < last[p]:
                self.faults.append(f"recordedtime goes back at {p}:{o}: {e['recordedtime']}")
            last[p] = recorded
            if e["type"].startswith("tocsin.engine."):
                continue
            (self.derived if e["source"] == "/tocsin/engine" else self.facts).append(e)
        self.once("fact", [(e["partitionkey"], e["source"], e["id"]) for e in self.facts])
        self.once("derived event", [e["id"] for e in self.derived])
        for e in self.derived:
            if instant(e["recordedtime"]) < instant(e["time"]):
                self.faults.append(f"{e['id']} was recorded at {e['recordedtime']}, before its time {e['time']}")
            if e["type"] == "tocsin.clock.breached" and e["time"] < e["data"]["due"]:
                self.faults.append(f"{e['id']} is breached at {e['time']}, before its due {e['data']['due']}")

    def once(self, what, keys):
        seen = set()
        for key in keys:
            if key in seen:
                self.faults.append(f"{what} {key} is in the log twice")
            seen.add(key)

    def standing(self):
        """What the derived events come to: {(account, entity, clock, cycle): (state, {threshold: due} breached, elapsedMs)}"""
        clocks = {}
        for e in self.derived:
            verb, data = e["type"].split(".")[-1], e.get("data", {})
            if not e["type"].startswith("tocsin.clock.") or verb == "warned":
                continue
            key = (e["partitionkey"], data["entity"], data["clock"], str(data["cycle"]))
            clock = clocks.setdefault(key, {"state": None, "breached": {}, "elapsed": None})
            if verb in ("started", "resumed", "retargeted"):
                if clock["state"] != "paused" or verb == "resumed":
                    clock.update(state="running", elapsed=None)
            elif verb == "paused":
                clock.update(state="paused", elapsed=None)
            elif verb == "breached":
                clock["breached"][data["threshold"]] = data["due"]
            elif verb == "withdrawn":
                clock["breached"].pop(data["threshold"], None)
            elif verb == "cancelled":
                clock["state"] = "cancelled"
            elif verb in ("stopped", "corrected"):
                breached = {t["name"]: t["due"] for t in data["thresholds"] if t["verdict"] == "breached"}
                clock.update(state="stopped", elapsed=data["elapsedMs"], breached=breached)
        return {key: (c["state"], c["breached"], c["elapsed"]) for key, c in clocks.items()}

    def simulated(self, until, folder):
        """The same from `tocsin simulate` on the log's facts, in their order of arrival."""
        lines = sorted(self.facts, key=lambda e: e["recordedtime"])  # stable: a partition's order stays
        wanted = ("specversion", "id", "source", "type", "time", "subject", "partitionkey", "sequence", "recordedtime", "data")
        file = Path(folder) / "facts.jsonl"
        texts = [json.dumps({k: e[k] for k in wanted if k in e}) for e in lines]
        # With its recordedtime a fact of the largest size is larger than simulate takes; only notes are so long, and they move nothing.
        texts = [t if len(t) <= EVENT_BYTES_MAX else json.dumps({**json.loads(t), "data": {}}) for t in texts]
        file.write_text("".join(t + "\n" for t in texts))
        done = subprocess.run([TOCSIN, "simulate", "--events", str(file), "--until", until, "--emit", "verdicts"],
                              text=True, capture_output=True)
        if done.returncode != 0:
            sys.exit("FAILED: simulate: " + done.stderr[-2000:])
        rows = {}
        for row in map(json.loads, done.stdout.splitlines()):
            breached = {t["name"]: t["due"] for t in row["thresholds"] if t["verdict"] == "breached"}
            rows[(row["account"], row["entity"], row["clock"], str(row["cycle"]))] = (row["state"], breached, row["elapsedMs"])
        return rows

    def differences(self, until, folder):
        want, got = self.simulated(until, folder), self.standing()
        return [f"{key}: the log says {got.get(key)}, simulate {want.get(key)}"
                for key in sorted(want.keys() | got.keys()) if want.get(key) != got.get(key)]

    def lateness_ms(self):
        """Of breaches that came true while everything they need was known (no late evidence)."""
        late = [(instant(e["recordedtime"]) - instant(e["time"])) / timedelta(milliseconds=1)
                for e in self.derived if e["type"] == "tocsin.clock.breached"]
        return sorted(late)


def percentile(sorted_values, f):
    return sorted_values[min(len(sorted_values) - 1, int(f * len(sorted_values)))] if sorted_values else 0.0


def create_topics(config, partitions, replication=1):
    done = subprocess.run([TOCSIN, "topics", "create", "--config", str(config), "--partitions", str(partitions), "--replication", str(replication)],
                          text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit("FAILED: tocsin topics create: " + done.stderr)
