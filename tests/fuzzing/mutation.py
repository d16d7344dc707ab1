"""Inputs made from good ones: bytes changed, cut, doubled, moved, and put in from elsewhere."""

import random
from collections.abc import Iterator, Sequence

TRICKY = (
    b"\0", b"\r\n\r\n", b"\n", b"\r", b'"', b"'", b"\\", b"%0D%0A", b"\xff\xfe", b"\xc3\x28",
    b"\xf0\x9f\x98\x80", b"{", b"[", b"[[", b"}", b"]", b":", b": ", b",", b";", b"|", b"=", b"-1",
    b"0", b"1e999", b"NaN", b"null", b"9" * 30, b"99999999999999999999.1", b"\xe2\x80\xae",
    b"\xef\xbb\xbf", b" " * 40, b"../", b"%00", b"A" * 300, b"[" * 60, b"(" * 60, b"[" * 3000,
    b"9" * 5000,
)  # fmt: skip
LONGEST = 8192


def inputs(seeds: Sequence[bytes], number: int, seed: int) -> Iterator[bytes]:
    """The seeds themselves, then so many inputs made from them; the same for the same seed."""
    yield from seeds
    chance = random.Random(seed)
    for _ in range(number):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            _change(data, chance, seeds)
        yield bytes(data[:LONGEST])


def _change(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    start = chance.randint(0, len(data))
    end = min(len(data), start + chance.choice((1, 2, 4, 16, 64)))
    match chance.randrange(7):
        case 0 if data:
            data[start - 1] = chance.randrange(256)
        case 1:
            del data[start:end]
        case 2:
            data[start:start] = data[start:end] * chance.choice((1, 2, 20))
        case 3:
            data[start:start] = chance.choice(TRICKY)
        case 4:
            data[start:end] = chance.choice(TRICKY)
        case 5:
            other = chance.choice(seeds)
            at = chance.randint(0, len(other))
            data[start:] = other[at:]
        case _:
            piece = bytes(data[start:end])
            del data[start:end]
            at = chance.randint(0, len(data))
            data[at:at] = piece
