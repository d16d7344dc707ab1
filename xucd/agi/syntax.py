"""AGI on the wire: how a request, a command and an answer are written.

A request is lines of ``agi_name: value`` and an empty line. A command is one line, its arguments
quoted; Asterisk answers each with a line that begins with a number of three digits.
"""

import re
from collections.abc import Iterator

import msgspec

PIECE = 400
"""Characters of a value that fit into one command, whatever they are.

Asterisk 16 cuts a line at 2048 bytes and runs the rest as a command: 400 characters are at most
1600 bytes, and quoting doubles only those of one byte.
"""

LINE_LIMIT = 2000
"""Bytes of a command that Asterisk surely reads as one."""

_FORBIDDEN = frozenset("\r\n\0")
_HEADER = re.compile(r"agi_(\w+): ?(.*)")


class Unwritable(Exception):
    """A value that AGI cannot carry. The value is never in the text."""


class AgiRequest(msgspec.Struct, frozen=True):
    """What Asterisk's dialplan asks: a script by its name, with arguments.

    `fields` are the request's headers without their ``agi_``; what Asterisk does not know is "".
    """

    script: str
    arguments: tuple[str, ...]
    fields: dict[str, str]


class AgiAnswer(msgspec.Struct, frozen=True):
    """Asterisk's answer to a command. `value` is what stands in brackets, or None."""

    code: int
    result: str
    value: str | None


def request(head: bytes) -> AgiRequest:
    """Read a request's head. Raises ValueError for what is none."""
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        found = _HEADER.fullmatch(line)
        if found is None:
            raise ValueError("a line is no AGI header")
        fields[found[1]] = "" if found[2] == "unknown" else found[2]
    if "network_script" not in fields or not fields.get("uniqueid"):
        raise ValueError("the request names no script or no channel")
    arguments = tuple(_arguments(fields))
    return AgiRequest(fields["network_script"].partition("?")[0], arguments, fields)


def _arguments(fields: dict[str, str]) -> Iterator[str]:
    number = 1
    while (argument := fields.get(f"arg_{number}")) is not None:
        yield argument
        number += 1


def quoted(value: str) -> str:
    """A value as an argument: it arrives as it is, and nothing in it is evaluated.

    Raises `Unwritable` for a value with CR, LF or NUL, which would begin a new command.
    """
    if not _FORBIDDEN.isdisjoint(value):
        raise Unwritable("a value must not hold a line end or a NUL")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def command(*words: str) -> bytes:
    """A command's line. Raises `Unwritable` for one that Asterisk would not read as one line."""
    try:
        line = " ".join(words).encode()
    except UnicodeEncodeError:
        raise Unwritable("a value holds a character that cannot be written") from None
    if len(line) > LINE_LIMIT or b"\n" in line or b"\r" in line or b"\0" in line:
        raise Unwritable("a command must be one line that Asterisk reads")
    return line + b"\n"


def pieces(value: str) -> list[str]:
    """A value cut into pieces that each fit into a command."""
    return [value[at : at + PIECE] for at in range(0, len(value), PIECE)] or [""]


_ANSWER = re.compile(r"(\d{3}) (?:result=(\S*) ?)?(?:\((.*)\))?.*", re.DOTALL)


def answer(line: str) -> AgiAnswer:
    """Read an answer's line. Raises ValueError for what is none."""
    found = _ANSWER.fullmatch(line)
    if found is None:
        raise ValueError("a line is no AGI answer")
    return AgiAnswer(int(found[1]), found[2] or "", found[3])
