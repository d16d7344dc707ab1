"""A real Asterisk for measurements: with queues for thousands of agents, on the load's core."""

import contextlib
import dataclasses
import itertools
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from bench.machine import LOAD_CORE
from integration.pages.busy import SECRET, Place
from integration.pbx import LOGS, Pbx, Ports

_QUEUES = "/etc/asterisk/queues.conf"
_RTP = range(31900, 32700)
"""More ports for sound than tests have, and no test's: calls that follow each other as fast as they
can leave theirs a while later, and Asterisk refuses a call that it has none for (488)."""


@contextlib.contextmanager
def asterisk(queues: int, core: int | None = LOAD_CORE) -> Iterator[Pbx]:
    """An Asterisk that has the queues q1, q2, …, as `Size` names them.

    It shares a core with what asks it, and leaves the other to what is measured; with None it runs
    where it can.
    """
    ports = dataclasses.replace(Ports.free(), rtp_start=_RTP[0], rtp_end=_RTP[-1])
    with Pbx(ami_secret=SECRET, ports=ports) as pbx:
        if core is not None:
            pbx.run_on(core)
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

    def next(self) -> bytes:
        """The next block that comes."""
        return next(self._blocks)

    def ask(self, action: str, **fields: str) -> None:
        """Send an action and wait for its answer, whatever comes before it."""
        number = self.send(action, **fields)
        while not is_answer(block := self.next()) or value(block, b"ActionID") != number:
            pass

    def list(self, action: str) -> int:
        """Ask for a list and read all of it; returns how many items it had."""
        number, items = self.send(action), 0
        while True:
            block = self.next()
            if value(block, b"ActionID") == number and not is_answer(block):
                if b"\r\nEventList: Complete" in block:
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

    def _read(self) -> Iterator[bytes]:
        while got := self._link.recv(262_144):
            *blocks, self._rest = (self._rest + got).split(b"\r\n\r\n")
            yield from blocks
        raise ConnectionError("Asterisk closed the session")


def is_answer(block: bytes) -> bool:
    """Whether a block answers an action; it is an event else."""
    return block.startswith(b"Response: ") or b"\r\nResponse: " in block


def value(block: bytes, name: bytes) -> str:
    """What a block has under a name, "" if nothing."""
    _, found, rest = block.partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0].decode() if found else ""


def fill(pbx: Pbx, members: Sequence[tuple[str, str, str]]) -> None:
    """Put members into queues: interface, name and queue of each.

    Asterisk finds them as it finds those that it has kept over a restart, in a second. As actions
    they would take minutes: for each one that comes, app_queue looks at all that there are.
    """
    kept: dict[str, list[str]] = {}
    for interface, member, queue in members:
        kept.setdefault(queue, []).append(f"{interface};0;0;{member};{interface};;0")
    file = pbx.logs / "members.sqlite3"  # in a folder that the container has, too
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE astdb (key, value)")
        rows = ((f"/Queue/PersistentMembers/{queue}", "|".join(of)) for queue, of in kept.items())
        database.executemany("INSERT INTO astdb VALUES (?, ?)", rows)
    file.chmod(0o666)
    pbx.cli(f"database query \"ATTACH '{LOGS}/{file.name}' AS filled\"")
    pbx.cli('database query "INSERT INTO astdb SELECT * FROM filled.astdb"')
    plain = pbx.read(_QUEUES)
    pbx.write(_QUEUES, plain.replace("persistentmembers = no", "persistentmembers = yes"))
    pbx.cli("module unload app_queue.so")
    pbx.cli("module load app_queue.so")
    # Each change of a member would be kept else, which costs time that is not to be measured.
    pbx.write(_QUEUES, plain)
    pbx.cli("queue reload parameters")
    raw = Raw(pbx)
    found = raw.list("QueueStatus")
    raw.close()
    if found < len(members):
        raise RuntimeError(f"Asterisk has {found} members and queues after {len(members)} came")


def members_of(places: Iterable[Place]) -> list[tuple[str, str, str]]:
    """All memberships of some agents, as `fill` takes them."""
    return [
        (place.interface, place.member, f"q{queue}")
        for place in places
        for queue in dict.fromkeys(place.queues)
    ]
