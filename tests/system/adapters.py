#!/usr/bin/env python3
"""Adapters in a running node: signed webhooks, what is known after a kill, moves, rejected payloads mended and replayed,
hostile payloads, pushes that come back as our own writes, 微信客服 pulled from a server of ours, CSV files."""
import base64
import gzip
import hashlib
import hmac
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import check, result  # noqa: E402
from crm_lib import ROOT, TOCSIN, Node, facts_of, lines_of, rejected_of, wait_for  # noqa: E402

DESK = """adapter: desk
source: /desk
verify: {scheme: token, header: X-Token}
subject: id
account: {first: [account], else: known}
time: at
maps: {s: {open: open, hold: paused, done: resolved}}
ignore: [{when: {by: tocsin}}]
state: {is: {path: status, map: s}, priority: priority, opened: {time: created, data: {title: title}}}
events: [{fact: progressed, when: {reply: exists}, id: reply, data: {by: by}}]
"""


def payload(**more):
    return {"id": "T-1", "account": "acme", "at": "2026-03-02T01:00:00Z", "created": "2026-03-02T01:00:00Z", "status": "open", "priority": "P2", "title": "停机", **more}


def webhooks(folder):
    (folder / "desk.yaml").write_text(DESK)
    (folder / "rows.yaml").write_text(DESK.replace("adapter: desk\nsource: /desk", "adapter: rows\nsource: /rows\neach: ."))
    config = "adapters:\n  rows: {file: rows.yaml, secrets: [\"env:CRM_TOKEN\"]}\n  desk: {file: desk.yaml, secrets: [\"env:CRM_TOKEN\"]}\n  zammad: {secrets: [file:zammad.secret]}\n"
    (folder / "zammad.secret").write_text("zammad-token\n")
    node = Node(folder, config)
    check("a fact", node.post("desk", payload())[0], 202)
    check("a wrong token", node.post("desk", payload(), {"X-Token": "nope"})[0], 401)
    check("no adapter", node.post("none", payload())[0], 404)
    body = b'{"ticket":{"id":81},"article":{"id":104}}'
    check("Zammad's documented signature", node.post("zammad", body, {"X-Hub-Signature": "sha1=4e0dbd44552460959a804a1e02a0a2f7d14890bd"})[0], 202)
    check("too large", node.post("desk", b" " * ((8 << 20) + 1))[0], 413)
    for name, bad in (("deep", b"[" * 1000 + b"]" * 1000), ("no UTF-8", b'{"id":"\xff"}'), ("no JSON", b"id=1"), ("empty", b"")):
        check(name, node.post("desk", bad)[1].get("rejected"), ["adapter:desk:malformed"])
    check("a long list does no harm", node.post("desk", {**payload(id="T-9"), "list": [0] * 100_000})[1]["accepted"], 4)
    kept = len(rejected_of(node))
    check("10 MB", node.post("desk", json.dumps({**payload(), "text": "x" * 10_000_000}))[0], 413)
    check("10 MB in chunks", node.chunked("desk", (b" " * 65536 for _ in range(160))), 413)
    check("of what is too large nothing is kept", len(rejected_of(node)), kept)
    check("100,000 elements, each a run", node.post("rows", [{}] * 100_000)[1]["rejected"], ["adapter:rows:too_large"])
    check("10,000 elements", node.post("rows", [payload(id=f"L-{n}") for n in range(10_000)])[1]["accepted"], 40_000)
    packed = node.post("desk", gzip.compress(json.dumps(payload(id="T-11")).encode()), {"X-Token": "tok", "Content-Encoding": "gzip"})
    check("a packed body", (packed[0], json.loads(packed[1])["title"] if isinstance(packed[1], bytes) else packed[1]["title"]), (415, "Unsupported media type"))
    for name, head, status in (("a chunk of 2^64 bytes", b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", 413), ("a chunk of -1", b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx", 400),
                               ("10 GB announced", b"Content-Length: 10000000000\r\n\r\nx", 413), ("another transfer coding", b"Transfer-Encoding: gzip\r\n\r\nx", 501)):
        check(name, node.raw(b"POST /v1/in/desk HTTP/1.1\r\nHost: x\r\nX-Token: tok\r\n" + head), status)
    for name, body, reason in (("NUL in a text", b'{"id":"a\0b"}', "malformed"), ("NUL in an id", json.dumps(payload(id="a\0b")), "bad_attribute:id"), ("behind the end", json.dumps(payload()) + "\0", "malformed"),
                               ("a time of 1e400", json.dumps(payload(at=0)).replace('"at": 0', '"at": 1e400'), "bad_time:1e400"), ("a title of 300 KB", json.dumps(payload(id="T-12", title="x" * 300_000)), "too_large"),
                               ("400,001 values", json.dumps({"a": [0] * 400_001}), "too_large")):
        check(name, node.post("desk", body)[1].get("rejected"), ["adapter:desk:" + reason])
    check("a number of 400 digits is a name", node.post("desk", json.dumps(payload(id=0)).replace('"id": 0', '"id": ' + "9" * 400))[1]["accepted"], 4)
    check("of two members the last counts", node.post("desk", json.dumps(payload(id="T-13"))[:-1] + ', "status": "hold"}')[1]["accepted"], 4)
    check("... it is paused", [c["state"] for c in wait_for("T-13", lambda: node.entity("acme", "T-13"))["clocks"] if c["clock"] == "ticket.resolution"], ["paused"])
    check("the others go on", node.post("desk", payload(id="T-10"))[1]["accepted"], 4)
    node.stop(signal.SIGKILL)
    node = Node(folder, config)
    check("the account is known after a kill", node.post("desk", {"id": "T-1", "at": "2026-03-02T01:05:00Z", "reply": 7, "by": "li"})[1]["accepted"], 1)
    check("the same again", node.post("desk", {"id": "T-1", "at": "2026-03-02T01:05:00Z", "reply": 7, "by": "li"})[1]["duplicates"], 2)
    check("a move", node.post("desk", payload(account="beta", at="2026-03-02T01:10:00Z"))[0], 202)
    told = facts_of(node)
    beta = [e["type"].split(".")[2] for e in told if e.get("source") == "/desk" and e["partitionkey"] == "beta"]
    check("what the new account is told", beta, ["opened", "reopened", "prioritized", "resumed", "progressed", "reopened", "prioritized", "resumed"])
    check("what the old account is told", [e["type"] for e in told if e.get("source") == "/desk" and e["partitionkey"] == "acme" and e["subject"] == "T-1"][-1], "tocsin.ticket.cancelled")
    check("facts carry their adapter", [e for e in told if e.get("source") == "/desk"][0].get("tocsinadapter", "").split("@")[0], "desk")
    check("not mapped", node.post("desk", payload(id="T-2", status="parked"))[1]["rejected"], ["adapter:desk:unmapped:s=parked"])
    record = rejected_of(node)[-1]
    check("its reason", record["reason"], "adapter:desk:unmapped:s=parked")
    check("its bytes", json.loads(base64.b64decode(record["original"]))["status"], "parked")
    check("no token is kept", "X-Token" in record["headers"], False)
    node.stop()
    (folder / "desk.yaml").write_text(DESK.replace("done: resolved", "done: resolved, parked: paused"))
    node = Node(folder, config)
    before = len(rejected_of(node))
    done = subprocess.run([TOCSIN, "adapter", "replay", "desk", "--url", f"http://127.0.0.1:{node.port}"], capture_output=True, text=True)
    check("replay", (done.returncode, done.stdout.split(",")[1].strip()), (3, "4 facts accepted"))
    check("replayed and rejected again is not written again", len(rejected_of(node)), before)
    check("one position", node.call("POST", f"/v1/rejected/{record['position']}/replay", "{}", {"Content-Type": "application/json"})[0], 200)
    metrics = node.call("GET", "/metrics")[1].decode()
    check("figures", 'tocsin_adapter_payloads_total{adapter="desk"}' in metrics, True)
    node.stop()


