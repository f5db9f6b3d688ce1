#!/usr/bin/env python3
"""Holds the shape of the source tree: which folder may include what, how long a file may be, what events/
and engine/ must not do, and that the zoo's patches still apply. Run by ctest; `tests/tree_test.py [ROOT]`
by hand. First it shows on invented files that each of its rules can fail."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Includes point one way: a folder may include itself and what stands before it.
ORDER = ["events", "engine", "projections", "connectors", "app"]

# The rooms of engine/, in the order in which a decision comes about, and of projections/: a room may include itself and
# what is named here; what is on top (the partition in engine/, the store in projections/) may include them all.
ROOMS = {
    "engine/calendar": (),
    "engine/policy": ("engine/calendar",),
    "engine/policy/compile": ("engine/calendar", "engine/policy"),
    "engine/entity": ("engine/calendar", "engine/policy"),
    "engine/truth": ("engine/calendar", "engine/policy", "engine/entity"),
    "engine/said": ("engine/calendar", "engine/policy", "engine/entity", "engine/truth"),
    "engine/timers": (),
    "projections/rows": (),
    "projections/write": ("projections/rows",),
    "projections/read": ("projections/rows",),
}

# A library's headers stay inside the files that wrap it.
LIBRARIES = {
    "boost/beast": ("connectors/http/",),
    "boost/asio": ("connectors/http/",),
    "rocksdb/": ("projections/rows/table.cc",),
    "librdkafka/": ("connectors/kafka/",),
    "curl/": ("connectors/notify/", "connectors/crm/", "app/send.cc", "app/http_ask.cc"),
    "re2/": ("connectors/crm/",),
    "yaml-cpp/": ("engine/policy/compile/yaml.cc",),
    "zlib": ("connectors/board/",),
    "CLI/": ("app/",),
    "prometheus/": ("connectors/", "app/"),
}

# The core reads no clock, does no I/O, logs nothing, draws no random number.
PURE = ("events/", "engine/")
IMPURE_HEADERS = {"fstream", "iostream", "cstdio", "filesystem", "thread", "mutex", "random", "ctime",
                  "sys/time.h", "unistd.h", "fcntl.h", "stdio.h", "time.h"}
IMPURE_CALLS = re.compile(
    r"\bnow\s*\(\s*\)|\bstd::(cout|cerr|clog|random_device)\b|\bgetenv\b|\bgettimeofday\b|\bclock_gettime\b"
    r"|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|\bf?printf\s*\(")

# Said in the header of each: a policy takes force, never something is decided; a mistake of ours ends the program.
# The mutexes are for the folders above, and stand below because those have nothing else in common.
MUTEX = "events/mutex.h"
ALLOWED = {("engine/calendar/zone_load.cc", "fstream"), ("events/check.cc", "cstdio"), (MUTEX, "mutex")}

# A mutex that clang does not know is a mutex whose use nobody checks.
UNCHECKED_MUTEX = re.compile(
    r"\bstd::(\w*mutex|condition_variable\w*|lock_guard|unique_lock|scoped_lock|shared_lock)\b")

# The views know policies, not the default policy: none of its kinds' and verbs' names in projections/, but for names
# that the contract itself gives to members and states of answers.
POLICY = "policy/key-account.yaml"
CONTRACT_WORDS = {"account", "paused", "cancelled", "opened", "acknowledged", "excused", "notified", "escalated"}

LINES_MAX = 600
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
STRING = re.compile(r'R"\w*\(.*?\)\w*"|"(?:[^"\\\n]|\\.)*"', re.S)


def policy_words(text):
    """The kinds of a policy and the verbs of their facts, as they stand in its file."""
    words, room = set(), ""
    facts = False
    for line in text.splitlines():
        top = re.match(r"([a-z_0-9]+):", line)
        if top:
            room = top.group(1)
        kind = re.match(r"  ([a-z_0-9]+):", line)
        member = re.match(r"    ([a-z_0-9]+):", line)
        verb = re.match(r"      ([a-z_0-9]+):", line)
        if room == "kinds" and kind:
            words.add(kind.group(1))
        if member:
            facts = member.group(1) == "facts"
        if room == "kinds" and facts and verb:
            words.add(verb.group(1))
    return words - CONTRACT_WORDS


def words_of_the_policy(path, text, words):
    """Literals in projections/ that are a kind or a verb of the default policy, or begin with a kind and a dot."""
    if not path.startswith("projections/"):
        return []
    found = []
    for literal in re.findall(r'"((?:[^"\\\\\n]|\\\\.)*)"', COMMENT.sub("", text)):
        if literal in words or literal.split(".")[0] in words and "." in literal:
            found.append(f'"{literal}" is a word of the default policy')
    return found


def faults(path, text):
    """What is wrong with a file of the product's folders, as short sentences."""
    folder = path.split("/")[0]
    allowed = ORDER[: ORDER.index(folder) + 1]
    found = []
    for quote, name in INCLUDE.findall(text):
        top = name.split("/")[0]
        if quote == '"' and top in ORDER and top not in allowed:
            found.append(f"{folder} must not include {name}")
        room, other = path.rsplit("/", 1)[0], name.rsplit("/", 1)[0]
        if room in ROOMS and other != room and other.split("/")[0] == folder and other not in ROOMS[room]:
            found.append(f"{room} must not include {name}")
        if quote == '"' and "/" not in name:
            found.append(f"include {name} from the root of the tree")
        for library, places in LIBRARIES.items():
            if name.startswith(library) and not path.startswith(places):
                found.append(f"<{name}> belongs in {' or '.join(places)}")
        if quote == "<" and name in IMPURE_HEADERS and path.startswith(PURE) and (path, name) not in ALLOWED:
            found.append(f"<{name}> has no place in {folder}")
        if name == MUTEX and path.startswith(PURE):
            found.append(f"{name} has no place in {folder}")
    code = STRING.sub('""', COMMENT.sub("", text))
    call = IMPURE_CALLS.search(code)
    if call and path.startswith(PURE):
        found.append(f"{call.group(0)} has no place in {folder}")
    mutex = UNCHECKED_MUTEX.search(code)
    if mutex and path != MUTEX:
        found.append(f"{mutex.group(0)}: {MUTEX} has those that clang checks")
    lines = text.count("\n")
    if lines > LINES_MAX:
        found.append(f"{lines} lines, at most {LINES_MAX}")
    if path.endswith(".h"):
        if not text.startswith("//"):
            found.append("a header opens with a comment that says what it is for")
        if not re.search(r"^#pragma once$", text, re.M):
            found.append("no #pragma once")
    return found


