"""One whole text in what was read is taken as it is; everything else is Autobahn's."""

import itertools
import os
import random

import pytest

from xucd.cti.whole_frame import text_of

PING = b'{"claz":"ping"}'


def frame(text: bytes, mask: bytes = b"\x01\x02\x03\x04", *, first: int = 0x81) -> bytes:
    size = len(text)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + mask + bytes(a ^ b for a, b in zip(text, itertools.cycle(mask), strict=False))


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 127, 1000, 65535])
def test_a_whole_text_is_unmasked(size: int) -> None:
    text = random.Random(size).randbytes(size).hex().encode()[:size]
    assert text_of(frame(text, os.urandom(4))) == text
    assert text_of(frame(text, bytes(4))) == text


def test_a_text_that_is_not_ascii_is_taken() -> None:
    text = '{"claz":"Élodie ☎"}'.encode()
    assert text_of(frame(text)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        frame(PING)[:-1],
        frame(PING)[:5],
        frame(PING) + b"\x81",
        frame(PING) * 2,
        frame(PING, first=0x01),  # the first of several fragments
        frame(PING, first=0x80),  # the last one
        frame(PING, first=0x82),  # binary
        frame(PING, first=0xC1),  # compressed
        frame(PING, first=0x89),  # a ping of the protocol
        frame(b"\x03\xe8", first=0x88),  # the end
        b"\x81" + bytes((len(PING),)) + PING,  # not masked
        b"\x81\xfe\x00\x0f" + bytes(4) + PING,  # its length in more bytes than it needs
        b"\x81\xff" + bytes(4) + b"x" * 127,  # a longer length follows, and not the mask
        b"\x81\xff" + (15).to_bytes(8, "big") + bytes(4) + PING,
        frame(b"x" * 65536),
        frame(b"\xff"),
        frame("☎".encode()[:2]),
    ],
    ids=lambda data: data[:12].hex() + f"-{len(data)}",
)
def test_everything_else_is_left(data: bytes) -> None:
    assert text_of(data) is None
