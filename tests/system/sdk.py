#!/usr/bin/env python3
"""The examples of docs/sdk, each in its language against a running node; those whose language is not there are skipped, loudly."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "release" / "tocsin"))
EXAMPLES = {"PY-1": ["python3", "send.py"], "JS-1": ["node", "send.mjs"], "JAVA-1": ["java", "Send.java"], "GO-1": ["go", "run", "send.go"]}


def main():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    failed = ran = 0
    with tempfile.TemporaryDirectory() as data:
        node = subprocess.Popen([TOCSIN, "run", "--data", data + "/d", "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(url + "/readyz")
                    break
                except OSError:
                    time.sleep(0.1)
            for subject, command in EXAMPLES.items():
                if not shutil.which(command[0]):
                    print(f"SKIPPED {command[-1]}: there is no {command[0]} on this machine")
                    continue
                ran += 1
                done = subprocess.run(command, cwd=ROOT / "docs/sdk", env={**os.environ, "TOCSIN_URL": url}, capture_output=True, text=True, timeout=400)
                said = urllib.request.urlopen(f"{url}/v1/entities/%E9%92%B1%E6%B1%9F%E7%94%B5%E6%9C%BA/ticket/{subject}").status if done.returncode == 0 else 0
                if done.returncode != 0 or said != 200:
                    failed += 1
                    print(f"FAILED {command[-1]}: {done.stdout}{done.stderr}")
        finally:
            node.terminate()
            node.wait(30)
    print(f"{ran} examples, {failed} failed")
    return 1 if failed else 77 if ran == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
