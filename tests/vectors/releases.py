"""Logs of datanets, and releases: docs/formats.md, section 8."""

from encoding import H, need, parse, u
from trees import need_in_range, range_root


def log_leaf(contribution, since, data_root):
    return u(contribution, 8) + u(since, 8) + data_root


def leaf_hash(leaf):
    return H(b"openledger/release/v1", leaf)


def release_root(count, top):
    return range_root(b"openledger/release-root/v1", count, top)


def verify_release(root, leaf, proof):
    def read(reader):
        return {
            "count": reader.u(4),
            "peaks": reader.list(32, reader.hash),
            "place": reader.u(4),
            "hashes": reader.list(31, reader.hash),
        }

    proof = parse(read, proof)
    need(release_root(proof["count"], proof["peaks"]) == root, "another release")
    need_in_range(proof["count"], proof["peaks"], [(proof["place"], leaf_hash(leaf))], proof["hashes"])
    return True
