#!/usr/bin/env python3
"""The policy's key figures are the same numbers wherever they are asked for: /v1/figures, PromQL on a real Prometheus, the CSV, the
list of what stands behind each number, and `tocsin simulate --emit summary` on the same facts."""
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


def main():
    if not shutil.which("prometheus"):
        print("SKIPPED: prometheus is not installed")
        raise SystemExit(77)
    print("seed", SEED)
    events = facts(random.Random(SEED))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        node = Node(scratch).start()
        prometheus = Prometheus(scratch, node)
        try:
            connection = node.connect()
            connection.request("POST", "/v1/events", json.dumps(events), {"Content-Type": BATCH})
            answer = json.loads(connection.getresponse().read())
            if answer["accepted"] != len(events):
                fail(f"the facts are taken: {answer}")
            def asked():
                return by_name(node.get("/v1/figures?by=all")[1]["figures"])
            until("the views to hold the batch", lambda: min(asked()["response"]) > 0 and asked() == asked())
            api = asked()
            print("api", api)
            if min(api["response"]) < 1 or api["satisfaction"][0] < 10:
                fail("there is something of each")
            simulated = of_simulate(node.data)
            for figure, (first, second) in api.items():
                mean = figure == "satisfaction"
                if simulated.get(figure) != ((first, 0) if mean else (first, second)):
                    fail(f"{figure}: the API says {first, second}, simulate {simulated.get(figure)}")
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
                        page = node.get(f"/v1/figures/{figure}/entities?by=all&outcome={outcome}&limit=50" + (f"&cursor={cursor}" if cursor else ""))[1]
                        rows, cursor = rows + len(page["entities"]), page["cursor"]
                    if rows != wanted:
                        fail(f"{figure}: {wanted} are {outcome}, and {rows} stand behind it")
            for per in ("person", "module", "account", "tier", "priority"):
                rows = node.get(f"/v1/figures?by=all&figure=response&per={per}")[1]["figures"]
                if (sum(r["met"] for r in rows), sum(r["breached"] for r in rows)) != api["response"] or len(rows) < 2:
                    fail(f"per {per}: {rows}")
            connection = node.connect()
            connection.request("GET", "/v1/figures?by=all", headers={"Accept": "text/csv"})
            table = list(csv.DictReader(io.StringIO(connection.getresponse().read().decode())))
            if {r["figure"]: (int(r["met"]), int(r["breached"])) for r in table if r["met"]} != {n: v for n, v in api.items() if n != "satisfaction"}:
                fail(f"the CSV: {table}")
        finally:
            prometheus.process.terminate()
            prometheus.process.wait()
            node.stop()
    print(f"{len(api)} key figures are the same in the API, Prometheus, the CSV, the lists and simulate")


if __name__ == "__main__":
    main()
