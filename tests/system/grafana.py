#!/usr/bin/env python3
"""What connectors/grafana ships, against a running node and a real Prometheus: /metrics is well formed; rules do what their tests
say; every question of every panel is answered, asks for a metric that exists, and the board tells what happened; a rejected fact
raises its alert; the dashboards keep the rules of Grafana's own linter."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from crash_node import BATCH, ROOT, Node, fail, free_port, utc

GRAFANA = ROOT / "connectors" / "grafana"
ON_KAFKA_ALONE = {"tocsin_intake_lag"}
UNITS = {"short", "percentunit", "s", "ops", "reqps", "bytes", "dateTimeFromNow"}
SUBSTITUTES = {"$__rate_interval": "1m", "$__range": "1h", "$job": ".+", "$instance": ".+"}
BREACHED = 'tocsin_thresholds_decided_total{clock="ticket.response",outcome="breached",threshold="target"} '
PATIENCE_S = 60


def check(what, good, seen=""):
    if not good:
        fail(f"{what} {seen}")


def promtool(*arguments, given=None):
    done = subprocess.run(["promtool", *map(str, arguments)], input=given, capture_output=True, cwd=GRAFANA)
    check(f"promtool {arguments[0]} {arguments[1]}:", done.returncode == 0, (done.stdout + done.stderr).decode())


def until(what, condition):
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            if seen := condition():
                return seen
        except OSError:
            pass
        check(f"in vain: {what}", time.monotonic() < end)
        time.sleep(0.05)  # until the condition above holds


def lint(name, board):
    variables = {v["name"]: v for v in board["templating"]["list"]}
    check(f"{name}: editable", board["editable"] is False)
    check(f"{name}: variables", list(variables) == ["datasource", "job", "instance"] and variables["datasource"]["type"] == "datasource")
    for v in ("job", "instance"):
        check(f"{name}: variable {v}", variables[v]["multi"] and variables[v]["allValue"] == ".+" and variables[v]["refresh"] == 2 and variables[v]["label"] == v.capitalize())
    panels = board["panels"]
    check(f"{name}: panel ids", len({p["id"] for p in panels}) == len(panels))
    taken = set()
    for p in panels:
        g = p["gridPos"]
        cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
        check(f"{name}: {p['title']} lies over another panel or beyond the edge", not cells & taken and g["x"] + g["w"] <= 24)
        taken |= cells
        if p["type"] == "row":
            continue
        where = f"{name}: {p['title']}:"
        check(f"{where} title and description", p["title"] and p["description"])
        check(f"{where} unit", p["fieldConfig"]["defaults"]["unit"] in UNITS)
        check(f"{where} targets", p["targets"] and len({t["refId"] for t in p["targets"]}) == len(p["targets"]))
        check(f"{where} data source", all(d["datasource"]["uid"] == "${datasource}" for d in [p, *p["targets"]]))
        for target in p["targets"]:
            for _, selector in selectors(target["expr"]):
                check(f"{where} selector", 'job=~"$job"' in selector and 'instance=~"$instance"' in selector, selector)
            check(f"{where} rate", not re.search(r"\brate\([^[]*\[(?!\$__rate_interval|5m\])", target["expr"]), target["expr"])


def selectors(expr):
    """Of each metric in it: name and matchers."""
    return re.findall(r"\b(tocsin_\w+)(\{[^}]*\})?", expr)


def targets(boards):
    return [(f"{name}: {p['title']}", t["expr"]) for name, board in boards.items() for p in board["panels"] for t in p.get("targets", [])]


def told(node):
    return node.get("/metrics")[1].decode()


def post(node):
    """One is answered in time, one is overdue, one falls due in a moment, one is refused."""
    def event(id, verb, subject, seconds, data):
        return {"specversion": "1.0", "id": id, "source": "/crm", "type": f"tocsin.ticket.{verb}", "time": utc(seconds), "subject": subject, "partitionkey": "acme", "data": data}
    events = [event("1", "opened", "T-1", -300, {"priority": "P1", "tier": "A"}), event("2", "responded", "T-1", -200, {}),
              event("3", "opened", "T-2", -1200, {"priority": "P1", "tier": "A"}), event("4", "opened", "T-3", -60, {"priority": "P9"}),
              event("5", "opened", "T-4", 1 - 15 * 60, {"priority": "P1", "tier": "A"})]
    connection = node.connect()
    connection.request("POST", "/v1/events", json.dumps(events), {"Content-Type": BATCH})
    answer = json.loads(connection.getresponse().read())
    check("the events are taken", answer["accepted"] == 4 and len(answer["rejected"]) == 1, answer)


class Prometheus:
    def __init__(self, scratch, node):
        self.port = free_port()
        config = (GRAFANA / "prometheus.yml").read_text().replace("15s", "1s").replace("127.0.0.1:8080", f"127.0.0.1:{node.port}").replace("rules.yml", str(GRAFANA / "rules.yml"))
        (scratch / "prometheus.yml").write_text(config)
        with open(scratch / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(["prometheus", f"--config.file={scratch}/prometheus.yml", f"--storage.tsdb.path={scratch}/tsdb", f"--web.listen-address=127.0.0.1:{self.port}"],
                                            stdout=log, stderr=log)

    def get(self, path, **parameters):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
            return json.loads(answer.read())["data"]

    def value(self, expr):
        """Of an expression with one series; None when it has none."""
        result = self.get("query", query=expr)["result"]
        return float(result[0]["value"][1]) if result else None


def main():
    if not shutil.which("promtool") or not shutil.which("prometheus"):
        print("SKIPPED: prometheus is not installed")
        raise SystemExit(77)
    boards = {f.stem: json.loads(f.read_text()) for f in sorted((GRAFANA / "dashboards").glob("*.json"))}
    check("dashboards", len(boards) >= 2)
    for name, board in boards.items():
        lint(name, board)
    promtool("check", "rules", "rules.yml")
    promtool("test", "rules", "rules_test.yml")
    promtool("check", "config", "prometheus.yml")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        node = Node(scratch).start()
        prometheus = Prometheus(scratch, node)
        try:
            until("a scrape", lambda: prometheus.value("count(tocsin_build_info)"))
            post(node)
            metrics = until("two breaches", lambda: told(node) if BREACHED + "2\n" in told(node) else None)
            promtool("check", "metrics", given=metrics.encode())
            known = set(re.findall(r"^# TYPE (\w+) ", metrics, re.M))
            series = {n for family in known for n in (family, family + "_bucket", family + "_sum", family + "_count")}
            rules = [("rules.yml", line) for line in re.sub(r"#.*", "", (GRAFANA / "rules.yml").read_text()).splitlines() if ":tocsin_" not in line]
            for where, expr in targets(boards) + rules:
                for metric, _ in selectors(expr):
                    check(f"{where} asks for {metric}, which /metrics does not have", metric in series | ON_KAFKA_ALONE or metric.startswith(("tocsin_notif", "tocsin_acknowledgement", "tocsin_adapter_", "tocsin_push")))  # those are there once there is something to count
            for where, expr in targets(boards):
                for variable, value in SUBSTITUTES.items():
                    expr = expr.replace(variable, value)
                prometheus.get("query", query=expr)  # an error is a status that raises
            for expr, wanted in [("sum(tocsin_clocks_overdue)", 2), ("sum(tocsin_clocks_running)", 6), ('sum(tocsin_thresholds_decided_total{clock="ticket.response", outcome="met"})', 1),
                                 ('sum(tocsin_thresholds_decided_total{outcome="breached"})', 2), ('tocsin_entities_open{kind="ticket"}', 3), ("tocsin_facts_rejected_total", 1),
                                 ("tocsin_lateness_seconds_count > bool 0", 1)]:
                until(f"{expr} to be {wanted}, not {prometheus.value(expr)}", lambda: prometheus.value(expr) == wanted)
            until("an alert of the rejected fact", lambda: [a for a in prometheus.get("alerts")["alerts"] if a["labels"]["alertname"] == "TocsinFactsRejected" and a["state"] == "firing"])
            node.stop()
            node.start()
            check("what was counted before is not counted again after a start", BREACHED + "0\n" in told(node), told(node))
        finally:
            prometheus.process.terminate()
            prometheus.process.wait()
            if node.process.poll() is None:
                node.stop()
    print(f"{len(targets(boards))} questions of {len(boards)} dashboards answered, {len(known)} metrics")


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    main()
