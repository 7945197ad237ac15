"""Answers: docs/formats.md, section 6."""

from encoding import H, need, octets, parse, u
from texts import MAX_STREAM, is_folded_word, is_spaceless, words_of
from trees import root_from, salt_of

MAX_ANSWER = 1 << 24
LEAST_BITS = 4
UNMARKED = {"bits": LEAST_BITS, "echoed": False, "frequent": False, "retrieved": False, "owner": None}


def leaf_word(folded):
    if len(folded) <= 512:
        return b"\0" + octets(folded)
    return b"\1" + u(len(folded), 4) + H(b"openledger/long-word/v1", folded)


def read_leaf_word(reader):
    kind = reader.u(1)
    need(kind < 2, "no leaf word")
    if kind == 0:
        word = reader.octets(512)
        return {"length": len(word), "bytes": word}
    word = {"length": reader.u(4), "bytes": None}
    word["hash"] = reader.hash()
    return word


def is_possible_word(word):
    if word["bytes"] is None:
        return 512 < word["length"] <= MAX_ANSWER
    return is_folded_word(word["bytes"])


def read_word_leaf(reader):
    begin = reader.at
    leaf = {"index": reader.u(4), "salt": reader.salt(), "offset": reader.u(4)}
    leaf["word"] = read_leaf_word(reader)
    leaf |= {"flags": reader.u(1), "owner": reader.u(1), "info": reader.u(4), "credit": reader.u(4)}
    leaf["hash"] = H(b"openledger/word/v1", reader.data[begin : reader.at])
    return leaf


def check_leaf(leaf):
    flags, owner, so_far = leaf["flags"], leaf["owner"], leaf["index"] + 1
    need(is_possible_word(leaf["word"]), "no word")
    need(flags < 16 and flags & 5 != 5 and not (leaf["index"] == 0 and flags & 8), "flags")
    need(owner <= min(16, so_far) and not (owner and flags & 3), "owner")
    info, credit = leaf["info"], leaf["credit"]
    need(16 * so_far <= info <= 56 * so_far and info % 4 == 0, "info")
    need(credit <= info and (credit == 0) == (owner == 0), "credit")
    return True


def check_follows(leaf, before):
    end = before["offset"] + before["word"]["length"]
    need(leaf["index"] == before["index"] + 1 and leaf["offset"] >= end, "order")
    touches = leaf["offset"] == end
    need(touches == bool(leaf["flags"] & 8), "glued")
    spaceless = [is_spaceless(one["word"]["bytes"] or b"") for one in (leaf, before)]
    need(not touches or any(spaceless), "one word, cut in two")
    value = leaf["info"] - before["info"]
    need(16 <= value <= 56 and value % 4 == 0, "info")
    if leaf["owner"] and leaf["owner"] == before["owner"]:
        step = value // 4 if leaf["flags"] & 4 else value
        need(leaf["credit"] - before["credit"] == step, "credit")


def verify_words(text_root, words, length, proof):
    leaves, hashes = parse(
        lambda reader: (reader.list(514, lambda: read_word_leaf(reader)), reader.list(44, reader.hash)), proof
    )
    need(length <= MAX_ANSWER and words <= (length + 1) // 2, "count")
    for at, leaf in enumerate(leaves):
        check_leaf(leaf)
        need(leaf["offset"] + leaf["word"]["length"] <= length, "beyond the end")
        if at:
            check_follows(leaf, leaves[at - 1])
    made = root_from(words, [(leaf["index"], leaf["hash"]) for leaf in leaves], hashes)
    need(made == text_root, "another root")
    return True


def read_header(reader):
    header = {"rule": reader.u(2), "release_root": reader.hash(), "words": reader.u(4), "info": reader.u(4)}
    header["entries"] = reader.list(16, lambda: (reader.u(8), reader.u(4), reader.u(4)))
    header["prompt_root"] = reader.hash()
    header["retrieved"] = reader.list(64, lambda: (reader.u(8), reader.u(8), reader.u(4)))
    header["evidence"] = reader.u(1)
    need(header["evidence"] < 2, "evidence")
    return header


def check_header(data):
    header = parse(read_header, data)
    words, info, entries = header["words"], header["info"], header["entries"]
    need(words <= 1 << 23 and 16 * words <= info <= 56 * words and info % 4 == 0, "sums")
    need(header["evidence"] == 0 or not entries, "sealed")
    firsts = [first for _, _, first in entries]
    need(all(one < other for one, other in zip(firsts, firsts[1:] + [words])), "order")
    need(len({contribution for contribution, _, _ in entries}) == len(entries), "twice")
    need(all(credit for _, credit, _ in entries), "no credit")
    need(sum(credit for _, credit, _ in entries) <= info, "credit")
    before = None
    for contribution, offset, length in header["retrieved"]:
        need(length > 0 and offset + length <= MAX_STREAM, "range")
        need(before is None or (contribution, offset) >= before, "ranges")
        before = (contribution, offset + length)
    return True


def marked_leaves(delivered, marks, r):
    """The leaves of an answer, its info and its entries. Without marks all words are worth least, and nobody's."""
    info, owners, credits, firsts, leaves = 0, [], [], [], []
    words = words_of(delivered, False)
    marks = [UNMARKED] * len(words) if marks is None else marks
    assert len(words) == len(marks)
    for index, (word, mark) in enumerate(zip(words, marks)):
        value = 4 * mark["bits"]
        info += value
        flags = mark["echoed"] + 2 * mark["frequent"] + 4 * mark["retrieved"] + 8 * word["glued"]
        owner = credit = 0
        contribution = mark["owner"]
        if contribution is not None:
            if contribution not in owners and len(owners) < 16:
                owners.append(contribution)
                credits.append(0)
                firsts.append(index)
            if contribution in owners:
                at = owners.index(contribution)
                credits[at] += value // 4 if mark["retrieved"] else value
                owner, credit = at + 1, credits[at]
        salt = salt_of(b"openledger/word-salt/v1", r, index)
        encoded = u(index, 4) + salt + u(word["offset"], 4) + leaf_word(bytes.fromhex(word["folded"]))
        leaves.append(encoded + u(flags, 1) + u(owner, 1) + u(info, 4) + u(credit, 4))
    return leaves, info, list(zip(owners, credits, firsts))


def pieces_of(delivered, r):
    chunks = [delivered[at : at + 1024] for at in range(0, len(delivered), 1024)]
    salts = [salt_of(b"openledger/piece-salt/v1", r, at) for at in range(len(chunks))]
    hashes = [
        H(b"openledger/delivered/v1", u(at, 4), salts[at], chunk) for at, chunk in enumerate(chunks)
    ]
    return chunks, salts, hashes


def prompt_leaves(prompt, r):
    words = [leaf_word(bytes.fromhex(word["folded"])) for word in words_of(prompt, False)]
    salts = [salt_of(b"openledger/prompt-salt/v1", r, at) for at in range(len(words))]
    hashes = [H(b"openledger/prompt-word/v1", u(at, 4), salts[at], word) for at, word in enumerate(words)]
    return words, salts, hashes
