#!/usr/bin/env python3
"""Messages to people, end to end: a node, a receiver that checks what each vendor checks and fails as vendors fail
(scripts/receiver.py), a real Alertmanager where it is installed. Mail: notify_mail.py; links that were tampered with: notify_links.py.

    tests/system/notify.py [NAME…]      TOCSIN=binary; KILLS=20 rounds of kill -9, OLD=3000 alarms before notifying is switched
                                        on; those cases whose name contains NAME
"""
import base64
import hashlib
import importlib
import os
import random
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
import json  # noqa: E402

from crash_node import ROOT, Node, TOCSIN, fail, free_port, utc  # noqa: E402
from receiver import Receiver  # noqa: E402

KILLS = int(os.environ.get("KILLS", "20"))
OLD = int(os.environ.get("OLD", "3000"))
TOGETHER = 4  # cases that run at a time: most of them wait
SECRETS = ["SECdeadbeefcafe", "deadbeefcafe", Receiver.secrets["webhook"], "0123456789abcdef0123456789abcdef", "T0K3N-IN-URL", "linksecret-of-ours",
           "pd-webhook-secret"]
VENDORS = ["wecom", "dingtalk", "feishu", "slack", "teams", "pagerduty", "webhook", "phone", "alertmanager"]


def config(receiver, more="", channels="", to=""):
    u = to or receiver.url
    return f"""roster: roster.yaml
notify:
  public_url: http://tocsin.example
  secret: linksecret-of-ours
  allow_hosts: [127.0.0.1]
  heartbeat: {receiver.url}/heartbeat
  channels:
    wecom: {{type: wecom, url: "{u}/wecom/send?key=T0K3N-IN-URL"}}
    dingtalk: {{type: dingtalk, url: "{u}/dingtalk/send?access_token=T0K3N-IN-URL", secret: SECdeadbeefcafe}}
    feishu: {{type: feishu, url: "{u}/feishu/T0K3N-IN-URL", secret: deadbeefcafe}}
    slack: {{type: slack, url: "{u}/slack/T0K3N-IN-URL"}}
    teams: {{type: teams, url: "{u}/teams?sig=T0K3N-IN-URL"}}
    pagerduty: {{type: pagerduty, routing_key: 0123456789abcdef0123456789abcdef, url: "{u}/pagerduty", webhook_secret: pd-webhook-secret}}
    webhook: {{type: webhook, url: "{u}/webhook/T0K3N-IN-URL", secret: "{Receiver.secrets['webhook']}"}}
    phone: {{type: http, url: "{receiver.url}/phone", body: '{{"to":"{{{{to}}}}","person":"{{{{personName}}}}","text":"{{{{subject}}}}","link":"{{{{acknowledgeUrl}}}}"}}', success: {{path: Code, equals: OK}}}}
    alertmanager: {{type: alertmanager, url: "{u}"}}
{channels}{more}"""


def roster(people, last="last"):
    lines = [f"  {name}: {{language: {'zh' if i % 2 else 'en'}, channels: [{channels}]}}" for i, (name, channels) in enumerate(people.items())]
    return "zone: Asia/Shanghai\npeople:\n" + "\n".join(lines) + f"\n  last: {{channels: [{{via: phone, to: '+86999'}}]}}\nlast_resort: [{last}]\n"


