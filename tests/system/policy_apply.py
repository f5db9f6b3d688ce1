#!/usr/bin/env python3
"""A holiday is added on open tickets: the list of dues that would move, then the move, in time, no alarm twice.

    policy_apply.py [BINARY [TICKETS]]        (10,000 tickets; each step must take less than 2 s)
"""
import atexit, json, os, pathlib, re, shutil, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TOCSIN", ROOT / "build/release/tocsin")).resolve())
TICKETS = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
LIMIT_S = 2.0
failures = []


def right(holds, what):
    print("ok   " if holds else "WRONG", what)
    if not holds:
        failures.append(what)


def ask(url, body=None, content_type="application/json"):
    request = urllib.request.Request(url, body.encode() if body is not None else None)
    if body is not None:
        request.add_header("Content-Type", content_type)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")


def rfc3339(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))


def command(*arguments):
    begun = time.monotonic()
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=120)
    return done, time.monotonic() - begun


def main():
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-policy-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    for folder in ("calendars",):
        (scratch / folder).mkdir()
    for path in (ROOT / "policy/calendars").iterdir():
        (scratch / "calendars" / path.name).write_text(path.read_text())
    (scratch / "now.yaml").write_text((ROOT / "policy/key-account.yaml").read_text())
    # Every day of the next two weeks is closed from now on.
    calendar = scratch / "calendars/cn-business.yaml"
    text = calendar.read_text()
    days = [time.strftime("%Y-%m-%d", time.gmtime(time.time() + d * 86400)) for d in range(1, 15)]
    days = [d for d in days if d not in text]
    added = re.sub(r"(?m)^(holidays:.*)$", lambda m: m.group(1) + "".join(f"\n  - {d}" for d in days), text, count=1)
    if "holidays:\n" not in text:
        added = re.sub(r"holidays: *\[", "holidays: [" + ", ".join(days) + ", ", text, count=1)
    holiday = scratch / "holiday"
    (holiday / "calendars").mkdir(parents=True)
    (holiday / "calendars" / calendar.name).write_text(added)
    (holiday / "new.yaml").write_text((scratch / "now.yaml").read_text())

    (scratch / "tocsin.yaml").write_text(f"policy: {scratch / 'now.yaml'}\n")
    node = subprocess.Popen([BINARY, "run", "--data", str(scratch / "data"), "--listen", "127.0.0.1:0", "--config",
                             str(scratch / "tocsin.yaml")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    url = None
    try:
        for line in node.stderr:
            if '"ready"' in line:
                url = json.loads(line)["detail"]
                break
        opened = rfc3339(time.time() - 600)
        for begin in range(0, TICKETS, 1000):
            batch = [{"specversion": "1.0", "id": f"o{i}", "source": "/crm", "type": "tocsin.ticket.opened", "time": opened,
                      "subject": f"T-{i}", "partitionkey": f"ACC-{i % 200}", "data": {"priority": "P3", "tier": "B"}}
                     for i in range(begin, min(begin + 1000, TICKETS))]
            ask(url + "/v1/events", json.dumps(batch), "application/cloudevents-batch+json")
        # Entities of which no policy knows a fact are no part of it.
        for n, name in enumerate(("tocsin.tickets.opened", "com.foo.bar", "tocsin.ticket.opend", "tocsin.escalation.foo")):
            ask(url + "/v1/events", json.dumps({"specversion": "1.0", "id": f"u{n}", "source": "/crm", "type": name, "time": opened,
                                                "subject": f"U-{n}", "partitionkey": "unknown"}), "application/cloudevents+json")
        new = str(holiday / "new.yaml")
        done, took = command("policy", "apply", new, "--by", "test", "--to-open", "--dry-run", "--url", url)
        print(done.stdout.splitlines()[0] if done.stdout else done.stderr, f"in {took:.2f} s")
        right(done.returncode == 0 and took < LIMIT_S, f"the list comes within {LIMIT_S} s")
        right(f"{TICKETS} open" in done.stdout, "every open ticket is in it")
        versions = ask(url + "/v1/policy/versions")
        right(len(versions["versions"]) == 1, "nothing was written")
        done, took = command("policy", "apply", new, "--by", "test", "--to-open", "--url", url)
        begun = time.monotonic()
        log = ""
        while time.monotonic() - begun < 20:
            log = subprocess.run([BINARY, "log", "--data", str(scratch / "data")], capture_output=True, text=True).stdout
            moved = log.count('"cause":"policy"')
            if moved >= TICKETS:
                break
        events = [json.loads(line)["event"] for line in log.splitlines()]
        moves = [e for e in events if e["type"] == "tocsin.clock.retargeted" and e["data"].get("cause") == "policy"]
        policy = [e for e in events if e["type"] == "tocsin.engine.policy"][-1]

        def at(text):
            return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + int(text[20:23]) / 1000
        last = max((at(e["recordedtime"]) for e in moves), default=0) - at(policy["recordedtime"])
        print(f"applied in {took:.2f} s, {len(moves)} dues moved, the last {last:.2f} s after the policy took force")
        right(done.returncode == 0 and took + last < LIMIT_S, f"the move is done within {LIMIT_S} s")
        right(len(moves) >= TICKETS, "every open ticket's due moved")
        ids = [e["id"] for e in events if e["source"] == "/tocsin/engine"]
        right(len(ids) == len(set(ids)), "no derived id occurs twice")
        raised = [e for e in events if e["type"] == "tocsin.escalation.raised" and e["recordedtime"] > policy["recordedtime"]]
        right(not [e for e in raised if "routed" in e["id"]], "nobody is called again")
        node.terminate()
        node.wait(30)
        done, _ = command("verify", "--data", str(scratch / "data"))
        right(done.returncode == 0, "the store is what the log says")
    finally:
        if node.poll() is None:
            node.kill()
            node.wait()
    sys.exit(1 if failures else 0)


main()
