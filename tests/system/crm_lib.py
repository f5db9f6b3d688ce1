"""What the tests of adapters share: a running node, its facts and what it rejected."""
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from checks import check

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
PATIENCE_S = 60


def wait_for(what, condition):
    """What the condition gives once it holds."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if (got := condition()):
            return got
        time.sleep(0.05)  # until the condition holds
    check(what, "never", f"within {PATIENCE_S} s")
    return None


class Node:
    def __init__(self, folder, config, env=None):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        (folder / "config.yaml").write_text(config)
        self.folder = folder
        self.log = open(folder / "node.log", "ab")
        self.process = subprocess.Popen([TOCSIN, "run", "--data", str(folder / "data"), "--listen", f"127.0.0.1:{self.port}",
                                         "--config", str(folder / "config.yaml")], stdout=self.log, stderr=self.log, env={**os.environ, "CRM_TOKEN": "tok", **(env or {})})
        wait_for("ready", lambda: self.process.poll() is not None or self.try_ready())

    def try_ready(self):
        try:
            return self.call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def call(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, text

    def post(self, name, body, headers=None):
        body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        status, text = self.call("POST", "/v1/in/" + name, body.encode() if isinstance(body, str) else body, headers or {"X-Token": "tok"})
        return status, json.loads(text) if text.startswith(b"{") else text

    def chunked(self, name, pieces):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        c.putrequest("POST", "/v1/in/" + name)
        c.putheader("X-Token", "tok")
        c.putheader("Transfer-Encoding", "chunked")
        c.endheaders()
        try:
            for piece in pieces:
                c.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            c.send(b"0\r\n\r\n")
        except OSError:
            pass  # it answered and closed before the end
        status = c.getresponse().status
        c.close()
        return status

    def raw(self, request):
        """The status of the answer to these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as s:
            s.sendall(request)
            return int(s.recv(4096).split(b" ")[1])

    def entity(self, account, subject):
        status, text = self.call("GET", f"/v1/entities/{account}/ticket/{subject}")
        return json.loads(text) if status == 200 else None

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)


def lines_of(node, command):
    """What `tocsin log` or `tocsin rejected` print of it, also of one on Kafka."""
    out = subprocess.run([TOCSIN, command, "--data", str(node.folder / "data"), "--config", str(node.folder / "config.yaml")], capture_output=True, text=True, check=True, env={**os.environ, "CRM_TOKEN": "tok"}).stdout
    return [json.loads(line) for line in out.splitlines()]


def facts_of(node):
    return [e for e in (line["event"] for line in lines_of(node, "log")) if not e["type"].startswith("tocsin.engine.")]


def rejected_of(node):
    return lines_of(node, "rejected")