class Log(threading.Thread):
    """The node's log as it grows: `tocsin log --follow`, over kills of the node."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.events, self.lock, self.closed, self.process = node, [], threading.Lock(), False, None
        self.start()

    def run(self):
        position = []
        while not self.closed:
            self.process = subprocess.Popen([TOCSIN, "log", "--data", self.node.data, "--follow", *position], stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL, text=True)
            for line in self.process.stdout:
                record = json.loads(line)
                position = ["--after", record["position"]]
                with self.lock:
                    self.events.append(record["event"])
            self.process.wait()

    def all(self):
        with self.lock:
            return list(self.events)

    def close(self):
        self.closed = True
        self.process.kill()
        self.join()


class World:
    def __init__(self, people, more="", channels="", to="", environment=None):
        self.scratch = tempfile.TemporaryDirectory()
        self.receiver = Receiver()
        self.node = Node(self.scratch.name, config=config(self.receiver, more, channels, to), environment=environment)
        self.people = people
        (self.node.scratch / "roster.yaml").write_text(roster(people))
        self.numbers = 0

    def __enter__(self):
        self.node.start()
        self.follower = Log(self.node)
        until("notifying is switched on", lambda: any(e["type"] == "tocsin.engine.notify" for e in self.log()))
        return self

    def __exit__(self, *_):
        if self.node.process.poll() is None:
            self.node.stop()
        self.receiver.close()
        self.follower.close()
        said = (self.node.scratch / "node.log").read_text(errors="replace") + json.dumps(self.log())
        for secret in SECRETS:
            if secret in said:
                fail(f"the secret {secret} stands in the node's output or log")
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
        return self.follower.all()

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
        called = json.loads(w.request("GET", "/v1/inbox")[1])["escalations"][0]["called"]
        told = {c["person"]: c["delivery"] for c in called}
        right(all(told[f"p_{v}"] and told[f"p_{v}"]["channel"] == v and told[f"p_{v}"]["outcome"] == "delivered" for v in VENDORS), f"the inbox says how each was reached: {called}")
        status, text = w.request("GET", "/v1/deliveries?outcome=delivered")
        right(status == 200 and len(json.loads(text)["deliveries"]) == len(VENDORS), f"deliveries: {text[:300]}")
        status, text = w.request("GET", "/metrics")
        right('tocsin_notifications_total{channel="wecom",outcome="delivered"} 1' in text, "metrics")
        right('tocsin_escalations_called_total{role="service_director"} 1' in text, "load per role")
        right(not [secret for secret in SECRETS if secret in text], "no secret in the metrics")
        until("a heartbeat", lambda: "heartbeat" in w.receiver.requests)
        # Over: those whose channel is no phone hear of it.
        w.post("ticket.responded", "T-1", {"by": "somebody"})
        until("the all-clear", lambda: len(w.got("wecom")) == 2 and len(w.got("pagerduty")) == 2 and len(w.got("alertmanager")) == 2)
        right(w.got("pagerduty")[1]["body"]["event_action"] == "resolve", "resolved at PagerDuty")
        right(w.got("pagerduty")[1]["id"] == w.got("pagerduty")[0]["id"], "by the same key")
        right(len(w.got("phone")) == 1, "nobody is phoned because it is over")


def with_a_phone_behind(vendors):
    """A person a vendor, whose phone rings a second later where nobody has acknowledged."""
    return {f"p_{v}": f"{{via: {v}, to: '+8613800000000', mention: m_{v}}}, {{via: phone, to: '+861-{v}', after: 1s}}" for v in vendors}


def outcome_of(w, vendor):
    return next((e for e in w.outcomes() if e["data"]["channel"] == vendor), None)


def each_channel_fails(how, holds, **more):
    """Each vendor's first channel fails so; `holds(world, vendor)` is true when it came out right."""
    people = with_a_phone_behind([v for v in VENDORS if v != "phone"])
    with World(people, **more) as w:
        for v in VENDORS[:-2] + ["alertmanager"]:
            w.receiver.fails[v] = how
        w.assign(list(people))
        w.p1()
        until("everybody's phone", lambda: {m["body"]["to"] for m in w.got("phone")} >= {f"+861-{p[2:]}" for p in people}, 10)
        for v in (p[2:] for p in people):
            until(f"the outcome at {v}", lambda: holds(w, v), 50)
        right("elsewhere" not in w.receiver.requests, "no redirect is followed")
        for path in ("/metrics", "/v1/deliveries", "/readyz"):
            text = w.request("GET", path)[1]
            right(not [secret for secret in SECRETS if secret in text], f"no secret in {path}")


