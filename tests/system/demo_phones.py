#!/usr/bin/env python3
"""What `scripts/run` shows beside the demonstration: a page of what each person's phone got, whose links take the alarm. The
configuration is the one that scripts/run writes.

    tests/system/demo_phones.py      TOCSIN=binary"""
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from crash_node import ROOT, TOCSIN, fail, free_port
from notify import until

sys.path.insert(0, str(ROOT / "scripts"))
from receiver import Receiver  # noqa: E402


def said(url, data=None):
    try:
        with urllib.request.urlopen(url, data, timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def main():
    script = (ROOT / "scripts" / "run").read_text()
    config = re.search(r'tocsin\.yaml" <<CONFIG\n(.*?)\nCONFIG\n', script, re.S).group(1)
    receiver, port = Receiver(), free_port()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "roster.yaml").write_text((ROOT / "scripts" / "demo" / "roster.yaml").read_text())
        (folder / "tocsin.yaml").write_text(config.replace("$url", receiver.url).replace("8080", str(port)) + "\n")
        demo = subprocess.Popen([TOCSIN, "run", "--demo", "--listen", f"127.0.0.1:{port}", "--config", folder / "tocsin.yaml"], cwd=folder,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until("messages to three phones and the group", lambda: len({m["person"] or m["vendor"] for m in receiver.messages}) >= 4, 60)
            if "Who was told what" not in said(receiver.url + "/") or '"shown"' not in said(receiver.url + "/messages"):
                fail("the page does not show them")
            open_ = lambda: next((m["link"] for m in reversed(receiver.messages) if m["vendor"] == "phone" and m["link"] and "<form" in said(m["link"])), None)  # noqa: E731
            until("a link takes an alarm", lambda: (link := open_()) and 'class="ok"' in said(link, b""), 60)
        finally:
            demo.terminate()
            demo.wait()
            receiver.close()
    print(f"{len(receiver.messages)} messages to {len({m['person'] for m in receiver.messages})} readers; a link took an alarm")


if __name__ == "__main__":
    sys.exit(main())
