"""Lists of lanes, and runs of them: docs/formats.md, section 7."""

from encoding import H, need, parse, u
from trees import need_in_range, range_root

TOTALS = [
    ("calls", 4), ("charge", 16), ("input_tokens", 8), ("cached_tokens", 8), ("retrieved_tokens", 8),
    ("output_tokens", 8), ("calls_with_entries", 4),
]


def totals_of(value):
    return {name: int(value[name]) for name, _ in TOTALS}


def lane_leaf(sequence, statement, totals):
    return u(sequence, 8) + statement + b"".join(u(totals[name], size) for name, size in TOTALS)


def read_lane_leaf(reader):
    begin = reader.at
    leaf = {"sequence": reader.u(8), "statement": reader.hash()}
    leaf["totals"] = {name: reader.u(size) for name, size in TOTALS}
    leaf["hash"] = H(b"openledger/lane/v1", reader.data[begin : reader.at])
    leaf["index"] = leaf["totals"]["calls"] - 1
    return leaf


def check_lane_leaf(leaf):
    totals = leaf["totals"]
    need(totals["calls"] >= 1 and leaf["sequence"] >= totals["calls"], "place")
    need(totals["calls_with_entries"] <= totals["calls"], "entries")


def acknowledged_root(count, top):
    return range_root(b"openledger/lane-root/v1", count, top)


NOTHING = {name: 0 for name, _ in TOTALS}


def difference(late, early):
    run = {name: late["totals"][name] - early["totals"][name] for name, _ in TOTALS}
    need(all(value >= 0 for value in run.values()), "totals fall")
    need(late["sequence"] - early["sequence"] >= run["calls"], "sequences")
    need(run["calls_with_entries"] <= run["calls"], "entries")
    return run


def verify_run(settled, acknowledged, proof):
    def read(reader):
        value = {"count": reader.u(4), "peaks": reader.list(32, reader.hash)}
        value["from"] = reader.optional(lambda: read_lane_leaf(reader))
        value["next"] = read_lane_leaf(reader)
        value["to"] = reader.optional(lambda: read_lane_leaf(reader))
        value["hashes"] = reader.list(93, reader.hash)
        return value

    proof = parse(read, proof)
    before, first, last = proof["from"], proof["next"], proof["to"] or proof["next"]
    leaves = [leaf for leaf in (before, first, proof["to"]) if leaf]
    for leaf in leaves:
        check_lane_leaf(leaf)
    need((before["index"] if before else -1) == first["index"] - 1, "not neighbours in the list")
    need(proof["to"] is None or last["index"] > first["index"], "ends before it begins")
    need(last["index"] < proof["count"], "beyond the list")
    need((before["sequence"] if before else 0) <= settled["sequence"] < first["sequence"], "not neighbours")
    need(last["sequence"] < acknowledged["sequence"], "not acknowledged")
    need(acknowledged_root(proof["count"], proof["peaks"]).hex() == acknowledged["root"], "peaks")
    opened = [(leaf["index"], leaf["hash"]) for leaf in leaves]
    need_in_range(proof["count"], proof["peaks"], opened, proof["hashes"])
    if before:
        difference(first, before)
    if proof["to"]:
        difference(last, first)
    run = difference(last, before or {"totals": NOTHING, "sequence": 0})
    need(run["calls_with_entries"] == 0, "entries")
    need(int(settled["charge"]) + run["charge"] <= int(acknowledged["charge"]), "above acknowledged")
    return run
