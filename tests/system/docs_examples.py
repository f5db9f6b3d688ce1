#!/usr/bin/env python3
"""Every block of commands in the READMEs and docs/ that calls curl or writes files, run as it stands against a node of its own (but
for addresses and the folder of secrets): each call must be answered well, and as the comment below it says; `…` stands for anything. The settings of docs/crm pass `config check`. And `--help` of every command says what it reads and writes."""
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import run_script  # noqa: E402
from http_api import ROOT, TOCSIN, Node  # noqa: E402

BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```", re.M | re.S)
# Short calls within a line, with the commands that make what they send.
SPAN = re.compile(r"`((?:curl|tocsin import csv) [^`]*)`")
TICKETS = "id,account,status,priority,owner,title,created_at,updated_at\nT-1,ACME,open,P3,li,Try,2026-03-02T09:00:00+08:00,2026-03-02T09:00:05+08:00\n"
PRELUDE = 'set -euo pipefail\ncurl() { command curl -sS --fail-with-body --max-time 20 "$@"; echo; }\n'
failures = checks = 0


def fail(where, text):
    global failures
    failures += 1
    print(f"FAILED {where}: {text}")


def pages():
    return [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "crm").glob("*.md")), ROOT / "docs" / "sdk" / "README.md"]


def blocks(page):
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        if "curl " in found.group(2) or "cat > " in found.group(2):
            yield text[: found.start()].count("\n") + 2, re.sub(rf"(?m)^{found.group(1)}", "", found.group(2))
    outside = BLOCK.sub("", text)
    spans = [s for s in SPAN.findall(outside) if "curl -d" not in s and " " in s]
    if any(s.startswith("curl") for s in spans):
        yield 0, "\n".join(spans)


def here(script, base, folder):
    lines = []
    for line in script.splitlines():
        if "curl " in line:
            line = line.replace("https://tocsin.example", base)
        lines.append(re.sub(r"(http://)?(127\.0\.0\.1|localhost):8080", base, line).replace("/run/secrets/", f"{folder}/secrets/"))
    return "\n".join(lines) + "\n"


def expected(script):
    return [line[2:] for line in script.splitlines() if line.startswith("# {")]


def run(page, line, script, base, folder):
    global checks
    where = f"{page.relative_to(ROOT)}:{line}"
    done = subprocess.run(["bash", "-c", PRELUDE + here(script, base, folder)], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "TOKEN": "wang-secret-0123456789"})
    checks += 1
    if done.returncode != 0:
        return fail(where, f"exit {done.returncode}: {done.stdout[-600:]}{done.stderr[-300:]}")
    answers = done.stdout.splitlines()
    for wanted in expected(script):
        pattern = re.escape(wanted).replace("…", ".*")
        while answers and not re.fullmatch(pattern, answers[0]):
            answers.pop(0)
        if not answers:
            return fail(where, f"no answer is {wanted}: {done.stdout[-600:]}")
    return None


def adapters(folder):
    """Those that the pages try, each with the secret that the page names."""
    (folder / "secrets").mkdir()
    lines = ""
    for page in sorted((ROOT / "docs" / "crm").glob("*.md")):
        for secret in set(re.findall(r"/run/secrets/([\w-]+)", page.read_text(encoding="utf-8"))):
            (folder / "secrets" / secret).write_text("0123456789abcdef" if page.stem != "freshdesk" else "tocsin:0123456789abcdef")
        if "## Try the way in" in page.read_text(encoding="utf-8"):
            (folder / "secrets" / page.stem).write_text("tocsin:0123456789abcdef" if page.stem == "freshdesk" else "0123456789abcdef")
            lines += f"  {page.stem}: {{secrets: [\"file:secrets/{page.stem}\"]}}\n"
    return f"notify: {{public_url: 'https://tocsin.example'}}\nadapters:\n{lines}"


def settings(folder):
    """The settings that the pages of CRMs show are what `config check` takes."""
    global checks
    for page in sorted((ROOT / "docs" / "crm").glob("*.md")):
        for block in re.findall(r"^```yaml\n(adapters:.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
            file = folder / f"{page.stem}.yaml"
            kafka = "kafka: {brokers: \"localhost:9092\"}\n" if "topic:" in block else ""
            file.write_text(block.replace("/run/secrets/", f"{folder}/secrets/") + kafka)
            done = subprocess.run([TOCSIN, "config", "check", "--config", str(file)], cwd=folder, capture_output=True, text=True, timeout=60)
            checks += 1
            if done.returncode != 0:
                fail(page.relative_to(ROOT), f"{done.stdout[-300:]}{done.stderr[-300:]}")


def helps(command=()):
    global checks
    text = subprocess.run([TOCSIN, *command, "--help"], capture_output=True, text=True, timeout=60).stdout
    inner = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    if inner:
        for name in re.findall(r"^  (\S+)", inner.group(1), re.M):
            helps((*command, name))
        return
    checks += 1
    if "Reads: " not in text or "Writes: " not in text:
        fail("tocsin " + " ".join(command) + " --help", "does not say what it reads and writes")


def main():
    helps()
    with tempfile.TemporaryDirectory(prefix="tocsin-docs-") as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        (folder / "bin" / "tocsin").symlink_to(TOCSIN)
        (folder / "tickets.csv").write_text(TICKETS)
        node = Node(name, adapters(folder))
        settings(folder)
        guarded = folder / "tokens"
        guarded.mkdir()
        with_tokens = Node(guarded, "http:\n  tokens:\n    - {name: wang, token: wang-secret-0123456789, roles: [read, act], person: wang.fang}\n")
        chinese = folder / "zh"  # the same facts as in English
        chinese.mkdir()
        nodes = {"README.zh.md": Node(chinese)}
        for page in pages():
            for line, script in blocks(page):
                target = with_tokens if "$TOKEN" in script else nodes.get(page.name, node)
                run(page, line, script, f"http://127.0.0.1:{target.port}", folder)
        for one in (node, with_tokens, *nodes.values()):
            one.stop(signal.SIGTERM)
    print(f"{checks} blocks, {failures} failed")
    return 1 if failures or checks < 45 else 0


if __name__ == "__main__":
    run_script(main, Node.running)
