#!/usr/bin/env python3
"""Acknowledging by those who may not: links that were altered, are too old, were used, or are only looked at by a scanner;
PagerDuty's webhooks with a wrong signature or sent again.

    tests/system/notify_links.py [NAME…]      TOCSIN=binary"""
import base64
import hashlib
import hmac
import json
import sys
import time

from notify import World, right, run, until

SECRET = b"linksecret-of-ours"
FORM = "application/x-www-form-urlencoded"


def short(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def opened(token):
    """What a link says: group, account, kind, id, step, person, language, until."""
    text = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def made(values, secret=SECRET):
    text = short(json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode())
    return f"{text}.{short(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def acknowledged(w):
    return [e for e in w.log() if e["type"].endswith(".acknowledged")]


def nothing_came(w, what):
    """A fact that is told now is in the log, and no acknowledgement before it."""
    w.post("ticket.opened", f"AFTER-{w.numbers}", {"priority": "P4", "title": "after"})
    until("what came after", lambda: any(e["subject"] == f"AFTER-{w.numbers - 1}" for e in w.log()))
    right(not acknowledged(w), f"{what} acknowledges nothing: {acknowledged(w)}")


def a_link_that_was_altered_does_nothing():
    with World({"ana": "{via: webhook}", "bob": "{via: phone, to: '+861'}"}) as w:
        w.assign(["ana", "bob"])
        w.p1()
        token = until("a link", lambda: w.got("webhook") and w.got("webhook")[0]["link"]).rsplit("/", 1)[1]
        text, signature = token.split(".")
        claim = opened(token)
        right(claim[5] == "ana" and 86_000_000 < claim[7] - time.time() * 1000 <= 86_400_000, f"good for 24 hours: {claim}")
        right(made(claim) == token, "this is how it is signed")

        def changed(**values):
            names = ["group", "account", "kind", "id", "step", "person", "language", "until"]
            return [values.get(name, old) for name, old in zip(names, claim)]
        wrong = {"another person": f"{short(json.dumps(changed(person='bob')).encode())}.{signature}",
                 "another group": f"{short(json.dumps(changed(group='ACME/ticket/T-2/x')).encode())}.{signature}",
                 "a later end": f"{short(json.dumps(changed(until=claim[7] + 10**9)).encode())}.{signature}",
                 "another secret": made(claim, b"another secret"),
                 "no secret": made(claim, b""),
                 "an end that is past": made(changed(until=int(time.time() * 1000) - 1)),
                 "no signature": text, "an empty signature": text + ".", "a part of the signature": f"{text}.{signature[:-1]}",
                 "more signature": f"{text}.{signature}A", "another case": f"{text}.{signature.swapcase()}",
                 "a percent-encoded end": token + "%00", "too few values": made(claim[:7]), "no list": made({"group": claim[0]}), "no token": "x",
                 "a huge one": "A" * 100_000 + "." + signature}
        for what, bad in wrong.items():
            for method in ("GET", "POST"):
                status, page = w.request(method, f"/a/{bad}", "" if method == "POST" else None, FORM)
                right(status in (400, 404, 414, 431), f"{what}: {method} {status} {page[:200]}")
                right("T-1" not in page and "核心产线停机" not in page, f"{what}: the page tells nothing")
        nothing_came(w, "an altered link")
        right(w.request("POST", f"/a/{token}", "", FORM)[0] == 200, "the link itself does")
        until("its acknowledgement", lambda: acknowledged(w))


def who_looks_at_a_link_acknowledges_nothing():
    with World({"ana": "{via: webhook}"}) as w:
        w.assign(["ana"])
        w.p1()
        path = "/a/" + until("a link", lambda: w.got("webhook") and w.got("webhook")[0]["link"]).rsplit("/", 1)[1]
        for _ in range(20):  # a scanner of links, a preview in a chat
            status, page = w.request("GET", path, headers={"User-Agent": "Slackbot-LinkExpanding 1.0", "Purpose": "prefetch"})
            right(status == 200 and "<form" in page, f"{status}")
        right("<script" not in page and "http-equiv" not in page and "<img" not in page, "the page does nothing by itself")
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
            w.request(method, path)
        w.request("GET", path + "?person=ana")
        nothing_came(w, "looking")


def a_link_after_the_end_changes_nothing():
    with World({"ana": "{via: webhook}", "bob": "{via: phone, to: '+861'}"}) as w:
        w.assign(["ana", "bob"])
        w.p1()
        path = "/a/" + until("a link", lambda: w.got("webhook") and w.got("webhook")[0]["link"]).rsplit("/", 1)[1]
        w.post("ticket.responded", "T-1", {"by": "bob"})
        until("it is over", lambda: any(e["type"] == "tocsin.escalation.cleared" for e in w.log()))
        until("the page says so", lambda: "<form" not in w.request("GET", path)[1])
        status, page = w.request("POST", path, "", FORM)
        right(status == 200 and "This is over" in page, f"{status} {page[-300:]}")
        nothing_came(w, "a link after the end")


def two_people_press_at_once():
    from concurrent.futures import ThreadPoolExecutor
    with World({f"p{i}": "{via: webhook}" for i in range(8)}) as w:
        w.assign([f"p{i}" for i in range(8)])
        w.p1()
        links = until("everybody's link", lambda: len(w.got("webhook")) == 8 and [m["link"] for m in w.got("webhook")])
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda link: w.request("POST", "/a/" + link.rsplit("/", 1)[1], "", FORM), links))
        right(all(status == 200 for status, _ in answers), f"{[status for status, _ in answers]}")
        taken = until("one took it", lambda: [e["data"]["by"] for e in w.log() if e["type"] == "tocsin.escalation.acknowledged"])
        right(len(taken) == 1, f"one took it: {taken}")


