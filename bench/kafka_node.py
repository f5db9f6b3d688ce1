#!/usr/bin/python3
"""A node on Kafka, end to end, on one broker.

  bench/kafka_node.py [--facts 100000] [--rate 5000] [--seconds 10]

Prints
  backlog    facts read, decided and committed per second, and the bare transactional copy of as many records of that size
             (bench_kafka_transactions, where it is built)
  lateness   of breaches at --rate facts/s: decided − due, and seen by a committed reader − due
  answer     publish → the fact's first derived event seen by a committed reader, on an idle engine
  takeover   after kill -9 of one of two nodes: how long its partitions stood still, with that many open clocks
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
RESPONSE = timedelta(minutes=15)


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


def show(what, values):
    values = sorted(values)
    print(f"{what}: p50 {k.percentile(values, 0.5):.1f} p99 {k.percentile(values, 0.99):.1f} p99.9 {k.percentile(values, 0.999):.1f} "
          f"max {values[-1] if values else 0:.1f} ms ({len(values)})", flush=True)


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
        peer = next((p for p in k.ROOT.glob("build/release/bench/bench_kafka_transactions")), None)
        if peer:
            done = subprocess.run([str(peer), "--records", str(min(len(records), 400_000)), "--bytes", str(bytes_each)], text=True, capture_output=True,
                                  env={**os.environ, "TOCSIN_KAFKA_BOOTSTRAP": self.bootstrap})
            print(done.stdout, flush=True)
        return first

    def lateness(self):
        reader = Reader(self.bootstrap, self.prefix + ".log", b'"tocsin.clock.breached"')
        reader.start()
        rate, n = self.arguments.rate, self.arguments.rate * self.arguments.seconds
        begin = time.monotonic()
        for i in range(n):
            while i > (time.monotonic() - begin) * rate:
                time.sleep(0.001)  # paces the load
            soon = i % 10 == 0
            now = k.utc_now()
            self.send(f"l-{i}", f"C{i % 1000}", f"L-{i}", now + timedelta(seconds=3) - RESPONSE if soon else now, "P1" if soon else "P3")
        reached = n / (time.monotonic() - begin)
        self.producer.flush(60)
        k.wait_for("every breach", lambda: len(reader.seen) >= n // 10, step=0.1)
        reader.stopping = True
        print(f"lateness at {reached:,.0f} facts/s", flush=True)
        show("  decided − due", [ms(k.instant(e["recordedtime"]) - k.instant(e["time"])) for _, e in reader.seen.values()])
        show("  seen by a committed reader − due", [ms(at - k.instant(e["time"])) for at, e in reader.seen.values()])

    def answer(self):
        reader = Reader(self.bootstrap, self.prefix + ".log", b'"tocsin.clock.started"')
        reader.start()
        took = []
        for i in range(200):
            begin = k.utc_now()
            self.send(f"a-{i}", f"C{i % 1000}", f"Q-{i}", begin)
            self.producer.flush(10)
            k.wait_for("the answer", lambda: f"Q-{i}" in reader.seen, step=0.001)
            took.append(ms(reader.seen[f"Q-{i}"][0] - begin))
        reader.stopping = True
        show("publish → answer seen", took)

    def takeover(self, first):
        second = k.Engine(self.folder, "second", self.config).start()
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
    bench = Bench(Path(tempfile.mkdtemp(prefix="tocsin-bench-")), os.environ.get("TOCSIN_KAFKA_BOOTSTRAP") or k.Broker().up(), parser.parse_args())
    try:
        first = bench.backlog()
        bench.answer()
        bench.lateness()
        bench.takeover(first)
    finally:
        k.end_all()


if __name__ == "__main__":
    main()
