"""Messages that are signed, records, and what settlements say of them: docs/formats.md, section 9."""

from encoding import H, compact, listed, optional, u


def number(value):
    """An integer of any size in SCALE's compact form."""
    if value < 1 << 30:
        return compact(value)
    size = (value.bit_length() + 7) // 8
    return u(4 * (size - 4) + 3, 1) + u(value, size)


def some(value):
    return optional(None if value is None else bytes.fromhex(value))


def price(value):
    names = ("per_call", "per_input_token", "per_cached_input_token", "per_output_token")
    return b"".join(u(int(value[name]), 16) for name in names)


def agreement(value):
    numbers = b"".join(u(value[name], 4) for name in ("model", "version", "price_version", "as_of"))
    own = value["own_price"]
    return numbers + u(value["sealed"], 1) + optional(None if own is None else price(own))


def agreement_hash(value):
    return H(b"openledger/agreement/v1", agreement(value))


def voucher(value):
    return b"".join([
        bytes.fromhex(value["genesis_hash"]), u(value["session"], 8), u(value["lane"], 2),
        agreement(value["agreement"]), u(value["sequence"], 8), u(int(value["acknowledged"]), 16),
        bytes.fromhex(value["acknowledged_root"]), u(int(value["authorised"]), 16),
        bytes.fromhex(value["request_hash"]), u(value["valid_until"], 4), some(value["extension"]),
    ])


def attribution(value):
    return listed([number(who) + number(points) for who, points in value["attribution"]])


def statement(value):
    return b"".join([
        bytes.fromhex(value["genesis_hash"]), u(value["session"], 8), u(value["lane"], 2),
        agreement(value["agreement"]), u(value["sequence"], 8), *[u(tokens, 4) for tokens in value["tokens"]],
        u(int(value["charge"]), 16), bytes.fromhex(value["request_hash"]), bytes.fromhex(value["response_hash"]),
        attribution(value), some(value["extension"]),
    ])


def record(value):
    numbers = b"".join(number(one) for one in (value["sequence"], *value["tokens"]))
    return numbers + bytes.fromhex(value["response_hash"]) + attribution(value) + some(value["extension"])


def is_record(value):
    tokens, shares = value["tokens"], value["attribution"]
    return (
        value["extension"] is None
        and max(tokens[1], tokens[2]) <= tokens[0]
        and all(points > 0 for _, points in shares)
        and len({who for who, _ in shares}) == len(shares)
        and sum(points for _, points in shares) <= 10_000
    )


def closing(value):
    return bytes.fromhex(value["genesis_hash"]) + u(value["session"], 8) + u(int(value["settled"]), 16) + b"\0"


def parts(value):
    numbers = b"".join(number(int(value[name])) for name in ("protocol", "developer", "data"))
    return numbers + listed([number(int(amount)) for amount in value["royalties"]])


def settled_call(value):
    direct = listed([number(int(amount)) + u(source, 1) for amount, source in value["direct"]])
    return u(2, 1) + bytes.fromhex(value["record"]) + number(int(value["charge"])) + parts(value["parts"]) + direct


def settled_run(value, totals):
    numbers = b"".join(number(value[name]) for name in ("first_sequence", "last_sequence", "count"))
    return u(129, 1) + numbers + bytes.fromhex(value["acknowledged_root"]) + totals + parts(value["parts"])


def leaf(item):
    return H(b"openledger/settled/v1", item)