def failed_at_once(w, v):
    e = outcome_of(w, v)
    if e:
        tries = 3 if v == "webhook" else 1  # the standard gives up at 410 alone
        right(e["type"].endswith(".failed") and e["data"]["attempts"] == tries, f"{v} fails for good: {e}")
        right(w.receiver.requests.count(v) == tries, f"{v} is asked {tries} times")
    return e


def delivered_at(attempt):
    def holds(w, v):
        e = outcome_of(w, v)
        if e:
            right(e["type"].endswith(".delivered") and e["data"]["attempts"] == attempt, f"{v}: {e}")
            right(len({m["id"] for m in w.got(v)}) == 1, f"{v} has one id")
        return e
    return holds


def every_channel_redirects():
    each_channel_fails(lambda n: "redirect", failed_at_once)


def every_channel_refuses():
    each_channel_fails(lambda n: "400", failed_at_once)


def every_channel_breaks_then_takes_it():
    each_channel_fails(lambda n: "500" if n == 0 else None, delivered_at(2))


def every_channel_resets_then_takes_it():
    def holds(w, v):
        e = outcome_of(w, v)  # libcurl asks again by itself where the connection was one that had been used before
        if e:
            right(e["type"].endswith(".delivered") and e["data"]["attempts"] <= 2 and w.receiver.requests.count(v) == 2, f"{v}: {e}")
        return e
    each_channel_fails(lambda n: "reset" if n == 0 else None, holds)


def every_channel_asks_for_time_then_takes_it():
    def holds(w, v):
        e = delivered_at(2)(w, v)
        return e and w.got(v)[0]["monotonic"] >= w.receiver.asked[v] + 1  # Retry-After: 1
    each_channel_fails(lambda n: "429" if n == 0 else None, holds)


def every_channel_hangs_then_takes_it():
    each_channel_fails(lambda n: "hang" if n == 0 else None, delivered_at(2))


def every_channel_drips_then_takes_it():
    each_channel_fails(lambda n: "drip" if n == 0 else None, delivered_at(2))


def an_error_inside_of_200_is_no_delivery():
    people = with_a_phone_behind(["wecom", "dingtalk", "feishu", "slack"])
    with World(people) as w:
        w.receiver.fails = {v: lambda n: "error_body" for v in ("wecom", "dingtalk", "feishu", "slack")}
        w.assign(list(people))
        w.p1()
        for v, code in (("wecom", "93000"), ("dingtalk", "310000"), ("feishu", "19021"), ("slack", "invalid_token")):
            e = until(f"the outcome at {v}", lambda: outcome_of(w, v))
            right(e["type"].endswith(".failed") and code in e["data"]["error"], f"{v}: {e['data']}")
            right(e["data"]["attempts"] == (2 if v == "feishu" else 1), f"{v}: {e['data']}")  # 19021 may be a clock that was wrong: signed anew once
        until("the phones", lambda: len(w.got("phone")) == 4, 5)


def a_certificate_that_nobody_vouches_for_gets_nothing():
    with tempfile.TemporaryDirectory() as scratch:
        key, certificate = f"{scratch}/key.pem", f"{scratch}/cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj",
                        "/CN=elsewhere.example"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        other = Receiver(tls=context)
        each_channel_fails(lambda n: None, lambda w, v: (e := outcome_of(w, v)) and e["type"].endswith(".failed") and e["data"]["attempts"] == 3,
                           to=other.url)
        right(not other.messages and not other.refused, "nothing was said to it")
        other.close()


def nobody_reached_goes_to_the_last_resort():
    with World({"mute": "{via: slack}"}) as w:
        w.receiver.fails = {"slack": lambda n: "400"}
        w.assign(["mute", "Who Is That"])
        w.p1()
        until("the last resort's phone", lambda: w.got("phone"), 5)
        right(w.got("phone")[0]["body"]["to"] == "+86999", "it is theirs")
        errors = until("no_channel", lambda: [e["data"] for e in w.outcomes() if e["data"].get("error") == "no_channel"])
        right(errors[0]["person"] == "Who Is That", f"{errors}")