def self_test():
    head = "// What it is for.\n#pragma once\n"
    wrong = [
        ("events/a.h", head + '#include "engine/b.h"\n', "must not include engine/b.h"),
        ("engine/a.h", head + '#include "app/b.h"\n', "must not include app/b.h"),
        ("projections/a.cc", '#include "connectors/http/b.h"\n', "must not include"),
        ("connectors/http/a.cc", '#include "app/b.h"\n', "must not include"),
        ("app/a.cc", '#include "b.h"\n', "from the root"),
        ("app/a.cc", "#include <boost/beast/core.hpp>\n", "belongs in"),
        ("connectors/kafka/a.cc", "#include <rocksdb/db.h>\n", "belongs in"),
        ("connectors/http/a.cc", "#include <librdkafka/rdkafka.h>\n", "belongs in"),
        ("app/a.cc", "#include <curl/curl.h>\n", "belongs in"),
        ("engine/calendar/calendar.cc", "#include <yaml-cpp/yaml.h>\n", "belongs in"),
        ("engine/a.cc", "#include <fstream>\n", "no place"),
        ("events/a.cc", "auto t = std::chrono::system_clock::now();\n", "no place"),
        ("engine/a.cc", '#include "events/mutex.h"\n', "no place"),
        ("app/a.cc", "std::mutex m;\n", "clang checks"),
        ("app/a.cc", "const std::lock_guard lock(m);\n", "clang checks"),
        ("engine/a.cc", "std::cerr << 1;\n", "no place"),
        ("engine/a.cc", "\n" * (LINES_MAX + 1), "lines"),
        ("engine/entity/a.cc", '#include "engine/truth/truth.h"\n', "must not include engine/truth"),
        ("engine/timers/a.cc", '#include "engine/partition.h"\n', "must not include engine/partition"),
        ("app/a.h", "#pragma once\n", "opens with a comment"),
        ("app/a.h", "// x\n", "#pragma once"),
    ]
    for path, text, expected in wrong:
        assert any(expected in fault for fault in faults(path, text)), (path, expected, faults(path, text))
    right = [
        ("app/a.cc", '#include "connectors/http/b.h"\n#include <fstream>\nx.now();\n'),
        ("engine/policy/compile/yaml.cc", "#include <yaml-cpp/yaml.h>\n"),
        ("engine/a.h", head + '#include "events/b.h"\n// reads no clock: now() is an input\nf("now()");\n'),
        ("engine/a.cc", "\n" * LINES_MAX),
    ]
    for path, text in right:
        assert not faults(path, text), (path, faults(path, text))


