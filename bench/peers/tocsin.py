"""Tocsin itself: one node on its embedded log, facts by HTTP, what was missed by its stream."""
import json
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "system"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from embedded_run import post, request  # noqa: E402

CONNECTIONS = 4
READY_S = 30


def rfc3339(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat(timespec="milliseconds")


class Peer:
    name = "tocsin"

    def __init__(self, scratch, told, options):
        self.data, self.told, self.binary = scratch / "data", told, options.tocsin
        self.log = open(scratch / "node.log", "ab")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.position = None

    def start(self):
        self.process = subprocess.Popen([self.binary, "run", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"],
                                        stdout=self.log, stderr=self.log)
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    s.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                    if s.recv(100).startswith(b"HTTP/1.1 200"):
                        break
            except OSError:
                pass
            time.sleep(0.01)  # until the condition above holds
        else:
            raise RuntimeError("the node does not become ready")
        self.listening = threading.Event()
        threading.Thread(target=self.listen, daemon=True).start()
        self.listening.wait(READY_S)

    def listen(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as s:
                after = f"&after={self.position}" if self.position else ""
                s.sendall(f"GET /v1/stream?types=tocsin.clock.breached{after} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                lines = s.makefile("rb")
                for line in lines:
                    self.listening.set()
                    if line.startswith(b"id: "):
                        self.position = line[4:].strip().decode()
                    elif line.startswith(b"data: "):
                        event = json.loads(line[6:])
                        due = datetime.fromisoformat(event["data"]["due"].replace("Z", "+00:00"))
                        self.told.hear(event["subject"], int(due.timestamp() * 1000))
        except OSError:
            pass  # it was killed

    def prepare(self, batches):
        return [request("\n".join(json.dumps({
            "specversion": "1.0", "id": f.id, "source": "/crm", "type": f"tocsin.ticket.{f.verb}", "time": rfc3339(f.time), "subject": f.ticket,
            "partitionkey": f.account, "data": {"priority": "P1", "tier": "A"} if f.verb == "opened" else {}}, separators=(",", ":"))
            for f in batch), "application/x-ndjson") for batch in batches]

    def post(self, prepared):
        post(self.port, prepared, min(CONNECTIONS, max(1, len(prepared))))

    def settled(self, _):
        pass  # an answer says that it was decided

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def folders(self):
        return [self.data]
