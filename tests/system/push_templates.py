#!/usr/bin/env python3
"""The built-in examples of `tocsin push` against a CRM of ours: each request is sound and says what it should; and the loop: what
the CRM then sends of our own notes stops no clock, while the same from a colleague does."""
import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import check, result  # noqa: E402
from crm_lib import ROOT, TOCSIN, Node, lines_of, wait_for  # noqa: E402

PAYLOADS = ROOT / "connectors" / "crm" / "adapters" / "payloads"
# Of each system: who its own user is in the payload of a note, and a colleague in that place.
WRITERS = {"zammad": ('"login": "tocsin"', '"login": "li.wei@desk.example"'), "jira": ('"557058:tocsin"', '"5b10a2844c20165700ede21g"'), "zendesk": ('"actor_id": "8447388099999"', '"actor_id": "8447388090494"')}


def shown(kind, name):
    return subprocess.run([TOCSIN, kind, "show", name], capture_output=True, text=True, check=True).stdout


def payload(system, name):
    return json.dumps(json.loads((PAYLOADS / system / f"{name}.json").read_text())["body"], ensure_ascii=False)


class Crm:
    """Keeps what it is told; of each note it sends the payload that the real one would."""

    def __init__(self):
        self.got, self.node, self.open = [], None, True
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                crm.got.append((self.command, self.path, dict(self.headers), body))
                system = self.path.split("/")[1]
                if system in WRITERS and crm.open:
                    crm.answers.append(crm.node.post(system, payload(system, "writeback"), {})[1])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        self.answers = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, system):
        return [(m, p.removeprefix("/" + system), h, b) for m, p, h, b in self.got if p.startswith(f"/{system}/")]


def configured(folder, crm):
    (folder / "authorization").write_text("Token token=abc\n")
    (folder / "push").write_text("0123456789abcdef\n")
    rules = ""
    for system in (*WRITERS, "rest"):
        text = shown("push", system).split("push:\n", 1)[1]
        text = re.sub(r"https://[a-z.]+/", f"{crm.url}/{system}/", text)
        rules += re.sub(r"file:/run/secrets/[a-z]+-authorization", "file:authorization", text).replace("file:/run/secrets/push", "file:push")
    names = ""
    for system in WRITERS:
        # Not signed: this is about what comes back.
        text = re.sub(r"(?m)^verify: .*\n", "", shown("adapter", system)).split("\ntests:")[0] + "\n"
        (folder / f"{system}.yaml").write_text(text.replace("subject: ticket.number", "subject: ticket.id"))
        names += f"  {system}: {{file: {system}.yaml}}\n"
    return f"adapters:\n{names}push:\n{rules}"


def response_clocks(node):
    rows = json.loads(node.call("GET", "/v1/clocks?clock=ticket.response&limit=100")[1])["clocks"]
    return {r["entity"]: r["state"] for r in rows}


