#!/usr/bin/env python3
"""What a token with a scope sees of a running node: nothing of what lies outside in any answer, and counts and figures that are
the sums of what lies inside, as a token without a scope gets them account by account and kind by kind, and for sources as they
add up from the rows."""
import csv
import http.client
import io
import json
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import check, result, run_script  # noqa: E402
from crm_lib import wait_for  # noqa: E402
from http_api import BATCH, Node  # noqa: E402
from http_api import event as plain_event  # noqa: E402

ACCOUNTS = ("alpha", "beta", "gamma", "delta")
SCOPES = {
    "one": {"accounts": ["alpha"]},
    "two": {"accounts": ["alpha", "beta"]},
    "tickets": {"kinds": ["ticket"]},
    "complaints": {"accounts": ["beta", "gamma"], "kinds": ["complaint"]},
    "accounts": {"kinds": ["account", "ticket"]},
    "elsewhere": {"accounts": ["omega"]},
    "east": {"sources": ["/crm/east"]},
    "west-tickets": {"sources": ["/crm/west"], "kinds": ["ticket"]},
    "east-of-two": {"accounts": ["alpha", "beta"], "sources": ["/crm/east", "/crm/none"]},
    "nobodys": {"sources": ["/crm/none"]},
}
ROSTER = """zone: Asia/Shanghai
people:
  li: {name: 李, aliases: [Li Wei], channels: [{via: desk}]}
roles: {service_director: {fallback: [li]}, technical_expert: {fallback: [li]}, executive: {fallback: [li]}, account_manager: {fallback: [li]}}
last_resort: [li]
"""
NOTIFY = """roster: roster.yaml
notify: {public_url: 'http://desk.example', secret: 0123456789abcdef0123456789abcdef, channels: {desk: {type: console}}}
"""


def bearer(name):
    return {"Authorization": f"Bearer {name}-secret-0123456789"}


# Of which source each entity is, by its creating fact.
SOURCES = {}


def event(id, kind="ticket", verb="opened", subject="", account="", seconds=0, data=None):
    """A fact whose source is its entity's; whatever happens to the first ticket of an account others tell."""
    made = plain_event(id, kind=kind, verb=verb, subject=subject, account=account, seconds=seconds, data=data or {})
    source = SOURCES.setdefault((account, f"{kind}/{subject}"), f"/crm/{'east' if len(SOURCES) % 3 else 'west'}")
    return {**made, "source": "/desk" if verb in ("responded", "closed") else source}


def facts():
    for n, account in enumerate(ACCOUNTS):
        yield event(f"t-{account}", "account", "tiered", account, account, -9, {"tier": "ABC"[n % 3], "name": f"{account} name"})
        yield event(f"r-{account}", "account", "assigned", account, account, -9, {"role": "account_manager", "person": f"{account}-manager"})
        for i in range(n + 2):
            yield event(f"o-{account}-{i}", subject=f"{account}-T{i}", account=account, seconds=-7300 + i, data={"priority": f"P{i % 4 + 1}", "title": f"{account} {i}", "module": "press", "tier": "A"})
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


def inside(scope, account, entity):
    """`entity`: `ticket/T-1`."""
    kind, source = entity.split("/")[0], SOURCES.get((account, entity))
    return account in scope.get("accounts", [account]) and kind in scope.get("kinds", [kind]) and source in scope.get("sources", [source])


def rows_inside(scope, rows):
    return [r for r in rows if inside(scope, r["account"], r["entity"])]


def lists(name, scope, mine, whole):
    for target, member in (("/v1/clocks", "clocks"), ("/v1/clocks?state=overdue", "clocks"), ("/v1/inbox", "escalations"), ("/v1/inbox?person=alpha-manager", "escalations"), ("/v1/figures/response/entities", "entities")):
        wanted = rows_inside(scope, whole.all(target, member))
        moving = {"elapsedMs", "elapsedFraction", "remainingMs", "atRisk"}
        plain = lambda rows: [{k: v for k, v in r.items() if k not in moving} if isinstance(r, dict) else r for r in rows]
        check(f"{name} {target}", plain(mine.all(target, member)), plain(wanted))
    wanted = [r["account"] for r in whole.all("/v1/accounts", "accounts") if inside(scope, r["account"], f"account/{r['account']}")]
    check(f"{name} /v1/accounts", [r["account"] for r in mine.all("/v1/accounts", "accounts")], wanted)
    wanted = [d for d in whole("/v1/deliveries?limit=1000")[1]["deliveries"] if inside(scope, d["account"], d["entity"])]
    check(f"{name} /v1/deliveries", mine("/v1/deliveries?limit=1000")[1]["deliveries"], wanted)


