#!/usr/bin/env python3
"""Signatures of five vendors (tests/connectors/crm/data/signatures.json) over HTTP, against a node whose clock shows the instant
at which each arrives: taken, or 401 with the reason.

The clock runs on meanwhile, so the nodes of those that are to be taken start some seconds earlier: one that is exactly as old as it
may be is not yet older. The exact instant is a matter of tests/connectors/crm/inbound_test.cc."""
import collections
import datetime
import json
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import check, result  # noqa: E402
from crm_lib import ROOT, Node  # noqa: E402

VECTORS = json.loads((ROOT / "tests/connectors/crm/data/signatures.json").read_text())


EARLIER_S = 20


def leap(folder, now, earlier):
    """The environment of a process whose wall clock shows `now`, less `earlier` seconds."""
    library = folder / "leap.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(ROOT / "tests/system/leaping_clock.c")], check=True)
    ahead = int((datetime.datetime.fromisoformat(now.replace("Z", "+00:00")).timestamp() - time.time() - earlier) * 1000)
    (folder / "leap").write_bytes(struct.pack("=q", ahead))
    return {"LD_PRELOAD": str(library), "TOCSIN_LEAP": str(folder / "leap")}


def arrive(folder, now, earlier, vectors):
    # One adapter for each list of secrets: the same file under several names.
    names = {}
    config = "adapters:\n"
    for v in vectors:
        key = (v["adapter"], *v["secrets"])
        if key in names:
            continue
        names[key] = f"{v['adapter']}-{len(names)}"
        files = []
        for n, secret in enumerate(v["secrets"]):
            (folder / f"{names[key]}.{n}").write_text(secret + "\n")
            files.append(f"file:{names[key]}.{n}")
        (folder / f"{names[key]}.yaml").write_text((ROOT / f"connectors/crm/adapters/{v['adapter']}.yaml").read_text())
        config += f"  {names[key]}: {{file: {names[key]}.yaml, secrets: {json.dumps(files)}}}\n"
    node = Node(folder, config, leap(folder, now, earlier))
    for v in vectors:
        status, answer = node.post(names[(v["adapter"], *v["secrets"])], v["body"], v["headers"])
        got = "ok" if status == 202 else f"{status} {answer.get('reason')}"
        check(f"{v['adapter']}: {v['name']}", got, "ok" if v["expect"] == "ok" else f"401 {v['why']}")
    node.stop()


def main():
    at = collections.defaultdict(list)
    for v in VECTORS:
        at[v["now"], EARLIER_S if v["expect"] == "ok" else 0].append(v)
    for (now, earlier), vectors in at.items():
        with tempfile.TemporaryDirectory() as folder:
            arrive(Path(folder), now, earlier, vectors)
    return result()


if __name__ == "__main__":
    sys.exit(main())