def pagerduty_signed_wrongly_or_twice():
    with World({"ana": "{via: pagerduty}"}) as w:
        w.assign(["ana"])
        w.p1()
        key = until("the page", lambda: w.got("pagerduty"))[0]["id"]
        until("its outcome", w.outcomes)

        def sent(event, secret=b"pd-webhook-secret", header=None, said=None):
            body = json.dumps({"event": event})
            mac = "v1=" + hmac.new(secret, (said or body).encode(), hashlib.sha256).hexdigest()
            headers = {"X-Webhook-Id": "w-1"} | ({} if header == "" else {"X-PagerDuty-Signature": header or mac})
            return w.request("POST", "/v1/in/pagerduty", body, headers=headers)[0], mac
        event = {"id": "1", "event_type": "incident.acknowledged", "data": {"incident_key": key}}
        _, mac = sent(event, secret=b"")
        wrong = {"no signature": {"header": ""}, "another secret": {"secret": b"x"}, "no secret": {"secret": b""}, "of another body": {"said": "{}"},
                 "another version": {"header": mac.replace("v1", "v0")}, "commas": {"header": ",,,"}, "upper case": {"header": "v1=" + "A" * 64},
                 "long": {"header": "v1=" + "0" * 5000}}
        for what, how in wrong.items():
            status, _ = sent(event, **how)
            right(status in (401, 431), f"{what}: {status}")
        for body in ("", "[]", "{}", '{"event": 1}', '{"event": {"event_type": ["x"]}}', "x" * 1000):
            mac = "v1=" + hmac.new(b"pd-webhook-secret", body.encode(), hashlib.sha256).hexdigest()
            status, text = w.request("POST", "/v1/in/pagerduty", body, headers={"X-PagerDuty-Signature": mac})
            right(status in (202, 400), f"signed, and no event: {status} {text}")
        for kind in ("incident.triggered", "incident.unacknowledged", "incident.reassigned"):
            right(sent(event | {"event_type": kind})[0] == 202, kind)
        right(sent(event | {"data": {"incident_key": "0" * 64}})[0] == 202, "an incident of somebody else")
        nothing_came(w, "what is signed wrongly or about something else")
        for _ in range(5):  # PagerDuty sends again what was not answered in time
            right(sent(event)[0] == 202, "taken")
        until("it is acknowledged", lambda: [e for e in w.log() if e["type"] == "tocsin.escalation.acknowledged"])
        w.post("ticket.opened", "AFTER", {"priority": "P4"})
        until("what came after", lambda: any(e["subject"] == "AFTER" for e in w.log()))
        taken = [e for e in w.log() if e["type"] == "tocsin.escalation.acknowledged"]
        right(len(taken) == 1 and taken[0]["data"]["by"] == "ana", f"once: {taken}")


if __name__ == "__main__":
    sys.exit(run([a_link_that_was_altered_does_nothing, who_looks_at_a_link_acknowledges_nothing, a_link_after_the_end_changes_nothing,
                  two_people_press_at_once, pagerduty_signed_wrongly_or_twice]))