def summed(parts):
    total = {}
    for part in parts:
        for key, value in part.items():
            total[key] = total.get(key, 0) + value
    return total


def counts(name, scope, mine, whole):
    if "sources" in scope:
        return counts_of_rows(name, scope, mine, whole)
    for target in ("/v1/board", "/v1/clocks", "/v1/inbox"):
        parts = []
        for account in scope.get("accounts", [None]):
            for kind in scope.get("kinds", [None]):
                query = "&".join(f"{k}={v}" for k, v in (("account", account), ("kind", kind)) if v)
                parts.append(whole(f"{target}?{query}")[1]["counts"])
        check(f"{name} counts of {target}", mine(target)[1]["counts"], summed(parts))


def counts_of_rows(name, scope, mine, whole):
    """No question without a scope is narrowed by source: what is counted is what is listed."""
    got, listed = mine("/v1/board")[1]["counts"], lambda target, member: rows_inside(scope, whole.all(target, member))
    for state in ("running", "paused", "at_risk", "overdue"):
        check(f"{name} counts of {state}", got.get(state, 0), len(listed(f"/v1/clocks?state={state}", "clocks")))
    check(f"{name} counts of alarms", got.get("groups", 0), len(listed("/v1/inbox", "escalations")))
    check(f"{name} counts of alarms that are high", got.get("groups/high", 0), sum(r["urgency"] == "high" for r in listed("/v1/inbox", "escalations")))
    for kind in ("account", "ticket", "complaint"):
        wanted = sum(inside(scope, account, entity) for account, entity in SOURCES if entity.split("/")[0] == kind)
        check(f"{name} counts of {kind}", got.get(f"entities/{kind}", 0), wanted)


def figures_of_rows(name, scope, mine, whole):
    sums, by_account = {}, {}
    for row in rows_inside(scope, whole.all("/v1/clocks", "clocks")):
        for t in row["thresholds"] if row["state"] != "cancelled" else []:
            if t["verdict"] == "pending":
                continue
            for key, into in (((row["clock"], t["name"]), sums), ((row["account"], row["clock"], t["name"]), by_account)):
                met, breached = into.get(key, (0, 0))
                into[key] = (met + (t["verdict"] == "met"), breached + (t["verdict"] == "breached"))
    got = {(r["clock"], r["threshold"]): (r["met"], r["breached"]) for r in mine("/v1/kpis?by=all")[1]["kpis"]}
    check(f"{name} kpis", got, sums)
    got = {(r["account"], r["clock"], r["threshold"]): (r["met"], r["breached"]) for r in mine("/v1/kpis?by=all&per=account")[1]["kpis"]}
    check(f"{name} kpis by account", got, by_account)
    for figure in ("response", "resolution", "complaints"):
        behind = rows_inside(scope, whole.all(f"/v1/figures/{figure}/entities?by=all", "entities"))
        wanted = tuple(sum(r["outcome"] == outcome for r in behind) for outcome in ("met", "breached"))
        for target in (f"/v1/figures?figure={figure}&by=all", f"/v1/figures?figure={figure}&by=all&per=account", f"/v1/figures?figure={figure}&by=all&per=person"):
            rows = mine(target)[1]["figures"]
            check(f"{name} {target}", (sum(r["met"] for r in rows), sum(r["breached"] for r in rows)), wanted)
        text = mine.node.call("GET", f"/v1/figures?figure={figure}&by=all", None, {**bearer(name), "Accept": "text/csv"})[2].decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        check(f"{name} {figure} as a table", (sum(int(r["met"]) for r in rows), sum(int(r["breached"]) for r in rows)), wanted)
        text = mine.node.call("GET", f"/v1/figures/{figure}/entities?by=all", None, {**bearer(name), "Accept": "text/csv"})[2].decode()
        check(f"{name} what is behind {figure} as a table", [r["entity"] for r in csv.DictReader(io.StringIO(text))], [r["entity"] for r in behind])
    rated = sum(inside(scope, account, f"ticket/{account}-T0") for account in ACCOUNTS)
    check(f"{name} satisfaction", sum(s["count"] for s in mine("/v1/kpis?by=all")[1]["satisfaction"]), rated)


