"""The syntax of AGI: requests, commands and answers.

A request is lines of ``agi_name: value`` and an empty line. A command is one line with quoted
arguments; Asterisk answers it with one line that begins with a three-digit code.
"""

import re
from collections.abc import Iterator

import msgspec

PIECE = 400
"""Characters of a value that always fit into one command.

Asterisk 16 cuts a line at 2048 bytes and runs the rest as a command. 400 characters have at most
1600 bytes; quoting doubles only one-byte characters.
"""

LINE_LIMIT = 2000
"""Maximum bytes of a command, below Asterisk's limit."""

_FORBIDDEN = frozenset("\r\n\0")
_HEADER = re.compile(r"agi_(\w+): ?(.*)")


class Unwritable(Exception):
    """A value that AGI cannot carry. The value is never in the text."""


class AgiRequest(msgspec.Struct, frozen=True):
    """A request of the dialplan: a script's name and its arguments.

    `fields` are the headers without their ``agi_``; one that Asterisk does not know is "".
    """

    script: str
    arguments: tuple[str, ...]
    fields: dict[str, str]


class AgiAnswer(msgspec.Struct, frozen=True):
    """Asterisk's answer to a command. `value` is the text in brackets, or None."""

    code: int
    result: str
    value: str | None


def request(head: bytes) -> AgiRequest:
    """Parse a request's headers. Raises ValueError for malformed ones.

    A header that comes twice is malformed: a caller's number may hold a line end, and with it the
    header of another call (``1%0Aagi_uniqueid%3A…`` in a SIP address).
    """
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        found = _HEADER.fullmatch(line)
        if found is None or found[1] in fields:
            raise ValueError("malformed AGI header")
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
    """A value as a quoted argument, which arrives unchanged and is not evaluated.

    Raises `Unwritable` for a value with CR, LF or NUL, which would begin a new command.
    """
    if not _FORBIDDEN.isdisjoint(value):
        raise Unwritable("a value must not contain a line end or a NUL")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def command(*words: str) -> bytes:
    """A command as a line. Raises `Unwritable` for one that Asterisk would split or cut."""
    try:
        line = " ".join(words).encode()
    except UnicodeEncodeError:
        raise Unwritable("a value contains a character that UTF-8 cannot encode") from None
    if len(line) > LINE_LIMIT or b"\n" in line or b"\r" in line or b"\0" in line:
        raise Unwritable(f"a command must be one line of at most {LINE_LIMIT} bytes")
    return line + b"\n"


def pieces(value: str) -> list[str]:
    """A value split into pieces that each fit into one command."""
    return [value[at : at + PIECE] for at in range(0, len(value), PIECE)] or [""]


_ANSWER = re.compile(r"(\d{3}) (?:result=(\S*) ?)?(?:\((.*)\))?.*", re.DOTALL)


def answer(line: str) -> AgiAnswer:
    """Parse an answer. Raises ValueError for a malformed one."""
    found = _ANSWER.fullmatch(line)
    if found is None:
        raise ValueError("malformed AGI answer")
    return AgiAnswer(int(found[1]), found[2] or "", found[3])
