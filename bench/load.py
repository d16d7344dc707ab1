"""The load's process: it plays Asterisk, reads what clients get, and takes the times of both.

One process on a core of its own, so that one clock tells when Asterisk's bytes went out and when
the last client had what follows from them. It is told what to do over a pipe: `Load` is the near
end, each of whose methods is carried out by the method of `_Process` of that name.
"""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from bench.links import BEAT_S, LATE, PING, Address, Links, Probes, masked
from bench.machine import LOAD_CORE, pin
from bench.played import PlayedAsterisk, pieces
from integration.pages.busy import Size

DEADLINE = 120.0
"""Seconds that whatever is measured may take."""
PING_EVERY = 0.01
ANSWERS_EVERY = 1.0
FEW = 50
"""Links that are opened before something else is seen to."""
PATIENCE = 0.5
"""Seconds after which the next turn's bytes go out though no client was told of the last ones.

As good as always one is: the machine is busy with something else then.
"""


class Load:
    """The near end. `of` names the server whose clients are meant."""

    def __init__(self, process: Any, commands: Connection) -> None:
        self._process = process
        self._commands = commands

    def listen(self, of: str, size: Size) -> int:
        """Play an Asterisk of this size for a server; returns the port of its AMI."""
        return int(self._do("listen", of, size))

    def open(self, of: str, address: Address, count: int) -> None:
        """Open so many links; their opening is read."""
        self._do("open", of, [address] * count, True)

    def open_each(self, of: str, addresses: Sequence[Address]) -> None:
        """Open a link to each address, of clients who are not told of everything."""
        self._do("open", of, addresses, False)

    def close(self, of: str) -> None:
        """Close all links of a server."""
        self._do("close", of)

    def begin_reading(self, of: str) -> None:
        """Begin to read for a server's clients; `read` ends it."""
        self._do("begin_reading", of)

    def read(self) -> bytes:
        """Read until nothing comes any more; returns all that one client got since the beginning.

        Raises `ConnectionError` if another one got more or less than that.
        """
        self._commands.send("enough")
        return bytes(self._answer())

    def in_lockstep(self, of: str, calls: int, per_turn: int) -> dict[str, Any]:
        """Play calls so that clients are told so much in each turn of the server's loop.

        Returns the `seconds` from the first byte to the last client, how many `messages` each got
        meanwhile, and their `stream`, as one client received it.
        """
        return dict(self._do("in_lockstep", of, calls, per_turn))

    def flood(self, of: str, calls: int) -> dict[str, float]:
        """Play calls as fast as the server takes them; returns `events` and `seconds`."""
        return dict(self._do("flood", of, calls))

    def burst(self, of: str, calls: int) -> dict[str, float]:
        """Play calls at once; returns their `bytes` and how long a ping waits at most (`longest`).

        The ping is of a link that was opened by `open_each`.
        """
        return dict(self._do("burst", of, calls))

    def latencies(
        self, of: str, plan: dict[str, float], meanwhile: Callable[[], None]
    ) -> dict[str, Any]:
        """From probes to the last client: see `_Process`; calls `meanwhile` all along."""
        self._commands.send(("latencies", of, plan))
        while not self._commands.poll(0.001):
            meanwhile()
        return dict(self._answer())

    def _do(self, *command: object) -> Any:
        self._commands.send(command)
        return self._answer()

    def _answer(self) -> Any:
        if not self._commands.poll(2 * DEADLINE):
            raise TimeoutError("the load does not answer")
        answer = self._commands.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def stop(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._commands.send(None)
        self._process.join(5)
        self._process.kill()


@contextlib.contextmanager
def load() -> Iterator[Load]:
    """The load, on its core, for as long as the context lasts."""
    spawn = multiprocessing.get_context("spawn")
    near, far = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(far,), daemon=True)
    process.start()
    far.close()
    running = Load(process, near)
    try:
        yield running
    finally:
        running.stop()