class Far:
    """A CRM of ours: keeps what is pushed, fails as often as it is told, answers as 微信客服."""

    def __init__(self):
        self.got, self.fail = [], 0
        self.later, self.expired = False, 0  # of 微信客服: whether there is more; how often the access token has expired
        far = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, status, body=b"{}"):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(200, b'{"errcode":0,"access_token":"at","expires_in":7200}')

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                if self.path.startswith("/cgi-bin"):
                    return self.answer(200, json.dumps(far.messages(json.loads(body))).encode())
                if far.fail > 0:
                    far.fail -= 1
                    return self.answer(503)
                far.got.append((self.path, dict(self.headers), body))
                self.answer(200)

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def messages(self, asked):
        if self.expired > 0:
            self.expired -= 1
            return {"errcode": 42001}
        if asked.get("cursor") == "c2" and self.later:
            return {"errcode": 0, "next_cursor": "c3", "has_more": 0, "msg_list": [
                {"msgid": "m3", "external_userid": "wmX", "send_time": 1772413320, "origin": 5, "servicer_userid": "li", "msgtype": "text", "text": {"content": "在"}}]}
        if asked.get("cursor") in ("c2", "c3"):
            return {"errcode": 0, "next_cursor": asked["cursor"], "has_more": 0, "msg_list": []}
        if asked.get("cursor") == "c1":
            return {"errcode": 0, "next_cursor": "c2", "has_more": 0, "msg_list": [
                {"msgid": "m2", "external_userid": "wmX", "send_time": 1772413260, "origin": 5, "servicer_userid": "li", "msgtype": "text", "text": {"content": "好"}}]}
        return {"errcode": 0, "next_cursor": "c1", "has_more": 1, "msg_list": [
            {"msgid": "m1", "external_userid": "wmX", "send_time": 1772413200, "origin": 3, "msgtype": "text", "text": {"content": "停机"}}]}


