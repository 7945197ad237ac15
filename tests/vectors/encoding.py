"""Conventions: docs/formats.md, section 1."""

import hashlib


class Bad(Exception):
    """What a verifier refuses."""


def need(condition, why="refused"):
    if not condition:
        raise Bad(why)


def holds(test, *arguments):
    """The result of a test, or None if it refuses."""
    try:
        return test(*arguments)
    except Bad:
        return None


def H(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def u(value, size):
    need(0 <= value < 1 << (8 * size), "does not fit its type")
    return value.to_bytes(size, "little")


def compact(value):
    if value < 1 << 6:
        return u(4 * value, 1)
    if value < 1 << 14:
        return u(4 * value + 1, 2)
    return u(4 * value + 2, 4)


def listed(items):
    return compact(len(items)) + b"".join(items)


def octets(data):
    return compact(len(data)) + data


def optional(encoded):
    return b"\0" if encoded is None else b"\1" + encoded


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        need(self.at + size <= len(self.data), "too short")
        self.at += size
        return self.data[self.at - size : self.at]

    def u(self, size):
        return int.from_bytes(self.take(size), "little")

    def compact(self):
        first = self.u(1)
        kind = first & 3
        need(kind < 3, "too long a list")
        more = {0: 0, 1: 1, 2: 3}[kind]
        value = (first | int.from_bytes(self.take(more), "little") << 8) >> 2
        need(kind == 0 or value >= {1: 1 << 6, 2: 1 << 14}[kind], "not the shortest form")
        return value

    def list(self, most, item):
        count = self.compact()
        need(count <= most, "too many")
        return [item() for _ in range(count)]

    def octets(self, most):
        count = self.compact()
        need(count <= most, "too many")
        return self.take(count)

    def hash(self):
        return self.take(32)

    def salt(self):
        return self.take(16)

    def optional(self, item):
        kind = self.u(1)
        need(kind < 2, "neither none nor one")
        return item() if kind else None

    def end(self):
        need(self.at == len(self.data), "bytes left over")


def parse(kind, data):
    reader = Reader(data)
    value = kind(reader)
    reader.end()
    return value