def figures(name, scope, mine, whole):
    """Of accounts: sums over them, account by account, and by person, which walks."""
    if "sources" in scope:
        return figures_of_rows(name, scope, mine, whole)
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
                check(f"{name} {account}/{kind}{rest}", mine(f"/v1/entities/{account}/{kind}/{subject}{rest}")[0], 200 if inside(scope, account, f"{kind}/{subject}") else 404)
        seen = account in scope.get("accounts", ACCOUNTS)
        page = mine(f"/v1/accounts/{account}")
        check(f"{name} account {account}", page[0], 200 if inside(scope, account, f"account/{account}") else 404)
        if page[0] == 200:
            told = {r["entity"] for r in page[1]["open"] + page[1]["ended"]}
            check(f"{name} work of {account}", [e for e in told if not inside(scope, account, e)], [])
        if "sources" not in scope:
            check(f"{name} on call for {account}", mine(f"/v1/oncall?account={account}")[0], 200 if seen else 404)
        elif "kinds" not in scope:
            check(f"{name} on call for {account}", mine(f"/v1/oncall?account={account}")[0], 200 if inside(scope, account, f"account/{account}") else 404)
        status, page = mine(f"/v1/accounts/{account}/timeline?limit=1000")
        if status == 200:
            kinds = {e["event"]["type"].split(".")[1] for e in page["timeline"] if e["event"] and not e["event"]["source"].startswith("/tocsin/")}
            check(f"{name} history of {account}", kinds <= set(scope.get("kinds", kinds)), True)
            only_inside(f"{name} history of {account}", scope, [e["event"] for e in page["timeline"] if e["event"]])
    for target, status in (("/metrics", 403), ("/v1/rejected", 403), ("/v1/policy", 200), ("/v1/roster", 200), ("/v1/me", 200), ("/v1/clocks?account=gamma", 200)):
        check(f"{name} {target}", mine(target)[0], status)


def only_inside(what, scope, events):
    """Facts of entities inside, of sources inside; decisions about entities inside."""
    for e in events:
        derived = e["source"] == "/tocsin/engine"
        entity = e["data"]["entity"] if derived else f"{e['type'].split('.')[1]}/{e['subject']}"
        if not inside(scope, e["partitionkey"], entity) or not (derived or e["source"] in scope.get("sources", [e["source"]])):
            check(f"{what}: {e['id']} of {entity}", "shown", "hidden")


def nothing_of_others(name, scope, mine):
    """No answer names an account outside."""
    outside = [a for a in ACCOUNTS if a not in scope.get("accounts", ACCOUNTS)]
    for target in ("/v1/clocks?limit=1000", "/v1/board", "/v1/inbox?state=all", "/v1/accounts", "/v1/kpis?per=account", "/v1/figures?per=account", "/v1/figures?per=account,module", "/v1/faults", "/v1/deliveries"):
        text = json.dumps(mine(target)[1], ensure_ascii=False)
        check(f"{name} {target} names", [a for a in outside if a in text.replace("alpha-manager", "")], [])


