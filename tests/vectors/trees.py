"""The tree, ranges of trees, and trees over streams: docs/formats.md, sections 4 and 5."""

from encoding import H, listed, need, octets, parse, u
from texts import MAX_STREAM


def node(left, right):
    return H(b"openledger/node/v1", left, right)


EMPTY = H(b"openledger/empty-tree/v1")


def rows(leaves):
    all_rows = [list(leaves)]
    while len(all_rows[-1]) > 1:
        row = all_rows[-1]
        above = [node(*row[at : at + 2]) if at + 1 < len(row) else row[at] for at in range(0, len(row), 2)]
        all_rows.append(above)
    return all_rows


def root(leaves):
    return rows(leaves)[-1][0] if leaves else EMPTY


def peaks(leaves):
    found, at = [], 0
    for bit in reversed(range(32)):
        if len(leaves) >> bit & 1:
            found.append(root(leaves[at : at + (1 << bit)]))
            at += 1 << bit
    return found


def climb(count, opened, beside):
    need(0 < len(opened) <= 1024, "no leaves, or too many")
    indices = [index for index, _ in opened]
    need(all(one < other for one, other in zip(indices, indices[1:])), "indices do not rise")
    need(indices[-1] < count, "not in the tree")
    row, width, level = list(opened), count, 0
    while width > 1:
        above, at = [], 0
        while at < len(row):
            index, digest = row[at]
            at += 1
            if index % 2:
                made = node(beside(level, index - 1), digest)
            elif index + 1 == width:
                made = digest
            elif at < len(row) and row[at][0] == index + 1:
                made = node(digest, row[at][1])
                at += 1
            else:
                made = node(digest, beside(level, index + 1))
            above.append((index // 2, made))
        row, width, level = above, (width + 1) // 2, level + 1
    return row[0][1]


class Beside:
    """The hashes of a proof, one after the other."""

    def __init__(self, hashes):
        self.hashes, self.at = hashes, 0

    def __call__(self, _level, _index):
        need(self.at < len(self.hashes), "a hash is missing")
        self.at += 1
        return self.hashes[self.at - 1]

    def end(self):
        need(self.at == len(self.hashes), "hashes left over")


def root_from(count, opened, hashes):
    beside = Beside(hashes)
    made = climb(count, opened, beside)
    beside.end()
    return made


def prove(leaves, indices):
    all_rows, hashes = rows(leaves), []

    def beside(level, index):
        hashes.append(all_rows[level][index])
        return hashes[-1]

    climb(len(leaves), [(index, leaves[index]) for index in indices], beside)
    return hashes


def mountains(count):
    """The perfect trees of a range: first leaf and size, from the largest to the smallest."""
    at = 0
    for bit in reversed(range(32)):
        if count >> bit & 1:
            yield at, 1 << bit
            at += 1 << bit


def range_root(tag, count, top):
    need(len(top) == bin(count).count("1"), "as many peaks as bits")
    return H(tag, u(count, 4), *top)


def prove_in_range(leaves, indices):
    hashes = []
    for at, size in mountains(len(leaves)):
        inside = [index - at for index in indices if at <= index < at + size]
        if inside:
            hashes += prove(leaves[at : at + size], inside)
    return hashes


def need_in_range(count, top, opened, hashes):
    """Refuses unless the leaves stand in the range with these peaks."""
    indices = [index for index, _ in opened]
    need(indices and all(one < other for one, other in zip(indices, indices[1:])), "indices do not rise")
    need(indices[-1] < count, "not in the range")
    beside = Beside(hashes)
    for (at, size), peak in zip(mountains(count), top):
        inside = [(index - at, digest) for index, digest in opened if at <= index < at + size]
        if inside:
            need(climb(size, inside, beside) == peak, "another peak")
    beside.end()


def data_leaf(data, salt):
    if salt is None:
        return H(b"openledger/data/v1", data)
    return H(b"openledger/private-data/v1", salt, data)


def salt_of(tag, secret, index):
    return H(tag, secret, u(index, 4))[:16]


def data_salt(seed, index):
    return None if seed is None else salt_of(b"openledger/data-salt/v1", seed, index)


def data_leaves(stream, seed):
    chunks = [stream[at : at + 256] for at in range(0, len(stream), 256)]
    return [data_leaf(chunk, data_salt(seed, at)) for at, chunk in enumerate(chunks)]


def drawn_leaf(draw, contribution, size):
    """Number, offset and length of the leaf that has to be shown: one of those left of the root."""
    drawn = int.from_bytes(H(b"openledger/drawn-leaf/v1", draw, u(contribution, 8))[:8], "little")
    leaves = -(-size // 256)
    leaf = drawn % max(1, (1 << (leaves - 1).bit_length()) // 2)
    return leaf, 256 * leaf, min(256, size - 256 * leaf)


def range_proof(stream, seed, offset, length):
    first, last = offset // 256, (offset + length - 1) // 256
    indices = list(range(first, last + 1))
    shown = stream[256 * first : 256 * (last + 1)]
    salts = [data_salt(seed, index) for index in indices] if seed else []
    return octets(shown) + listed(salts) + listed(prove(data_leaves(stream, seed), indices))


def verify_range(case, proof):
    size, offset, length = case["size"], case["offset"], case["length"]
    need(1 <= size <= MAX_STREAM and 1 <= length <= 512 and offset + length <= size, "no such range")
    shown, salts, hashes = parse(
        lambda reader: (reader.octets(768), reader.list(3, reader.salt), reader.list(54, reader.hash)), proof
    )
    first, last = offset // 256, (offset + length - 1) // 256
    need(len(shown) == min(256 * (last + 1), size) - 256 * first, "other bytes")
    need(len(salts) == (last - first + 1 if case["private"] else 0), "other salts")
    opened = []
    for at in range(last - first + 1):
        salt = salts[at] if salts else None
        opened.append((first + at, data_leaf(shown[256 * at : 256 * (at + 1)], salt)))
    need(root_from((size + 255) // 256, opened, hashes).hex() == case["root"], "another root")
    return shown[offset - 256 * first :][:length]