def a_channel_that_fails_is_told_of_once():
    with World({"ana": "{via: slack}"}, more="  failing_after: 1s\n") as w:
        w.receiver.fails = {"slack": lambda n: "500"}
        w.assign(["ana"])
        w.p1()
        w.p1("T-2")

        def told():
            return [m["text"] for m in w.got("phone") if "`slack`" in m["text"]]
        until("the last resort hears of it", told, 30)
        until("it failed for the third time", lambda: len(w.outcomes()) >= 2, 30)
        right(len(told()) == 1, f"once, by another channel: {told()}")
        failing = 'tocsin_notification_channel_failing{channel="slack"}'
        right(f"{failing} 1" in w.request("GET", "/metrics")[1], "the metric says so")
        right(json.loads(w.request("GET", "/v1/deliveries")[1])["failing"] == ["slack"], "so do the deliveries, for the board")
        w.receiver.fails = {}
        w.p1("T-3")
        until("it works again", lambda: f"{failing} 0" in w.request("GET", "/metrics")[1])
        right(json.loads(w.request("GET", "/v1/deliveries")[1])["failing"] == [], "everywhere")


def who_sleeps_is_reached_by_the_next_channel():
    with World({"ana": "{via: wecom}, {via: phone, to: '+861', after: 2s}"}) as w:
        w.assign(["ana"])
        w.p1()
        until("the phone", lambda: w.got("phone"), 10)
        waited = w.got("phone")[0]["monotonic"] - w.got("wecom")[0]["monotonic"]
        right(1.9 <= waited <= 4, f"it rings two seconds after the first message, as the roster says: {waited:.2f} s")


def switching_on_tells_nobody_of_the_past():
    with tempfile.TemporaryDirectory() as scratch:
        receiver = Receiver()
        node = Node(scratch, config="roster: roster.yaml\n")
        (node.scratch / "roster.yaml").write_text(roster({"ana": "{via: phone, to: '+861'}"}))
        w = World.__new__(World)
        w.scratch, w.receiver, w.node, w.numbers = tempfile.TemporaryDirectory(), receiver, node, 0
        node.start()
        w.assign(["ana"])
        tickets = [{"specversion": "1.0", "id": f"old-{i}", "source": "/crm", "type": "tocsin.ticket.opened", "time": utc(-3600), "subject": f"OLD-{i}",
                    "partitionkey": "ACME", "data": {"priority": "P3", "title": "old"}} for i in range(OLD)]
        for i in range(0, OLD, 1000):
            right(w.request("POST", "/v1/events", json.dumps(tickets[i:i + 1000]), "application/cloudevents-batch+json")[0] == 202, "taken")
        # Opened some minutes ago: its first steps are past, the next is due in some seconds.
        w.post("ticket.opened", "OPEN-1", {"priority": "P1", "title": "still open"}, -5 * 60 + 10 + OLD / 2000)
        node.stop()
        node.config.write_text(config(receiver))
        w.__enter__()
        w.p1("NEW-1")
        until("the new one and the next step of what is open", lambda: {m["text"].split()[1] for m in w.got("phone")} == {"NEW-1", "OPEN-1"}, 90)
        steps = until("its outcome", lambda: [e["data"]["step"] for e in w.outcomes() if "OPEN-1" in e["data"]["escalation"]])
        right(steps == [2], f"of what was open only the step that was raised since: {steps}")
        w.__exit__()
        print(f"  {OLD} old alarms, {len(w.got('phone'))} messages", flush=True)