def stream(name, scope, node):
    """From the beginning of the log to a fact of now that lies inside, which is told after one that does not."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    connection.request("GET", "/v1/stream", headers={**bearer(name), "Last-Event-ID": "0:0"})
    answer = connection.getresponse()
    seen = []
    tickets = sorted((account, entity) for account, entity in SOURCES if entity.startswith("ticket/"))
    last = next(t for t in tickets if inside(scope, *t))
    for id, (account, entity) in [(f"out-{name}", t) for t in tickets if not inside(scope, *t)][:1] + [(f"end-{name}", last)]:
        one = event(id, "ticket", "progressed", entity.split("/")[1], account, 0, {})
        node.call("POST", "/v1/events", json.dumps(one), {**bearer("all"), "Content-Type": "application/cloudevents+json"})
    while True:  # the connection's timeout is the patience
        line = answer.readline().decode()
        if line.startswith("data: "):
            seen.append(json.loads(line[6:]))
            if seen[-1]["id"] == f"end-{name}":
                break
    connection.close()
    only_inside(f"{name} stream", scope, seen)
    check(f"{name} stream tells decisions too", any(e["source"] == "/tocsin/engine" for e in seen), True)
    check(f"{name} stream tells each once", len({(e["source"], e["id"]) for e in seen}), len(seen))


def pages_of_the_board(whole):
    """Each list of the board goes on where /v1/clocks does."""
    board = whole("/v1/board?limit=2")[1]
    for state in ("running", "at_risk", "overdue"):
        first, cursor = board[state]["clocks"], board[state]["cursor"]
        rest = whole(f"/v1/clocks?state={state}&limit=1000" + (f"&cursor={cursor}" if cursor else ""))[1]["clocks"] if cursor else []
        check(f"board {state}", [(r["entity"], r["clock"]) for r in first + rest], [(r["entity"], r["clock"]) for r in whole.all(f"/v1/clocks?state={state}", "clocks")])


def one_row_for_a_person(whole, node):
    """Facts name one person by id, name and alias; figures know that these are one."""
    for i, word in ((1, "li"), (2, "李"), (4, "Li Wei")):
        one = event(f"who-{i}", "ticket", "assigned", f"delta-T{i}", "delta", -7300 + 60, {"person": word})
        node.call("POST", "/v1/events", json.dumps(one), {**bearer("all"), "Content-Type": "application/cloudevents+json"})
    rows = whole("/v1/figures?figure=response&by=all&per=person&account=delta")[1]["figures"]
    check("rows by person", sorted(r["person"] for r in rows if r["met"] + r["breached"] and r.get("person")), ["li"])
    check("of one person", [r["breached"] for r in whole("/v1/figures?figure=response&by=all&account=delta&person=Li%20Wei")[1]["figures"]], [3])


def settled(whole):
    """Until each message has its outcome: from then on nothing changes by itself."""
    def all_have():
        rows = whole.all("/v1/inbox?state=all", "escalations")
        return rows and all(c["delivery"] for r in rows for c in r["called"])

    wait_for("each message has its outcome", all_have)


def main():
    with tempfile.TemporaryDirectory(prefix="tocsin-scopes-") as scratch:
        tokens = "".join(f"    - {{name: {n}, token: {n}-secret-0123456789, roles: [read], {', '.join(f'{k}: {json.dumps(v)}' for k, v in s.items())}}}\n" for n, s in SCOPES.items())
        (Path(scratch) / "roster.yaml").write_text(ROSTER)
        node = Node(scratch, NOTIFY + "http:\n  rate_per_second: 0\n  tokens:\n    - {name: all, token: all-secret-0123456789, roles: [ingest, read, act, admin]}\n" + tokens)
        status = node.call("POST", "/v1/events", json.dumps(list(facts())), {**bearer("all"), "Content-Type": BATCH})[0]
        check("facts", status, 202)
        whole = Asker(node, "all")
        settled(whole)
        pages_of_the_board(whole)
        for name, scope in SCOPES.items():
            mine = Asker(node, name)
            for part in (lists, counts, figures):
                part(name, scope, mine, whole)
            one_by_one(name, scope, mine)
            nothing_of_others(name, scope, mine)
        for name, scope in SCOPES.items():
            if name not in ("elsewhere", "complaints", "nobodys"):
                stream(name, scope, node)
        one_row_for_a_person(whole, node)
        check("stopped", node.stop(), 0)
    return result()


if __name__ == "__main__":
    run_script(main, Node.running)