def pushes(folder):
    far = Far()
    (folder / "desk.yaml").write_text(DESK)
    config = f"""adapters: {{desk: {{file: desk.yaml, secrets: ["env:CRM_TOKEN"]}}}}
push:
  - name: note
    on: [tocsin.clock.breached]
    where: {{data.clock: ticket.response}}
    url: {far.url}/tickets/{{{{subject}}}}
    method: PUT
    secret: whsec_{base64.b64encode(b'k' * 24).decode()}
    headers: {{X-Key: "env:CRM_TOKEN"}}
    body: '{{"note": "{{{{data.clock}}}} of {{{{partitionkey}}}} was due {{{{data.due}}}}", "internal": true}}'
"""
    node = Node(folder, config)
    far.fail = 2
    node.post("desk", payload(account='a"b'))
    wait_for("the push", lambda: far.got)
    path, headers, body = far.got[0]
    check("where to", path, "/tickets/T-1")
    note = json.loads(body)
    check("a quote is escaped", 'of a"b was due' in note["note"], True)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    check("the signature", headers["webhook-signature"], "v1," + base64.b64encode(hmac.new(b"k" * 24, signed, hashlib.sha256).digest()).decode())
    check("the header's secret", headers["X-Key"], "tok")
    # The CRM tells us of the note that we wrote: it stops no clock.
    check("our own write is ignored", node.post("desk", payload(account='a"b', at="2026-03-02T03:00:00Z", reply=1, by="tocsin"))[1]["accepted"], 0)
    response = [c for c in node.entity("a%22b", "T-1")["clocks"] if c["clock"] == "ticket.response"][0]
    check("the clock runs on", response["state"], "running")
    node.post("desk", payload(id="T-2"))
    wait_for("the next", lambda: len(far.got) > 1)
    breach = max(int(r["position"].split(":")[1]) for r in lines_of(node, "log") if r["event"]["type"] == "tocsin.clock.breached" and r["event"]["subject"] == "T-2" and r["event"]["data"]["clock"] == "ticket.response")
    pushed = lambda: [r["event"]["data"]["next"].get("0", -1) for r in lines_of(node, "log") if r["event"]["type"] == "tocsin.engine.pushed"]
    wait_for("its position in the log", lambda: max(pushed(), default=-1) > breach)
    node.stop()
    node = Node(folder, config)
    node.post("desk", payload(id="T-3"))
    wait_for("after a restart", lambda: any(p == "/tickets/T-3" for p, _, _ in far.got))
    check("nothing of before comes again", sorted(p for p, _, _ in far.got), ["/tickets/T-1", "/tickets/T-2", "/tickets/T-3"])
    node.stop()


def wecom(folder):
    far = Far()
    vector = next(c for c in json.loads((ROOT / "tests/connectors/crm/data/chat-callbacks.json").read_text()) if c["name"] == "wecom customer service event")
    s = vector["secrets"]
    for name in ("token", "aes_key"):
        (folder / name).write_text(s[name])
    node = Node(folder, f"adapters:\n  wecom: {{secrets: {{token: file:token, aes_key: file:aes_key, receiver: {s['receiver']}}}, pull: {{secret: corp, url: \"{far.url}\"}}}}\n")
    query = "&".join(f"{k}={v}" for k, v in vector["query"].items())
    account = re.search("OpenKfId><!.CDATA.([^]]*)", vector["plain"]).group(1)
    status, text = node.call("POST", "/v1/in/wecom?" + query, vector["body"])
    check("the callback's answer", (status, text), (200, b"success"))
    wait_for("both pages", lambda: len([e for e in facts_of(node) if e.get("source") == "/wecom/kf" and e["type"] == "tocsin.ticket.messaged"]) == 2)
    # The vendor's token is no longer good, and messages come while nobody runs: no event tells of them.
    wait_for("the cursor is kept", lambda: (folder / "data" / "wecom-wecom.json").exists() and json.loads((folder / "data" / "wecom-wecom.json").read_text()) == {account: "c2"})
    node.stop(signal.SIGKILL)
    far.later, far.expired = True, 1
    node = Node(folder, (folder / "config.yaml").read_text())
    wait_for("what came meanwhile", lambda: any(e.get("source") == "/wecom/kf" and e["id"] == "messaged/m3" for e in facts_of(node)))
    check("once", len([e for e in facts_of(node) if e.get("source") == "/wecom/kf" and e["type"] == "tocsin.ticket.messaged"]), 3)
    entity = node.entity("%E5%BE%AE%E4%BF%A1%E5%AE%A2%E6%9C%8D", "kf-wmX")
    check("a customer's message opens a ticket that is answered", [c["state"] for c in entity["clocks"] if c["clock"] == "ticket.response"], ["stopped"])
    node.stop()


