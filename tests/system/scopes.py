#!/usr/bin/env python3
"""What a token with a scope sees of a running node: nothing of what lies outside in any answer, and counts and figures that are
the sums of what lies inside, as a token without a scope gets them account by account and kind by kind."""
import http.client
import json
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import check, result, run_script  # noqa: E402
from http_api import BATCH, Node, event  # noqa: E402

ACCOUNTS = ("alpha", "beta", "gamma", "delta")
SCOPES = {
    "one": {"accounts": ["alpha"]},
    "two": {"accounts": ["alpha", "beta"]},
    "tickets": {"kinds": ["ticket"]},
    "complaints": {"accounts": ["beta", "gamma"], "kinds": ["complaint"]},
    "accounts": {"kinds": ["account", "ticket"]},
    "elsewhere": {"accounts": ["omega"]},
}
def bearer(name):
    return {"Authorization": f"Bearer {name}-secret-0123456789"}


def facts():
    for n, account in enumerate(ACCOUNTS):
        yield event(f"t-{account}", "account", "tiered", account, account, -9, {"tier": "ABC"[n % 3], "name": f"{account} name"})
        yield event(f"r-{account}", "account", "assigned", account, account, -9, {"role": "account_manager", "person": f"{account}-manager"})
        for i in range(n + 2):
            yield event(f"o-{account}-{i}", subject=f"{account}-T{i}", account=account, seconds=-7200 + i, data={"priority": f"P{i % 4 + 1}", "title": f"{account} {i}", "module": "press", "tier": "A"})
        yield event(f"a-{account}", verb="responded", subject=f"{account}-T0", account=account, seconds=-7000, data={"by": "li"})
        yield event(f"c-{account}", verb="closed", subject=f"{account}-T0", account=account, seconds=-6000, data={"satisfaction": n + 1})
        yield event(f"p-{account}", "complaint", subject=f"{account}-C", account=account, seconds=-8000, data={"severity": "normal"})


class Asker:
    def __init__(self, node, name):
        self.node, self.name = node, name

    def __call__(self, target):
        return self.node.call("GET", target, None, bearer(self.name))[::2]

    def all(self, target, member):
        """Every page's rows."""
        rows, cursor, more = [], "", "&" if "?" in target else "?"
        while cursor is not None:
            status, page = self(target + more + "limit=3" + (f"&cursor={cursor}" if cursor else ""))
            if status != 200:
                return [f"status {status}"]
            rows += page[member]
            cursor = page["cursor"]
        return rows


def inside(scope, account, kind):
    return account in scope.get("accounts", [account]) and kind in scope.get("kinds", [kind])


def account_and_kind(row):
    return row["account"], row["entity"].split("/")[0]


def lists(name, scope, mine, whole):
    for target, member in (("/v1/clocks", "clocks"), ("/v1/clocks?state=overdue", "clocks"), ("/v1/inbox", "escalations"), ("/v1/inbox?person=alpha-manager", "escalations"), ("/v1/figures/response/entities", "entities")):
        wanted = [r for r in whole.all(target, member) if inside(scope, *account_and_kind(r))]
        moving = {"elapsedMs", "elapsedFraction", "remainingMs", "atRisk"}
        plain = lambda rows: [{k: v for k, v in r.items() if k not in moving} if isinstance(r, dict) else r for r in rows]
        check(f"{name} {target}", plain(mine.all(target, member)), plain(wanted))
    sees_accounts = "account" in scope.get("kinds", ["account"])
    wanted = [r["account"] for r in whole.all("/v1/accounts", "accounts") if r["account"] in scope.get("accounts", ACCOUNTS)]
    check(f"{name} /v1/accounts", [r["account"] for r in mine.all("/v1/accounts", "accounts")], wanted if sees_accounts else [])


def summed(parts):
    total = {}
    for part in parts:
        for key, value in part.items():
            total[key] = total.get(key, 0) + value
    return total


def counts(name, scope, mine, whole):
    for target in ("/v1/board", "/v1/clocks", "/v1/inbox"):
        parts = []
        for account in scope.get("accounts", [None]):
            for kind in scope.get("kinds", [None]):
                query = "&".join(f"{k}={v}" for k, v in (("account", account), ("kind", kind)) if v)
                parts.append(whole(f"{target}?{query}")[1]["counts"])
        check(f"{name} counts of {target}", mine(target)[1]["counts"], summed(parts))


