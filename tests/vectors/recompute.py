#!/usr/bin/env python3
"""Makes every test vector beside this file, and that of docs/x402-openledger.md, once more, as docs/formats.md says,
and compares.

The Python files here are written from that page alone and share no code with the Rust crate. The standard
library suffices. The exit code is 1 if anything differs, or if what must be refused is accepted.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True  # The modules beside this file leave nothing behind.

from answers import check_header, check_leaf, marked_leaves, pieces_of, prompt_leaves, read_word_leaf, verify_words
from encoding import H, holds, listed, octets, optional, parse, u
from lanes import NOTHING, acknowledged_root, lane_leaf, totals_of, verify_run
import messages
from releases import leaf_hash, log_leaf, release_root, verify_release
from texts import SEPARATORS, SPACELESS, canonical, fold, is_canonical, is_folded_word, words_of
from trees import data_leaves, drawn_leaf, peaks, prove, prove_in_range, range_proof, root, root_from, verify_range
import x402

HERE = pathlib.Path(__file__).resolve().parent
FAILURES = []
CHECKS = 0


def check(name, made, expected):
    global CHECKS
    CHECKS += 1
    if made != expected:
        FAILURES.append(f"{name}: made {str(made)[:200]}, expected {str(expected)[:200]}")


def load(name):
    return json.loads((HERE / name).read_text())


def hexes(values):
    return [value.hex() for value in values]


def streams():
    file = load("streams.json")
    for case in file["cases"]:
        stream, nul = canonical([bytes.fromhex(document) for document in case["documents"]])
        made = (None if stream is None else stream.hex(), nul)
        check(f"stream: {case['name']}", made, (case["stream"], case["nul_at"]))
    for case in file["canonical"]:
        check(f"canonical: {case['stream']}", is_canonical(bytes.fromhex(case["stream"])), case["is_canonical"])


def words():
    file = load("words.json")
    check("separators", [list(one) for one in SEPARATORS], file["separators"])
    check("spaceless", [list(one) for one in SPACELESS], file["spaceless"])
    for case in file["cases"]:
        source = bytes.fromhex(case["source"])
        for kind, is_stream in (("as_text", False), ("as_stream", True)):
            made = {"folded": fold(source, is_stream).hex(), "words": words_of(source, is_stream)}
            check(f"words: {case['name']}, {kind}", made, case[kind])
    for case in file["folded_words"]:
        check(f"folded word: {case['bytes']}", is_folded_word(bytes.fromhex(case["bytes"])), case["is_folded_word"])


def trees():
    file = load("trees.json")
    for case in file["cases"]:
        leaves = [bytes.fromhex(leaf) for leaf in case["leaves"]]
        name = f"tree of {len(leaves)}"
        check(name, [H(u(at, 4)) for at in range(len(leaves))], leaves)
        check(name, (root(leaves).hex(), hexes(peaks(leaves))), (case["root"], case["peaks"]))
        for proof in case["proofs"]:
            indices, hashes = proof["indices"], [bytes.fromhex(one) for one in proof["hashes"]]
            check(f"{name}, proof of {indices}", hexes(prove(leaves, indices)), proof["hashes"])
            made = holds(root_from, len(leaves), [(at, leaves[at]) for at in indices], hashes)
            check(f"{name}, from {indices}", made, root(leaves))
    for case in file["refused"]:
        opened = [(at, bytes.fromhex(leaf)) for at, leaf in case["opened"]]
        made = holds(root_from, case["count"], opened, [bytes.fromhex(one) for one in case["hashes"]])
        check(f"tree refuses: {case['name']}", made is None or made.hex() != case["root"], True)


def data():
    file = load("data-trees.json")
    for case in file["cases"]:
        stream = bytes.fromhex(case["stream"])
        seed = case["seed"] and bytes.fromhex(case["seed"])
        leaves = data_leaves(stream, seed)
        name = f"data of {len(stream)}"
        check(name, (hexes(leaves), root(leaves).hex()), (case["leaves"], case["root"]))
        for shown in case["ranges"]:
            offset, length = shown["offset"], shown["length"]
            name = f"data of {len(stream)}, {length} at {offset}"
            check(name, range_proof(stream, seed, offset, length).hex(), shown["proof"])
            known = shown | {"root": case["root"], "size": len(stream), "private": seed is not None}
            made = holds(verify_range, known, bytes.fromhex(shown["proof"]))
            check(name, made, stream[offset : offset + length])
        for case_drawn in case["drawn"]:
            expected = (case_drawn["leaf"], case_drawn["offset"], case_drawn["length"])
            made = drawn_leaf(bytes.fromhex(case_drawn["draw"]), case_drawn["contribution"], len(stream))
            check(f"{name}, drawn", made, expected)
    for case in file["refused"]:
        check(f"data refuses: {case['name']}", holds(verify_range, case, bytes.fromhex(case["proof"])), None)


def answer(case):
    name = f"answer: {case['name']}"
    request, prompt, delivered = (bytes.fromhex(case[key]) for key in ("request_hash", "prompt", "delivered"))
    r = H(b"openledger/response-salt/v1", bytes.fromhex(case["salt"]), request)
    leaves, info, entries = marked_leaves(delivered, case["marks"], r)
    hashes = [H(b"openledger/word/v1", leaf) for leaf in leaves]
    check(name, [[leaf.hex(), made.hex()] for leaf, made in zip(leaves, hashes)],
          [[leaf["leaf"], leaf["hash"]] for leaf in case["leaves"]])
    chunks, piece_salts, piece_hashes = pieces_of(delivered, r)
    prompt_words, prompt_salts, prompt_hashes = prompt_leaves(prompt, r)
    prompt_root = H(b"openledger/prompt/v1", u(len(prompt_words), 4), root(prompt_hashes))
    header = u(case["rule"], 2) + bytes.fromhex(case["release_root"]) + u(len(leaves), 4) + u(info, 4)
    header += listed([u(who, 8) + u(credit, 4) + u(first, 4) for who, credit, first in entries]) + prompt_root
    header += listed([u(who, 8) + u(offset, 8) + u(length, 4) for who, offset, length in case["retrieved"]])
    header += u(case["sealed"], 1)
    header_hash = H(b"openledger/answer-header/v1", header)
    fields = request + root(piece_hashes) + root(hashes) + u(len(delivered), 4)
    made = {
        "text_root": root(hashes).hex(),
        "delivered_root": root(piece_hashes).hex(),
        "prompt_root": prompt_root.hex(),
        "header": header.hex(),
        "header_hash": header_hash.hex(),
        "response": (fields + header).hex(),
        "response_hash": H(b"openledger/response/v2", fields, header_hash).hex(),
    }
    check(name, made, {key: case[key] for key in made})
    check(name, holds(check_header, header), True)
    for shown in case["words"]:
        first, after = shown["first"], shown["after"]
        proof = listed(leaves[first:after]) + listed(prove(hashes, list(range(first, after))))
        check(f"{name}, words from {first}", proof.hex(), shown["proof"])
        made = holds(verify_words, root(hashes), len(leaves), len(delivered), bytes.fromhex(shown["proof"]))
        check(f"{name}, words from {first}", made, True)
    check(name, len(case["pieces"]), len(chunks))
    for shown in case["pieces"]:
        at = shown["index"]
        proof = u(at, 4) + octets(chunks[at]) + piece_salts[at] + listed(prove(piece_hashes, [at]))
        check(f"{name}, piece {at}", proof.hex(), shown["proof"])
    for shown in case["prompts"]:
        first, after = shown["first"], shown["after"]
        items = [prompt_salts[at] + prompt_words[at] for at in range(first, after)]
        proof = u(len(prompt_words), 4) + u(first, 4) + listed(items)
        proof += listed(prove(prompt_hashes, list(range(first, after))))
        check(f"{name}, prompt from {first}", proof.hex(), shown["proof"])


def answers():
    file = load("answers.json")
    for case in file["cases"]:
        answer(case)
    for case in file["headers"]:
        made = holds(check_header, bytes.fromhex(case["header"]))
        check(f"header: {case['name']}", made is not None, case["is_valid"])
    for case in file["leaves"]:
        made = holds(lambda data: check_leaf(parse(read_word_leaf, data)), bytes.fromhex(case["leaf"]))
        check(f"leaf: {case['name']}", made is not None, case["is_valid"])
    for case in file["refused"]:
        text_root = bytes.fromhex(case["text_root"])
        made = holds(verify_words, text_root, case["words"], case["length"], bytes.fromhex(case["proof"]))
        check(f"words refuse: {case['name']}", made, None)


def lanes():
    file = load("lanes.json")
    for case in file["cases"]:
        name = f"lane of {len(case['calls'])}"
        totals, leaves, hashes = dict(NOTHING), [], []
        for call in case["calls"]:
            one = totals_of(call["call"])
            totals = {key: totals[key] + one[key] for key in totals}
            leaves.append(lane_leaf(call["sequence"], bytes.fromhex(call["statement"]), totals))
            hashes.append(H(b"openledger/lane/v1", leaves[-1]))
            check(name, (leaves[-1].hex(), hashes[-1].hex()), (call["leaf"], call["hash"]))
        top = peaks(hashes)
        check(name, (hexes(top), acknowledged_root(len(hashes), top).hex()), (case["peaks"], case["root"]))
        snapshot = optional(leaves[-1] if leaves else None) + listed(top)
        beside = prove_in_range(hashes, [len(hashes) - 1]) if leaves else []
        check(f"{name}, snapshot", (snapshot + listed(beside)).hex(), case["snapshot"])
    for case in file["runs"]:
        made = holds(verify_run, case["settled"], case["acknowledged"], bytes.fromhex(case["proof"]))
        check(f"run: {case['name']}", made, case["pays"] and totals_of(case["pays"]))


def releases():
    file = load("release.json")
    for case in file["cases"]:
        name = f"log of {len(case['leaves'])}"
        leaves = [log_leaf(leaf["contribution"], leaf["since"], bytes.fromhex(leaf["data_root"]))
                  for leaf in case["leaves"]]
        hashes = [leaf_hash(leaf) for leaf in leaves]
        made = [[leaf.hex(), digest.hex()] for leaf, digest in zip(leaves, hashes)]
        check(name, made, [[leaf["leaf"], leaf["hash"]] for leaf in case["leaves"]])
        top = peaks(hashes)
        made = release_root(len(hashes), top)
        check(name, (hexes(top), made.hex()), (case["peaks"], case["root"]))
        for place, leaf in enumerate(case["leaves"]):
            proof = u(len(hashes), 4) + listed(top) + u(place, 4) + listed(prove_in_range(hashes, [place]))
            check(f"{name}, place {place}", proof.hex(), leaf["proof"])
            check(f"{name}, place {place}", holds(verify_release, made, leaves[place], proof), True)
    for case in file["refused"]:
        root_of_it, leaf, proof = (bytes.fromhex(case[key]) for key in ("root", "leaf", "proof"))
        check(f"release refuses: {case['name']}", holds(verify_release, root_of_it, leaf, proof), None)


def signed_messages():
    file = load("messages.json")
    kinds = [
        ("vouchers", messages.voucher, b"openledger/voucher/v3", 3),
        ("statements", messages.statement, b"openledger/statement/v2", 2),
        ("closings", messages.closing, b"openledger/close/v2", 2),
    ]
    for kind, encode, tag, version in kinds:
        for at, case in enumerate(file[kind]):
            encoded = encode(case)
            made = ((tag + encoded).hex(), (u(version, 1) + encoded).hex())
            check(f"{kind} {at}", made, (case["payload"], case["versioned"]))
    for case in [one["agreement"] for one in file["vouchers"] + file["statements"]]:
        made = (messages.agreement(case).hex(), messages.agreement_hash(case).hex())
        check("agreement", made, (case["encoded"], case["hash"]))
    for at, case in enumerate(file["statements"]):
        made = H(b"openledger/statement-hash/v1", bytes.fromhex(case["versioned"])).hex()
        check(f"statement {at}, hash", made, case["hash"])
        made = (messages.record(case).hex(), messages.is_record(case))
        check(f"statement {at}, record", made, (case["record"], case["is_record"]))
    for at, case in enumerate(file["calls"]):
        item = messages.settled_call(case)
        check(f"settled call {at}", (item.hex(), messages.leaf(item).hex()), (case["item"], case["leaf"]))
    for at, case in enumerate(file["runs"]):
        totals = lane_leaf(0, b"", totals_of(case["totals"]))[8:]
        item = messages.settled_run(case, totals)
        check(f"settled run {at}", (item.hex(), messages.leaf(item).hex()), (case["item"], case["leaf"]))


def http_messages():
    vector = x402.load()
    facts, lane, inside = x402.made(vector)
    for name, made in facts.items():
        check(f"x402: {name}", made, vector[name])
    for name, said in x402.said(vector).items():
        check(f"x402: hashes of the {name}", inside[name], said)
    check("x402: lane state", lane, vector["laneState"])


def main():
    for part in (streams, words, trees, data, answers, lanes, releases, signed_messages, http_messages):
        part()
    for failure in FAILURES:
        print(failure, file=sys.stderr)
    print(f"{CHECKS - len(FAILURES)} of {CHECKS} comparisons hold")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