def a_browser_decrypts_what_is_pushed():
    there = ROOT / "build" / "pip"
    sys.path.insert(0, str(there))
    try:
        import http_ece
    except ImportError:
        done = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", there, "http_ece"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print("  skipped: PyPI's http_ece cannot be installed", flush=True)
            return
        importlib.invalidate_caches()
        sys.path_importer_cache.clear()  # the folder was not there a moment ago
        import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    browser, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)

    def short(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    point = browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with World({"ana": "{via: browser}"}, channels="    browser: {type: webpush, subject: 'mailto:ops@example.com'}\n") as w:
        body = json.dumps({"endpoint": f"{w.receiver.url}/push/one", "keys": {"p256dh": short(point), "auth": short(auth)}})
        status, text = w.request("POST", "/v1/people/ana/push", body)
        right(status == 201, f"{status} {text}")
        w.assign(["ana"])
        w.p1()
        got = until("the push", lambda: w.got("push"))[0]
        told = json.loads(http_ece.decrypt(got["raw"], private_key=browser, auth_secret=auth, version="aes128gcm"))
        right(told["title"].startswith("P1 T-1 ") and "核心产线停机" in told["body"] and "/a/" in told["url"] + str(told), f"{told}")
        token, key = got["headers"]["Authorization"][len("vapid t="):].split(", k=")
        signer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        head, claims, signature = token.split(".")
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
        raw = base64.urlsafe_b64decode(signature + "==")
        signer.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")), f"{head}.{claims}".encode(),
                      ec.ECDSA(hashes.SHA256()))
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        right(said["aud"] == w.receiver.url and said["sub"] == "mailto:ops@example.com" and said["exp"] - time.time() <= 86400, f"{said}")
        right(json.loads(w.request("GET", "/v1/push/key")[1])["publicKey"] == key, "signed by the node's own key")
        # Gone: forgotten.
        w.receiver.fails["push"] = lambda n: "410"
        w.p1("T-2")
        until("its outcome", lambda: any("T-2" in e["data"]["escalation"] and e["type"].endswith(".failed") for e in w.outcomes()))
        kept = json.loads((w.node.data / "notify.json").read_text())["people"]
        right(not kept.get("ana"), f"a subscription that is gone is forgotten: {kept}")


def a_real_alertmanager_shows_it_and_its_end():
    import shutil
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        print("  skipped: Alertmanager is not installed", flush=True)
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "a.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        server = subprocess.Popen([program, f"--config.file={scratch}/a.yml", f"--storage.path={scratch}/d", f"--web.listen-address=127.0.0.1:{port}",
                                   "--cluster.listen-address="], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def alerts():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=5) as answer:
                    return json.loads(answer.read())
            except OSError:
                return None
        try:
            until("Alertmanager answers", lambda: alerts() is not None)
            with World({"ana": "{via: real}"}, channels=f"    real: {{type: alertmanager, url: 'http://127.0.0.1:{port}'}}\n") as w:
                w.assign(["ana"])
                w.p1()
                shown = until("the alert", lambda: [a for a in alerts() if a["labels"].get("entity") == "ticket/T-1"])[0]
                right(shown["labels"]["severity"] == "critical" and shown["labels"]["person"] == "ana", f"{shown['labels']}")
                right("核心产线停机" in shown["annotations"]["description"], f"{shown['annotations']}")
                w.post("ticket.acknowledged", "T-1", {"by": "ana"})  # who took it has nothing standing open either
                until("it is over", lambda: not [a for a in alerts() if a["labels"].get("entity") == "ticket/T-1"])
        finally:
            server.kill()
            server.wait()


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
        by = until("the log's word", lambda: [e["data"]["by"] for e in w.log() if e["type"] == "tocsin.escalation.acknowledged"])
        right(by == ["ana"], f"by ana: {by}")
        status, page = w.request("POST", path, "", "application/x-www-form-urlencoded")
        right("has taken it already" in page, "a second time says so")
        # The link of a group's channel names nobody: its page asks who.
        shared = w.got("slack")[0]["body"]["blocks"][-1]["elements"][0]["url"][len("http://tocsin.example"):]
        w.p1("T-2")
        until("the second alarm", lambda: len(w.got("slack")) == 3)
        shared = w.got("slack")[2]["body"]["blocks"][-1]["elements"][0]["url"][len("http://tocsin.example"):]
        status, page = w.request("GET", shared)
        right(page.count("<button") == 2 and 'name="person" value="ana">' in page and 'name="person" value="bob">' in page, f"a button for each: {page[-600:]}")
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


