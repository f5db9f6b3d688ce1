#!/usr/bin/python3
"""End to end on real brokers, one and three: facts by kcat, Python and the Java console producer, in both content modes, keyed well,
badly and not at all, and over HTTP, read back by a stranger's consumer; a backlog posted while every node was down; an answer behind a
bulk load; two nodes, one of them killed; questions to both; the store against the log. TOCSIN_LONG=1: all of it on three brokers too."""
import base64
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import os
import checks
import kafka_lib as k
from checks import check

PARTITIONS = 4
SESSION_S = 3
RESPONSE = timedelta(minutes=15)

class World:
    def __init__(self, folder, bootstrap, brokers):
        self.folder, self.bootstrap = folder, bootstrap
        self.prefix = f"e2e-{brokers}-{os.getpid()}"
        self.topic = self.prefix + ".intake"
        self.config = (f'kafka: {{brokers: "{bootstrap}", prefix: {self.prefix}, group: {self.prefix}, session_timeout: {SESSION_S}s}}\n')
        (folder / "topics.yaml").write_text(self.config)
        k.create_topics(folder / "topics.yaml", PARTITIONS, brokers)
        self.producer = k.producer(bootstrap)

    def engine(self, name):
        return k.Engine(self.folder, name, self.config)

    def send(self, fact, **where):
        self.producer.produce(self.topic, k.json.dumps(fact).encode(), fact["partitionkey"], headers={"content-type": k.STRUCTURED}, **where)

    def flush(self):
        check("unpublished records", self.producer.flush(60), 0)

    def consumer(self):
        return k.Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.prefix + "-asks"})

    def log(self):
        return k.Log(self.bootstrap, self.prefix)

    def wait_for_facts(self, *ids):
        def there():
            log = self.log()
            return log if set(ids) <= {e["id"] for e in log.facts} else None
        return k.wait_for(f"facts {ids} in the log", there, step=0.2)


def due_in(seconds):
    """When a P1 was opened whose answer is due so many seconds from now."""
    return k.utc_now() + timedelta(seconds=seconds) - RESPONSE


def by_kcat(world):
    fact = k.event("kcat-1", "ACME", "ticket.opened", "T-kcat", due_in(600), {"priority": "P1", "tier": "A"})
    run = lambda *arguments, value: subprocess.run(["kcat", "-P", "-b", world.bootstrap, "-t", world.topic, *arguments], input=value, text=True, check=True)
    run("-k", "ACME", "-X", "partitioner=murmur2_random", "-H", "content-type=" + k.STRUCTURED, value=k.json.dumps(fact))
    run("-k", "ACME", "-p", "0", "-H", "ce_specversion=1.0", "-H", "ce_id=kcat-2", "-H", "ce_source=/crm/kcat", "-H",
        "ce_type=tocsin.ticket.responded", "-H", "ce_subject=T-kcat", "-H", "ce_time=" + k.iso(k.utc_now()), "-H",
        "content-type=application/json", value='{"by":"li"}')
    keyless = k.event("kcat-3", "ACME", "ticket.progressed", "T-kcat", k.utc_now(), {"note": "on it"})
    run("-H", "content-type=" + k.STRUCTURED, value=k.json.dumps(keyless))
    run("-k", "ACME", value=k.json.dumps({**keyless, "id": "kcat-4"}))  # librdkafka's own partitioner, no header


def by_java(world):
    now = k.iso(k.utc_now())
    fact = k.event("java-1", "Globex", "ticket.opened", "T-java", due_in(600), {"priority": "P2"})
    lines = f"content-type:{k.STRUCTURED}\tGlobex\t{k.json.dumps(fact)}\n"
    for key in ("Globex", "another key"):  # binary mode; the second is badly keyed
        headers = {"ce_specversion": "1.0", "ce_id": f"java-{key}", "ce_source": "/crm/java", "ce_type": "tocsin.ticket.progressed", "ce_subject": "T-java",
                   "ce_time": now, "ce_partitionkey": "Globex", "content-type": "application/json"}
        lines += ",".join(f"{name}:{value}" for name, value in headers.items()) + f'\t{key}\t{{"note":"seen"}}\n'
    done = subprocess.run([str(k.ROOT / "scripts" / "kafka"), "tool", "ConsoleProducer", "--bootstrap-server", world.bootstrap, "--topic", world.topic,
                           "--property", "parse.headers=true", "--property", "parse.key=true"], input=lines, text=True, capture_output=True)
    check("the console producer's status", (done.returncode, done.stderr[-300:] if done.returncode else ""), (0, ""))


