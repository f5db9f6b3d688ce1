#!/usr/bin/env python3
"""What a node refuses about policies, and that a refusal changes nothing: bad parameters, bad texts, two policies at once."""
import concurrent.futures
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from crash_node import TOCSIN, Node

ROOT = Path(__file__).resolve().parents[2]
DESK = (ROOT / "tests/stories/policies/desk.yaml").read_text()
failures = []


def right(holds, what):
    print("ok   " if holds else "WRONG", what)
    if not holds:
        failures.append(what)


def url(node):
    return f"http://127.0.0.1:{node.port}"


def ask(node, path, body=None, content_type="application/yaml"):
    request = urllib.request.Request(url(node) + path, body.encode() if isinstance(body, str) else body)
    if body is not None:
        request.add_header("Content-Type", content_type)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as answer:
        return answer.code, json.loads(answer.read())


def refused(node, path, body, status, words):
    got, answer = ask(node, path, body)
    right(got == status and all(word in json.dumps(answer) for word in words), f"{path[:60]}: {got} {str(answer.get('detail'))[:90]}")


def try_all(node):
    before = ask(node, "/v1/policy/versions")[1]["versions"]
    for path, words in {"/v1/policy?by=": ["by"], "/v1/policy?by=me&dryrun=true": ["dryrun", "dry_run"], "/v1/policy?by=me&to_open=perhaps": ["to_open", "true or false"],
                        "/v1/policy?by=me&dry_run=1x": ["dry_run"], "/v1/policy?by=" + "x" * 513: ["512"], "/v1/policy?by=a%0Ab": ["control"],
                        "/v1/policy/try?since=yesterday": ["since", "RFC 3339"], "/v1/policy/try?sinse=2026-03-02T00:00:00Z": ["sinse", "since"]}.items():
        refused(node, path, DESK, 400, words)
    for body, words in {"": ["map of keys"], "a: [b": ["YAML"], b"policy: \xff": ["UTF-8"], "policy: x\ncalendars: {business: other.yaml}\n": ["other.yaml"],
                        DESK.replace("P2: {target: 4h}}}", "P9: {target: 4h}}}"): ["P9", "P1"],
                        DESK + "of_a_later_version: 30d\n": ["unknown key `of_a_later_version`", f'"line": {len(DESK.splitlines()) + 1}']}.items():
        refused(node, "/v1/policy?by=me", body, 400, words)
    refused(node, "/v1/policy?by=me", DESK + "#" * (8 << 20), 413, ["8388608"])
    right(ask(node, "/v1/policy/versions")[1]["versions"] == before, "what was refused changed nothing")

    # Two at once: each is in force for a while, the last one stays, and both stand in the list.
    texts = [DESK, DESK.replace("policy: desk", "policy: other")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda text: ask(node, "/v1/policy?by=me", text), texts))
    right(all(status == 200 and answer["changed"] for status, answer in answers), "two at once are both taken")
    _, versions = ask(node, "/v1/policy/versions")
    names = [v["name"] for v in versions["versions"]]
    right(sorted(names[1:]) == ["desk", "other"] and versions["inForce"] == 3, f"one after the other: {names}")
    status, again = ask(node, "/v1/policy?by=me", next(text for text in texts if f"policy: {names[-1]}\n" in text))
    right(status == 200 and not again["changed"], "what is in force already is no new version")

    def cli(*arguments):
        return subprocess.run([TOCSIN, "policy", *arguments], capture_output=True, encoding="utf-8", timeout=60)
    default = str(ROOT / "policy/key-account.yaml")
    right(cli("apply", default, "--by", "me", "--url", url(node)).returncode == 0, "another one is applied")
    done = cli("diff", default, "--url", url(node))
    right(done.returncode == 0 and done.stdout == "", f"a file that is in force does not differ: {done.stdout}")
    done = cli("diff", default, str(ROOT / "policy/it-helpdesk.yaml"))
    right(done.returncode == 0 and "kind complaint is gone" in done.stdout, "two files differ in words")
    done = cli("apply", "/nonexistent", "--by", "me", "--url", url(node))
    right(done.returncode == 2 and "/nonexistent" in done.stderr, "a file that is not there is named")
    done = cli("apply", str(ROOT / "policy/it-helpdesk.yaml"), "--by", "", "--url", url(node))
    right(done.returncode == 1 and "by must be" in done.stderr, "nobody applies nothing")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        node = Node(scratch).start()
        try:
            try_all(node)
        finally:
            node.stop()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
