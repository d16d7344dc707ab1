"""The protocol of core NATS, without input and output: lines of text, and messages as they are.

    -> INFO {"max_payload": 1048576, "nonce": "…"}     the server begins
    <- CONNECT {"nkey": "U…", "sig": "…", …}           who this is
    <- SUB <subject> <number>                          what it wants to hear
    <- PING        -> PONG                             the server has done all of the above
    <- PUB <subject> <size> <data>
    -> MSG <subject> <number> <size> <data>            of the subscription with this number
    -> PING        <- PONG                             whether this is alive
    -> -ERR 'Permissions Violation for Publish to "…"'

No headers, replies or groups: the client says that it knows none, and so is sent none.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from xucd import __version__

PING, PONG = b"PING\r\n", b"PONG\r\n"
END = b"\r\n"
LONGEST_LINE = 1 << 20
"""The bytes of a line that is still believed: INFO names all servers of a group."""
_SUBJECT = re.compile(r"[^\s.]+(?:\.[^\s.]+)*")


class NatsError(Exception):
    """What the server said is not NATS, or it has turned something down."""


class ServerInfo(msgspec.Struct):
    """What a server says of itself."""

    max_payload: int
    server_name: str = ""
    nonce: str = ""
    tls_required: bool = False
    tls_available: bool = False


class NatsMessage(NamedTuple):
    """What somebody published, for the subscription with this number."""

    subscription: int
    subject: str
    data: bytes


class ServerLine(NamedTuple):
    """Whatever else a server says: `verb` is INFO, PING, PONG, +OK or -ERR."""

    verb: bytes
    text: bytes


class Parser:
    """Reads what a server sends, however it is cut into pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[NatsMessage | ServerLine]:
        """What is complete with these bytes, in order. Raises `NatsError`."""
        data = self._rest + data
        begin = 0
        try:
            while (end := data.find(END, begin)) >= 0:
                verb, _, text = data[begin:end].partition(b" ")
                after = end + len(END)
                if verb.upper() == b"MSG":
                    subject, subscription, size = _message(text)
                    last = after + size
                    if len(data) < last + len(END):
                        break
                    yield NatsMessage(subscription, subject, data[after:last])
                    begin = last + len(END)
                else:
                    yield ServerLine(verb.upper(), text.strip())
                    begin = after
        except ValueError as error:  # of a line that is no NATS
            raise NatsError(f"not NATS: {data[begin : begin + 80]!r}") from error
        self._rest = data[begin:]
        if end < 0 and len(self._rest) > LONGEST_LINE:
            raise NatsError(f"not NATS: {self._rest[:80]!r}")


def _message(text: bytes) -> tuple[str, int, int]:
    """A message's subject, the number of its subscription, and its size."""
    subject, subscription, *_, size = text.split()
    if not size.isdigit():
        raise ValueError(size)
    return subject.decode(), int(subscription), int(size)


def read_info(text: bytes) -> ServerInfo:
    """What an INFO line says. Raises `NatsError`."""
    try:
        return msgspec.json.decode(text, type=ServerInfo)
    except msgspec.DecodeError as error:
        raise NatsError(f"not NATS: {error}") from error


def connect(name: str, credentials: dict[str, str]) -> bytes:
    """Who this is."""
    options = {
        "verbose": False,
        "pedantic": False,
        "headers": False,
        "lang": "xucd",
        "version": __version__,
        "protocol": 1,
        "name": name,
        **credentials,
    }
    return b"CONNECT " + msgspec.json.encode(options) + END


def subscribe(subject: str, subscription: int) -> bytes:
    """Hear what is published under a subject, in which `*` and `>` stand for others."""
    return f"SUB {_checked(subject)} {subscription}\r\n".encode()


def publish(subject: str, data: bytes) -> bytes:
    """Something for all who hear the subject."""
    return b"PUB %b %d\r\n%b\r\n" % (_checked(subject).encode(), len(data), data)


def _checked(subject: str) -> str:
    """A subject that is nothing else than that: no second line, say."""
    if _SUBJECT.fullmatch(subject) is None:
        raise ValueError(f"no subject of NATS: {subject!r}")
    return subject