def by_python(world):
    now = k.iso(k.utc_now())
    for p in range(PARTITIONS):  # at most one of these is the right one
        world.send(k.event(f"badly-{p}", "Initech", "account.contacted", "Initech", now, {"kind": "weekly_contact"}), partition=p)
    world.producer.produce(world.topic, None, "ACME")  # a tombstone
    headers = {"ce_specversion": "1.0", "ce_id": "outbox-1", "ce_source": "/crm/east", "ce_type": "tocsin.ticket.opened", "ce_subject": "T-outbox",
               "ce_time": now, "ce_partitionkey": "Umbrella", "content-type": "application/json"}
    world.producer.produce(world.topic, b'{"priority": "P3"}', "Umbrella", headers=headers)  # as Debezium's outbox router sends it
    world.producer.produce(world.topic, b"x" * 1_000_000, "ACME", headers={"content-type": k.STRUCTURED})
    world.producer.produce(world.topic, b"{no json", "ACME")
    world.flush()


def producers(world, a):
    by_kcat(world)
    by_java(world)
    by_python(world)
    ids = [f"kcat-{n}" for n in (1, 2, 3, 4)] + ["java-1", "java-Globex", "java-another key", "outbox-1"] + [f"badly-{p}" for p in range(PARTITIONS)]
    world.wait_for_facts(*ids)
    rejected = k.wait_for("both bad records in .rejected", lambda: (r := k.read_topic(world.bootstrap, world.prefix + ".rejected")) and len(r) >= 2 and r, step=0.2)
    reasons = {dict(headers)["tocsin-reason"].decode(): value for _, _, _, value, headers in rejected}
    check("reasons", sorted(reasons), ["malformed", "too_large"])
    check("the original of 1 MB", reasons.get("too_large") == b"x" * 1_000_000, True)
    done = subprocess.run([k.TOCSIN, "rejected", "--config", str(a.config)], text=True, capture_output=True)
    rows = [k.json.loads(line) for line in done.stdout.splitlines()]
    check("tocsin rejected", sorted(r["reason"] for r in rows), ["malformed", "too_large"])
    check("its original", [base64.b64decode(r["original"]) for r in rows if r["reason"] == "malformed"], [b"{no json"])
    log = world.log()
    places = {e["partitionkey"]: set() for e in log.facts}
    for p, _, e in log.records:
        if not e["type"].startswith("tocsin.engine."):
            places[e["partitionkey"]].add(p)
    check("partitions of an account", {a: len(p) for a, p in places.items()}, {a: 1 for a in places})


def metric(engine, name):
    text = engine.call("/metrics")[1]
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name)


def counts(world, a):
    """After `producers`: at least three of the four badly placed records were moved, and each of the two refused was counted."""
    ends = sum(world.consumer().get_watermark_offsets(k.TopicPartition(world.topic, p), timeout=30)[1] for p in range(PARTITIONS))
    k.wait_for("positions at intake's ends", lambda: metric(a, "tocsin_intake_position") == ends)
    check("intake's ends", metric(a, "tocsin_intake_end"), ends)
    check("tocsin_intake_lag", metric(a, "tocsin_intake_lag"), 0)
    check("facts moved to their partition", metric(a, "tocsin_intake_rerouted_total") >= PARTITIONS - 1, True)
    check("tocsin_intake_tombstones_total", metric(a, "tocsin_intake_tombstones_total"), 1)
    check("tocsin_facts_rejected_total", metric(a, "tocsin_facts_rejected_total"), 2)
    check("tocsin_partitions_owned", metric(a, "tocsin_partitions_owned"), PARTITIONS)
    segment = k.ROOT / ".kafka" / "cluster-1" / "1.data" / f"{world.prefix}.log-0" / f"{0:020}.log"
    if segment.exists():  # scripts/kafka's own broker
        check("the codec of a batch (4: zstd)", segment.read_bytes()[22] & 7, 4)


