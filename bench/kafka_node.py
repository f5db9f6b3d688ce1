#!/usr/bin/python3
"""A node on Kafka, end to end, on one broker. Load comes from bench_kafka_load, the peer is bench_kafka_transactions: build both.

  bench/kafka_node.py [--facts 100000] [--rate 5000] [--seconds 10] [--open 20000] [--only backlog,answer,lateness,takeover]

Prints
  backlog    facts read, decided and committed per second, and the bare transactional copy of as many records of that size
  answer     publish → the fact's first derived event seen by a committed reader, on an idle engine
  lateness   of breaches at --rate facts/s: decided − due, and seen by a committed reader − due
  takeover   after kill -9 of one of two nodes, with two open clocks for each of --open tickets: how long its partitions stood still
"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "system"))
import kafka_lib as k

PARTITIONS = 4
SESSION_S = 6


class Reader(threading.Thread):
    """A committed reader from the end on: notes when the events of some type were seen."""

    def __init__(self, bootstrap, topic, mark):
        super().__init__(daemon=True)
        self.mark, self.seen, self.stopping = mark, {}, False
        self.consumer = k.Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False, "isolation.level": "read_committed"})
        self.consumer.assign([k.TopicPartition(topic, p, self.consumer.get_watermark_offsets(k.TopicPartition(topic, p), timeout=30)[1]) for p in range(PARTITIONS)])

    def run(self):
        while not self.stopping:
            message = self.consumer.poll(0.1)
            if message is None or message.error() or self.mark not in message.value():
                continue
            now, e = k.utc_now(), k.json.loads(message.value())
            self.seen.setdefault(e["subject"], (now, e))


def ms(t):
    return t / timedelta(milliseconds=1)


class Bench:
    def __init__(self, folder, bootstrap, arguments):
        self.bootstrap, self.arguments, self.folder = bootstrap, arguments, folder
        self.prefix = f"bench-{os.getpid()}"
        self.config = f'kafka: {{brokers: "{bootstrap}", prefix: {self.prefix}, group: {self.prefix}, session_timeout: {SESSION_S}s}}\n'
        (folder / "topics.yaml").write_text(self.config)
        k.create_topics(folder / "topics.yaml", PARTITIONS)
        self.producer = k.producer(bootstrap, **{"queue.buffering.max.messages": 1_000_000})
        self.topic = self.prefix + ".intake"
        self.group = k.Consumer({"bootstrap.servers": bootstrap, "group.id": self.prefix})

    def send(self, id, account, subject, time, priority="P3"):
        fact = k.event(id, account, "ticket.opened", subject, time, {"priority": priority, "tier": "A"})
        self.producer.produce(self.topic, k.json.dumps(fact).encode(), account, headers={"content-type": k.STRUCTURED})
        self.producer.poll(0)

    def unread(self):
        parts = [k.TopicPartition(self.topic, p) for p in range(PARTITIONS)]
        done = {t.partition: max(0, t.offset) for t in self.group.committed(parts, timeout=30)}
        return sum(self.group.get_watermark_offsets(t, timeout=30)[1] - done[t.partition] for t in parts)

    def backlog(self):
        n, now = self.arguments.facts, k.iso(k.utc_now())
        first = k.Engine(self.folder, "first", self.config).start()  # makes policy and state, and stops
        first.stop()
        for i in range(n):
            self.send(f"b-{i}", f"C{i % 1000}", f"B-{i}", now)
        self.producer.flush(120)
        first.start(wait=False)
        k.wait_for("the first fact to be committed", lambda: self.unread() < n, step=0.005)
        begin, left = time.monotonic(), self.unread()
        k.wait_for("the backlog to be read", lambda: self.unread() == 0, patience=600, step=0.02)
        took = time.monotonic() - begin
        records = k.read_topic(self.bootstrap, self.prefix + ".log")
        bytes_each = sum(len(v) for _, _, _, v, _ in records) // len(records)
        rate = left / took
        each = len(records) / n
        print(f"backlog: {rate:,.0f} facts/s ({rate * each:,.0f} records/s of {bytes_each} bytes; {each:.1f} records a fact)", flush=True)
        if self.arguments.peer:
            self.tool("bench_kafka_transactions", "--records", min(len(records), 400_000), "--bytes", bytes_each)
        return first

    def tool(self, name, *arguments):
        program = k.ROOT / "build" / "release" / "bench" / name
        done = subprocess.run([str(program), *map(str, arguments)], text=True, capture_output=True, env={**os.environ, "TOCSIN_KAFKA_BOOTSTRAP": self.bootstrap})
        print(done.stdout + done.stderr, end="", flush=True)
        if done.returncode != 0:
            sys.exit(f"FAILED: {name}: {done.returncode}")

    def takeover(self, first):
        if self.arguments.open:
            self.tool("bench_kafka_load", self.prefix, "open", self.arguments.open)
            k.wait_for("the open tickets to be read", lambda: self.unread() == 0, patience=600, step=0.1)
        begin = time.monotonic()
        second = k.Engine(self.folder, "second", self.config).start()
        print(f"a second node has folded the log and joined after {time.monotonic() - begin:.1f} s", flush=True)
        reader = Reader(self.bootstrap, self.prefix + ".log", b'"tocsin.clock.started"')
        reader.start()
        sent = {}

        def tick(i):
            for a in range(16):  # accounts in every partition
                sent[f"K-{i}-{a}"] = k.utc_now()
                self.send(f"k-{i}-{a}", f"K{a}", f"K-{i}-{a}", k.utc_now())
            self.producer.flush(10)

        tick(0)
        k.wait_for("two nodes to decide", lambda: len(reader.seen) == 16, step=0.01)
        killed = time.monotonic()
        first.kill()
        i = 0
        while not (i > 20 and len(reader.seen) == len(sent)):
            i += 1
            if time.monotonic() - killed < SESSION_S + 4:
                tick(i)
            time.sleep(0.05)  # paces the probes
        slowest = max(ms(reader.seen[s][0] - at) for s, at in sent.items())
        print(f"takeover after kill -9: the longest wait of a fact was {slowest / 1000:.2f} s, of it up to {SESSION_S} s session timeout", flush=True)
        second.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--open", type=int, default=20_000)
    parser.add_argument("--only", default="backlog,answer,lateness,takeover")
    parser.add_argument("--no-peer", dest="peer", action="store_false")
    arguments = parser.parse_args()
    parts = arguments.only.split(",")
    bench = Bench(Path(tempfile.mkdtemp(prefix="tocsin-bench-")), os.environ.get("TOCSIN_KAFKA_BOOTSTRAP") or k.Broker().up(), arguments)
    try:
        first = bench.backlog() if "backlog" in parts else k.Engine(bench.folder, "first", bench.config).start()
        if "answer" in parts:
            bench.tool("bench_kafka_load", bench.prefix, "answer", 500)
        if "lateness" in parts:
            bench.tool("bench_kafka_load", bench.prefix, "lateness", arguments.rate, arguments.seconds)
        if "takeover" in parts:
            bench.takeover(first)
    finally:
        k.end_all()


if __name__ == "__main__":
    main()
