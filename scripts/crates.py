#!/usr/bin/env python3
"""Prints the crates of this workspace as a picture: who depends on whom, and how many lines each has.

    scripts/crates.py [--check] [FOLDER]

With --check it prints nothing of that. It compares the crates with the picture in ARCHITECTURE.md, and asks whether
node/models, which knows no money, has a word for it in its code.

Production lines are all lines of src/ but tests, mocks, benchmarks and measured weights; tests are everything
that is compiled for tests alone, modules inside production files included. A crate stands below all that it uses.
"""

import fnmatch
import json
import pathlib
import re
import subprocess
import sys

FOLDERS = [argument for argument in sys.argv[1:] if argument != "--check"]
ROOT = pathlib.Path(FOLDERS[0] if FOLDERS else pathlib.Path(__file__).resolve().parent.parent).resolve()
TESTS = re.compile(r"(^|/)(tests?|testing|mock|fakes?)(/|\.rs$)|_tests\.rs$|(^|/)test_[a-z_]+\.rs$")
MEASURES = re.compile(r"(^|/)(benchmarking|weights)(/|\.rs$)")
# Not in the picture: what runs the programs, and what stands in for something else.
APART = re.compile(r"tests/|runtime/wasm-opt$|scripts/")
MONEY = re.compile(r"voucher|price|x402|statement|balance|planck", re.I)
# What compiles to nothing, or is text: words of money may stand in it.
NO_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|\bb?r(#*)".*?"\1|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)'""", re.S)


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


def metadata():
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)["packages"]


def picture():
    """The lines of the picture: which crates, whom they use, and the remark behind."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    lines = re.search(r"^## Code map\n.*?^```text\n(.*?)^```", text, re.M | re.S)[1].splitlines()
    for line in filter(None, lines):
        pattern, uses, remark = re.fullmatch(r"(\S+)\s*(?:→ (\S+(?:, \S+)*))?(?:\s{2,}(\S.*))?", line).groups()
        yield pattern, (uses or "").split(", ") if uses else [], remark or ""


def compare(packages):
    """What the crates do that the picture does not show, or the other way round. Cargo itself refuses circles."""
    folder = {p["name"]: pathlib.Path(p["manifest_path"]).parent.relative_to(ROOT).as_posix() for p in packages}
    drawn = list(picture())
    at = next(index for index, (_, _, remark) in enumerate(drawn) if remark.startswith("ground"))
    ground = [pattern for pattern, _, _ in drawn[at:]]

    def crates(pattern):
        found = {name for name, path in folder.items() if fnmatch.fnmatch(path, pattern) or path.split("/")[-1] == pattern}
        return found - {name for name in found if APART.match(folder[name])}

    for package in packages:
        name, path = package["name"], folder[package["name"]]
        if APART.match(path):
            continue
        line = next((line for line in drawn if fnmatch.fnmatch(path, line[0])), None)
        if line is None:
            yield f"{name} is not in the picture of ARCHITECTURE.md"
            continue
        pattern, named, remark = line
        may = set().union(*map(crates, named))
        missing = may
        if path.startswith("node/") and not remark.startswith("nothing") and pattern not in ground:
            may = may.union(*map(crates, ground))
        in_tests = "not even for tests" in remark
        uses = {
            d["name"]
            for d in package["dependencies"]
            # A crate's fakes may be made of the testkit: its feature `testing`.
            if (d["kind"] != "dev" or in_tests) and not (d["optional"] and folder.get(d["name"]) == "node/testkit")
        }
        uses = {used for used in uses - {name} if used in folder and not APART.match(folder[used])}
        for used in sorted(uses - may):
            yield f"{name} uses {used}, and the picture of ARCHITECTURE.md has no such arrow"
        for unused in sorted(missing - uses):
            yield f"{name} does not use {unused}, and the picture of ARCHITECTURE.md has an arrow to it"


def money():
    """Words of money in the code of node/models, tests included."""
    for file in sorted((ROOT / "node/models/src").rglob("*.rs")):
        # The lines stay, so that they can be counted.
        code = NO_CODE.sub(lambda found: "\n" * found[0].count("\n"), file.read_text())
        for number, line in enumerate(code.splitlines(), 1):
            if found := MONEY.search(line):
                yield f"{file.relative_to(ROOT)}:{number} says `{found[0]}`: node/models knows no money"


def check():
    errors = [*compare(metadata()), *money()]
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(1 if errors else 0)


def main():
    packages = metadata()
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


check() if "--check" in sys.argv else main()
