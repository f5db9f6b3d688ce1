#!/usr/bin/env python3
"""A roster on a running node: what changes while alarms are open, who stands in, the calendar that people subscribe to, persons by
any of their names, and that the metrics of Grafana's On-call dashboard are there.

    tests/system/roster.py [NAME…]      TOCSIN=binary"""
import json
import re
import sys
import urllib.parse
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from crash_node import ROOT, utc
from notify import World, right, run, until

PEOPLE = """people:
  ana: {name: 安娜, aliases: [Anna], channels: [{via: phone, to: '+861'}]}
  bob: {channels: [{via: phone, to: '+862'}]}
  last: {channels: [{via: phone, to: '+869'}]}
last_resort: [last]
"""


class Changing(World):
    """A world whose roster is written anew."""

    def write(self, more, text=PEOPLE):
        (self.node.scratch / "roster.yaml").write_text(text + more)

    def reload(self, more):
        self.write(more)
        status, text = self.request("POST", "/v1/roster/reload", "{}")
        right(status in (200, 202, 204), f"{status} {text}")
        wanted = json.loads(json.dumps(more))
        until("it is in force", lambda: self.oncall("executive") == re.findall(r"executive: (\w+)", wanted))

    def oncall(self, role, more=""):
        rows = json.loads(self.request("GET", f"/v1/oncall?role={role}{more}")[1])["oncall"]
        return [p["id"] for p in rows[0]["persons"]]

    def told(self):
        return [m["body"]["to"] for m in self.got("phone")]

    def escalate(self, ticket="T-1"):
        self.post("ticket.escalated", ticket, {"by": "somebody"})


def duty(person):
    return f"on_call: {{service_director: {person}, technical_expert: {person}, executive: {person}}}\n"


def world():
    w = Changing({})
    w.write(duty("ana"))
    return w


def a_change_reroutes_nothing_and_steps_to_come_resolve_anew():
    with world() as w:
        w.post("account.tiered", "ACME", {"tier": "A", "name": "Aurora"}, -5)
        w.p1()
        until("ana is told", lambda: w.told() == ["+861"])
        until("its outcome", lambda: len(w.outcomes()) == 1)
        w.reload(duty("bob"))
        w.p1("T-2")  # what is new is bob's
        until("bob is told of it", lambda: w.told() == ["+861", "+862"])
        called = json.loads(w.request("GET", "/v1/inbox?q=T-1")[1])["escalations"][0]["called"]
        right({c["person"] for c in called} == {"ana"}, f"what was raised stays ana's: {called}")
        w.escalate()
        until("the next step is bob's", lambda: w.told() == ["+861", "+862", "+862"])
        steps = until("the log's word", lambda: (s := [(e["data"]["step"], e["data"]["persons"]) for e in w.log() if e["type"] == "tocsin.escalation.raised" and e["subject"] == "T-1"])
                      and len(s) == 2 and s)
        right(steps == [(1, ["ana"]), (2, ["bob"])], f"{steps}")


def who_stands_in_is_told_until_it_is_taken_back():
    with world() as w:
        right(w.oncall("executive") == ["ana"], "ana is on call")
        body = json.dumps({"role": "technical_expert", "person": "bob", "from": utc(-60), "until": utc(3600)})
        status, text = w.request("POST", "/v1/roster/overrides", body)
        right(status == 201 and json.loads(text)["id"], f"{status} {text}")
        right(w.oncall("technical_expert") == ["bob"], "bob stands in once it is answered")
        right(w.oncall("technical_expert", "&at=" + utc(7200)) == ["ana"], "until its end")
        w.reload(duty("ana") + "# another text\n")
        right(w.oncall("technical_expert") == ["bob"], "an override outlives a reload")
        w.p1()
        until("both are told", lambda: sorted(w.told()) == ["+861", "+862"])
        w.node.stop()
        w.node.start()
        right(w.oncall("technical_expert") == ["bob"], "and a restart")
        right(w.request("DELETE", "/v1/roster/overrides/" + json.loads(text)["id"])[0] == 204, "it is taken back")
        right(w.oncall("technical_expert") == ["ana"], "ana is on call again")
        right(w.request("DELETE", "/v1/roster/overrides/" + json.loads(text)["id"])[0] == 404, "once")
        for wrong in ({"role": "nobody"}, {"person": "Who Is That"}, {"until": utc(-120)}, {"reason": "holiday"}):
            right(w.request("POST", "/v1/roster/overrides", json.dumps(json.loads(body) | wrong))[0] == 400, f"{wrong}")


def a_person_is_asked_for_by_any_name():
    with world() as w:
        w.p1()
        until("its outcome", lambda: len(w.outcomes()) == 1)
        w.post("ticket.assigned", "T-1", {"person": "Anna"})
        until("it is assigned", lambda: json.loads(w.request("GET", "/v1/clocks?person=Anna")[1])["clocks"])
        for word in ("ana", "安娜", "Anna"):
            word = urllib.parse.quote(word)
            for path, rows in (("inbox", "escalations"), ("deliveries", "deliveries"), ("clocks", "clocks")):
                found = json.loads(w.request("GET", f"/v1/{path}?person={word}")[1])[rows]
                right(found, f"/v1/{path}?person={word}")
        for path, rows in (("inbox", "escalations"), ("deliveries", "deliveries"), ("clocks", "clocks")):
            found = json.loads(w.request("GET", f"/v1/{path}?person=bob")[1])[rows]
            right(not found, f"/v1/{path}?person=bob: {found}")