def files(folder):
    (folder / "rows.csv").write_bytes("\ufeffid;account;status;priority;title;created_at;updated_at;owner\nT-1;钱江;open;P2;\"停;机\";2026/3/2 9:00;2026-03-02 09:00:05;li\nT-2;钱江;odd;P2;x;2026/3/2 9:00;2026/3/2 9:00;\n".encode())
    done = subprocess.run([TOCSIN, "import", "csv", "--adapter", "csv", str(folder / "rows.csv")], capture_output=True, text=True)
    check("rows", ([json.loads(line)["type"].split(".")[2] for line in done.stdout.splitlines()], done.returncode), (["opened", "reopened", "prioritized", "assigned", "resumed"], 3))
    check("what is rejected", json.loads(done.stderr.splitlines()[-1]), {"rejected": "adapter:csv:unmapped:state=odd"})
    shown = subprocess.run([TOCSIN, "adapter", "show", "csv"], capture_output=True, text=True).stdout
    (folder / "gb.yaml").write_text(shown.replace("adapter: csv", "adapter: csv\nencoding: gb18030"))
    (folder / "gb.csv").write_bytes((folder / "rows.csv").read_bytes().decode("utf-8-sig").encode("gb18030"))
    again = subprocess.run([TOCSIN, "import", "csv", "--adapter", str(folder / "gb.yaml"), str(folder / "gb.csv")], capture_output=True, text=True)
    check("in GB18030", json.loads(again.stdout.splitlines()[0])["data"]["title"], "停;机")
    for name in subprocess.run([TOCSIN, "adapter", "list"], capture_output=True, text=True).stdout.splitlines():
        name = name.split("\t")[0]
        done = subprocess.run([TOCSIN, "adapter", "test", name], capture_output=True, text=True)
        check(f"the tests of {name}", (done.returncode, done.stdout[-200:] if done.returncode else ""), (0, ""))
        check(f"its page", (ROOT / "docs" / "crm" / f"{name}.md").exists() or name in ("csv", "debezium"), True)


def jira_by_its_number(folder):
    """docs/crm/jira.md: with the issue's number as its name a ticket outlives a move to another project."""
    text = (ROOT / "connectors/crm/adapters/jira.yaml").read_text()
    text = re.sub(r"(?m)^subject: .*$", "subject: issue.id", text)
    text = re.sub(r'(?m)^  - \{fact: cancelled, when: \{"changelog.*\n', "", text).replace(', "changelog.items[field=Key].fromString": absent', "")
    text = text[: text.index("tests:")]
    check("nothing speaks of the key", "Key" in text, False)
    (folder / "jira.yaml").write_text(text)
    payloads = [ROOT / "connectors/crm/adapters/payloads/jira" / f"{name}.json" for name in ("created", "moved", "reply")]
    out = subprocess.run([TOCSIN, "adapter", "try", str(folder / "jira.yaml"), *map(str, payloads)], capture_output=True, text=True, check=True).stdout
    facts = [json.loads(line) for line in out.splitlines()]
    check("one ticket", {f["subject"] for f in facts}, {"10042"})
    check("not cancelled, and answered", [f["type"].split(".")[2] for f in facts][-1:] + [f for f in facts if "cancelled" in f["type"]], ["progressed"])


def main():
    for part in (files, jira_by_its_number, webhooks, pushes, wecom):
        with tempfile.TemporaryDirectory() as folder:
            print("==", part.__name__, flush=True)
            part(Path(folder))
    return result()


if __name__ == "__main__":
    sys.exit(main())
