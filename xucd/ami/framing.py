"""AMI's framing, on bytes: chunks in as they arrive, complete blocks out. No I/O.

An AMI stream is one greeting line, then blocks of ``Key: value`` lines, each block ended by an
empty line. Only complete blocks are decoded, so that a character may be split between two packets.
xucd ignores most events, so a block stays bytes until it is needed: `name_of` reads only its first
header, `Fields` finds single headers, `parse` reads all.
"""

from typing import Protocol

from xucd.ami.errors import FramingError
from xucd.ami.smuggling import END, Mender

Block = dict[str, str]
"""One block: header to value; the values of one that repeats are joined by CR LF: none holds it."""

GREETING = b"Asterisk Call Manager/"
LIMIT = 1 << 20
"""Maximum bytes of a block. The longest that xucd asks for, `ListCommands`, has 20 KiB."""

_EVENT = b"Event: "


class Framer:
    """Splits a stream into blocks. `greeting` is None until it has arrived.

    With `greeted` false, the stream has no greeting and begins with the first block (a trace).
    """

    def __init__(self, *, greeted: bool = True, limit: int = LIMIT) -> None:
        self.greeting: str | None = None
        self._awaiting_greeting = greeted
        self._limit = limit
        self._rest = b""
        self._mender = Mender()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the blocks that the next bytes complete, without their empty line.

        Raises `FramingError` when this is no AMI stream, or when a block exceeds the limit.
        """
        if self._rest:
            data = self._rest + data
        if self._awaiting_greeting:
            data = self._read_greeting(data)
        blocks = data.split(END)
        self._rest = blocks.pop()
        if len(self._rest) > self._limit:
            raise FramingError(f"a block of more than {self._limit} bytes")
        # A stray line end between two blocks would hide the second one's name.
        blocks = [block.lstrip(b"\r\n") for block in blocks if block]
        return self._mender.mend(blocks, more=bool(self._rest.strip(b"\r\n")))

    @property
    def holds(self) -> bool:
        """Whether blocks are kept whose first may be cut, and nothing else is on its way."""
        return self._mender.holds and not self._rest.strip(b"\r\n")

    @property
    def doubts(self) -> bool:
        """Whether the only block that is kept is most likely whole."""
        return self._mender.doubts

    def give_up(self) -> list[bytes]:
        """The blocks that are kept, as they came."""
        return self._mender.give_up()

    def _read_greeting(self, data: bytes) -> bytes:
        line, end, rest = data.partition(b"\r\n")
        if not line.startswith(GREETING[: len(line)]) or (end and not line.startswith(GREETING)):
            raise FramingError("no Asterisk manager at this address: unknown greeting")
        if not end:
            if len(line) > 200:
                raise FramingError("no Asterisk manager at this address: greeting too long")
            return data
        self.greeting = line.decode("ascii", "replace")
        self._awaiting_greeting = False
        return rest


def name_of(raw: bytes) -> bytes:
    """The event's name, or b"" when the block is not an event."""
    if raw[:7] != _EVENT:
        return b""
    end = raw.find(b"\r\n")
    return raw[7:] if end < 0 else raw[7:end]


def parse(raw: bytes) -> Block:
    """Parse a block. Invalid UTF-8 becomes U+FFFD; lines without a colon are ignored."""
    lines = raw.decode("utf-8", "replace").split("\r\n")
    try:
        block = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _parse_slowly(lines)
    return block if len(block) == len(lines) else _parse_slowly(lines)


class Headers(Protocol):
    """Access to a block's headers: a parsed `Block`, or `Fields`."""

    def __getitem__(self, key: str, /) -> str: ...

    def get(self, key: str, default: str, /) -> str: ...


class _Marks(dict[str, str]):
    """How a header of a block begins, by its name: of those that are asked for, a few dozen."""

    def __missing__(self, key: str) -> str:
        mark = self[key] = f"\r\n{key}: "
        return mark


_MARKS = _Marks()


class Fields:
    """A block whose headers are searched for one by one.

    For five of an event's twenty headers, this is three times as fast as parsing the block. It
    finds the first of repeated headers, and not the block's first line, which is the event's name.
    """

    __slots__ = ("_text",)

    def __init__(self, raw: bytes) -> None:
        self._text = raw.decode("utf-8", "replace")

    def __getitem__(self, key: str) -> str:
        _, found, rest = self._text.partition(_MARKS[key])
        if not found:
            raise KeyError(key)
        return rest.partition("\r\n")[0]

    def get(self, key: str, default: str) -> str:
        """The header's value, or `default` when the block has no such header."""
        return self[key] if _MARKS[key] in self._text else default


def _parse_slowly(lines: list[str]) -> Block:
    block: Block = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon:
            continue
        value = value.removeprefix(" ")
        block[key] = f"{block[key]}\r\n{value}" if key in block else value
    return block
