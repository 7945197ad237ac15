#!/usr/bin/env python3
"""Writes the dependencies of this folder's Cargo.toml, or checks them.

    scripts/workspace-hack/generate.py            writes
    scripts/workspace-hack/generate.py --check    says whether any crate, built alone, would build a dependency
                                                  with other features than the whole workspace does; exit code 1 then

Cargo chooses the features of a dependency by what is built in one command. So `cargo test -p one-crate` would
build half of the dependencies once more. Cargo's own cure (`resolver.feature-unification`) is not stable yet, and
cargo-hakari counts the features of benchmarks and try-runtime in, which the tests of pallets must not have.
"""

import json
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
MANIFEST = FOLDER / "Cargo.toml"
BEGIN = "# What follows is written by generate.py.\n"
HACK = "openledger-workspace-hack"
# Not for the runtime's Wasm, whose dependencies are without `std`.
HERE = "[target.'cfg(not(target_family = \"wasm\"))'.{}]"


def cargo(*words, **more):
    run = subprocess.run(("cargo", *words), capture_output=True, text=True, cwd=FOLDER, **more)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return run.stdout


def units(scope):
    """What cargo would compile of the dependencies from outside: {(name, version, for builds): features}, and a set of
    all that tells two compilations of them apart."""
    # Nothing is compiled here. The variable only lets a stable cargo print its plan.
    unlocked = dict(os.environ, RUSTC_BOOTSTRAP="1")
    plan = ("build", *scope, "--all-targets", "--unit-graph", "-Z", "unstable-options")
    graph = json.loads(cargo(*plan, env=unlocked))
    features, compiled, seen = {}, set(), set()
    waiting = [(root, False) for root in graph["roots"]]
    while waiting:
        index, for_builds = waiting.pop()
        if (index, for_builds) in seen:
            continue
        seen.add((index, for_builds))
        unit = graph["units"][index]
        kinds = unit["target"]["kind"]
        for_builds = for_builds or "proc-macro" in kinds
        # A build script has its package's features; what it uses is built for builds.
        below = for_builds or ("custom-build" in kinds and unit["mode"] == "build")
        waiting += [(dependency["index"], below) for dependency in unit["dependencies"]]
        if unit["pkg_id"].startswith("path+"):
            continue  # A crate of this workspace.
        name, _, version = unit["pkg_id"].rpartition("#")[2].rpartition("@")
        package = (name, version, for_builds)
        features[package] = features.get(package, frozenset()) | frozenset(unit["features"])
        compiled.add((package, frozenset(unit["features"])))
    return features, compiled


def compare(members):
    """The packages that some member, built alone, would build with other features than all together."""
    wanted, whole = units(["--workspace"])
    strays = {}
    for member in members:
        for package, _ in units(["-p", member])[1] - whole:
            strays.setdefault(package, member)
    return wanted, strays


def compatible(version):
    """The part of a version that says what it is compatible with."""
    major, minor, patch = version.split("+")[0].split(".")[:3]
    if major != "0":
        return major
    return f"0.{minor}" if minor != "0" else f"0.0.{patch}"


def lines(strays, wanted, for_builds):
    versions = {}
    for name, version, _ in strays:
        versions.setdefault(name, set()).add(version)
    out = []
    for package in sorted(package for package in strays if package[2] == for_builds):
        name, version, _ = package
        alone = len(versions[name]) == 1
        key = name if alone else f"{name}-{compatible(version).replace('.', '-')}"
        parts = [] if alone else [f'package = "{name}"']
        parts += [f'version = "{compatible(version)}"', "default-features = false"]
        if wanted[package]:
            parts.append("features = " + json.dumps(sorted(wanted[package])))
        out.append(f"{key} = {{ {', '.join(parts)} }}")
    return out


def write(strays, wanted):
    text = MANIFEST.read_text().split(BEGIN)[0] + BEGIN
    for kind in ("dependencies", "build-dependencies"):
        entries = lines(strays, wanted, kind != "dependencies")
        text += "\n" + HERE.format(kind) + "\n" + "".join(line + "\n" for line in entries)
    MANIFEST.write_text(text)


def main():
    metadata = json.loads(cargo("metadata", "--no-deps", "--format-version", "1"))
    members = [package["name"] for package in metadata["packages"]]
    members = [name for name in members if name not in (HACK, "wasm-opt")]
    if "--check" in sys.argv:
        _, strays = compare(members)
        for (name, version, for_builds), member in sorted(strays.items()):
            what = "for builds, " if for_builds else ""
            print(f"{name} {version}: {what}other features when {member} is built alone")
        if strays:
            sys.exit("run scripts/workspace-hack/generate.py")
        return
    known = {}
    write(known, {})
    # What is written makes some packages appear that were not there: again, until nothing is new.
    for _ in range(6):
        wanted, strays = compare(members)
        if all(package in known for package in strays):
            break
        known.update(strays)
        write(known, {package: wanted.get(package, frozenset()) for package in known})
    else:
        sys.exit("features still differ after six rounds: " + ", ".join(name for name, *_ in strays))
    print(f"{len(known)} dependencies have one set of features")


if __name__ == "__main__":
    main()