def door(world, a):
    """An event over HTTP as large as may be goes in, whatever it becomes on its way; one byte more does not."""
    def structured(id, size):
        text = k.json.dumps(k.event(id, "Door", "account.noted", "Door", k.utc_now(), {"note": ""}), separators=(",", ":"))
        return text.replace('"note":""', '"note":"' + "x" * (size - len(text)) + '"'), {"Content-Type": k.STRUCTURED}

    def binary(id, size):
        headers = {"ce-specversion": "1.0", "ce-id": id, "ce-source": "/crm/door", "ce-type": "tocsin.account.noted", "ce-subject": "Door",
                   "ce-time": k.iso(k.utc_now()), "ce-partitionkey": "Door", "ce-note": "D%C3%BC"}
        left = size - sum(len(name) + len(value) for name, value in headers.items()) - len('{"note":""}')
        return '{"note":"' + "x" * left + '"}', {**headers, "Content-Type": "application/json"}

    for make in (structured, binary):
        name = make.__name__
        check(f"{name}, at the limit", a.call("/v1/events", "POST", *make("door-" + name, k.EVENT_BYTES_MAX))[0], 202)
        check(f"{name}, above it", a.call("/v1/events", "POST", *make("large-" + name, k.EVENT_BYTES_MAX + 1))[0], 413)
    log = world.wait_for_facts("door-structured", "door-binary")
    check("the binary one's attribute", [e.get("note") for e in log.facts if e["id"] == "door-binary"], ["Dü"])


def verified(world, engine):
    """The store is what the log says, and is so again when made anew."""
    check("SIGTERM", engine.stop(), 0)
    for command, said in (("verify", "is what the log says"), ("rebuild", "rebuilt up to offset"), ("verify", "is what the log says")):
        done = subprocess.run([k.TOCSIN, command, "--config", str(engine.config), "--data", str(engine.folder / engine.name)], text=True, capture_output=True)
        check(command, (done.returncode, said in done.stdout), (0, True))
        if done.returncode:
            print(done.stdout + done.stderr)


def breached(log, ticket):
    return [e["id"] for e in log.derived if e["type"] == "tocsin.clock.breached" and e["subject"] == ticket]


def backlog(world, engine):
    """Answered while nobody ran: no alarm. Not answered: one. The answer of B comes in a wrong partition."""
    for name in "ABC":
        world.send(k.event(f"backlog-{name}", f"Backlog{name}", "ticket.opened", f"B-{name}", due_in(8), {"priority": "P1", "tier": "A"}))
    world.flush()
    world.wait_for_facts("backlog-A", "backlog-B", "backlog-C")
    check("SIGTERM", engine.stop(), 0)
    stopped = k.utc_now()
    for n in range(3000):  # something to read before
        world.send(k.event(f"bulk-{n}", f"Bulk{n % 50}", "ticket.opened", f"BT-{n}", stopped, {"priority": "P4"}))
    for name in "AB":
        answer = k.event(f"answer-{name}", f"Backlog{name}", "ticket.responded", f"B-{name}", stopped, {"by": "li"})
        if name == "A":
            world.send(answer)
        else:
            for p in range(PARTITIONS):
                world.send({**answer, "id": f"answer-B-{p}"}, partition=p)
    world.flush()
    k.wait_for("the dues to pass", lambda: k.utc_now() > stopped + timedelta(seconds=9))
    engine.start()
    log = k.wait_for("the alarm of C", lambda: (l := world.log()) and breached(l, "B-C") and l, step=0.2)
    for name in "AB":
        check(f"alarms about {name}, answered in the backlog", breached(log, f"B-{name}"), [])


