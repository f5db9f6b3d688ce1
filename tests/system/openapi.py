#!/usr/bin/python3
"""docs/openapi.yaml against a running node: every route that the node serves is described and the reverse, every operation
answers, in a described status and content type and with a body of the described form, without and with tokens; nothing in the
description is an untyped object."""
import base64
import http.client
import json
import re
import signal
import sys
import tempfile
import time
import urllib.parse
import hashlib
import hmac
from pathlib import Path

try:
    import jsonschema
    import yaml
except ImportError:
    print("SKIPPED: python3-yaml or python3-jsonschema is not installed")
    sys.exit(77)

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "system"))
sys.dont_write_bytecode = True
from checks import run_script  # noqa: E402
from http_api import Node, event  # noqa: E402

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
# Pages and their files are for browsers: what else the node serves is described.
API = re.compile(r"^/(v1/|a/|metrics$|healthz$|readyz$|openapi\.yaml$)")
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
faults = []
answered = set()


def fault(text):
    faults.append(text)
    print("FAILED", text)


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        found = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def operations():
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def described(method, path):
    return document["paths"][path][method.lower()]


def untyped(node, where):
    """Objects whose members nobody describes, wherever they stand."""
    if isinstance(node, dict):
        members = "properties" in node or isinstance(node.get("additionalProperties"), dict) or "allOf" in node or "oneOf" in node
        if node.get("type") == "object" and not members:
            yield where
        if node.get("additionalProperties") is True:
            yield where + " (additionalProperties: true)"
        for key, value in node.items():
            yield from untyped(value, f"{where}.{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from untyped(value, f"{where}[{i}]")


def judge(method, path, status, headers, body):
    """Whether an answer is as described."""
    what = f"{method} {path}: {status}"
    responses = described(method, path)["responses"]
    if str(status) not in responses:
        return fault(f"{what} is not described: {str(body)[:300]}")
    answered.add((method, path, status // 100))
    response = resolve(responses[str(status)])
    for name, header in response.get("headers", {}).items():
        if resolve(header).get("required") and name not in headers:
            fault(f"{what} without {name}")
    content = response.get("content")
    if not content:
        return None
    kind = headers.get_content_type()
    if kind not in content:
        return fault(f"{what} as {kind}, described are {list(content)}")
    # All but what senders get tells what time it is for the engine.
    if status < 300 and kind == "application/json" and path.startswith("/v1/") and not path.startswith(("/v1/events", "/v1/in/")) and "now" not in body:
        fault(f"{what} has no now")
    if kind.endswith("json"):
        schema = {**content[kind].get("schema", {}), "components": document["components"]}
        for error in sorted(jsonschema.Draft202012Validator(schema).iter_errors(body), key=str)[:3]:
            fault(f"{what}: {'/'.join(map(str, error.path))}: {error.message[:300]}")
    return None


def filled(path, values):
    return re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(values[m.group(1)], safe=":"), path)


class Caller:
    def __init__(self, node, **headers):
        self.node, self.headers = node, headers

    def __call__(self, method, path, query="", body=None, headers=None, **values):
        status, got, answer = self.node.call(method, filled(path, values) + query, body, {**self.headers, **(headers or {})})
        judge(method, path, status, got, answer)
        return status, answer


def served(node):
    text = node.call("GET", "/metrics")[2].decode()
    routes = set(re.findall(r'tocsin_http_requests_total\{method="(\w+)",route="([^"]+)"', text))
    return {(method, route) for method, route in routes if API.match(route)}


ROSTER = """zone: Asia/Shanghai
people:
  li: {name: 李, language: zh, channels: [{via: desk}]}
  wang: {name: 王, language: zh, channels: [{via: desk}]}
roles:
  service_director: {rotation: {people: [li, wang], every: week, hand_over: "Mon 09:00", from: 2026-03-02}, fallback: [li]}
  technical_expert: {fallback: [li]}
  executive: {fallback: [wang]}
  account_manager: {fallback: [li]}
  service_specialist: {fallback: [li]}
  customer_director: {fallback: [li]}
  operations_specialist: {fallback: [li]}
away: [{person: wang, from: 2026-10-01, until: 2026-10-08}]
last_resort: [li]
"""
DESK = """adapter: desk
source: /desk
subject: id
account: account
time: at
state: {is: s, opened: {data: {title: t}}}
"""
# The default policy with a calendar in place: a posted policy names no file.
POLICY = (ROOT / "policy" / "key-account.yaml").read_text(encoding="utf-8").replace(
    "business: calendars/cn-business.yaml", "business: {zone: Asia/Shanghai, hours: {mon-fri: [\"09:00-12:00\", \"13:00-18:00\"]}, holidays: [2026-12-25]}")


def config(folder, more=""):
    (folder / "roster.yaml").write_text(ROSTER)
    (folder / "desk.yaml").write_text(DESK)
    return ("roster: roster.yaml\nadapters: {desk: {file: desk.yaml}}\n"
            "notify: {public_url: 'http://desk.example', secret: 0123456789abcdef0123456789abcdef,\n"
            "  channels: {desk: {type: console}, pd: {type: pagerduty, routing_key: key, webhook_secret: whs}}}\n" + more)


def wait_for(what, condition):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if (got := condition()):
            return got
        time.sleep(0.05)  # until the condition holds
    sys.exit(f"{what} never came")


def ask_everything(node, folder):
    call = Caller(node)
    cloud, batch = {"Content-Type": "application/cloudevents+json"}, {"Content-Type": "application/cloudevents-batch+json"}
    call("POST", "/v1/events", body=json.dumps(event("t", "account", "tiered", "acme", data={"tier": "A", "name": "ACME"})), headers=cloud)
    call("POST", "/v1/events", body=json.dumps(event("1", data={"priority": "P1", "title": "停机"})), headers=cloud)
    call("POST", "/v1/events", body=json.dumps([event("1"), event("2", verb="open"), event("3", data={"priority": "P9"})]), headers=batch)
    call("POST", "/v1/events", body=json.dumps(event("4", data={"priority": "P9"})), headers=cloud)
    call("POST", "/v1/events", body="{", headers=cloud)
    call("POST", "/v1/events", body="x", headers={"Content-Type": "text/html"})
    call("OPTIONS", "/v1/events", headers={"WebHook-Request-Origin": "eventemitter.example.com"})
    of = {"account": "acme", "kind": "ticket", "id": "T-1"}
    for path, item in document["paths"].items():
        values = {**of, "name": "response"}
        # A parameter that a route does not know would narrow nothing. (/v1/in/ takes what vendors send.)
        if "get" in item and path.startswith("/v1/") and path != "/v1/in/{name}" and (status := call("GET", path, "?nonsense=1", **values)[0]) != 400:
            fault(f"GET {path}?nonsense=1 is {status}")
        question = item.get("get", {}).get("tags") == ["queries"] and path != "/v1/stream"
        if not question:
            continue
        answer = call("GET", path, **values)[1]
        if "now" not in answer:
            fault(f"GET {path} has no now")
        if "{" in path:
            call("GET", path, **{k: "none" for k in values})
    call("GET", "/v1/entities/{account}/{kind}/{id}/explain", "?clock=ticket.response", **of)
    call("GET", "/v1/figures", headers={"Accept": "text/csv"})
    call("GET", "/v1/figures/{name}/entities", headers={"Accept": "text/csv"}, name="response")
    for path in ("/v1/clocks", "/v1/board", "/v1/inbox", "/v1/accounts", "/v1/faults", "/v1/figures/response/entities"):
        filters = "account=acme&kind=ticket&clock=ticket.response&priority=P1&tier=A&role=executive&person=li&q=x"
        if (status := node.call("GET", f"{path}?{filters}")[0]) != 200:
            fault(f"GET {path} with every filter is {status}")
    # Opened before the Spring Festival: the proof names it.
    old = event("5", subject="T-5", data={"priority": "P3", "tier": "B"}, time="2026-02-12T17:00:00+08:00")
    call("POST", "/v1/events", body=json.dumps(old), headers=cloud)
    proof = call("GET", "/v1/entities/{account}/{kind}/{id}/explain", "?clock=ticket.resolution", **{**of, "id": "T-5"})[1]
    names = {s["name"] for t in proof["thresholds"] for s in t["segments"] if s["what"] in ("holiday", "makeup")}
    if names != {"春节"}:
        fault(f"the proof names {names}, not 春节")
    connection = node.connect()
    connection.request("GET", "/v1/stream")
    judge("GET", "/v1/stream", (stream := connection.getresponse()).status, stream.headers, b"")
    connection.close()
    call("GET", "/v1/stream", headers={"Last-Event-ID": "x"})
    for path in ("/metrics", "/healthz", "/readyz", "/openapi.yaml"):
        call("GET", path)
    adapters(call)
    people(call, node, folder, of)
    policies(call)
    call("POST", "/v1/clock/accept", body="{}", headers=JSON)


def adapters(call):
    call("POST", "/v1/in/{name}", body=json.dumps({"id": "D-1", "account": "acme", "at": int(time.time()), "s": "open"}), headers=JSON, name="desk")
    call("POST", "/v1/in/{name}", body="{}", name="desk")
    call("POST", "/v1/in/{name}", body="{}", name="none")
    call("POST", "/v1/in/{name}", body=" " * ((8 << 20) + 1), name="desk")
    if call("GET", "/v1/in/{name}", name="desk")[0] == 405:  # an adapter of WeCom answers: tests/system/adapters.py
        answered.add(("GET", "/v1/in/{name}", 2))
    page = call("GET", "/v1/rejected")[1]
    call("GET", "/v1/rejected", "?limit=0")
    position = page["rejected"][0]["position"]
    call("POST", "/v1/rejected/{position}/replay", body="{}", headers=JSON, position=position)
    call("POST", "/v1/rejected/{position}/replay", body="{}", headers=JSON, position="x")
    call("POST", "/v1/rejected/{position}/replay", body="{}", headers=JSON, position="0:99999")
    call("POST", "/v1/adapters/{name}/replay", body="{}", headers=JSON, name="desk")
    call("POST", "/v1/adapters/{name}/replay", body="{}", headers=JSON, name="none")
    paged = json.dumps({"event": {"event_type": "incident.triggered"}}).encode()
    signed = "v1=" + hmac.new(b"whs", paged, hashlib.sha256).hexdigest()
    call("POST", "/v1/in/pagerduty", body=paged, headers={**JSON, "X-PagerDuty-Signature": signed})
    call("POST", "/v1/in/pagerduty", body=paged, headers=JSON)


def people(call, node, folder, of):
    told = wait_for("a message", lambda: re.findall(r"http://desk\.example/a/([\w.-]+)", (folder / "node.log").read_text()))
    call("GET", "/a/{token}", token=told[0])
    call("GET", "/a/{token}", token="none")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    call("POST", "/a/{token}", body="person=nobody", headers=form, token=told[0])
    call("POST", "/a/{token}", body="person=li", headers=form, token=told[0])
    call("POST", "/a/{token}", body="", headers=form, token="none")
    call("POST", "/v1/entities/{account}/{kind}/{id}/acknowledge", body=json.dumps({"by": "li"}), headers=JSON, **of)
    call("POST", "/v1/entities/{account}/{kind}/{id}/acknowledge", body="{}", headers=JSON, **of)
    call("POST", "/v1/entities/{account}/{kind}/{id}/acknowledge", body=json.dumps({"by": "li"}), headers=JSON, **{**of, "id": "none"})
    call("GET", "/v1/oncall")
    call("GET", "/v1/oncall", "?at=x")
    call("GET", "/v1/oncall.ics", "?role=executive")
    call("GET", "/v1/oncall.ics", "?role=none")
    asked = {"role": "executive", "person": "li", "from": "2026-12-01", "until": "2026-12-02"}
    id = call("POST", "/v1/roster/overrides", body=json.dumps(asked), headers=JSON)[1]["id"]
    call("POST", "/v1/roster/overrides", body=json.dumps({**asked, "person": "none"}), headers=JSON)
    wait_for("the override", lambda: any(o["id"] == id for o in call("GET", "/v1/roster")[1]["overrides"]))
    call("DELETE", "/v1/roster/overrides/{id}", id=id)
    call("DELETE", "/v1/roster/overrides/{id}", id="none")
    call("POST", "/v1/roster/reload", body="{}", headers=JSON)
    wait_for("a delivery", lambda: call("GET", "/v1/deliveries")[1]["deliveries"])
    call("GET", "/v1/deliveries", "?outcome=odd")
    call("GET", "/v1/me")
    call("POST", "/v1/pair", body="{}", headers=JSON)
    call("POST", "/v1/pair/claim", body='{"code": "x"}', headers=JSON)
    call("POST", "/v1/pair/claim", body="{}", headers=JSON)
    call("GET", "/v1/push/key")
    subscription = {"endpoint": "https://push.example.com/x", "keys": {"p256dh": base64.urlsafe_b64encode(b"\4" * 65).decode(), "auth": base64.urlsafe_b64encode(b"a" * 16).decode()}}
    call("POST", "/v1/people/{id}/push", body=json.dumps(subscription), headers=JSON, id="li")
    call("POST", "/v1/people/{id}/push", body="{}", headers=JSON, id="li")
    call("POST", "/v1/people/{id}/push", body=json.dumps(subscription), headers=JSON, id="none")
    call("POST", "/v1/people/{id}/test", body="{}", headers=JSON, id="li")
    call("POST", "/v1/people/{id}/test", body="{}", headers=JSON, id="none")


def policies(call):
    for query in ("", "?version=1", "?version=99"):
        call("GET", "/v1/policy", query)
    call("GET", "/v1/policy/versions")
    for path in ("/v1/policy/check", "/v1/policy/diff", "/v1/policy/try"):
        for body, headers in ((POLICY.encode(), YAML), (json.dumps({"text": POLICY}), JSON), ("policy: [", YAML), (POLICY.encode(), {"Content-Type": "text/plain"})):
            call("POST", path, body=body, headers=headers)
    call("GET", "/v1/policy/try")
    call("POST", "/v1/policy", "?to_open=true&dry_run=true", POLICY.encode(), YAML)
    call("POST", "/v1/policy", "?to_open=odd", POLICY.encode(), YAML)
    call("POST", "/v1/policy", "?by=li", "policy: [", YAML)
    call("POST", "/v1/policy", "?by=li&to_open=true", POLICY.encode(), YAML)


def with_tokens(folder):
    roles = {"all": "[ingest, read, act, admin]", "sender": "[ingest]", "reader": "[read]"}
    tokens = "".join(f"    - {{name: {n}, token: {n}-secret-0123456789, roles: {r}}}\n" for n, r in roles.items())
    node = Node(folder, config(folder, "http:\n  tokens:\n" + tokens).replace("{desk: {file: desk.yaml}}", "{}"))
    values = {"account": "acme", "kind": "ticket", "id": "T-1", "name": "response", "position": "0:0", "token": "x"}
    for method, path, operation in operations():
        body = "{}" if method == "POST" else None
        target = filled(path, values)
        is_open = operation.get("security") == []
        status, headers, answer = node.call(method, target, body, JSON)
        judge(method, path, status, headers, answer)
        if not is_open and status != 401:
            fault(f"{method} {path} without a token: {status}")
        if is_open and status == 401 and not path.startswith("/v1/in/"):
            fault(f"{method} {path} needs a token, and is described as open")
        if is_open:
            continue
        wrong = "reader" if path == "/v1/events" else "sender"
        status, headers, answer = node.call(method, target, body, {**JSON, "Authorization": f"Bearer {wrong}-secret-0123456789"})
        judge(method, path, status, headers, answer)
        if status != 403:
            fault(f"{method} {path} with the role of another: {status}")
    mine = Caller(node, Authorization="Bearer all-secret-0123456789")
    code = mine("POST", "/v1/pair", body=json.dumps({"person": "li"}), headers=JSON)[1]["code"]
    Caller(node)("POST", "/v1/pair/claim", body=json.dumps({"code": code}), headers=JSON)
    mine("POST", "/v1/policy", body="policy: [", headers=JSON)
    node.stop()


def main():
    for where in untyped(document, "openapi"):
        fault(f"{where} is an object whose members are not described")
    ids = [operation["operationId"] for _, _, operation in operations()]
    for twice in {i for i in ids if ids.count(i) > 1}:
        fault(f"operationId {twice} stands twice")
    with tempfile.TemporaryDirectory(prefix="tocsin-openapi-") as scratch:
        folder = Path(scratch) / "open"
        folder.mkdir()
        node = Node(folder, config(folder))
        routes, in_file = served(node), {(m, p) for m, p, _ in operations()}
        for method, path in sorted(routes - in_file):
            fault(f"{method} {path} is served and not described")
        for method, path in sorted(in_file - routes):
            fault(f"{method} {path} is described and not served")
        ask_everything(node, folder)
        node.stop(signal.SIGTERM)
        tokens = Path(scratch) / "tokens"
        tokens.mkdir()
        with_tokens(tokens)
    for method, path, _ in operations():
        if (method, path, 2) not in answered:
            fault(f"{method} {path} was never answered well")
    print(f"{len(list(operations()))} operations, {len(answered)} kinds of answers, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    run_script(main, Node.running)
