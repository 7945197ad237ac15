"""The canonical stream, folding and words: docs/formats.md, sections 2 and 3."""

import re

WHITE = (
    [bytes([byte]) for byte in [*range(0x09, 0x0E), 0x20]]
    + [b"\xC2\x85", b"\xC2\xA0", b"\xE1\x9A\x80"]
    + [bytes([0xE2, 0x80, last]) for last in [*range(0x80, 0x8B), 0xA8, 0xA9, 0xAF]]
    + [b"\xE2\x81\x9F", b"\xE3\x80\x80"]
)
assert len(WHITE) == 25
WHITE_RUN = re.compile(b"(?:" + b"|".join(map(re.escape, WHITE)) + b")+")
MAX_STREAM = 1 << 36


def canonical(documents):
    """The stream, and the place of the first 00 if there is none."""
    stream = b""
    for number, document in enumerate(documents):
        if 0 in document:
            return None, [number, document.index(0)]
        document = WHITE_RUN.sub(b" ", document)
        document = document.removeprefix(b" ").removesuffix(b" ")
        if document:
            stream += document + b"\0"
    return stream, None


def is_canonical(stream):
    if not stream:
        return True
    return stream.endswith(b"\0") and canonical(stream[:-1].split(b"\0"))[0] == stream


SEPARATORS = [
    (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x206F), (0x3000, 0x303F),
    (0xFF01, 0xFF0F), (0xFF1A, 0xFF20), (0xFF3B, 0xFF40), (0xFF5B, 0xFF65),
]
SPACELESS = [
    (0x0E00, 0x0E7F), (0x0E80, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F),
    (0x1780, 0x17FF), (0x1950, 0x197F), (0x1980, 0x19DF), (0x19E0, 0x19FF), (0x1A20, 0x1AAF),
    (0x1B00, 0x1B7F),
    (0x2E80, 0x2EFF), (0x2F00, 0x2FDF), (0x2FF0, 0x2FFF),
    (0x3040, 0x309F), (0x30A0, 0x30FF), (0x3100, 0x312F), (0x3190, 0x319F), (0x31A0, 0x31BF),
    (0x31C0, 0x31EF), (0x31F0, 0x31FF),
    (0x3200, 0x32FF), (0x3300, 0x33FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xA000, 0xA48F), (0xA490, 0xA4CF), (0xA980, 0xA9DF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),
    (0xAA80, 0xAADF),
    (0xF900, 0xFAFF), (0xFF66, 0xFF9F),
    (0x1AFF0, 0x1AFFF), (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
]


def inside(ranges, code_point):
    return any(first <= code_point <= last for first, last in ranges)


def pieces(source):
    """(kind, offset, length) of everything in the source."""
    at = 0
    while at < len(source):
        byte = source[at]
        if byte == 0:
            kind, length = "nul", 1
        elif byte < 0x80:
            kind, length = ("letters" if chr(byte).isalnum() else "separator"), 1
        else:
            kind, length = "letters", 1
            for size in (2, 3, 4):
                try:
                    text = source[at : at + size].decode("utf-8")
                except UnicodeDecodeError:
                    continue
                if len(text) == 1:
                    length = size
                    if inside(SEPARATORS, ord(text)):
                        kind = "separator"
                    elif inside(SPACELESS, ord(text)):
                        kind = "spaceless"
                    break
        yield kind, at, length
        at += length


def fold_word(data):
    return bytes(byte + 32 if 0x41 <= byte <= 0x5A else byte for byte in data)


def words_of(source, is_stream):
    words, run, starts = [], None, True

    def close(end):
        nonlocal run
        if run is not None:
            add(run, end, False)
            run = None

    def add(begin, end, spaceless):
        nonlocal starts
        glued = bool(words) and words[-1]["offset"] + words[-1]["length"] == begin
        words.append({
            "offset": begin,
            "length": end - begin,
            "folded": fold_word(source[begin:end]).hex(),
            "halves": 1 if spaceless else 2,
            "glued": glued,
            "starts_document": starts,
        })
        starts = False

    for kind, at, length in pieces(source):
        if kind == "letters":
            run = at if run is None else run
            continue
        close(at)
        if kind == "spaceless":
            add(at, at + length, True)
        elif kind == "nul" and is_stream:
            starts = True
    close(len(source))
    return words


def fold(source, is_stream):
    folded = b""
    for kind, at, length in pieces(source):
        if kind == "separator" or (kind == "nul" and not is_stream):
            folded += b" " * length
        else:
            folded += fold_word(source[at : at + length])
    return folded


def is_folded_word(data):
    words = words_of(data, False)
    return len(words) == 1 and words[0]["folded"] == data.hex()


def is_spaceless(data):
    words = words_of(data, False)
    return len(words) == 1 and words[0]["halves"] == 1
