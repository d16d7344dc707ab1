"""Stand-ins for the numbers and names of persons in a trace of AMI.

The same number gets the same stand-in wherever it stands in one trace, in a channel's name and in
the data of an application as well, so that a masked trace replays to the same states. A stand-in
has the length and the prefix of its number (``+``, ``00`` or ``0``). What is configured stays:
interfaces, lines, queues, agents' numbers, and whatever is shorter than `SHORTEST`. Which stand-in
is whose is written down nowhere.
"""

import re
from collections.abc import Callable, Iterable

from xucd.center.directory import Directory

SHORTEST = 6
"""Numbers with fewer digits are extensions, and stay."""

# A run of digits that is a number: not a part of a word, of an id ("1700000000.12"), nor the
# suffix of a channel's name ("-0000001a").
_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z_.])(?!(?<=-)[0-9a-f]{8}(?![0-9A-Za-z]))"
    rb"(\+|00|0)?[0-9]+(?![0-9A-Za-z_]|\.[0-9])"
)
_NAME_KEY = re.compile(rb"(CallerIDName|ConnectedLineName)\Z")
_NUMBER_KEY = re.compile(rb"(CallerIDNum|ConnectedLineNum)\Z")
# Values that are put together, in which a name may stand among other things.
_TEXT_KEY = re.compile(rb"(App(lication)?Data|Data|Value|(Chan)?Variable|Message)")
# Ids, times and counters, of which none is anybody's number.
_IDS = re.compile(
    rb"(ActionID|XucdAt|Timestamp|.*[Uu]niqueid|.*[Ll]inkedid|.*BridgeI[dD]|.*BridgeUniqueid"
    rb"|LastCall|LastPause|LoginTime|.*Time|Privilege|Event|Response)\Z"
)
# Variables that hold whatever a program has put into them.
_PRIVATE = re.compile(rb"_*(USR_|XUCD_SHEET)")
_VALUE = re.compile(rb"(Variable|ChanVariable(?:\([^)]*\))?): ([^=\r\n]+)=")
NOBODY = frozenset({b"", b"<unknown>", b"unknown", b"anonymous", b"s"})
MASKED = b"masked"


class Mask:
    """Masks the blocks of one trace, in their order; what is in `directory` stays."""

    def __init__(self, directory: Directory) -> None:
        self._kept = frozenset(_configured(directory)) | NOBODY
        self._numbers: dict[bytes, bytes] = {}
        self._names: dict[bytes, bytes] = {}

    def block(self, raw: bytes) -> bytes:
        """A block, or a connection's greeting, with stand-ins."""
        lines = raw.split(b"\r\n")
        for line in lines:
            key, _, value = line.partition(b": ")
            if _NAME_KEY.search(key) or _NUMBER_KEY.search(key):
                self._learn(value)
        private = any(_PRIVATE.match(line.removeprefix(b"Variable: ")) for line in lines)
        return b"\r\n".join(self._line(line, private=private) for line in lines)

    def _line(self, line: bytes, *, private: bool) -> bytes:
        key, colon, value = line.partition(b": ")
        if not colon or _IDS.match(key) or value in self._kept:
            return line
        if value in self._names:  # a name, wherever it stands alone
            return b"%b: %b" % (key, self._names[value])
        if (found := _VALUE.match(line)) is not None:
            if _PRIVATE.match(found[2]):
                return line[: found.end()] + MASKED
        elif key == b"Value" and private:
            return b"Value: " + MASKED
        if _TEXT_KEY.match(key):
            for name in self._names:
                if name in value:
                    value = re.sub(_whole(name), self._names[name], value)
        return b"%b: %b" % (key, _NUMBER.sub(self._number, value))

    def _number(self, found: re.Match[bytes]) -> bytes:
        number = found[0]
        if number in self._kept or len(number.removeprefix(b"+")) < SHORTEST:
            return number
        if number not in self._numbers:
            prefix = found[1] or b""
            length = len(number) - len(prefix)
            # Nines in front, so that it is told at a glance and no zero becomes a prefix.
            self._numbers[number] = prefix + b"%d" % (10**length - 1 - len(self._numbers))
        return self._numbers[number]

    def _learn(self, name: bytes) -> None:
        """Give a name its stand-in, unless it is a number or stays."""
        if name in self._kept or name in self._names or re.fullmatch(rb"[0-9*#+]+", name):
            return
        self._names[name] = b"Person %d" % (len(self._names) + 1)


def masked(write: Callable[[bytes], None], mask: Mask) -> Callable[[bytes], None]:
    """`write` for blocks that are masked first."""
    return lambda raw: write(mask.block(raw))


def _configured(directory: Directory) -> Iterable[bytes]:
    """Everything in the configuration by which Asterisk knows a line, a queue or an agent."""
    for line in directory.lines.values():
        yield from _bytes(line.number)
        for key in (line.interface, line.phone):
            yield from _bytes(key, key.partition("/")[2])
    for queue in directory.queues.values():
        yield from _bytes(queue.name, queue.number, queue.display_name, queue.context)
    for agent in directory.agents.values():
        yield from _bytes(agent.number, agent.member_name)


def _bytes(*texts: str) -> Iterable[bytes]:
    return (text.encode() for text in texts)


def _whole(name: bytes) -> bytes:
    return rb"(?<![0-9A-Za-z])" + re.escape(name) + rb"(?![0-9A-Za-z])"