def sound(crm):
    for method, path, headers, body in crm.got:
        try:
            json.loads(body)
        except ValueError:
            check(f"JSON of {path}", body, "sound")
    zammad = [json.loads(b) for m, p, h, b in crm.of("zammad") if (m, p) == ("PUT", "/api/v1/tickets/81")]
    check("Zammad's authorization", {h["Authorization"] for _, _, h, _ in crm.of("zammad")}, {"Token token=abc"})
    dues = [z for z in zammad if "tocsin_due_target" in z]
    check("Zammad's dues", (dues[0]["tocsin_late"], dues[0]["tocsin_due_target"] < dues[0]["tocsin_due_limit"]), (False, True))
    late = [z for z in zammad if z.get("tocsin_late") and "ticket.response (target)" in z["article"]["body"]]
    check("Zammad's note", (late[0]["article"]["internal"], late[0]["article"]["type"]), (True, "note"))
    jira = crm.of("jira")
    check("Jira's property", any(p == "/rest/api/3/issue/KA-42/properties/tocsin" and "due_target" in json.loads(b) for _, p, _, b in jira), True)
    check("Jira's label", any(json.loads(b) == {"update": {"labels": [{"add": "tocsin-late"}]}} for _, p, _, b in jira), True)
    check("Jira's comment", any(p == "/rest/servicedeskapi/request/KA-42/comment" and json.loads(b)["public"] is False for _, p, _, b in jira), True)
    zendesk = [json.loads(b)["ticket"] for _, p, _, b in crm.of("zendesk") if p == "/api/v2/tickets/5158"]
    check("Zendesk's tag", any(t.get("additional_tags") == ["tocsin_late"] for t in zendesk), True)
    check("Zendesk's notes are internal", {t["comment"]["public"] for t in zendesk}, {False})
    rest = crm.of("rest")
    check("a breach by REST", {"ticket.response"} <= {json.loads(b)["clock"] for _, p, _, b in rest if p == "/tocsin/breaches"}, True)
    check("a due by REST", any("due_target" in json.loads(b) for _, p, _, b in rest if p == "/tocsin/dues"), True)
    alarms = [(h, b) for _, p, h, b in rest if p == "/tocsin/alarms"]
    check("alarms are CloudEvents", {h["Content-Type"] for h, _ in alarms}, {"application/cloudevents+json"})
    for _, _, h, b in rest:
        mac = hmac.new(b"0123456789abcdef", f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + b, hashlib.sha256)
        check("the signature", h["webhook-signature"], "v1," + base64.b64encode(mac.digest()).decode())


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crm = Crm()
        node = Node(folder, configured(folder, crm))
        crm.node = node
        for system in WRITERS:
            check(f"a ticket of {system}", node.post(system, payload(system, "created"), {})[0], 202)
        for system in WRITERS:
            wait_for(f"the breach of {system}", lambda: any(b"ticket.response" in b and b"was due" in b for _, _, _, b in crm.of(system)))
        wait_for("REST", lambda: any(p == "/tocsin/breaches" for _, p, _, _ in crm.of("rest")) and any(p == "/tocsin/alarms" for _, p, _, _ in crm.of("rest")))
        late = ("zammad-late", "jira-label", "jira-note", "zendesk-late", "breach")
        breaches = len([1 for line in lines_of(node, "log") if line["event"]["type"] == "tocsin.clock.breached"])
        sent = lambda: {n: int(v) for n, v in re.findall(r'tocsin_push_sent_total\{push="([^"]+)"\} (\d+)', node.call("GET", "/metrics")[1].decode())}
        wait_for("every rule has told every breach", lambda: all(sent().get(rule, 0) >= breaches for rule in late))
        zammad = lambda: [json.loads(b) for m, _, _, b in crm.of("zammad") if m == "PUT"]
        wait_for("the dues in Zammad", lambda: any("tocsin_due_target" in z for z in zammad()))
        wait_for("the dues in Jira", lambda: any(p.endswith("/properties/tocsin") for _, p, _, _ in crm.of("jira")))
        wait_for("the dues by REST", lambda: any(p == "/tocsin/dues" and "due_target" in json.loads(b) for _, p, _, b in crm.of("rest")))
        sound(crm)
        check("notes of ours give no fact", {(a["accepted"], a["duplicates"]) for a in crm.answers}, {(0, 0)})
        check("and stop no clock", response_clocks(node), {"ticket/81": "running", "ticket/KA-42": "running", "ticket/5158": "running"})
        crm.open = False  # what a colleague wrote is answered by nobody
        for system, (ours, theirs) in WRITERS.items():
            text = payload(system, "writeback")
            other = text.replace(ours, theirs).replace('"accountType": "app"', '"accountType": "atlassian"')
            check(f"the same of a colleague in {system}", node.post(system, other, {})[1]["accepted"] > 0, True)
        wait_for("they are stopped", lambda: set(response_clocks(node).values()) == {"stopped"})
        node.stop()
    return result()


if __name__ == "__main__":
    sys.exit(main())