def message_id(outcome):
    """Of the message whose outcome this is."""
    parts = [outcome["escalation"], str(outcome["step"]), outcome["person"], outcome["channel"], "raised"]
    return "tn_" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def kill_9_in_the_middle_of_sending():
    people = {"ana": "{via: webhook}", "bob": "{via: phone, to: '+861'}"}
    seed = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))
    print(f"  seed {seed}")
    chance = random.Random(seed)
    with World(people) as w:
        w.assign(list(people))
        tickets, settled = 0, []

        def different():
            with w.receiver.lock:
                return len({m["id"] for m in w.receiver.messages})
        for _ in range(KILLS):
            before, round = different(), chance.randint(1, 10)
            for _ in range(round):
                tickets += 1
                status, text = w.p1(f"T-{tickets}")
                right(status == 202, text)
            # Anywhere in the middle of it: when some, none or all of the messages have come.
            wanted = before + chance.randint(0, 2 * round)
            until("some messages", lambda: different() >= wanted)
            w.node.stop(signal.SIGKILL)
            known = {message_id(r["event"]["data"]) for r in w.node.log() if r["event"]["type"].startswith("tocsin.notification.")}
            with w.receiver.lock:
                already = len(w.receiver.messages)
            w.node.start()
            settled.append((already, known))
        until("every outcome is in the log", lambda: len(w.outcomes()) >= 2 * tickets)
        outcomes = [e["id"] for e in w.outcomes()]
        right(len(outcomes) == len(set(outcomes)) == 2 * tickets, f"one outcome each: {len(outcomes)}, {len(set(outcomes))} of {2 * tickets}")
        ids = [m["id"] for m in w.got("webhook")] + [m["id"] for m in w.got("phone")]
        right(len(set(ids)) == 2 * tickets, f"nothing unsent, the same id when it came twice: {len(set(ids))} of {2 * tickets}")
        right(settled[-1][1] and settled[-1][1] <= set(ids), "outcomes and messages have the same ids")
        for already, known in settled:
            again = [m["id"] for m in w.receiver.messages[already:] if m["id"] in known]
            right(not again, f"what had an outcome when the node died does not come again: {again}")
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


CASES = [each_channel_delivers_once, every_channel_hangs_then_takes_it, every_channel_drips_then_takes_it,
         a_certificate_that_nobody_vouches_for_gets_nothing, kill_9_in_the_middle_of_sending, every_channel_redirects, every_channel_refuses,
         every_channel_breaks_then_takes_it, every_channel_resets_then_takes_it, every_channel_asks_for_time_then_takes_it,
         an_error_inside_of_200_is_no_delivery, nobody_reached_goes_to_the_last_resort, a_channel_that_fails_is_told_of_once,
         who_sleeps_is_reached_by_the_next_channel,
         a_link_acknowledges_and_the_others_hear_of_it, pagerduty_acknowledges_back, a_browser_decrypts_what_is_pushed,
         a_real_alertmanager_shows_it_and_its_end, config_check_shows_no_secret, switching_on_tells_nobody_of_the_past]


def tried(case):
    began = time.monotonic()
    try:
        case()
        wrong = ""
    except SystemExit as e:
        wrong = str(e.code)
    except Exception as e:  # noqa: BLE001  told like any other failure, with the others
        wrong = repr(e)
    print(f"{'WRONG' if wrong else 'right'} {case.__name__.replace('_', ' ')} ({time.monotonic() - began:.1f} s){': ' + wrong if wrong else ''}", flush=True)
    return not wrong


def run(cases):
    """Those whose name contains a word of the command line, or all; the exit status."""
    wanted = [case for case in cases if len(sys.argv) == 1 or any(word in case.__name__ for word in sys.argv[1:])]
    with ThreadPoolExecutor(TOGETHER) as pool:
        return 0 if all(list(pool.map(tried, wanted))) else 1


if __name__ == "__main__":
    sys.exit(run(CASES))
