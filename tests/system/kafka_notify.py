#!/usr/bin/python3
"""Messages on Kafka while the node that sends them is killed: another takes over in the middle of it. No step stays unsent, a message
comes twice only with the same id, each outcome stands in the log once.

    tests/system/kafka_notify.py        TOCSIN=binary; ROUNDS=3 takeovers; SEED=…"""
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
import json  # noqa: E402

from kafka_lib import STRUCTURED, Broker, Engine, create_topics, end_all, event, iso, read_topic, utc_now, wait_for  # noqa: E402
from receiver import Receiver  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SEED = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))
PARTITIONS = 2
ROSTER = """people:
  ana: {channels: [{via: hook}]}
  bob: {channels: [{via: phone, to: "+861"}]}
last_resort: [bob]
"""


def config(bootstrap, prefix, url):
    return f"""roster: roster.yaml
kafka: {{brokers: "{bootstrap}", prefix: {prefix}, group: {prefix}}}
notify:
  public_url: http://tocsin.example
  secret: the-same-on-every-node-of-the-group
  channels:
    hook: {{type: webhook, url: "{url}/webhook", secret: "{Receiver.secrets['webhook']}"}}
    phone: {{type: http, url: "{url}/phone", body: '{{"to":"{{{{to}}}}","text":"{{{{subject}}}}"}}', success: {{path: Code, equals: OK}}}}
"""


def post(engine, made):
    def taken():
        try:
            return engine.call("/v1/events", "POST", json.dumps(made), {"Content-Type": STRUCTURED})[0] == 202
        except OSError:
            return False
    wait_for("a fact to be taken", taken)


def main():
    print(f"seed {SEED}", flush=True)
    chance = random.Random(SEED)
    bootstrap = Broker().up()
    receiver = Receiver()
    prefix = f"notify-{os.getpid()}-{SEED}"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "roster.yaml").write_text(ROSTER)
        engines = [Engine(folder, name, config(bootstrap, prefix, receiver.url)) for name in ("a", "b")]
        create_topics(engines[0].config, PARTITIONS)
        for engine in engines:
            engine.start()
        accounts = [f"KA-{i}" for i in range(6)]  # on both partitions
        for account in accounts:
            post(engines[0], event(f"t-{account}", account, "account.tiered", account, "2026-01-01T00:00:00Z", {"tier": "A", "name": account}))
            post(engines[0], event(f"a-{account}", account, "account.assigned", account, "2026-01-01T00:00:00Z", {"role": "service_director", "person": ["ana", "bob"]}))

        def on():
            return sum(json.loads(v)["type"] == "tocsin.engine.notify" for _, _, _, v, _ in read_topic(bootstrap, prefix + ".log")) >= PARTITIONS
        wait_for("notifying to be switched on", on)
        tickets = 0
        for _ in range(ROUNDS):
            victim = chance.choice([e for e in engines if e.alive()])
            other = next(e for e in engines if e is not victim)
            before, new = len(receiver.messages), chance.randint(5, 20)
            for _ in range(new):
                tickets += 1
                post(other, event(f"o-{tickets}", chance.choice(accounts), "ticket.opened", f"T-{tickets}", iso(utc_now()), {"priority": "P2", "title": "x"}))
            wanted = before + chance.randint(0, new)
            wait_for("some messages", lambda: len(receiver.messages) >= wanted, step=0.002)
            victim.kill()  # the other takes over what it had
            wait_for("the messages of this round", lambda: len({m["id"] for m in receiver.messages if "T-" in m["text"]}) >= 2 * tickets)
            victim.start()

        def outcomes():
            return [e["id"] for e in (json.loads(v) for _, _, _, v, _ in read_topic(bootstrap, prefix + ".log"))
                    if e["type"] == "tocsin.notification.delivered"]
        wait_for("every outcome", lambda: len(outcomes()) >= 2 * tickets)
        told = outcomes()
        end_all()
        ids = [m["id"] for m in receiver.messages]
        receiver.close()
        if len(told) != len(set(told)) or len(told) != 2 * tickets or len(set(ids)) != 2 * tickets:
            sys.exit(f"FAILED: {tickets} steps for two persons: {len(told)} outcomes, {len(set(told))} different; {len(ids)} messages, {len(set(ids))} different")
        print(f"{ROUNDS} takeovers, {tickets} steps for two persons: {len(ids)} messages, {len(ids) - len(set(ids))} came twice, with the same id")


try:
    main()
finally:
    end_all()
