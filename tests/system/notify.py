#!/usr/bin/env python3
"""Messages to people, end to end: a node, a receiver that checks what each vendor checks and fails as vendors fail
(scripts/receiver.py), a real mail server (aiosmtpd) and a real Alertmanager where they are installed.

    tests/system/notify.py [NAME…]      TOCSIN=binary; KILLS=20 rounds of kill -9; those cases whose name contains NAME
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
import json  # noqa: E402

from crash_node import Node, TOCSIN, fail, free_port, utc  # noqa: E402
from receiver import Receiver  # noqa: E402

KILLS = int(os.environ.get("KILLS", "20"))
SECRETS = ["SECdeadbeefcafe", "deadbeefcafe", Receiver.secrets["webhook"], "0123456789abcdef0123456789abcdef", "T0K3N-IN-URL", "linksecret-of-ours",
           "pd-webhook-secret"]
VENDORS = ["wecom", "dingtalk", "feishu", "slack", "teams", "pagerduty", "webhook", "phone", "alertmanager"]


def config(receiver, more="", channels=""):
    u = receiver.url
    return f"""roster: roster.yaml
notify:
  public_url: http://tocsin.example
  secret: linksecret-of-ours
  allow_hosts: [127.0.0.1]
  heartbeat: {u}/heartbeat
  channels:
    wecom: {{type: wecom, url: "{u}/wecom/send?key=T0K3N-IN-URL"}}
    dingtalk: {{type: dingtalk, url: "{u}/dingtalk/send?access_token=T0K3N-IN-URL", secret: SECdeadbeefcafe}}
    feishu: {{type: feishu, url: "{u}/feishu/T0K3N-IN-URL", secret: deadbeefcafe}}
    slack: {{type: slack, url: "{u}/slack/T0K3N-IN-URL"}}
    teams: {{type: teams, url: "{u}/teams?sig=T0K3N-IN-URL"}}
    pagerduty: {{type: pagerduty, routing_key: 0123456789abcdef0123456789abcdef, url: "{u}/pagerduty", webhook_secret: pd-webhook-secret}}
    webhook: {{type: webhook, url: "{u}/webhook/T0K3N-IN-URL", secret: "{Receiver.secrets['webhook']}"}}
    phone: {{type: http, url: "{u}/phone", body: '{{"to":"{{{{to}}}}","person":"{{{{personName}}}}","text":"{{{{subject}}}}","link":"{{{{acknowledgeUrl}}}}"}}', success: {{path: Code, equals: OK}}}}
    alertmanager: {{type: alertmanager, url: "{u}"}}
{channels}{more}"""


def roster(people, last="last"):
    lines = [f"  {name}: {{language: {'zh' if i % 2 else 'en'}, channels: [{channels}]}}" for i, (name, channels) in enumerate(people.items())]
    return "zone: Asia/Shanghai\npeople:\n" + "\n".join(lines) + f"\n  last: {{channels: [{{via: phone, to: '+86999'}}]}}\nlast_resort: [{last}]\n"


class World:
    def __init__(self, people, more="", channels=""):
        self.scratch = tempfile.TemporaryDirectory()
        self.receiver = Receiver()
        self.node = Node(self.scratch.name, config=config(self.receiver, more, channels))
        self.people = people
        (self.node.scratch / "roster.yaml").write_text(roster(people))
        self.numbers = 0

    def __enter__(self):
        self.node.start()
        until("notifying is switched on", lambda: any(e["type"] == "tocsin.engine.notify" for e in self.log()))
        return self

    def __exit__(self, *_):
        if self.node.process.poll() is None:
            self.node.stop()
        self.receiver.close()
        said = (self.node.scratch / "node.log").read_text(errors="replace")
        for secret in SECRETS:
            if secret in said:
                fail(f"the secret {secret} stands in the node's output")
        self.scratch.cleanup()

    def post(self, kind, subject, data, at=0.0):
        self.numbers += 1
        event = {"specversion": "1.0", "id": f"e{self.numbers}-{time.time_ns()}", "source": "/crm", "type": f"tocsin.{kind}", "time": utc(at),
                 "subject": subject, "partitionkey": "ACME", "data": data}
        return self.request("POST", "/v1/events", json.dumps(event), "application/cloudevents+json")

    def request(self, method, path, body=None, kind="application/json", headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.node.port}{path}", method=method, data=None if body is None else body.encode(),
                                         headers={"Content-Type": kind} | (headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def assign(self, people, role="service_director"):
        self.post("account.tiered", "ACME", {"tier": "A", "name": "Aurora 极光"}, -5)
        self.post("account.assigned", "ACME", {"role": role, "person": people}, -4)

    def p1(self, ticket="T-1"):
        return self.post("ticket.opened", ticket, {"priority": "P1", "title": "核心产线停机 <b>&"})

    def log(self):
        done = subprocess.run([TOCSIN, "log", "--data", self.node.data], capture_output=True, text=True, check=False)
        return [json.loads(line)["event"] for line in done.stdout.splitlines()]

    def outcomes(self):
        return [e for e in self.log() if e["type"].startswith("tocsin.notification.")]

    def got(self, vendor):
        with self.receiver.lock:
            return [m for m in self.receiver.messages if m["vendor"] == vendor]


def until(what, holds, seconds=30):
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            fail(f"{what}: not within {seconds} s")
        time.sleep(0.02)  # until the condition holds


def right(holds, what):
    if not holds:
        fail(what)


def each_channel_delivers_once():
    people = {f"p_{v}": f"{{via: {v}, to: '+8613800000000', mention: m_{v}}}" for v in VENDORS}
    with World(people) as w:
        w.assign(list(people))
        w.p1()
        until("every vendor has its message", lambda: all(w.got(v) for v in VENDORS))
        until("every outcome is in the log", lambda: len(w.outcomes()) >= len(VENDORS))
        outcomes = w.outcomes()
        right(not w.receiver.refused, f"nothing was refused: {w.receiver.refused}")
        right(all(len(w.got(v)) == 1 for v in VENDORS), "each message came once")
        right(sorted(e["data"]["channel"] for e in outcomes) == sorted(VENDORS), f"one outcome a channel: {outcomes}")
        right(all(e["type"].endswith(".delivered") and e["data"]["attempts"] == 1 for e in outcomes), f"all delivered at once: {outcomes}")
        group = outcomes[0]["data"]["escalation"]
        right(all(e["id"] == f"{group}:1:{e['data']['person']}:{e['data']['channel']}:delivered" for e in outcomes), "ids")
        status, text = w.request("GET", "/v1/deliveries?outcome=delivered")
        right(status == 200 and len(json.loads(text)["deliveries"]) == len(VENDORS), f"deliveries: {text[:300]}")
        status, text = w.request("GET", "/metrics")
        right('tocsin_notifications_total{channel="wecom",outcome="delivered"} 1' in text, "metrics")
        until("a heartbeat", lambda: "heartbeat" in w.receiver.requests)
        # Over: those whose channel is no phone hear of it.
        w.post("ticket.responded", "T-1", {"by": "somebody"})
        until("the all-clear", lambda: len(w.got("wecom")) == 2 and len(w.got("pagerduty")) == 2 and len(w.got("alertmanager")) == 2)
        right(w.got("pagerduty")[1]["body"]["event_action"] == "resolve", "resolved at PagerDuty")
        right(w.got("pagerduty")[1]["id"] == w.got("pagerduty")[0]["id"], "by the same key")
        right(len(w.got("phone")) == 1, "nobody is phoned because it is over")


def failures_are_retried_fallen_through_and_recorded():
    people = {"retried": "{via: webhook}, {via: phone, to: '+861'}", "refused": "{via: slack}, {via: phone, to: '+862'}",
              "inside": "{via: wecom}, {via: phone, to: '+863'}", "redirected": "{via: teams}, {via: phone, to: '+864'}",
              "asked": "{via: pagerduty}, {via: phone, to: '+865'}", "reset": "{via: dingtalk}, {via: phone, to: '+866'}"}
    with World(people) as w:
        w.receiver.fails = {"webhook": lambda n: "500" if n < 2 else None, "slack": lambda n: "400", "wecom": lambda n: "error_body",
                            "teams": lambda n: "redirect", "pagerduty": lambda n: "429" if n == 0 else None,
                            "dingtalk": lambda n: "reset" if n == 0 else None}
        w.assign(list(people))
        w.p1()
        until("phones of those whose first channel failed for good", lambda: {m["person"] for m in w.got("phone")} >= {"refused", "inside", "redirected"}, 5)
        until("the retried ones", lambda: w.got("webhook") and w.got("pagerduty") and w.got("dingtalk"), 30)
        until("outcomes", lambda: len(w.outcomes()) >= 9)
        by = {(e["data"]["person"], e["data"]["channel"]): e for e in w.outcomes()}
        right(by["retried", "webhook"]["data"]["attempts"] == 3, f"three attempts: {by['retried', 'webhook']}")
        right(by["refused", "slack"]["type"].endswith("failed"), "slack failed")
        right("93000" in by["inside", "wecom"]["data"]["error"], f"the error inside: {by['inside', 'wecom']['data']}")
        right(by["asked", "pagerduty"]["data"]["attempts"] == 2, "Retry-After obeyed")
        right("elsewhere" not in w.receiver.requests, "no redirect was followed")


def nobody_reached_goes_to_the_last_resort():
    with World({"mute": "{via: slack}"}) as w:
        w.receiver.fails = {"slack": lambda n: "400"}
        w.assign(["mute", "Who Is That"])
        w.p1()
        until("the last resort's phone", lambda: w.got("phone"), 5)
        right(w.got("phone")[0]["body"]["to"] == "+86999", "it is theirs")
        errors = until("no_channel", lambda: [e["data"] for e in w.outcomes() if e["data"].get("error") == "no_channel"])
        right(errors[0]["person"] == "Who Is That", f"{errors}")


def a_link_acknowledges_and_the_others_hear_of_it():
    with World({"ana": "{via: webhook}", "bob": "{via: slack}"}) as w:
        w.assign(["ana", "bob"])
        w.p1()
        link = until("a link", lambda: w.got("webhook") and w.got("webhook")[0]["link"])
        right(link.startswith("http://tocsin.example/a/"), link)
        path = link[len("http://tocsin.example"):]
        status, page = w.request("GET", path)
        right(status == 200 and "<form" in page and "&lt;b&gt;" in page and "<b>" not in page, f"the page shows it: {status} {page[:400]}")
        right(not any(e["type"].endswith(".acknowledged") for e in w.log()), "GET changes nothing")
        status, page = w.request("POST", path, "", "application/x-www-form-urlencoded", {"Origin": "null"})
        right(status == 200 and "has taken it" in page, f"POST takes it: {status} {page[-300:]}")
        until("bob hears of it", lambda: len(w.got("slack")) == 2)
        right("ana" in w.got("slack")[1]["text"], w.got("slack")[1]["text"])
        right([e["data"]["by"] for e in w.log() if e["type"] == "tocsin.escalation.acknowledged"] == ["ana"], "by ana")
        status, page = w.request("POST", path, "", "application/x-www-form-urlencoded")
        right("has taken it already" in page, "a second time says so")
        # The link of a group's channel names nobody: its page asks who.
        shared = w.got("slack")[0]["body"]["blocks"][-1]["elements"][0]["url"][len("http://tocsin.example"):]
        w.p1("T-2")
        until("the second alarm", lambda: len(w.got("slack")) == 3)
        shared = w.got("slack")[2]["body"]["blocks"][-1]["elements"][0]["url"][len("http://tocsin.example"):]
        status, page = w.request("GET", shared)
        right('value="ana"' in page and 'value="bob"' in page, page[-600:])
        right(w.request("POST", shared, "person=mallory", "application/x-www-form-urlencoded")[0] == 400, "whom nobody called may not")
        right("bob 已接手" in w.request("POST", shared, "person=bob", "application/x-www-form-urlencoded")[1], "bob takes it, in the language of the link")
        right(w.request("GET", path[:-2] + "xx")[0] == 404, "a bent token")


def pagerduty_acknowledges_back():
    import hashlib
    import hmac
    with World({"ana": "{via: pagerduty}"}) as w:
        w.assign(["ana"])
        w.p1()
        key = until("the page", lambda: w.got("pagerduty"))[0]["id"]
        until("its outcome", w.outcomes)
        body = json.dumps({"event": {"id": "1", "event_type": "incident.acknowledged", "data": {"incident_key": key}}})
        good = "v1=" + hmac.new(b"pd-webhook-secret", body.encode(), hashlib.sha256).hexdigest()
        right(w.request("POST", "/v1/in/pagerduty", body, headers={"X-PagerDuty-Signature": "v1=00"})[0] == 401, "a wrong signature")
        for _ in range(2):  # it comes twice
            status, text = w.request("POST", "/v1/in/pagerduty", body, headers={"X-PagerDuty-Signature": "v1=00," + good})
            right(status == 202, f"{status} {text}")
        until("it is acknowledged", lambda: [e for e in w.log() if e["type"] == "tocsin.escalation.acknowledged" and e["data"]["by"] == "ana"])


def mail_by_a_real_server():
    try:
        subprocess.run(["/usr/bin/python3", "-c", "import aiosmtpd"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("  skipped: python3-aiosmtpd is not installed")
        return
    port = free_port()
    program = ("import asyncio,sys\nfrom aiosmtpd.controller import Controller\nclass H:\n"
               "  async def handle_DATA(self,server,session,e):\n"
               "    sys.stdout.write('MAIL '+','.join(e.rcpt_tos)+' '+e.content.decode().replace('\\r\\n','|')+'\\n');sys.stdout.flush();return '250 ok'\n"
               f"c=Controller(H(),hostname='127.0.0.1',port={port});c.start();print('up',flush=True)\nimport threading;threading.Event().wait()")
    server = subprocess.Popen(["/usr/bin/python3", "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        right(server.stdout.readline().strip() == "up", "the mail server is up")
        mail = f"    mail: {{type: smtp, host: 127.0.0.1, port: {port}, tls: none, from: 'Tocsin <t@example.com>'}}\n"
        with World({"ana": "{via: mail, to: ana@example.com}"}, channels=mail) as w:
            w.assign(["ana"])
            w.p1()
            line = server.stdout.readline()
            right(line.startswith("MAIL ana@example.com "), line[:200])
            right("Subject: =?UTF-8?B?" in line and "multipart/alternative" in line and "References: <" in line, line[:800])
            right(until("its outcome", w.outcomes)[0]["type"].endswith("delivered"), "delivered")
    finally:
        server.kill()
        server.wait()


def kill_9_in_the_middle_of_sending():
    people = {"ana": "{via: webhook}", "bob": "{via: phone, to: '+861'}"}
    seed = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))
    print(f"  seed {seed}")
    chance = random.Random(seed)
    with World(people) as w:
        w.assign(list(people))
        tickets = 0
        for _ in range(KILLS):
            for _ in range(chance.randint(1, 10)):
                tickets += 1
                status, text = w.p1(f"T-{tickets}")
                right(status == 202, text)
            time.sleep(chance.random() * 0.06)  # anywhere in the middle of it
            w.node.stop(signal.SIGKILL)
            w.node.start()
        until("every outcome is in the log", lambda: len(w.outcomes()) >= 2 * tickets)
        outcomes = [e["id"] for e in w.outcomes()]
        right(len(outcomes) == len(set(outcomes)) == 2 * tickets, f"one outcome each: {len(outcomes)}, {len(set(outcomes))} of {2 * tickets}")
        ids = [m["id"] for m in w.got("webhook")] + [m["id"] for m in w.got("phone")]
        right(len(set(ids)) == 2 * tickets, f"nothing unsent, the same id when it came twice: {len(set(ids))} of {2 * tickets}")
        print(f"  {tickets} alarms, {len(ids)} messages, {len(ids) - len(set(ids))} came twice")


def config_check_shows_no_secret():
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "c.yaml"
        path.write_text(config(receiver))
        (Path(scratch) / "roster.yaml").write_text(roster({"ana": "{via: phone}"}))
        for command in (["config", "check"], ["notify", "preview", "--channel", "pagerduty", "--lang", "zh"], ["notify", "test", "ana"]):
            done = subprocess.run([TOCSIN, *command, "--config", path], capture_output=True, text=True, cwd=scratch, check=False)
            said = done.stdout + done.stderr
            right(done.returncode == 0, f"{command}: {done.returncode} {said[-500:]}")
            for secret in SECRETS:
                right(secret not in said, f"{command} shows {secret}")
    right(len(receiver.messages) == 1, "the test message came")
    receiver.close()


def the_rate_from_the_breach_to_the_socket():
    with World({"ana": "{via: phone, to: '+861'}"}) as w:
        w.assign(["ana"])
        spans = []
        for i in range(100):
            began = time.monotonic()
            w.p1(f"R-{i}")
            message = until("the message", lambda: [m for m in w.got("phone") if f"R-{i} " in m["text"]])[0]
            spans.append(message["monotonic"] - began)
        spans.sort()
        print(f"  from POST to the receiver: p50 {spans[50] * 1000:.1f} ms, p99 {spans[98] * 1000:.1f} ms")


CASES = [each_channel_delivers_once, failures_are_retried_fallen_through_and_recorded, nobody_reached_goes_to_the_last_resort,
         a_link_acknowledges_and_the_others_hear_of_it, pagerduty_acknowledges_back, mail_by_a_real_server, config_check_shows_no_secret,
         the_rate_from_the_breach_to_the_socket, kill_9_in_the_middle_of_sending]

if __name__ == "__main__":
    for case in CASES:
        if len(sys.argv) > 1 and not any(word in case.__name__ for word in sys.argv[1:]):
            continue
        print(case.__name__.replace("_", " "), flush=True)
        case()
    print("all passed")
