#!/usr/bin/python3
"""Engines on Kafka under load while they are killed, frozen beyond their session and thawed, joined and left, and the broker
is killed and restarted. A book of every published fact is held against the log.

TOCSIN_LONG=1: 100 rounds instead of 10 (TOCSIN_ROUNDS: so many). TOCSIN_SEED repeats a run's choices."""
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

import os
import kafka_lib as k

ROUNDS = int(os.environ.get("TOCSIN_ROUNDS") or (100 if os.environ.get("TOCSIN_LONG") == "1" else 10))
SEED = int(os.environ.get("TOCSIN_SEED") or time.time_ns() % 1_000_000_000)
PARTITIONS = 4
SESSION_S = 2
FACTS_PER_S = 60
RESPONSE = timedelta(minutes=15)  # a P1's allowance for its first answer, on a calendar that never closes


class Load(threading.Thread):
    """Tickets whose answer is due within seconds: answered in time, answered late, answered in time but told late, or not at
    all; one fact in ten is published to a wrong partition, one in twenty twice."""

    def __init__(self, bootstrap, prefix):
        super().__init__(daemon=True)
        self.random = random.Random(SEED + 1)
        self.topic = prefix + ".intake"
        self.producer = k.producer(bootstrap, **{"message.timeout.ms": 300_000})
        self.published, self.acknowledged, self.failed = {}, set(), []
        self.later = []
        self.last_due = None
        self.stopping = False

    def send(self, fact):
        self.published[fact["id"]] = fact
        value = k.json.dumps(fact).encode()
        where = {"partition": self.random.randrange(PARTITIONS)} if self.random.random() < 0.1 else {}

        def done(error, _, id=fact["id"]):
            self.failed.append(f"{id}: {error}") if error else self.acknowledged.add(id)

        for _ in range(2 if self.random.random() < 0.05 else 1):
            self.producer.produce(self.topic, value, fact["partitionkey"], on_delivery=done,
                                  headers={"content-type": k.STRUCTURED}, **where)

    def open_ticket(self, number):
        account, ticket = f"A-{number % 40}", f"T-{number}"
        if number < 40:
            self.send(k.event(f"tier-{number}", account, "account.tiered", account, k.utc_now() - timedelta(hours=1), {"tier": "A"}))
        now = k.utc_now()
        due = now + timedelta(seconds=self.random.uniform(1, 8))
        opened = due - RESPONSE
        self.last_due = max(self.last_due or due, due)
        self.send(k.event(f"open-{number}", account, "ticket.opened", ticket, opened, {"priority": "P1"}))
        kind = self.random.random()
        told = {"in time": now + (due - now) * self.random.random(), "late": due + timedelta(seconds=self.random.uniform(0.1, 3))}
        if kind < 0.3:  # answered in time
            self.later.append((told["in time"], None, account, ticket, number))
        elif kind < 0.5:  # answered too late
            self.later.append((told["late"], None, account, ticket, number))
        elif kind < 0.7:  # answered in time, told afterwards
            self.later.append((told["late"], due - timedelta(milliseconds=self.random.randrange(0, 500)), account, ticket, number))

    def tell_due(self, everything=False):
        now = k.utc_now()
        ready = [a for a in self.later if everything or a[0] <= now]
        self.later = [a for a in self.later if not (everything or a[0] <= now)]
        for told, at, account, ticket, number in ready:
            self.send(k.event(f"answer-{number}", account, "ticket.responded", ticket, at or now, {"by": "li"}))

    def run(self):
        number, begin = 0, time.monotonic()
        while not self.stopping:
            while number < (time.monotonic() - begin) * FACTS_PER_S / 2:
                self.open_ticket(number)
                number += 1
            self.tell_due()
            self.producer.poll(0.02)
        k.wait_for("the last answers to be due", lambda: (self.tell_due(), self.producer.poll(0), not self.later)[-1])
        self.producer.flush(120)


