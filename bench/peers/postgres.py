"""PostgreSQL: facts and tickets in tables, a job that looks every second which dues have passed."""
import os
import pwd
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from load import TARGET_S

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
CONNECTIONS = 4
TOLD_AT_ONCE = 5000

SCHEMA = """
CREATE TABLE fact (id text PRIMARY KEY, ticket text NOT NULL, account text NOT NULL, verb text NOT NULL, at bigint NOT NULL);
CREATE TABLE ticket (id text PRIMARY KEY, account text NOT NULL, due bigint NOT NULL, answered bigint, told bigint);
CREATE INDEX ON ticket (due) WHERE answered IS NULL AND told IS NULL;
"""
FACTS = "INSERT INTO fact VALUES %s ON CONFLICT DO NOTHING"
OPENED = "INSERT INTO ticket (id, account, due) VALUES %s ON CONFLICT DO NOTHING"
ANSWERED = "UPDATE ticket SET answered = v.at FROM (VALUES %s) AS v(id, at) WHERE ticket.id = v.id AND answered IS NULL"
PASSED = """UPDATE ticket SET told = %(now)s WHERE id IN (SELECT id FROM ticket WHERE due <= %(now)s AND answered IS NULL AND told IS NULL
  ORDER BY due LIMIT %(most)s FOR UPDATE SKIP LOCKED) RETURNING id, due"""


class Peer:
    name = "postgres"

    def __init__(self, scratch, told, options):
        import psycopg2
        from psycopg2 import extras
        if BIN is None:
            raise RuntimeError("no PostgreSQL is installed")
        self.pg, self.values = psycopg2, extras.execute_values
        self.data, self.told, self.poll = scratch / "data", told, options.poll
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        # It does not run as root.
        self.owner = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        os.chmod(scratch, 0o755)
        self.data.mkdir()
        os.chown(self.data, self.owner.pw_uid, self.owner.pw_gid)
        self.log = open(scratch / "postgres.log", "ab")
        self.run("initdb", "-D", self.data, "-U", "peer", "-A", "trust", "-E", "UTF8").wait()
        self.fresh = True

    def run(self, program, *arguments):
        return subprocess.Popen([BIN / program, *arguments], user=self.owner.pw_uid, group=self.owner.pw_gid, cwd="/", stdout=self.log, stderr=self.log)

    def connect(self):
        return self.pg.connect(host="127.0.0.1", port=self.port, user="peer", dbname="postgres")

    def start(self):
        self.server = self.run("postgres", "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                               "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB")
        while True:
            try:
                self.connect().close()
                break
            except self.pg.OperationalError:
                time.sleep(0.01)  # until it answers
        if self.fresh:
            with self.connect() as c:
                c.cursor().execute(SCHEMA)
        self.fresh, self.ending = False, threading.Event()
        self.connections = [self.connect() for _ in range(CONNECTIONS)]
        threading.Thread(target=self.look, args=(self.connect(), self.ending), daemon=True).start()

    def look(self, connection, ending):
        while not ending.is_set():
            began = time.monotonic()
            try:
                while True:
                    with connection, connection.cursor() as c:
                        c.execute(PASSED, {"now": int(time.time() * 1000), "most": TOLD_AT_ONCE})
                        rows = c.fetchall()
                    for ticket, due in rows:  # committed
                        self.told.hear(ticket, due)
                    if len(rows) < TOLD_AT_ONCE:
                        break
            except self.pg.Error:
                return  # it was killed
            ending.wait(max(0, self.poll - (time.monotonic() - began)))

    def prepare(self, batches):
        return [([(f.id, f.ticket, f.account, f.verb, f.time) for f in batch],
                 [(f.ticket, f.account, f.time + TARGET_S * 1000) for f in batch if f.verb == "opened"],
                 [(f.ticket, f.time) for f in batch if f.verb != "opened"]) for batch in batches]

    def post(self, prepared):
        def send(connection, mine):
            for facts, opened, answered in mine:
                with connection, connection.cursor() as c:
                    self.values(c, FACTS, facts, page_size=1000)
                    if opened:
                        self.values(c, OPENED, opened, page_size=1000)
                    if answered:
                        self.values(c, ANSWERED, answered, page_size=1000)
        threads = [threading.Thread(target=send, args=(c, prepared[i::CONNECTIONS])) for i, c in enumerate(self.connections)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    def settled(self, _):
        pass  # committed is decided, up to the next look

    def kill(self):
        self.ending.set()
        self.server.kill()
        self.server.wait()

    def stop(self):
        self.ending.set()
        self.server.send_signal(signal.SIGINT)  # a fast shutdown: does not wait for connections
        self.server.wait()

    def folders(self):
        return [self.data]
