"""Messages as HTTP carries them: the test vector of docs/x402-openledger.md, made from docs/formats.md."""

import json
import pathlib
import re

from answers import LEAST_BITS, marked_leaves, pieces_of, prompt_leaves
from encoding import H, listed, optional, u
from lanes import NOTHING, acknowledged_root, lane_leaf
import messages
from trees import peaks, prove_in_range, root

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "x402-openledger.md"


def load():
    block = re.search(r'```json\n(\{\n  "salt".*?)\n```', PAGE.read_text(), re.DOTALL)
    return json.loads(block.group(1))


def plain(value):
    """The hex digits behind 0x."""
    return None if value is None else value.removeprefix("0x")


def snake(value):
    """The same with field names and hashes as the other vectors have them."""
    if isinstance(value, dict):
        return {re.sub("[A-Z]", lambda c: "_" + c.group().lower(), name): snake(one) for name, one in value.items()}
    if isinstance(value, list):
        return [snake(one) for one in value]
    return plain(value) if isinstance(value, str) else value


def message(value):
    made = snake(value)
    if "agreement" in made:
        made["agreement"]["sealed"] = made["agreement"]["evidence"] == "sealed"
    if "tokens" in made:
        made["tokens"] = tokens_of(value["tokens"])
        made["attribution"] = [[one["contribution"], one["basis_points"]] for one in made["attribution"]]
    return made


def tokens_of(tokens):
    return [tokens[name] for name in ("input", "cached", "retrieved", "output")]


def payload(tag, encoded):
    return "0x" + (tag + encoded).hex()


def list_of(calls):
    """The leaves of a lane's list, and their hashes."""
    totals, leaves = dict(NOTHING), []
    for call in calls:
        one = [1, int(call["charge"]), *tokens_of(call["tokens"]), 0]
        totals = {name: totals[name] + more for name, more in zip(totals, one)}
        leaves.append(lane_leaf(call["sequence"], bytes.fromhex(plain(call["statement"])), totals))
    return leaves, [H(b"openledger/lane/v1", leaf) for leaf in leaves], totals


def root_of_list(hashes):
    return "0x" + acknowledged_root(len(hashes), peaks(hashes)).hex()


def snapshot(leaves, hashes):
    beside = prove_in_range(hashes, [len(hashes) - 1]) if hashes else []
    return "0x" + (optional(leaves[-1] if leaves else None) + listed(peaks(hashes)) + listed(beside)).hex()


def answer(vector, request):
    """Prompt root, header and hash of an answer that nobody is traced in: all words are worth least."""
    delivered = vector["text"].encode()
    r = H(b"openledger/response-salt/v1", bytes.fromhex(plain(vector["salt"])), request)
    words, _, prompt_hashes = prompt_leaves(vector["prompt"].encode(), r)
    prompt_root = H(b"openledger/prompt/v1", u(len(words), 4), root(prompt_hashes))
    leaves, info, entries = marked_leaves(delivered, None, r)
    assert not entries and info == 4 * LEAST_BITS * len(leaves)
    header = u(0, 2) + bytes(32) + u(len(leaves), 4) + u(info, 4) + listed([]) + prompt_root + listed([])
    header += u(vector["voucher"]["agreement"]["evidence"] == "sealed", 1)
    fields = request + root(pieces_of(delivered, r)[2]) + root([H(b"openledger/word/v1", leaf) for leaf in leaves])
    made = H(b"openledger/response/v2", fields, u(len(delivered), 4), H(b"openledger/answer-header/v1", header))
    return {"promptRoot": "0x" + prompt_root.hex(), "header": "0x" + header.hex(), "responseHash": "0x" + made.hex()}


def made(vector):
    """What the vector says beside salt, body, prompt, text, calls and the messages themselves."""
    salt, body = bytes.fromhex(plain(vector["salt"])), vector["body"].encode()
    request = H(b"openledger/request/v1", salt, body)
    leaves, hashes, totals = list_of(vector["calls"])
    statement = messages.statement(message(vector["statement"]))
    statement_hash = H(b"openledger/statement-hash/v1", u(2, 1), statement)
    own = vector["statement"] | {"statement": "0x" + statement_hash.hex()}
    _, all_hashes, all_totals = list_of([*vector["calls"], own])
    voucher, close, lane = (vector[name] for name in ("voucher", "close", "laneState"))
    deposit = int(lane["deposit"])
    facts = {
        "requestHash": "0x" + request.hex(),
        **answer(vector, request),
        "acknowledgedRoot": root_of_list(hashes),
        "voucherPayload": payload(b"openledger/voucher/v3", messages.voucher(message(voucher))),
        "statementPayload": payload(b"openledger/statement/v2", statement),
        "statementHash": "0x" + statement_hash.hex(),
        "root": root_of_list(all_hashes),
        "closePayload": payload(b"openledger/close/v2", messages.closing(message(close))),
    }
    receipt = {"statement": vector["statement"], "header": facts["header"]}
    receipt["signature"] = vector["statementSignatures"][0]["signature"]
    shared = {name: voucher[name] for name in ("session", "lane", "agreement", "sequence")}
    body_of_lane = shared | {
        **{name: message(voucher)["agreement"][name] for name in ("model", "version", "price_version")},
        "next_sequence": voucher["sequence"] + 1,
        "charged": str(all_totals["charge"]),
        "in_flight": None,
        "deposit": str(deposit),
        "deposit_left": str(deposit - all_totals["charge"]),
        "last": {
            "voucher": voucher,
            "signature": vector["voucherSignatures"][1]["signature"],
            "snapshot": snapshot(leaves, hashes),
            "statement": receipt,
        },
    }
    inside = {
        "voucher": (facts["requestHash"], facts["acknowledgedRoot"], str(totals["charge"])),
        "statement": (facts["requestHash"], facts["responseHash"]),
    }
    return facts, body_of_lane, inside


def said(vector):
    """The same as the messages say it."""
    voucher, statement = vector["voucher"], vector["statement"]
    return {
        "voucher": (voucher["requestHash"], voucher["acknowledgedRoot"], voucher["acknowledged"]),
        "statement": (statement["requestHash"], statement["responseHash"]),
    }
