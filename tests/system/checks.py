"""Checks that go on after a failure, and the end of a script that made them."""
import sys

failures = checks = 0


def check(what, got, wanted):
    global failures, checks
    checks += 1
    if got != wanted:
        failures += 1
        print(f"FAILED {what}: {got!r}, not {wanted!r}", flush=True)


def result():
    """The exit status, when all is done."""
    print(f"{checks} checks, {failures} failed")
    return 1 if failures or not checks else 0


def run_script(main, processes):
    """Ends the script with what `main` returns; whatever happens, none of `processes` is left."""
    try:
        sys.exit(main())
    finally:
        for process in processes:
            process.kill()