def _serve(commands: Connection) -> None:
    pin(LOAD_CORE)
    process = _Process(commands)
    while True:
        # An Asterisk is heard while nothing is measured too: it has to answer.
        late = 0.002 if process.is_sending() else 0.5
        ready = wait([commands, *(links.poll.fileno() for links in process.sides.values())], late)
        if commands in ready:
            command = commands.recv()
            if command is None:
                return
            name, *arguments = command
            try:
                commands.send(getattr(process, name)(*arguments))
            except Exception as error:  # the near end raises it
                commands.send(error)
        process.answer()


class _Process:
    """What the load does. `sides` has the clients of each server."""

    def __init__(self, commands: Connection) -> None:
        self.sides: dict[str, Links] = {}
        self._commands = commands
        self._probes = 0
        self._answered = 0.0

    def answer(self, measured: Links | None = None) -> None:
        """See to all sides but the measured one.

        An Asterisk that is silent is given up after 12 s. Heartbeats wait for as long as they can:
        they cost their server a moment, which shares its core with the measured one.
        """
        self._answered = time.monotonic()
        for links in self.sides.values():
            if links is not measured:
                with contextlib.suppress(ConnectionError):  # its server has ended
                    links.beat(2 * BEAT_S)
                    while links.turn(0):
                        pass

    def _turn(self, links: Links, timeout: float) -> bool:
        """A turn of the measured links, and now and then one of the others."""
        if time.monotonic() - self._answered > ANSWERS_EVERY:
            self.answer(links)
        return links.turn(timeout)

    def is_sending(self) -> bool:
        return any(links.asterisk and links.asterisk.waiting for links in self.sides.values())

    def listen(self, of: str, size: Size) -> int:
        asterisk = PlayedAsterisk(size)
        self.sides[of] = Links(asterisk)
        return asterisk.port

    def open(self, of: str, addresses: Sequence[Address], follow: bool) -> None:
        links = self.sides.setdefault(of, Links())
        for first in range(0, len(addresses), FEW):
            links.open(addresses[first : first + FEW], follow=follow)
            self.answer()  # to open thousands takes a while
        links.settle(0.5)

    def close(self, of: str) -> None:
        self.sides.pop(of).close()

    def begin_reading(self, of: str) -> bytes:
        links = self.sides[of]
        links.quiet()
        got = dict.fromkeys(links.sockets, 0)
        one, stream = next(iter(got)), bytearray()

        def heard(fd: int, chunk: bytes) -> None:
            got[fd] += len(chunk)
            if fd == one:
                stream.extend(chunk)

        links.heard = heard
        self._commands.send(None)
        while not self._commands.poll():
            for _ in range(20):
                self._turn(links, 0.01)
        self._commands.recv()
        last = time.monotonic()
        while (came := self._turn(links, 0.05)) or set(got.values()) != {len(stream)}:
            if came:
                last = time.monotonic()
            elif time.monotonic() - last > LATE:
                others = sum(size != len(stream) for size in got.values())
                raise ConnectionError(f"{others} of {len(got)} clients got more or less than one")
        return bytes(stream)  # the answer to `read`

    def in_lockstep(self, of: str, calls: int, per_turn: int) -> dict[str, Any]:
        links, asterisk = self._played(of)
        queue = pieces(asterisk.traffic(calls), per_turn)
        queue[-1] += asterisk.probe(number := self._next_probe())
        queue.reverse()
        waits_for = set(links.followers)
        stream, leader = bytearray(), -1

        def told(fd: int, found: int) -> None:
            if found == number:
                waits_for.discard(fd)

        probes = Probes(told)
        sent = began = time.monotonic()

        def next_piece() -> None:
            nonlocal sent
            sent = time.monotonic()
            asterisk.waiting += queue.pop()
            asterisk.push()

        def heard(fd: int, chunk: bytes) -> None:
            nonlocal leader
            if leader < 0:
                leader = fd  # whom the server writes to first, in this turn and all others
            if fd == leader:
                stream.extend(chunk)
                if queue:
                    next_piece()
            probes(fd, chunk)

        next_piece()
        links.heard = heard
        waited = 0
        while waits_for:
            self._turn(links, PATIENCE)
            if queue and time.monotonic() - sent > PATIENCE:
                waited += 1
                next_piece()
            _check(began)
        ended = time.monotonic()
        return {"seconds": ended - began, "stream": bytes(stream), "waited": waited}

    def flood(self, of: str, calls: int) -> dict[str, float]:
        links, asterisk = self._played(of)
        events = asterisk.traffic(calls)
        asterisk.waiting += b"".join(event for event, _ in events)
        asterisk.waiting += asterisk.probe(number := self._next_probe())
        waits_for = set(links.followers)
        began = time.monotonic()
        self._until(
            links,
            Probes(lambda fd, found: waits_for.discard(fd) if found == number else None),
            lambda: not waits_for,
        )
        return {"events": len(events), "seconds": time.monotonic() - began}

    def burst(self, of: str, calls: int) -> dict[str, float]:
        links, asterisk = self._played(of)
        pinging = next(fd for fd in links.sockets if fd not in links.followers)
        number = self._next_probe()
        burst = b"".join(event for event, _ in asterisk.traffic(calls)) + asterisk.probe(number)
        asterisk.waiting += burst
        waits_for, longest = set(links.followers), 0.0
        probes = Probes(lambda fd, found: waits_for.discard(fd) if found == number else None)
        began = time.monotonic()
        asked, answered = 0.0, began

        def heard(fd: int, chunk: bytes) -> None:
            nonlocal answered, longest
            if fd == pinging:
                answered = time.monotonic()
                longest = max(longest, answered - asked)
            else:
                probes(fd, chunk)

        links.heard = heard
        while waits_for or answered < asked:
            if answered > asked and time.monotonic() - asked > PING_EVERY:
                asked = time.monotonic()
                links.sockets[pinging].send(masked(PING.encode()))
            self._turn(links, 0.001)
            _check(began)
        return {"bytes": len(burst), "longest": longest, "seconds": time.monotonic() - began}

    def latencies(self, of: str, plan: dict[str, float]) -> dict[str, Any]:
        """Probes among traffic at a steady pace; returns the seconds from each to the last client.

        `apart` are those from the first client to the last one. `plan` has for about how many
        `seconds`, and how many `events` and `probes` a second there are. All calls are played to
        their end: callers left behind would wait in their queues for ever, and xucd asks for the
        order of those who wait.
        """
        links, asterisk = self._played(of)
        calls = round(plan["events"] * plan["seconds"] / asterisk.events_of_a_call)
        traffic = [event for event, _ in asterisk.traffic(calls)] if calls else []
        due: dict[int, tuple[float, set[int]]] = {}
        first: dict[int, float] = {}
        found: list[float] = []
        apart: list[float] = []

        def told(fd: int, number: int) -> None:
            if number in due:
                began, missing = due[number]
                missing.discard(fd)
                now = time.monotonic()
                first.setdefault(number, now)
                if not missing:
                    found.append(now - began)
                    apart.append(now - first.pop(number))
                    del due[number]

        links.heard = Probes(told)
        began = time.monotonic()
        played = probed = 0
        while (now := time.monotonic() - began) < plan["seconds"] or played < len(traffic):
            while played < min(len(traffic), now * plan["events"]):
                asterisk.waiting += traffic[played]
                played += 1
            if probed < now * plan["probes"]:
                number, probed = self._next_probe(), probed + 1
                asterisk.waiting += asterisk.probe(number)
                due[number] = (time.monotonic(), set(links.followers))
            self._turn(links, 0.001)
        late = time.monotonic()
        while due and time.monotonic() - late < LATE:
            self._turn(links, 0.01)
        found += [LATE] * len(due)  # what never came was no sooner
        lost = len(due)
        return {"seconds": found, "apart": apart, "lost": lost, "events": played / now}

    def _until(
        self, links: Links, heard: Callable[[int, bytes], None], done: Callable[[], bool]
    ) -> None:
        links.heard = heard
        began = time.monotonic()
        while not done():
            self._turn(links, 0.05)
            _check(began)

    def _played(self, of: str) -> tuple[Links, PlayedAsterisk]:
        links = self.sides[of]
        assert links.asterisk is not None
        links.quiet()
        return links, links.asterisk

    def _next_probe(self) -> int:
        self._probes += 1
        return self._probes


def _check(began: float) -> None:
    if time.monotonic() - began > DEADLINE:
        raise TimeoutError(f"not all clients were told within {DEADLINE:g} s")
