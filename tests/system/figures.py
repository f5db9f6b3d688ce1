#!/usr/bin/env python3
"""The policy's key figures are the same numbers wherever they are asked for: /v1/figures, PromQL on a real Prometheus, the CSV, the
list of what stands behind each number, and `tocsin simulate --emit summary` on the same facts: random ones, and real incidents where
they are at hand."""
import csv
import io
import json
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

from crash_node import BATCH, TOCSIN, Node, fail, utc
from grafana import Prometheus, until

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "servicenow" / "incident_event_log.csv"
AT_ONCE = 5_000  # facts of one request
SEED = random.randrange(1 << 30)
DAY_S = 86_400


def facts(rng):
    """Tickets of a month, answered, resolved and rated in time or not, of two accounts, some excused, some still open."""
    def fact(verb, subject, account, seconds, data, kind="ticket"):
        return {"specversion": "1.0", "id": f"{subject}-{verb}-{seconds}", "source": "/crm", "type": f"tocsin.{kind}.{verb}", "time": utc(seconds), "subject": subject,
                "partitionkey": account, "data": data}
    events = [fact("tiered", account, account, -40 * DAY_S, {"tier": tier}, "account") for account, tier in (("acme", "A"), ("beta", "C"))]
    for i in range(120):
        account, id = rng.choice(["acme", "beta"]), f"T-{i}"
        at = -rng.randrange(3600, 35 * DAY_S)
        events.append(fact("opened", id, account, at, {"priority": rng.choice(["P1", "P2", "P3"]), "module": rng.choice(["mes", "wms"])}))
        events.append(fact("assigned", id, account, at + 1, {"person": rng.choice(["li", "wang"])}))
        if rng.random() < 0.9:
            at += rng.randrange(60, 3 * 3600)
            events.append(fact("responded", id, account, min(at, -1), {}))
        if rng.random() < 0.8:
            at += rng.randrange(60, DAY_S)
            events.append(fact("closed", id, account, min(at, -1), {"satisfaction": rng.randrange(1, 6)}))
    return sorted(events, key=lambda e: e["time"])


def by_name(rows):
    return {r["figure"]: (r["count"], round((r["mean"] or 0) * r["count"])) if "mean" in r else (r["met"], r["breached"]) for r in rows}


def of_simulate(data):
    """The node's own log again, in virtual time: the facts with the instants at which they arrived."""
    log = subprocess.run([TOCSIN, "log", "--data", data], capture_output=True)
    done = subprocess.run([TOCSIN, "simulate", "--events", "-", "--emit", "summary", "--until", utc(0)], input=log.stdout, capture_output=True)
    found = {}
    for line in done.stdout.decode().split("\n\n")[0].splitlines()[1:]:
        words = line.split()
        if words[1:3] == ["all", "all"]:
            found[words[0]] = (int(words[3]), int(words[4]))
    return found


def post(node, events):
    connection = node.connect()
    for at in range(0, len(events), AT_ONCE):
        batch = events[at:at + AT_ONCE]
        connection.request("POST", "/v1/events", json.dumps(batch), {"Content-Type": BATCH})
        answer = json.loads(connection.getresponse().read())
        if answer["accepted"] != len(batch):
            fail(f"the facts are taken: {str(answer)[:300]}")


def same(api, simulated):
    """Whether the API's figures are those of simulate, which tells of no figure that counts nothing; of a mean only its count is told."""
    return {f: (v[0], 0) if f == "satisfaction" else v for f, v in api.items() if any(v)} == {f: v for f, v in simulated.items() if any(v)}


def agree(node, prometheus, api):
    """The API's figures are those of Prometheus, and that many entities stand behind each."""
    for figure, (first, second) in api.items():
        mean = figure == "satisfaction"
        def scraped():
            query = (lambda expr: prometheus.value(expr) or 0.0)
            if mean:
                return query(f'sum(tocsin_figure_scores{{figure="{figure}",period="all"}})'), query(f'sum(tocsin_figure_score_points{{figure="{figure}",period="all"}})')
            return tuple(query(f'sum(tocsin_figure_thresholds{{figure="{figure}",outcome="{o}",period="all"}})') for o in ("met", "breached"))
        until(f"{figure} to be {first, second} in Prometheus, not {scraped()}", lambda: scraped() == (first, second))
        if mean:
            continue
        for outcome, wanted in (("met", first), ("breached", second)):
            rows, cursor = 0, ""
            while cursor is not None:
                page = node.get(f"/v1/figures/{figure}/entities?by=all&outcome={outcome}&limit=500" + (f"&cursor={cursor}" if cursor else ""))[1]
                rows, cursor = rows + len(page["entities"]), page["cursor"]
            if rows != wanted:
                fail(f"{figure}: {wanted} are {outcome}, and {rows} stand behind it")
    print(f"{len(api)} key figures are the same in the API, simulate, Prometheus and the lists")


def parts_and_table(node, api):
    """The parts of a figure add up to it, and the CSV says the same."""
    for per in ("person", "module", "account", "tier", "priority"):
        rows = node.get(f"/v1/figures?by=all&figure=response&per={per}")[1]["figures"]
        if (sum(r["met"] for r in rows), sum(r["breached"] for r in rows)) != api["response"] or len(rows) < 2:
            fail(f"per {per}: {rows}")
    connection = node.connect()
    connection.request("GET", "/v1/figures?by=all", headers={"Accept": "text/csv"})
    table = list(csv.DictReader(io.StringIO(connection.getresponse().read().decode())))
    if {r["figure"]: (int(r["met"]), int(r["breached"])) for r in table if r["met"]} != {n: v for n, v in api.items() if n != "satisfaction"}:
        fail(f"the CSV: {table}")


def try_on(events, least):
    """A node of its own with these facts, of which `least` answers at least were in time and not."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        node = Node(scratch).start()
        prometheus = Prometheus(scratch, node)
        try:
            post(node, events)
            def asked():
                return by_name(node.get("/v1/figures?by=all")[1]["figures"])
            until("the API to say what simulate says", lambda: same(asked(), of_simulate(node.data)))
            api = asked()
            print("api", api)
            if min(api["response"]) < least:
                fail("there is something of each")
            agree(node, prometheus, api)
            if least == 1:
                parts_and_table(node, api)
        finally:
            prometheus.process.terminate()
            prometheus.process.wait()
            node.stop()


def main():
    if not shutil.which("prometheus"):
        print("SKIPPED: prometheus is not installed")
        raise SystemExit(77)
    print("seed", SEED)
    try_on(facts(random.Random(SEED)), 1)
    if not REAL.exists():
        print(f"the real incidents are not beside the repository ({REAL})")
        return
    done = subprocess.run([TOCSIN, "import", "servicenow", REAL], capture_output=True, encoding="utf-8")
    try_on([json.loads(line) for line in done.stdout.splitlines()], 0)


if __name__ == "__main__":
    main()