def who_else_tells_may_name_a_person_by_any_name():
    """An outside notifier's word stands with the call, whether the node tells people itself or not."""
    for tells in (True, False):
        with world() as w:
            if not tells:
                w.node.stop()
                w.node.config.write_text("roster: roster.yaml\n")
                w.node.start()
            w.p1()
            called = lambda: json.loads(w.request("GET", "/v1/inbox")[1])["escalations"][0]["called"]  # noqa: E731
            group = until("it is raised", lambda: [e["data"]["escalation"] for e in w.log() if e["type"] == "tocsin.escalation.raised"])[0]
            if tells:
                until("its outcome", lambda: len(w.outcomes()) == 1)
            w.post("ticket.notified", "T-1", {"escalation": group, "step": 1, "person": "Anna", "channel": "sms", "outcome": "delivered"})
            rows = until("its word", lambda: (c := called()) and c[0]["delivery"] and c[0]["delivery"]["channel"] == "sms" and c)
            right({(r["person"], r["step"]) for r in rows} == {("ana", 1)}, f"one person was called: {rows}")


def unfolded(text):
    return text.replace("\r\n ", "").split("\r\n")


def a_calendar_follows_the_clocks_of_its_zone():
    """Half a year of Mondays at nine in Berlin: whatever the date, a change of the clocks is among them."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 1, 5).date()
    w = Changing({})
    config = w.node.config.read_text()
    w.write("zone: Europe/Berlin\nroles:\n  executive:\n    rotation: {people: [ana, bob], every: week, hand_over: 'Mon 09:00', from: 2026-01-05}\n"
            "away: [{person: bob, from: 2026-01-19, until: 2026-01-25}]\n")
    w.node.config.write_text(config.replace("roster:", "http: {tokens: [{name: all, token: the-token-of-all, roles: [read, act, ingest, admin]}, "
                                            "{name: feed, token: the-token-of-a-feed, roles: [read]}]}\nroster:", 1))
    w.node.start()
    try:
        status, _ = w.request("GET", "/v1/oncall.ics?role=executive")
        right(status == 401, f"without a token: {status}")
        status, text = w.request("GET", "/v1/oncall.ics?role=executive&person=" + urllib.parse.quote("安娜") + "&access_token=the-token-of-a-feed")
        right(status == 200 and text.startswith("BEGIN:VCALENDAR\r\n") and text.endswith("END:VCALENDAR\r\n"), f"{status} {text[:200]}")
        right(all(len(line.encode()) <= 75 for line in text.split("\r\n")), "lines are folded")
        spans = re.findall(r"DTSTART:(\w+)\nDTEND:(\w+)\nSUMMARY:executive: 安娜\n", "\n".join(unfolded(text)))
        now = datetime.now(timezone.utc)
        begin, end = now - timedelta(days=7), now + timedelta(days=180)
        wanted = []
        for turn in range(0, 400, 2):  # ana's
            monday = [datetime.combine(first + timedelta(weeks=turn + i), datetime.min.time().replace(hour=9), berlin) for i in (0, 1)]
            span = [max(monday[0].astimezone(timezone.utc), begin), min(monday[1].astimezone(timezone.utc), end)]
            if span[0] < span[1]:
                wanted.append(span)
        right(len(spans) == len(wanted) >= 13, f"{len(spans)} turns, not {len(wanted)}")
        for (start, stop), want in zip(spans, wanted):
            got = [datetime.strptime(t, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc) for t in (start, stop)]
            right(all(abs(a - b) < timedelta(seconds=60) for a, b in zip(got, want)), f"{got} is not {want}")
        hours = {datetime.strptime(start, "%Y%m%dT%H%M%SZ").hour for start, _ in spans[1:]}
        right(hours == {7, 8}, f"nine o'clock in summer and in winter: {hours}")
        uids = re.findall(r"UID:(\S+)", text)
        right(len(uids) == len(set(uids)), "each has its own id")
    finally:
        w.node.stop()
        w.receiver.close()


def the_metrics_of_the_oncall_dashboard_are_there():
    board = json.loads((ROOT / "connectors" / "grafana" / "dashboards" / "tocsin-oncall.json").read_text())
    asked = {name for p in board["panels"] for t in p.get("targets", []) for name in re.findall(r"tocsin_\w+", t["expr"])}
    with world() as w:
        w.p1()
        until("its outcome", lambda: len(w.outcomes()) == 1)
        w.post("ticket.acknowledged", "T-1", {"by": "ana"})
        until("it is acknowledged", lambda: any(e["type"].endswith("escalation.acknowledged") for e in w.log()))
        text = until("its time is counted", lambda: (t := w.request("GET", "/metrics")[1]) and "tocsin_acknowledgement_delay_seconds_count 1" in t and t)
        there = set(re.findall(r"^(tocsin_\w+)", text, re.M))
        missing = asked - there
        right(not missing or missing == {"tocsin_persons_unknown_total"}, f"what the dashboard asks for is there: {missing}")
        right("tocsin_notification_delay_seconds_count 1" in text and 'tocsin_notifications_total{channel="phone",outcome="delivered"} 1' in text, "and counts")


if __name__ == "__main__":
    sys.exit(run([a_change_reroutes_nothing_and_steps_to_come_resolve_anew, who_stands_in_is_told_until_it_is_taken_back,
                  a_person_is_asked_for_by_any_name, who_else_tells_may_name_a_person_by_any_name, a_calendar_follows_the_clocks_of_its_zone, the_metrics_of_the_oncall_dashboard_are_there]))
