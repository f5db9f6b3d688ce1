#!/usr/bin/env python3
"""The examples of docs/sdk/cloudevents, by the CloudEvents SDKs of five languages, against a running node. Each language whose
tools are there fetches its SDK once into build/sdk; what cannot be had is skipped, loudly."""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import run_script  # noqa: E402
from http_api import ROOT, Node  # noqa: E402

EXAMPLES = ROOT / "docs" / "sdk" / "cloudevents"
KEPT = ROOT / "build" / "sdk"
ENTITY = "/v1/entities/%E9%92%B1%E6%B1%9F%E7%94%B5%E6%9C%BA/ticket/"
PREPARE_S = 240


class Missing(Exception):
    pass


def fetch(what, command, folder, environment=None):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PREPARE_S, env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        raise Missing(f"{what} cannot be had here: {(done.stderr or done.stdout).strip()[-200:]}")


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Missing(f"there is no {tool} on this machine")


def copied(name, *files):
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(EXAMPLES / file if (EXAMPLES / file).exists() else EXAMPLES / name / file, target)
    return folder


def python():
    need("python3")
    folder = copied("python", "send.py")
    if not (folder / "lib" / "cloudevents").exists():
        fetch("cloudevents", [sys.executable, "-m", "pip", "install", "-q", "--target", "lib", "cloudevents==2.2.0"], folder)
    return [sys.executable, "send.py"], folder, {"PYTHONPATH": str(folder / "lib")}


def node():
    need("node", "npm")
    folder = copied("node", "send.mjs")
    if not (folder / "node_modules" / "cloudevents").exists():
        (folder / "package.json").write_text('{"private": true}')
        fetch("cloudevents", ["npm", "install", "--silent", "--no-audit", "--no-fund", "cloudevents@10.0.0"], folder)
    return ["node", "send.mjs"], folder, {}


def java():
    need("java", "mvn")
    folder = copied("java", "Send.java", "pom.xml")
    if not (folder / "lib").exists():
        fetch("the SDK", ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"], folder)
    return ["java", "-cp", "lib/*", "Send.java"], folder, {}


def go():
    need("go")
    folder = copied("go", "go.mod", "send.go")
    if not (folder / "go.sum").exists():
        fetch("the SDK", ["go", "mod", "tidy"], folder)
    return ["go", "run", "-mod=mod", "send.go"], folder, {}


def rust():
    need("cargo")
    folder = copied("rust", "Cargo.toml", "src/main.rs")
    fetch("cloudevents-sdk", ["cargo", "build", "-q"], folder)
    return ["target/debug/send"], folder, {}


def tried(language, subject, server):
    """What is wrong; None: it was skipped."""
    try:
        command, folder, environment = language()
    except (Missing, subprocess.TimeoutExpired) as why:
        print(f"SKIPPED {language.__name__}: {why}")
        return None
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment, "TOCSIN_URL": f"http://127.0.0.1:{server.port}"}, capture_output=True, text=True, timeout=PREPARE_S)
    if done.returncode != 0:
        return f"{language.__name__}: {done.stdout}{done.stderr}"
    status, _, entity = server.call("GET", ENTITY + subject)
    verbs = sorted(f["event"]["type"].split(".")[2] for f in entity["facts"]) if status == 200 else status
    return "" if verbs == ["opened", "progressed"] else f"{language.__name__}: {verbs} are known of {subject}"


def main():
    languages = {python: "PY-2", node: "JS-2", java: "JAVA-2", go: "GO-2", rust: "RUST-2"}
    with tempfile.TemporaryDirectory() as data:
        server = Node(data)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda one: tried(*one, server), languages.items()))
        server.stop()
    wrong = [r for r in results if r]
    for text in wrong:
        print("FAILED", text)
    ran = len([r for r in results if r is not None])
    print(f"{ran} languages, {len(wrong)} failed")
    return 1 if wrong else 77 if ran == 0 else 0


if __name__ == "__main__":
    run_script(main, Node.running)
