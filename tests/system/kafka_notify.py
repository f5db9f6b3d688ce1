#!/usr/bin/python3
"""Messages on Kafka while the node that sends them is killed: another takes over in the middle of it. No step stays unsent, a message
comes twice only with the same id, each outcome stands in the log once. A node that stood still for so long that another took over begins
nothing when it goes on. What one node has signed or was given is good at every other: an acknowledge link, a browser's subscription.

    tests/system/kafka_notify.py        TOCSIN=binary; ROUNDS=3 takeovers; SEED=…"""
import http.client
import os
import random
import signal
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
  eve: {channels: [{via: browser}]}
  sam: {channels: [{via: phone, to: "+863"}, {via: phone2, to: "+864", after: 4s}]}
last_resort: [bob]
"""


def config(bootstrap, prefix, url):
    return f"""roster: roster.yaml
kafka: {{brokers: "{bootstrap}", prefix: {prefix}, group: {prefix}}}
notify:
  public_url: http://tocsin.example
  secret: the-same-on-every-node-of-the-group
  allow_hosts: [127.0.0.1]
  channels:
    browser: {{type: webpush, subject: "mailto:ops@example.com"}}
    hook: {{type: webhook, url: "{url}/webhook", secret: "{Receiver.secrets['webhook']}"}}
    phone2: {{type: http, url: "{url}/phone", body: '{{"to":"{{{{to}}}}","text":"{{{{subject}}}}"}}', success: {{path: Code, equals: OK}}}}
    phone: {{type: http, url: "{url}/phone", body: '{{"to":"{{{{to}}}}","text":"{{{{subject}}}}"}}', success: {{path: Code, equals: OK}}}}
"""


def post(engine, made):
    def taken():
        try:
            return engine.call("/v1/events", "POST", json.dumps(made), {"Content-Type": STRUCTURED})[0] == 202
        except OSError:
            return False
    wait_for("a fact to be taken", taken)


# The receiver's keys of RFC 8291, appendix A.
BROWSER = {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}


def good_at_every_node(engines, receiver, accounts):
    """Of the accounts each node owns some: whichever tells, the other may be asked."""
    status, text = engines[0].call("/v1/people/eve/push", "POST", json.dumps({"endpoint": receiver.url + "/push/one", "keys": BROWSER}),
                                   {"Content-Type": "application/json"})[:2]
    if status != 201:
        sys.exit(f"FAILED: a subscription is {status} {text}")
    for account in accounts:
        post(engines[0], event(f"e-{account}", account, "account.assigned", account, iso(utc_now()), {"role": "technical_expert", "person": ["eve"]}))
        post(engines[0], event(f"s-{account}", account, "ticket.opened", f"S-{account}", iso(utc_now()), {"priority": "P1", "title": "x"}))
    pushed = lambda: [m for m in receiver.messages if m["vendor"] == "push"]  # noqa: E731
    wait_for("the browser to be pushed by whichever node", lambda: len(pushed()) >= len(accounts))
    keys = {m["headers"]["Authorization"].split("k=")[1] for m in pushed()}
    if len(keys) != 1:
        sys.exit(f"FAILED: the nodes sign with {len(keys)} keys")
    links = lambda: {m["text"].split()[1]: m["link"] for m in receiver.messages if m["vendor"] == "webhook" and m["text"].split()[1].startswith("S-")}  # noqa: E731
    wait_for("a link for each", lambda: len(links()) == len(accounts))
    for engine in engines:
        for ticket, link in links().items():
            path = link[len("http://tocsin.example"):]
            wait_for(f"{ticket} to be known at every node", lambda e=engine, p=path: e.call(p)[0] == 200 and b"<form" in raw(e, p), step=0.05)
    for i, link in enumerate(links().values()):
        page = raw(engines[i % 2], link[len("http://tocsin.example"):], "POST")
        if b"has taken it" not in page:
            sys.exit(f"FAILED: the link is not taken: {page[-400:]}")
    print(f"{len(accounts)} alarms pushed with one key, their links taken at either node", flush=True)


def who_stood_still_begins_nothing(engines, receiver, accounts):
    """A node is stopped between a person's first channel and the second. The other takes over and tells; the first, when it goes on
    and before it has heard of it, must not: by its clock since boot it can know."""
    for i in range(3):
        victim, sent = engines[i % 2], lambda to, i=i: [m["text"].split()[1] for m in receiver.messages if m["vendor"] == "phone" and m["body"]["to"] == to and f" Q{i}-" in m["text"]]
        for account in accounts:
            post(engines[0], event(f"q{i}-{account}", account, "account.assigned", account, iso(utc_now()), {"role": "technical_expert", "person": ["sam"]}))
            post(engines[0], event(f"r{i}-{account}", account, "ticket.opened", f"Q{i}-{account}", iso(utc_now()), {"priority": "P1", "title": "x"}))
        wait_for("the first channel of each", lambda: len(sent("+863")) == len(accounts))
        victim.signal(signal.SIGSTOP)
        wait_for("the second of each, by the other", lambda: len(set(sent("+864"))) == len(accounts))
        victim.signal(signal.SIGCONT)
        # What is new of each account is told: whoever tells it, the one that stood still has come round.
        for account in accounts:
            post(victim, event(f"u{i}-{account}", account, "ticket.opened", f"U{i}-{account}", iso(utc_now()), {"priority": "P1", "title": "x"}))
        wait_for("what is new", lambda: len({m["text"] for m in receiver.messages if m["vendor"] == "phone" and m["body"]["to"] == "+864" and f" U{i}-" in m["text"]}) == len(accounts))
        again = sorted(sent("+864"))
        if again != sorted(set(again)):
            sys.exit(f"FAILED: the node that stood still told what the other had told: {again}")
    for account in accounts:  # the rounds are counted without sam
        post(engines[0], event(f"q-{account}", account, "account.assigned", account, iso(utc_now()), {"role": "technical_expert", "person": ["eve"]}))
    print("a node that stood still began nothing, three times", flush=True)


def outcomes(bootstrap, prefix):
    """Of the tickets of the rounds, to the two persons who are counted."""
    events = (json.loads(v) for _, _, _, v, _ in read_topic(bootstrap, prefix + ".log"))
    return [e["id"] for e in events if e["type"] == "tocsin.notification.delivered" and "/T-" in e["id"] and e["data"]["person"] in ("ana", "bob")]


def raw(engine, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
    connection.request(method, path, b"" if method == "POST" else None, {"Content-Type": "application/x-www-form-urlencoded"})
    return connection.getresponse().read()


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
        good_at_every_node(engines, receiver, accounts)
        who_stood_still_begins_nothing(engines, receiver, accounts)
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
            wait_for("the messages of this round", lambda: len({m["id"] for m in receiver.messages if " T-" in m["text"]}) >= 2 * tickets)
            victim.start()

        wait_for("every outcome", lambda: len(outcomes(bootstrap, prefix)) >= 2 * tickets)
        told = outcomes(bootstrap, prefix)
        end_all()
        ids = [m["id"] for m in receiver.messages if " T-" in m["text"]]
        receiver.close()
        if len(told) != len(set(told)) or len(told) != 2 * tickets or len(set(ids)) != 2 * tickets:
            sys.exit(f"FAILED: {tickets} steps for two persons: {len(told)} outcomes, {len(set(told))} different; {len(ids)} messages, {len(set(ids))} different")
        print(f"{ROUNDS} takeovers, {tickets} steps for two persons: {len(ids)} messages, {len(ids) - len(set(ids))} came twice, with the same id")


try:
    main()
finally:
    end_all()