class Chaos:
    def __init__(self, broker, folder, config):
        self.broker, self.folder, self.config = broker, folder, config
        self.random = random.Random(SEED)
        self.engines, self.made = [], 0
        self.done = []

    def join(self):
        self.made += 1
        engine = k.Engine(self.folder, f"engine-{self.made}", self.config).start(wait=False)
        self.engines.append(engine)

    def pause(self, least=0.2, most=2.0):
        time.sleep(self.random.uniform(least, most))  # the random moment is the test

    def kill(self):
        victim = self.random.choice(self.engines)
        victim.kill()
        self.pause()
        victim.start(wait=False)  # on the data directory that the kill left

    def zombie(self):
        victim = self.random.choice(self.engines)
        victim.signal(signal.SIGSTOP)
        time.sleep(SESSION_S + self.random.uniform(0.5, 2))  # beyond its session
        victim.signal(signal.SIGCONT)

    def broker_restart(self):
        self.broker.command("kill", "1", check=True, stderr=k.subprocess.DEVNULL)
        self.pause()
        self.broker.up()

    def rebalance(self):
        self.join()
        self.pause(1, 4)
        leaving = self.random.choice(self.engines)
        status = leaving.stop()
        if status != 0:
            sys.exit(f"FAILED: {leaving.name} ended with {status} on SIGTERM:\n{leaving.log_file.read_text()[-2000:]}")
        self.engines.remove(leaving)

    def round(self, number):
        kinds = [self.kill, self.zombie, self.rebalance, self.broker_restart]
        # Each kind in the first four, then at random; a broker's restart is the dearest.
        act = kinds[number] if number < len(kinds) else self.random.choices(kinds, (4, 4, 3, 1))[0]
        begin = time.monotonic()
        act()
        for engine in self.engines:
            if not engine.alive():
                sys.exit(f"FAILED: {engine.name} ended by itself:\n{engine.log_file.read_text()[-3000:]}")
        self.pause(0.5, 2)
        print(f"round {number + 1}/{ROUNDS}: {act.__name__}, {time.monotonic() - begin:.1f} s", flush=True)


def main():
    print(f"seed {SEED}, {ROUNDS} rounds (TOCSIN_SEED={SEED} repeats it)", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="tocsin-chaos-"))
    broker = k.Broker(folder / "broker")
    failed = True
    try:
        bootstrap = broker.up()
        config = (f'kafka: {{brokers: "{bootstrap}", session_timeout: {SESSION_S}s, transaction_timeout: 4s, request_timeout: 10s}}\n')
        (folder / "topics.yaml").write_text(config)
        k.create_topics(folder / "topics.yaml", PARTITIONS)
        chaos = Chaos(broker, folder, config)
        chaos.join()
        chaos.join()
        for engine in chaos.engines:
            k.wait_for(f"{engine.name} to be ready", engine.ready)
        load = Load(bootstrap, "tocsin")
        load.start()
        for number in range(ROUNDS):
            chaos.round(number)
        load.stopping = True
        load.join(240)
        if load.failed or load.is_alive():
            sys.exit(f"FAILED: not published: {load.failed[:3]}")

        # Every due of the load has passed; the next ones are minutes away.
        k.wait_for("the last due to pass", lambda: k.utc_now() > load.last_due + timedelta(seconds=1))
        faults, log, end = None, None, time.monotonic() + k.PATIENCE_S
        while faults is None or (faults and not log.faults and time.monotonic() < end):
            log, until = k.Log(bootstrap, "tocsin"), k.iso(k.utc_now())  # simulate reads no fact that arrives after it
            known = {e["id"] for e in log.facts}
            faults = log.faults + [f"fact {id} is not in the log" for id in load.published if id not in known]
            faults = faults or log.differences(until, folder)
        faults += [f"fact {e['id']} was never published" for e in log.facts if e["id"] not in load.published]
        rejected = k.read_topic(bootstrap, "tocsin.rejected")
        faults += [f"rejected: {value[:200]}" for _, _, _, value, _ in rejected]
        late = log.lateness_ms()
        breaches = sum(1 for e in log.derived if e["type"] == "tocsin.clock.breached")
        withdrawn = sum(1 for e in log.derived if e["type"] == "tocsin.clock.withdrawn")
        print(f"{len(load.published)} facts published, {len(log.facts)} in the log, {len(log.derived)} derived events, "
              f"{breaches} breaches, {withdrawn} withdrawn")
        print(f"breach decided after it was true: p50 {k.percentile(late, 0.5):.0f} ms, p90 {k.percentile(late, 0.9):.0f} ms, "
              f"max {late[-1] if late else 0:.0f} ms (outages included)")
        for fault in faults[:20]:
            print("FAILED " + fault)
        if breaches < ROUNDS:
            faults.append("too few dues")
            print(f"FAILED only {breaches} breaches: no dues fell into the chaos")
        print(f"{ROUNDS} rounds, {len(faults)} faults, seed {SEED}")
        failed = bool(faults)
    finally:
        k.end_all()
        broker.command("down", "--wipe", stderr=k.subprocess.DEVNULL)
        if failed:
            print(f"what is left: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
