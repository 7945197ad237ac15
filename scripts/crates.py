#!/usr/bin/env python3
"""Prints the crates of this workspace as a picture: who depends on whom, and how many lines each has.

    scripts/crates.py [FOLDER]

Production lines are all lines of src/ but tests, mocks, benchmarks and measured weights; tests are everything
that is compiled for tests alone, modules inside production files included. A crate stands below all that it uses.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent).resolve()
TESTS = re.compile(r"(^|/)(tests?|testing|mock|fakes?)(/|\.rs$)|_tests\.rs$|(^|/)test_[a-z_]+\.rs$")
MEASURES = re.compile(r"(^|/)(benchmarking|weights)(/|\.rs$)")


def count(folder, all_tests):
    production = tests = measures = 0
    for file in sorted(folder.rglob("*.rs")):
        path = file.relative_to(folder).as_posix()
        if path.startswith("target/"):
            continue
        text = file.read_text()
        lines = len(text.splitlines())
        if all_tests or TESTS.search(path):
            tests += lines
        elif MEASURES.search(path):
            measures += lines
        else:
            # From an inline module of tests on, which is a file's last part, all is tests.
            inline = re.search(r"^#\[cfg\(test\)\]\n(?:#\[[^\n]*\n)*mod \w+ \{", text, re.M)
            inside = len(text[inline.start() :].splitlines()) if inline else 0
            production += lines - inside
            tests += inside
    return production, tests, measures


def main():
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)["packages"]
    folder = {p["name"]: pathlib.Path(p["manifest_path"]).parent for p in packages}
    uses = {
        p["name"]: sorted({d["name"] for d in p["dependencies"] if d["kind"] is None and d["name"] in folder} - {p["name"]})
        for p in packages
    }
    hidden = {name for name in folder if name.endswith("workspace-hack") or name == "wasm-opt"}
    floor = {}

    def height(name):
        if name not in floor:
            floor[name] = 1 + max((height(used) for used in uses[name] if used not in hidden), default=0)
        return floor[name]

    total = [0, 0, 0]
    print(f"{'floor':>5}  {'crate':34} {'production':>10} {'tests':>7} {'measures':>8}  uses")
    for name in sorted(set(folder) - hidden, key=lambda name: (height(name), name)):
        for_tests = folder[name].parent.name == "tests" or name.endswith("testkit")
        numbers = count(folder[name], for_tests)
        total = [a + b for a, b in zip(total, numbers)]
        used = " ".join(used.removeprefix("openledger-") for used in uses[name] if used not in hidden)
        print(f"{floor[name]:5}  {name:34} {numbers[0]:10} {numbers[1]:7} {numbers[2]:8}  {used}")
    print(f"{'':5}  {'all':34} {total[0]:10} {total[1]:7} {total[2]:8}")


main()