def figures(name, scope, mine, whole):
    """Of accounts: sums over them, account by account, and by person, which walks."""
    accounts = scope.get("accounts", [None])
    of_kind = lambda clock: clock.split(".")[0] in scope.get("kinds", [clock.split(".")[0]])
    sums = {}
    for account in accounts:
        for row in whole("/v1/kpis?by=all" + (f"&account={account}" if account else ""))[1]["kpis"]:
            if not of_kind(row["clock"]):
                continue
            key = row["clock"], row["threshold"]
            sums[key] = tuple(a + b for a, b in zip(sums.get(key, (0, 0)), (row["met"], row["breached"])))
    got = {(r["clock"], r["threshold"]): (r["met"], r["breached"]) for r in mine("/v1/kpis?by=all")[1]["kpis"]}
    check(f"{name} kpis", got, sums)
    by_account = {(r["account"], r["clock"], r["threshold"]): r["breached"] for r in whole("/v1/kpis?by=all&per=account")[1]["kpis"]
                  if r["account"] in scope.get("accounts", ACCOUNTS) and of_kind(r["clock"])}
    check(f"{name} kpis by account", {(r["account"], r["clock"], r["threshold"]): r["breached"] for r in mine("/v1/kpis?by=all&per=account")[1]["kpis"]}, by_account)
    if "kinds" not in scope:
        walked = [sum(r["breached"] for r in whole(f"/v1/figures?figure=response&by=all&account={a}&per=module")[1]["figures"]) for a in accounts]
        check(f"{name} figures by module", sum(r["breached"] for r in mine("/v1/figures?figure=response&by=all&per=module")[1]["figures"]), sum(walked))
    scores = [whole("/v1/kpis?by=all" + (f"&account={a}" if a else ""))[1]["satisfaction"] for a in accounts]
    wanted = sum(s["count"] for rows in scores for s in rows) if "ticket" in scope.get("kinds", ["ticket"]) else 0
    check(f"{name} satisfaction", sum(s["count"] for s in mine("/v1/kpis?by=all")[1]["satisfaction"]), wanted)


def one_by_one(name, scope, mine):
    for account in ACCOUNTS:
        for kind, subject in (("ticket", f"{account}-T1"), ("complaint", f"{account}-C"), ("account", account)):
            for rest in ("", "/timeline", "/explain"):
                check(f"{name} {account}/{kind}{rest}", mine(f"/v1/entities/{account}/{kind}/{subject}{rest}")[0], 200 if inside(scope, account, kind) else 404)
        seen = account in scope.get("accounts", ACCOUNTS)
        check(f"{name} account {account}", mine(f"/v1/accounts/{account}")[0], 200 if seen and "account" in scope.get("kinds", ["account"]) else 404)
        check(f"{name} on call for {account}", mine(f"/v1/oncall?account={account}")[0], 200 if seen else 404)
        status, page = mine(f"/v1/accounts/{account}/timeline?limit=1000")
        if status == 200:
            kinds = {e["event"]["type"].split(".")[1] for e in page["timeline"] if e["event"] and not e["event"]["source"].startswith("/tocsin/")}
            check(f"{name} history of {account}", kinds <= set(scope.get("kinds", kinds)), True)
    for target, status in (("/metrics", 403), ("/v1/rejected", 403), ("/v1/policy", 200), ("/v1/roster", 200), ("/v1/me", 200), ("/v1/clocks?account=gamma", 200)):
        check(f"{name} {target}", mine(target)[0], status)


def nothing_of_others(name, scope, mine):
    """No answer names an account outside."""
    outside = [a for a in ACCOUNTS if a not in scope.get("accounts", ACCOUNTS)]
    for target in ("/v1/clocks?limit=1000", "/v1/board", "/v1/inbox?state=all", "/v1/accounts", "/v1/kpis?per=account", "/v1/figures?per=account", "/v1/figures?per=account,module", "/v1/faults", "/v1/deliveries"):
        text = json.dumps(mine(target)[1], ensure_ascii=False)
        check(f"{name} {target} names", [a for a in outside if a in text.replace("alpha-manager", "")], [])


def stream(name, scope, node):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    connection.request("GET", "/v1/stream", headers={**bearer(name), "Last-Event-ID": "0:0"})
    answer = connection.getresponse()
    seen = set()
    node.call("POST", "/v1/events", json.dumps(event(f"end-{name}", "account", "contacted", "alpha", "alpha", 0, {"kind": "weekly_contact"})), {**bearer("all"), "Content-Type": "application/cloudevents+json"})
    node.call("POST", "/v1/events", json.dumps(event(f"end2-{name}", "ticket", "progressed", "beta-T1", "beta", 0, {})), {**bearer("all"), "Content-Type": "application/cloudevents+json"})
    while True:  # the connection's timeout is the patience
        line = answer.readline().decode()
        if line.startswith("data: "):
            one = json.loads(line[6:])
            seen.add((one["partitionkey"], one["type"]))
            if one["id"].startswith("end"):
                break
    connection.close()
    check(f"{name} stream", {a for a, _ in seen} <= set(scope.get("accounts", ACCOUNTS)), True)


def main():
    with tempfile.TemporaryDirectory(prefix="tocsin-scopes-") as scratch:
        tokens = "".join(f"    - {{name: {n}, token: {n}-secret-0123456789, roles: [read], {', '.join(f'{k}: {json.dumps(v)}' for k, v in s.items())}}}\n" for n, s in SCOPES.items())
        node = Node(scratch, "http:\n  rate_per_second: 0\n  tokens:\n    - {name: all, token: all-secret-0123456789, roles: [ingest, read, act, admin]}\n" + tokens)
        status = node.call("POST", "/v1/events", json.dumps(list(facts())), {**bearer("all"), "Content-Type": BATCH})[0]
        check("facts", status, 202)
        whole = Asker(node, "all")
        for name, scope in SCOPES.items():
            mine = Asker(node, name)
            for part in (lists, counts, figures):
                part(name, scope, mine, whole)
            one_by_one(name, scope, mine)
            nothing_of_others(name, scope, mine)
            if name not in ("elsewhere", "complaints"):
                stream(name, scope, node)
        check("stopped", node.stop(), 0)
    return result()


if __name__ == "__main__":
    run_script(main, Node.running)