def bulk_load(world, engine):
    """An answer behind a bulk load: unread when the due passes, since the engine stands still meanwhile."""
    due = k.utc_now() + timedelta(seconds=4)
    for name in ("answered", "silent"):
        world.send(k.event(f"load-{name}", "Load", "ticket.opened", f"L-{name}", due - RESPONSE, {"priority": "P1", "tier": "A"}))
    world.flush()
    world.wait_for_facts("load-answered", "load-silent")
    k.wait_for("the due to be near", lambda: k.utc_now() > due - timedelta(seconds=0.5), step=0.01)
    engine.signal(signal.SIGSTOP)
    now = k.utc_now()
    for n in range(5000):
        world.send(k.event(f"load-{n}", "Load", "ticket.opened", f"LT-{n}", now, {"priority": "P4"}))
    world.send(k.event("load-answer", "Load", "ticket.responded", "L-answered", now, {"by": "li"}))
    world.flush()
    k.wait_for("the due to pass", lambda: k.utc_now() > due + timedelta(seconds=0.2), step=0.01)
    engine.signal(signal.SIGCONT)
    log = k.wait_for("the alarm of the silent one", lambda: (l := world.log()) and breached(l, "L-silent") and l, step=0.2)
    check("alarms about what was answered behind a bulk load", breached(log, "L-answered"), [])


def two_nodes(world, a):
    b = world.engine("b").start()
    for n in range(40):
        world.send(k.event(f"two-{n}", f"Two{n}", "ticket.opened", f"W-{n}", due_in(6), {"priority": "P1", "tier": "A"}))
    world.flush()
    log = world.wait_for_facts(*[f"two-{n}" for n in range(40)])
    position = {p: o for p, o, _ in log.records}
    wanted = ",".join(f"{p}:{o}" for p, o in position.items())
    for engine in (a, b):
        status, answer = engine.call(f"/v1/entities/Two7/ticket/W-7?min_offset={wanted}")
        check(f"{engine.name} has W-7", status, 200)
        check(f"{engine.name} says as of when", "as_of_offset" in answer, True)
    started = time.monotonic()
    a.kill()
    log = k.wait_for("every alarm by the other node", lambda: (l := world.log()) and all(breached(l, f"W-{n}") for n in range(40)) and l, step=0.2)
    late = [k.instant(e["recordedtime"]) - k.instant(e["time"]) for e in log.derived if e["type"] == "tocsin.clock.breached" and e["subject"].startswith("W-")]
    print(f"node killed; every alarm is in the log {time.monotonic() - started:.1f} s later, the latest {max(late).total_seconds():.2f} s after its due")
    b_status, posted = b.call("/v1/events", "POST", k.json.dumps(k.event("posted-1", "Two7", "ticket.responded", "W-7", k.utc_now(), {"by": "li"})), {"Content-Type": k.STRUCTURED})
    check("POST", (b_status, posted), (202, {"accepted": 1, "duplicates": None, "rejected": []}))
    world.wait_for_facts("posted-1")
    a.start()
    return b


ALL = (producers, counts, door, backlog, bulk_load, two_nodes)


def run(bootstrap, brokers, steps=ALL):
    folder = Path(tempfile.mkdtemp(prefix="tocsin-e2e-"))
    before = checks.failures
    try:
        world = World(folder, bootstrap, brokers)
        a = world.engine("a").start()
        first = k.Consumer({"bootstrap.servers": bootstrap, "group.id": world.prefix}).committed([k.TopicPartition(world.topic, p) for p in range(PARTITIONS)], timeout=30)
        check("positions committed before ready", [t.offset for t in first], [0] * PARTITIONS)
        for step in steps:
            begin = time.monotonic()
            step(world, a)
            print(f"{step.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
        log = world.log()
        check("what every reader may rely on", log.faults, [])
        differences = log.differences(k.iso(k.utc_now()), folder)
        check("differences from simulate", differences[:5], [])
        verified(world, a)
        print(f"{brokers} broker(s): {len(log.facts)} facts, {len(log.derived)} derived events")
    finally:
        k.end_all()
        subprocess.run([str(k.ROOT / "scripts" / "kafka"), "tool", "TopicCommand", "--bootstrap-server", bootstrap, "--delete", "--topic",
                        f"e2e-{brokers}-{os.getpid()}.*"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if checks.failures == before:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"what is left: {folder}", file=sys.stderr)


def main():
    run(os.environ.get("TOCSIN_KAFKA_BOOTSTRAP") or k.Broker().up(), 1)
    broker = k.Broker()
    try:
        run(broker.up("--brokers", "3"), 3, ALL if os.environ.get("TOCSIN_LONG") == "1" else (producers, two_nodes))
    finally:
        broker.command("down", "--brokers", "3")
    return checks.result()


if __name__ == "__main__":
    sys.exit(main())
