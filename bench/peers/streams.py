"""A Kafka Streams application (streams/Promise.java) on one broker of scripts/kafka."""
import os
import subprocess
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VERSION = os.environ.get("TOCSIN_KAFKA_VERSION", "4.1.1")
PARTITIONS = 4
RUNNING_S = 90


class Peer:
    name = "streams"

    def __init__(self, scratch, told, options):
        import confluent_kafka
        from confluent_kafka.admin import AdminClient, NewTopic
        self.kafka, self.scratch, self.told = confluent_kafka, scratch, told
        self.log = open(scratch / "streams.log", "ab")
        self.jars = ROOT / "build" / f"streams-jars-{VERSION}"
        if not self.jars.exists():
            subprocess.run(["mvn", "-q", "-B", "-f", HERE / "streams" / "pom.xml", f"-Dkafka.version={VERSION}", "dependency:copy-dependencies",
                            "-DincludeScope=runtime", f"-DoutputDirectory={self.jars}"], check=True, stdout=self.log, stderr=self.log)
        self.classes = ROOT / "build" / "streams-classes"
        subprocess.run(["javac", "-cp", f"{self.jars}/*", "-d", self.classes, HERE / "streams" / "Promise.java"], check=True, stdout=self.log, stderr=self.log)
        self.env = {**os.environ, "TOCSIN_KAFKA_DIR": str(scratch / "broker"), "TOCSIN_KAFKA_PORT": "19492",
                    "TOCSIN_KAFKA_JARS": os.environ.get("TOCSIN_KAFKA_JARS", str(ROOT / ".kafka" / f"jars-{VERSION}"))}
        up = subprocess.run([ROOT / "scripts" / "kafka", "up"], env=self.env, stdout=subprocess.PIPE, stderr=self.log, text=True)
        if up.returncode:
            raise RuntimeError("no broker: see " + str(scratch / "streams.log"))
        self.bootstrap = up.stdout.strip()
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        topics = admin.create_topics([NewTopic(t, PARTITIONS, 1) for t in ("facts", "told")])
        for made in topics.values():
            made.result(30)
        self.producer = confluent_kafka.Producer({"bootstrap.servers": self.bootstrap, "acks": "all", "linger.ms": 2,
                                                  "queue.buffering.max.messages": 2_000_000})
        self.ending, self.told_thread = threading.Event(), threading.Thread(target=self.listen, daemon=True)
        self.told_thread.start()

    def listen(self):
        consumer = self.kafka.Consumer({"bootstrap.servers": self.bootstrap, "group.id": "who-hears", "isolation.level": "read_committed",
                                        "auto.offset.reset": "earliest", "fetch.wait.max.ms": 5})
        consumer.subscribe(["told"])
        while not self.ending.is_set():
            for message in consumer.consume(1000, 0.02):
                if message.error() is None:
                    ticket, due = message.value().decode().split(",")
                    self.told.hear(ticket, int(due))
        consumer.close()

    def start(self):
        self.application = subprocess.Popen(["java", "-Xmx1g", "-cp", f"{self.classes}:{self.jars}/*", "Promise", self.bootstrap, self.scratch / "state"],
                                            stdout=subprocess.PIPE, stderr=self.log, text=True)
        end = time.monotonic() + RUNNING_S
        for line in self.application.stdout:
            if line.strip() == "RUNNING":
                return
            if time.monotonic() > end:
                break
        raise RuntimeError("the application does not run: see " + str(self.scratch / "streams.log"))

    def prepare(self, batches):
        return [[(f.account, f"{f.id},{f.ticket},{f.verb},{f.time}") for f in batch] for batch in batches]

    def post(self, prepared):
        for batch in prepared:
            for account, fact in batch:
                self.producer.produce("facts", fact, account)
            self.producer.poll(0)
        self.producer.flush()

    def settled(self, _):
        """Until the application has committed all that was posted."""
        consumer = self.kafka.Consumer({"bootstrap.servers": self.bootstrap, "group.id": "promise"})
        places = [self.kafka.TopicPartition("facts", p) for p in range(PARTITIONS)]
        ends = [consumer.get_watermark_offsets(p, timeout=10)[1] for p in places]
        while any(place.offset < end for place, end in zip(consumer.committed(places, timeout=10), ends) if end):
            time.sleep(0.01)  # until the condition above holds
        consumer.close()

    def kill(self):
        self.application.kill()
        self.application.wait()

    def stop(self):
        self.ending.set()
        self.told_thread.join()
        self.application.terminate()
        self.application.wait()
        subprocess.run([ROOT / "scripts" / "kafka", "down"], env=self.env, stdout=self.log, stderr=self.log)

    def folders(self):
        return [self.scratch / "broker", self.scratch / "state"]
