"""What the processes of an edge say to each other, each over a socket to the parent of all.

    ProcessState   process -> parent             what systemd would be told, such as READY=1
    Counts         process -> parent -> others   how many connections and links it has
    Familiar       process -> parent -> others   a user has become known at a place
    GiveWay        process -> parent -> one      end a silent connection of an address
    Report         process -> parent -> others   its health and its metrics, once a second
    ProcessEnded   parent -> all                 a process has ended, and with it all that it had

Nobody waits for one who does not read: of numbers and reports the newest are kept for it, and the
rest is left out. A socket that ends says that the process at its other end has.
"""

import asyncio
import socket
from collections.abc import Callable, Hashable

import msgspec

from xucd.app.merged_metrics import MetricValue
from xucd.web.monitoring import Health

MAX_MESSAGE = 128 * 1024
"""In bytes. A report has some 20 KiB."""
MAX_NUMBERS = 1000
"""How many numbers are in a message."""
MAX_KEPT = 1000
"""How many messages are kept for one who does not read."""


class ProcessState(msgspec.Struct, tag=True, frozen=True):
    """A state, as systemd is told of it."""

    state: str


class Counts(msgspec.Struct, tag=True, frozen=True):
    """Those numbers of a process that have changed, by name."""

    process: int
    numbers: dict[str, int]


class Familiar(msgspec.Struct, tag=True, frozen=True):
    """A user has signed in at a place."""

    login: str
    place: str


class GiveWay(msgspec.Struct, tag=True, frozen=True):
    """A connection of this address is to be ended."""

    address: str


class Report(msgspec.Struct, tag=True, frozen=True):
    """How a process is, and what it has counted. Of those that have ended there is no health."""

    process: int
    health: Health | None
    metrics: list[MetricValue]


class ProcessEnded(msgspec.Struct, tag=True, frozen=True):
    """A process has ended."""

    process: int


Message = ProcessState | Counts | Familiar | GiveWay | Report | ProcessEnded

_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def pair() -> tuple[socket.socket, socket.socket]:
    """Two sockets that are connected, each for one end of a channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class ProcessChannel:
    """One end of it. `heard` is called with each message, `ended` once the other end is no more."""

    def __init__(
        self,
        end: socket.socket,
        loop: asyncio.AbstractEventLoop,
        heard: Callable[[Message], None],
        ended: Callable[[], None],
    ) -> None:
        end.setblocking(False)
        self.socket = end
        self._heard = heard
        self._ended = ended
        self._loop = loop
        self._kept: dict[Hashable, Message] = {}
        self._is_full = False
        self._received = bytearray(MAX_MESSAGE)
        self._loop.add_reader(end, self._read)

    def send(self, message: Message) -> None:
        """Send a message at the end of this turn, or as soon as the other end reads."""
        if not self._kept:
            self._loop.call_soon(self._write)
        match message:
            case Counts(process, numbers):
                kept = self._kept.setdefault((Counts, process), Counts(process, {}))
                assert isinstance(kept, Counts)
                kept.numbers.update(numbers)
            case Report(process):
                self._kept[Report, process] = message
            case Familiar() | GiveWay() if len(self._kept) >= MAX_KEPT:
                pass
            case _:
                self._kept[message] = message

    def close(self) -> None:
        """Close this end; nothing more is heard."""
        if self.socket.fileno() >= 0:
            self._loop.remove_reader(self.socket)
            self._wait(full=False)
            self.socket.close()
        self._kept.clear()

    def _read(self) -> None:
        try:
            size = self.socket.recv_into(self._received)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if size:
            self._heard(_decoder.decode(memoryview(self._received)[:size]))
        else:
            self.close()
            self._ended()

    def _write(self) -> None:
        while self._kept:
            key, message = next(iter(self._kept.items()))
            part = _part(message)
            try:
                self.socket.send(msgspec.msgpack.encode(part))
            except BlockingIOError:
                self._wait(full=True)
                return
            except OSError:  # it has ended, which reading tells
                self._kept.clear()
                break
            if part is message:
                del self._kept[key]
        self._wait(full=False)

    def _wait(self, *, full: bool) -> None:
        """Write on when the other end has read, or no more."""
        if full and not self._is_full:
            self._loop.add_writer(self.socket, self._write)
        elif self._is_full and not full:
            self._loop.remove_writer(self.socket)
        self._is_full = full


def _part(message: Message) -> Message:
    """As much of a message as can be sent at once; what it has of that is taken out of it."""
    if not isinstance(message, Counts) or len(message.numbers) <= MAX_NUMBERS:
        return message
    names = list(message.numbers)[:MAX_NUMBERS]
    return Counts(message.process, {name: message.numbers.pop(name) for name in names})
