#!/usr/bin/env python3
"""Webhooks of 2 KB through an adapter by wrk, against the same facts by batch POST, on one node in one run.

  bench/webhooks.py [SECONDS]     needs wrk; TOCSIN names the binary. Prints facts per second of both and their ratio."""
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 10

ADAPTER = """adapter: desk
source: /desk
subject: ticket.number
account: ticket.organization.name
time: ticket.updated_at
maps: {s: {open: open, hold: paused}, p: {"2 high": P2, "3 low": P3}}
state: {is: {path: ticket.state, map: s}, priority: {path: ticket.priority.name, map: p}, assignee: ticket.owner.email, opened: {time: ticket.created_at, data: {title: ticket.title}}}
"""

# Every request is a ticket of its own: five facts each.
LUA = """
local n, thread = os.time() * 1000000, 0
local filler = string.rep("x", 1500)
function setup(t) t:set("id", thread) thread = thread + 1 end
function request()
  n = n + 1
  local body = string.format('{"ticket":{"number":"%s-%d","organization":{"name":"acme-%d"},"state":"open","priority":{"name":"2 high"},"owner":{"email":"li.wei@desk.example"},"title":"Press line stopped","created_at":"2026-03-02T01:00:00.%03dZ","updated_at":"2026-03-02T01:00:01.%03dZ","note":"%s"},"article":{"id":%d,"sender":"Customer","internal":false}}', id, n, n % 500, n % 1000, n % 1000, filler, n)
  return wrk.format("POST", "/v1/in/desk", {["Content-Type"] = "application/json"}, body)
end
"""


# The same facts as one would post them in batches: twenty tickets a request.
BATCH = """
local n, thread = os.time() * 1000000, 0
function setup(t) t:set("id", thread) thread = thread + 1 end
local function fact(s, a, ms, verb, seq, data)
  return string.format('{"specversion":"1.0","id":"%s/%s","source":"/batch","type":"tocsin.ticket.%s","time":"2026-03-02T01:00:0%d.%03dZ","subject":"%s","partitionkey":"%s","sequence":"0%d"%s}',
    s, verb, verb, seq == 0 and 0 or 1, ms, s, a, seq, data)
end
function request()
  local list = {}
  for i = 1, 20 do
    n = n + 1
    local s, a, ms = "B" .. id .. "-" .. n, "beta-" .. n % 500, n % 1000
    list[#list + 1] = fact(s, a, ms, "opened", 0, ',"data":{"title":"Press line stopped","priority":"P2"}')
    list[#list + 1] = fact(s, a, ms, "reopened", 1, "")
    list[#list + 1] = fact(s, a, ms, "prioritized", 2, ',"data":{"priority":"P2"}')
    list[#list + 1] = fact(s, a, ms, "assigned", 3, ',"data":{"person":"li.wei@desk.example"}')
    list[#list + 1] = fact(s, a, ms, "resumed", 4, "")
  end
  return wrk.format("POST", "/v1/events", {["Content-Type"] = "application/cloudevents-batch+json"}, "[" .. table.concat(list, ",") .. "]")
end
"""


def rate(folder, script, connections, port, each):
    (folder / "w.lua").write_text(script)
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(folder / "w.lua"), f"http://127.0.0.1:{port}"], capture_output=True, text=True).stdout
    if "Non-2xx" in out:
        print(re.search(r"Non-2xx.*", out).group(0))
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out).group(1)) * each


def main():
    with tempfile.TemporaryDirectory() as folder, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        path = Path(folder)
        (path / "desk.yaml").write_text(ADAPTER)
        (path / "c.yaml").write_text("adapters: {desk: {file: desk.yaml}}\n")
        node = subprocess.Popen([TOCSIN, "run", "--data", str(path / "d"), "--config", str(path / "c.yaml"), "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(3)
            # In turns, so that both meet the same weather; the middle ones count.
            rounds = [(rate(path, LUA, 128, port, 5), rate(path, BATCH, 8, port, 100)) for _ in range(5)]
            webhooks, batch = (statistics.median(r[i] for r in rounds) for i in (0, 1))
            ratio = statistics.median(w / b for w, b in rounds)
            print(f"webhooks {webhooks / 5:.0f}/s = {webhooks:.0f} facts/s; batch POST {batch:.0f} facts/s; ratio {ratio:.2f}; rounds {[f'{w / b:.2f}' for w, b in rounds]}")
        finally:
            node.terminate()
            node.wait(60)


if __name__ == "__main__":
    main()
