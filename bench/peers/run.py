#!/usr/bin/python3
"""The same promise as users keep it today, one after the other with the same load: see README.md beside this.

    bench/peers/run.py [--tickets 200000] [--rate 3000] [--seconds 30] [--down 12] [--poll 1] [--only tocsin,postgres,streams] [--tocsin build/release/tocsin]

Prints one row a peer: facts a second loaded; lateness p50, p99, max; restart until the first and the last; disk."""
import argparse
import importlib
import shutil
import sys
import tempfile
from pathlib import Path

import load


def size_mb(folders):
    return sum(f.stat().st_blocks * 512 for folder in folders for f in folder.rglob("*") if f.is_file()) / 1e6


def measure(name, options):
    scratch = Path(tempfile.mkdtemp(prefix=f"peer-{name}-"))
    told, peer = load.Told(), None
    try:
        peer = importlib.import_module(name).Peer(scratch, told, options)
        peer.start()
        rate = load.loaded(peer, options.tickets)
        disk = size_mb(peer.folders())
        missed, heard = load.steady(peer, told, options.rate, options.seconds)
        late = told.of("S")
        first, last = load.restart(peer, told, options.down)
        print(f"| {name} | {rate:,.0f} | {load.quantile(late, .5)} / {load.quantile(late, .99)} / {late[-1] if late else '–'} ms "
              f"({heard:,} of {missed:,}) | {first:.2f} / {last:.2f} s | {disk:,.0f} MB |", flush=True)
        peer.stop()
    except (RuntimeError, ImportError, OSError) as e:
        print(f"| {name} | left out: {e} | | | |", flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--tickets", type=int, default=200_000)
    p.add_argument("--rate", type=int, default=3000)
    p.add_argument("--seconds", type=int, default=30)
    p.add_argument("--down", type=float, default=12.0)
    p.add_argument("--poll", type=float, default=1.0)
    p.add_argument("--only", default="tocsin,postgres,streams")
    p.add_argument("--tocsin", default="build/release/tocsin")
    options = p.parse_args()
    print(f"{options.tickets:,} tickets, then {options.rate:,} facts/s for {options.seconds} s\n")
    print("| peer | loaded, facts/s | lateness p50 / p99 / max | restart: first / last | disk after loading |\n|---|---|---|---|---|")
    for name in options.only.split(","):
        measure(name, options)


if __name__ == "__main__":
    sys.exit(main())
