#!/usr/bin/env python3
"""Against a running node: every reason of a refusal, kept with its original bytes; questions right after a POST; a store that
was deleted; another policy at the next start; quiet_before for a start with old tickets."""
import base64
import json
import shutil
import tempfile
import time
from pathlib import Path

from crash_node import BATCH, ONE, ROOT, Node, fail, utc

checks = 0


def check(what, got, wanted):
    global checks
    checks += 1
    if got != wanted:
        fail(f"{what}: {got!r}, not {wanted!r}")


def event(name, verb="opened", subject="T-1", seconds=-60, data=None, **more):
    e = {"specversion": "1.0", "id": name, "source": "/crm", "type": f"tocsin.ticket.{verb}", "time": utc(seconds), "subject": subject, "partitionkey": "acme",
         "data": {"priority": "P1", "tier": "A"} if data is None else data, **more}
    return {k: v for k, v in e.items() if v is not ...}  # `...` leaves an attribute out


def post(node, body, kind=ONE, **headers):
    connection = node.connect()
    try:
        connection.request("POST", "/v1/events", body if isinstance(body, bytes) else json.dumps(body).encode(), {"Content-Type": kind, **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def reasons(node):
    """Each reason of the contract: (event or bytes, reason)."""
    cases = [(b"x" * (256 * 1024 + 1), "too_large"), (b"{", "malformed"), (b"[]", "malformed"), (b'{"id":"\xff"}', "malformed")]
    for name in ("specversion", "id", "source", "type", "time", "subject", "partitionkey"):
        cases.append((event("m-" + name, **{name: ...}) if name != "id" else event(...), f"missing_attribute:{name}"))
    for name, bad in [("specversion", "0.3"), ("id", ""), ("source", 7), ("type", "tocsin.clock.breached"), ("time", "2026-03-02 01:00:00Z"), ("subject", []),
                      ("partitionkey", ""), ("sequence", 3)]:
        cases.append((event("b-" + name, **{name: bad}) if name != "id" else event(bad), f"bad_attribute:{name}"))
    cases += [(event("f", seconds=330), "time_in_future"), (event("p", data={"priority": "P5"}), "bad_data:priority"), (event("d", data=[]), "bad_data:data"),
              (event("s", "messaged", data={"from": "robot"}), "bad_data:from"), (event("r", "prioritized", data={}), "bad_data:priority"),
              (event("c", "closed", data={"satisfaction": 6}), "bad_data:satisfaction")]
    for body, reason in cases:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = post(node, sent)
        check(f"status of {reason}", status, 413 if reason == "too_large" else 400)
        check(f"reason of {sent[:60]}", answer["reason"], reason)
        if ":" in reason:
            check(f"field of {reason}", answer["field"], reason.split(":")[1])
    status, out, _ = node.command("rejected", "--data", str(node.data))
    kept = [json.loads(line) for line in out.splitlines()]
    check("reasons kept", [k["reason"] for k in kept], [reason for _, reason in cases])
    for (body, reason), row in zip(cases, kept):
        check(f"bytes of {reason}", base64.b64decode(row["original"]), body if isinstance(body, bytes) else json.dumps(body).encode())
    # An id that was refused is free.
    check("a refused id is not taken", post(node, event("p", subject="T-0"))[1]["accepted"], 1)
    one = event("x1", subject="T-5")
    mixed = [one, event("x2", data={"priority": "?"}), one, event("x1", subject="T-6"), 5]
    status, answer = post(node, mixed, BATCH)
    check("a batch, each alone", (status, answer["accepted"], answer["duplicates"], answer["conflicts"]), (202, 1, 2, [3]))
    check("its refusals", answer["rejected"], [{"index": 1, "reason": "bad_data:priority"}, {"index": 4, "reason": "malformed"}])


def read_your_writes(node):
    for i in range(50):
        subject = f"now-{i}"
        post(node, event(f"rw-{i}", subject=subject))
        status, entity = node.get(f"/v1/entities/acme/ticket/{subject}")
        check("the entity at once", status, 200)
        check("its clocks", sorted(c["clock"] for c in entity["clocks"]), ["ticket.resolution", "ticket.response"])
        post(node, event(f"rwa-{i}", "responded", subject, -1, {"by": "li"}))
        _, entity = node.get(f"/v1/entities/acme/ticket/{subject}")
        check("the answer at once", [c["state"] for c in entity["clocks"] if c["clock"] == "ticket.response"], ["stopped"])


def clocks(node):
    """Without what goes on with time."""
    moving = ("elapsedMs", "elapsedFraction", "remainingMs", "atRisk")
    return [{k: v for k, v in c.items() if k not in moving} for c in node.get("/v1/clocks?limit=1000")[1]["clocks"]]


def store_deleted(node):
    before = clocks(node)
    check("SIGTERM", node.stop(), 0)
    shutil.rmtree(node.data / "state")
    node.start()
    check("clocks of a store made anew", clocks(node), before)


def records(node, type_):
    return [r["event"] for r in node.log() if r["event"]["type"] == type_]


def another_policy(node, scratch):
    post(node, event("old", subject="old"))
    old = records(node, "tocsin.engine.policy")
    check("one policy so far", len(old), 1)
    check("SIGTERM", node.stop(), 0)
    _, shown, _ = node.command("policy", "show")
    # Going live: what became true before this instant raises nobody.
    quiet = utc(-5)
    text = shown.decode() + f"\nquiet_before: {quiet}\n"
    policy = scratch / "policy.yaml"
    policy.write_text(text)
    node.config.write_text(f"policy: {policy}\n")
    node.start()
    new = records(node, "tocsin.engine.policy")
    check("a second policy", len(new), 2)
    check("its version", new[1]["data"]["version"], new[0]["data"]["version"] + 1)
    # 40 days old, long overdue: breached and counted, but nobody is called.
    post(node, event("ancient", subject="ancient", seconds=-40 * 86400))
    post(node, event("fresh", subject="fresh", seconds=0))
    post(node, event("old-late", "responded", "old", -1, {"by": "li"}))
    facts = {r["event"]["id"]: r["event"] for r in node.log()}
    check("the old ticket's version", facts["old"]["tocsinpolicy"], str(new[0]["data"]["version"]))
    check("a new ticket's version", facts["fresh"]["tocsinpolicy"], str(new[1]["data"]["version"]))
    derived = [e for e in facts.values() if e["source"] == "/tocsin/engine" and e["subject"] == "ancient"]
    check("the old breach is told", any(e["type"] == "tocsin.clock.breached" and e["data"]["clock"] == "ticket.response" for e in derived), True)
    loud = [e["id"] for e in derived if e["type"] == "tocsin.escalation.raised" and e["time"] < quiet]
    check("nobody is called about what was before", loud, [])
    check("a new ticket calls", any(e["type"] == "tocsin.escalation.raised" and e["subject"] == "fresh" for e in facts.values()), True)
    check("SIGTERM", node.stop(), 0)
    node.start()
    check("the same policy is no third", len(records(node, "tocsin.engine.policy")), 2)


def settle(node):
    """Dues are held for 3 s after a start, for clients that hold answers back; then they are told without a further request."""
    check("SIGTERM", node.stop(), 0)
    node.config.write_text("engine: {settle: 3s}\n")
    node.start()
    post(node, [event(f"hold-{i}", subject=f"hold-{i}", seconds=-15 * 60 - 30) for i in (1, 2)], BATCH)
    post(node, event("hold-answer", "responded", "hold-1", -15 * 60, {"by": "li"}))  # in time, told late
    breaches = lambda: [e for e in records(node, "tocsin.clock.breached") if e["subject"].startswith("hold-")]
    check("held", breaches(), [])
    end = time.monotonic() + 20
    while not breaches() and time.monotonic() < end:
        time.sleep(0.05)  # until the condition holds
    check("then only the one without an answer", [(e["subject"], e["data"]["clock"]) for e in breaches()], [("hold-2", "ticket.response")])


def main():
    with tempfile.TemporaryDirectory() as name:
        node = Node(name).start()
        try:
            reasons(node)
            read_your_writes(node)
            store_deleted(node)
            another_policy(node, Path(name))
            settle(node)
        finally:
            if node.process.poll() is None:
                node.stop()
    print(f"{checks} checks passed")


if __name__ == "__main__":
    main()