def self_test_of_words():
    words = policy_words("kinds:\n  ticket:\n    facts:\n      resolved: {}\nclocks:\n  ticket.response:\n")
    assert words == {"ticket", "resolved"}, words
    assert words_of_the_policy("projections/a.cc", 'if (kind == "ticket") // "resolved"\n', words)
    assert words_of_the_policy("projections/a.cc", 'f("ticket.closed");\n', words)
    assert not words_of_the_policy("projections/a.cc", 'f("clock"); // "ticket"\n', words)
    assert not words_of_the_policy("app/a.cc", 'f("ticket");\n', words)


def applies(root, patch):
    """Whether a fault of the zoo can still be put into the tree, as tests/sim/zoo/run does it."""
    command = ["patch", "--dry-run", "--silent", "--force", "--strip=1", f"--directory={root}", f"--input={patch}"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def stale_patches(root):
    patches = sorted((root / "tests/sim/zoo").glob("*.patch"))
    return [patch for patch in patches if not applies(root.resolve(), patch.resolve())]


def self_test_of_patches():
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        zoo = root / "tests/sim/zoo"
        zoo.mkdir(parents=True)
        (root / "a.cc").write_text("one\ntwo\n")
        for name, line in (("fits", "two"), ("stale", "three")):
            (zoo / f"{name}.patch").write_text(f"--- a/a.cc\n+++ b/a.cc\n@@ -1,2 +1 @@\n one\n-{line}\n")
        assert [patch.stem for patch in stale_patches(root)] == ["stale"], stale_patches(root)


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    self_test()
    self_test_of_words()
    self_test_of_patches()
    words = policy_words((root / POLICY).read_text(encoding="utf-8"))
    assert {"ticket", "resolved", "contacted"} <= words, words
    count = 0
    wrong = 0
    for folder in ORDER:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            count += 1
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8")
            for fault in faults(path, text) + words_of_the_policy(path, text, words):
                wrong += 1
                print(f"{path}: {fault}")
    for folder in ("bench", "tests"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".h", ".cc", ".py", ".sh"):
                count += 1
                lines = file.read_text(encoding="utf-8").count("\n")
                if lines > LINES_MAX:
                    wrong += 1
                    print(f"{file.relative_to(root)}: {lines} lines, at most {LINES_MAX}")
    for patch in stale_patches(root):
        wrong += 1
        print(f"{patch.relative_to(root)}: it does not apply any more")
    print(f"{count} files, {wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
