"""A real Asterisk for measurements: with queues for thousands of agents, on the load's core."""

import contextlib
import itertools
import socket
from collections.abc import Iterator, Sequence

from bench.machine import LOAD_CORE
from integration.pages.busy import SECRET, Size
from integration.pbx import Pbx

_QUEUES = "/etc/asterisk/queues.conf"
Block = dict[str, str]


@contextlib.contextmanager
def asterisk(queues: int) -> Iterator[Pbx]:
    """An Asterisk that has the queues q1, q2, …, as `Size` names them."""
    with Pbx(ami_secret=SECRET) as pbx:
        # Asterisk and what asks it share a core, and leave the other to what is measured.
        pbx.run_on(LOAD_CORE)
        row = "[q{}](xucd-queue)\nstrategy = leastrecent\n"
        rows = "".join(row.format(number) for number in range(1, queues + 1))
        pbx.write(_QUEUES, pbx.read(_QUEUES) + rows)
        pbx.cli("queue reload all")
        yield pbx


class Raw:
    """A plain AMI session of xucd's own account, which hears what xucd hears. It blocks."""

    def __init__(self, pbx: Pbx) -> None:
        self._link = socket.create_connection(("127.0.0.1", pbx.ami_port), timeout=60)
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self._numbers = itertools.count(1)
        self._blocks = self._read()
        self.ask("Login", Username=pbx.ami_user, Secret=pbx.ami_secret)

    def send(self, action: str, **fields: str) -> str:
        """Send an action; returns its id."""
        number = f"raw-{next(self._numbers)}"
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._link.sendall(f"Action: {action}\r\nActionID: {number}\r\n{lines}\r\n".encode())
        return number

    def next(self) -> Block:
        """The next block that comes."""
        return next(self._blocks)

    def ask(self, action: str, **fields: str) -> Block:
        """Send an action and wait for its answer, whatever comes before it."""
        number = self.send(action, **fields)
        while (block := self.next()).get("ActionID") != number or "Response" not in block:
            pass
        return block

    def list(self, action: str) -> int:
        """Ask for a list and read all of it; returns how many items it had."""
        number, items = self.send(action), 0
        while True:
            block = self.next()
            if block.get("ActionID") == number and "Event" in block:
                if block.get("EventList") == "Complete":
                    return items
                items += 1

    def drop_all(self) -> None:
        """Read whatever comes, until the session is closed."""
        with contextlib.suppress(OSError):
            while self._link.recv(262_144):
                pass

    def close(self) -> None:
        """End the session."""
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)  # wakes whoever reads
        self._link.close()

    def _read(self) -> Iterator[Block]:
        while got := self._link.recv(262_144):
            *blocks, self._rest = (self._rest + got).split(b"\r\n\r\n")
            for raw in blocks:
                lines = (line.partition(": ") for line in raw.decode().split("\r\n"))
                yield {key: value for key, _, value in lines}
        raise ConnectionError("Asterisk closed the session")


def fill(pbx: Pbx, members: Sequence[tuple[str, str, str]]) -> None:
    """Put members into queues: interface, name and queue of each; many actions at once."""
    raw = Raw(pbx)
    waiting = 0
    for interface, member, queue in members:
        raw.send("QueueAdd", Queue=queue, Interface=interface, MemberName=member)
        waiting += 1
        while waiting >= 200:
            waiting -= "Response" in raw.next()
    while waiting:
        waiting -= "Response" in raw.next()
    raw.close()


def members_of(size: Size) -> list[tuple[str, str, str]]:
    """All memberships of a centre, as `fill` takes them."""
    return [
        (place.interface, place.member, f"q{queue}")
        for place in size.places
        for queue in dict.fromkeys(place.queues)
    ]
