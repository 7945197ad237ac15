#!/usr/bin/env python3
"""Writes the first inputs of each fuzz target to tests/fuzz/corpus, out of the test vectors and of a few scripts.

    tests/fuzz/seeds.py            writes them
    tests/fuzz/seeds.py FOLDER     writes more of them there, as a start for a fuzzer: every test vector

Numbers of kinds are those of src/decoding/mod.rs and of runtime/tests/conservation/script.rs, so that they are read
from there. What a fuzzer has found stays beside what is written here (names that begin with `found-`).
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VECTORS = ROOT / "tests/vectors"
NOBODYS = bytes(64)
NO_SIGNATURE = b"\x01" + NOBODYS
NO_ACCOUNT = bytes(32)


def kinds_of_messages():
    text = (HERE / "src/decoding/mod.rs").read_text()
    names = re.search(r"const KINDS: .*? = \[\n(.*?)\n\];", text, re.S)[1]
    return [name.strip(" \t,").rpartition("::")[2] for name in names.splitlines()]


def kinds_of_steps():
    text = (ROOT / "runtime/tests/conservation/script.rs").read_text()
    body = re.search(r"^kinds! \{\n(.*?)^\}", text, re.S | re.M)[1]
    return re.findall(r"^\t\d+ (\w+),", body, re.M)


def vectors(name, path, whole):
    """The values at a path of a file of vectors: the shortest and the longest, or all."""
    found = [json.loads((VECTORS / f"{name}.json").read_text())]
    for part in path.split("."):
        found = [value[part] for value in found if isinstance(value, dict) and part in value]
        found = [item for value in found for item in (value if isinstance(value, list) else [value])]
    found = sorted({bytes.fromhex(value) for value in found if isinstance(value, str)}, key=lambda b: (len(b), b))
    return found if whole else sorted({found[0], found[-1]})


def decode(whole):
    number = {name: bytes([at]) for at, name in enumerate(kinds_of_messages())}
    voucher = vectors("messages", "vouchers.versioned", False)[0]
    # Kind, vectors, and what comes behind.
    table = [
        ("voucher", "messages", "vouchers.versioned", NO_SIGNATURE + NO_ACCOUNT),
        ("statement", "messages", "statements.versioned", NO_SIGNATURE + NO_ACCOUNT),
        ("close_agreement", "messages", "closings.versioned", NO_SIGNATURE + NO_ACCOUNT),
        ("run", "lanes", "runs.proof", bytes(24) + voucher[1:]),
        ("lookup", "lanes", "cases.snapshot", bytes(40)),
        ("snapshot", "lanes", "cases.snapshot", bytes(32)),
        ("release", "release", "cases.leaves.proof", bytes(48 + 32)),
        ("range", "data-trees", "cases.ranges.proof", bytes(32) + (1_300).to_bytes(8, "little") + b"\0" * 13),
        ("shown_range", "data-trees", "cases.stream", b""),
        ("words_proof", "answers", "cases.words.proof", bytes(32) + bytes([9, 0, 0, 0, 90, 0, 0, 0])),
        ("piece_proof", "answers", "cases.pieces.proof", bytes(32) + (521).to_bytes(4, "little")),
        ("prompt_proof", "answers", "cases.prompts.proof", bytes(32)),
        ("response", "answers", "cases.response", b""),
        ("answer", "answers", "cases.delivered", bytes(80)),
        ("stream", "streams", "cases.documents", b"\xff"),
        ("words", "words", "cases.source", b""),
    ]
    for name, file, path, behind in table:
        for at, value in enumerate(vectors(file, path, whole)):
            # Long texts say no more than short ones.
            if whole or len(value) < 600:
                before = {"shown_range": bytes([1, 3, 0, 200, 0]), "answer": bytes(65)}.get(name, b"")
                yield f"{name}-{at}", number[name] + before + value + behind
    leaves = vectors("answers", "cases.leaves.leaf", whole)
    yield "word_leaves", number["word_leaves"] + leaves[0] + leaves[-1]
    records = vectors("messages", "calls.record", whole)
    for at, record in enumerate(records):
        # One voucher, its signature, and one part with one record.
        yield f"settlement-{at}", number["settlement"] + voucher + NO_SIGNATURE + b"\x04\x02\x04" + record
    for name, extent in kinds_without_vectors():
        yield name, number[name] + bytes(extent)


def kinds_without_vectors():
    """Those of which zeros are one."""
    return [
        ("list", 2),
        ("release_log", 53),
        ("tree", 6),
        ("range_of_mountains", 7),
        ("settled_lane", 400),
        ("fulfilled_call", 400),
        ("own_price", 160),
        ("split", 17),
        ("price", 96),
        ("pool", 80),
        ("submission", 240),
        ("history", 10),
        ("call", 4),
        ("on_chain", 3),
    ]


def calls(_):
    kinds = kinds_of_steps()
    nothing, right, somebody = 255, 0, 224 + 16

    def step(kind, pick=0, value=1, by=right):
        return bytes([kinds.index(kind), pick]) + value.to_bytes(2, "little") + bytes([by])

    def block(after, *entries):
        assert 1 <= len(entries) <= 8
        return bytes([after | (len(entries) - 1) << 3]) + b"".join(entries)

    def blocks(steps, after=0):
        return b"".join(block(after, *steps[at : at + 8]) for at in range(0, len(steps), 8))

    yield "nothing", b"\x00"
    yield "everybody-leaves", b"\x01" + block(0, step("Serve", 0, 36), step("SettleLanes", 0, 1))
    yield "each-once", b"\x00" + blocks([step(kind, 0, 37) for kind in kinds])
    yield "each-in-vain", b"\x00" + blocks([step(kind, nothing, 0, somebody) for kind in kinds])
    served = [step("Serve", 0, 36), step("Serve", 1, 96), step("Serve", 0, 11), step("SettleLanes", 0, 4)]
    spoiled = [step("SettleLanes", 0, 3 * number) for number in range(1, 5)]
    yield "lanes", b"\x00" + blocks(served + served + spoiled) + block(2, *served)
    reports = ["ReportOverchargedCall", "ReportMisreportedCall", "ReportUnlistedCall", "ReportTwoStatements"]
    yield "reports", b"\x00" + blocks(served) + block(0, *(step(kind, 0, 4) for kind in reports))
    on_chain = [step("RequestCall", 0, 13), step("RequestCall", 1, 1)]
    answered = [step("FulfilCall", 0, 9), step("CancelCall", 0, 1), step("ExpireCall", 0, 1)]
    yield "on-chain", b"\x00" + block(0, *on_chain) + block(1, *answered) + block(3, *answered)
    accused = ["AccuseContribution", "ConfirmAccusation", "ContestAccusation", "ResolveAccusation"]
    yield "accusations", b"\x00" + block(0, *(step(kind, 0, 3) for kind in accused)) + block(7, step("SweepSlashed"))
    batch = bytes([0xF4]) + step("Claim", 0, 1) + step("Claim", 1, 2)
    yield "batches", b"\x00" + block(0, batch, bytes([0xF1]) + step("OpenSession"), step("TransferAll", 2, 3))


def raw(_):
    # Pallet and call as in the metadata; a model, a session, a request that there is, and some that there are not.
    models, data, metering, requests = 20, 21, 22, 24
    for name, pallet in [("models", models), ("data", data), ("metering", metering), ("requests", requests)]:
        sent = b""
        for call in range(12):
            sent += bytes([call, pallet, call]) + bytes([1, 0, 0, 0]) + bytes(12)
        yield name, sent
    yield "transfer", bytes([3, 4, 0, 0]) + NO_ACCOUNT + b"\x0b" + bytes([0, 0, 0x50, 0x6F, 0, 1])


def write(folder, inputs):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in inputs:
        (folder / name).write_bytes(content)


def main():
    whole = len(sys.argv) > 1
    corpus = pathlib.Path(sys.argv[1]) if whole else HERE / "corpus"
    for name, target in [("decode", decode), ("calls", calls), ("raw", raw)]:
        if not whole:
            for old in (corpus / name).glob("*"):
                if not old.name.startswith("found-"):
                    old.unlink()
        write(corpus / name, target(whole))


if __name__ == "__main__":
    main()
