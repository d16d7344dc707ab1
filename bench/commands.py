"""Commands over WebSocket beside the same actions raw over AMI, with the event that shows their
effect.

A real Asterisk and a real xucd. Two commands, of which one promises durability: `setAgentQueue`
changes a configured membership, which is committed before it is acknowledged; `pauseAgent` does
not, for Asterisk itself remembers the pause. Each is asked for by the agent itself. A commit as
durable as xucd's is measured beside them, of one row and of a group's, and taken off what promises
it. Both sides take turns, first with one command at a time, then with 100 users who each wait for
theirs. The raw side runs where xucd does, on the core that has neither Asterisk nor clients; its
members are in as many queues, which are not of xucd's centre, so that xucd has no part in it.

Raw actions follow each other at once, so that both cores are awake and have at hand what they need.
Asterisk has a pause after each command, in which it does not: how long a raw action takes that
comes as seldom as a command is told beside it, and is no part of a ratio.
"""

import asyncio
import itertools
import select
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Figure, measured, percentile, ratio, ratios
from bench.links import PING, masked, opened
from bench.machine import LOAD_CORE, SERVER_CORE, pin
from bench.pbx import Raw, asterisk, fill, members_of, value
from bench.played import CalmSize
from integration.pages.busy import Place
from integration.pbx import Pbx

AT_ONCE = 100
SIZE = CalmSize(agents=120, queues=10, groups=4)
RAW = [
    Place(40_000 + place.number, tuple(queue + SIZE.queues for queue in place.queues))
    for place in SIZE.places
]
"""Those whom the raw side pauses and moves."""
ALONE, TOGETHER, APART = 300, 1000, 100
"""How many commands a round has: one at a time, many at once, and of raw ones with a pause before
each."""
ROUNDS = 5
COMMITS = 100
P50, P99, RATE = 1.5, 2.0, 0.333


@dataclass(frozen=True)
class Action:
    """What is asked for, in both languages; `event` shows its effect, one for each of `queues`."""

    name: str
    durable: bool
    command: Callable[[Place, int], str]
    fields: Callable[[Place, int], dict[str, str]]
    event: str
    queues: Callable[[Place], int]


ACTIONS = (
    Action(
        "setAgentQueue",
        True,
        lambda place, number: (
            f'"command":"setAgentQueue","agentId":{place.number},'
            f'"queueId":{place.queues[0]},"penalty":{number % 19}'
        ),
        lambda place, number: {
            "Action": "QueuePenalty", "Queue": f"q{place.queues[0]}", "Interface": place.interface,
            "Penalty": str(20 + number % 19),
        },
        "QueueMemberPenalty",
        lambda _: 1,
    ),
    Action(
        "pauseAgent",
        False,
        lambda place, number: (
            f'"command":"pauseAgent","agentid":{place.number},"reason":"reason-{number % 7}"'
        ),
        lambda place, number: {
            "Action": "QueuePause", "Interface": place.interface, "Paused": "true",
            "Reason": f"raw-{number % 7}",
        },
        "QueueMemberPause",
        lambda place: len(set(place.queues)),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Round:
    """The seconds of each command, and of all."""

    each: list[float]
    all: float


class OverWebSocket:
    """Users who each have a link and one command under way."""

    def __init__(self, xucd: MeasuredXucd) -> None:
        users = [f"a{place.number}" for place in SIZE.places[:AT_ONCE]]
        self._links = [opened(xucd.address(PING, login=user)) for user in users]
        self._poll = select.epoll()
        self._numbers = itertools.count(1)
        for link in self._links:
            self._poll.register(link, select.EPOLLIN)

    def round(self, action: Action, at_once: int, count: int) -> Round:
        """Carry out so many commands, so many at once."""
        began_all = time.perf_counter()
        places = {
            link.fileno(): place for link, place in zip(self._links, SIZE.places, strict=False)
        }
        links = {link.fileno(): link for link in self._links}
        waits: dict[int, tuple[float, bytes]] = {}
        each: list[float] = []
        left = count

        def ask(fd: int) -> None:
            nonlocal left
            left -= 1
            number = next(self._numbers)
            command = action.command(places[fd], number)
            waits[fd] = (time.perf_counter(), b'"requestId":%d,' % number)
            text = f'{{"claz":"web","requestId":{number},{command}}}'
            links[fd].sendall(masked(text.encode()))

        for fd in list(links)[:at_once]:
            ask(fd)
        while waits:
            for fd, _ in self._poll.poll(20):
                chunk = links[fd].recv(65536)
                if fd not in waits or waits[fd][1] not in chunk:
                    continue
                if b'"ok":true' not in chunk:
                    raise RuntimeError(chunk.decode(errors="replace"))
                each.append(time.perf_counter() - waits.pop(fd)[0])
                if left > 0:
                    ask(fd)
        return Round(each, time.perf_counter() - began_all)

    def close(self) -> None:
        """Close all links."""
        for link in self._links:
            link.close()


class OverAmi:
    """A program that sends the actions itself, over one session of its own."""

    def __init__(self, pbx: Pbx) -> None:
        self._raw = Raw(pbx)

    def round(self, action: Action, at_once: int, count: int, pause: float = 0.0) -> Round:
        """Carry out so many actions, so many under way at once, each until its event is in.

        Before each is a pause, in seconds.
        """
        pin(SERVER_CORE)
        try:
            return self._round(action, at_once, count, pause)
        finally:
            pin(LOAD_CORE)

    def _round(self, action: Action, at_once: int, count: int, pause: float) -> Round:
        began_all = time.perf_counter()
        numbers = itertools.count(1)
        places = {place.interface: place for place in RAW[:at_once]}
        waits: dict[str, float] = {}
        owners: dict[str, str] = {}
        missing: dict[str, int] = {}
        each: list[float] = []
        event = f"Event: {action.event}\r\n".encode()
        left = count

        def ask(interface: str) -> None:
            nonlocal left
            left -= 1
            place = places[interface]
            fields = action.fields(place, next(numbers))
            name = fields.pop("Action")
            if pause:
                time.sleep(pause)  # what is measured is what a pause costs
            waits[interface] = time.perf_counter()
            owners[self._raw.send(name, **fields)] = interface
            missing[interface] = action.queues(place) + 1  # events, and the response

        for interface in places:
            ask(interface)
        while waits:
            block = self._raw.next()
            if block.startswith(event):
                owner = value(block, b"Interface")
            else:
                owner = owners.pop(value(block, b"ActionID"), "")
            if owner not in waits:
                continue
            missing[owner] -= 1
            if not missing[owner]:
                each.append(time.perf_counter() - waits.pop(owner))
                if left > 0:
                    ask(owner)
        return Round(each, time.perf_counter() - began_all)


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Both commands, one at a time and many at once."""
    pin(LOAD_CORE)
    with asterisk(2 * SIZE.queues) as pbx, tempfile.TemporaryDirectory() as folder:
        fill(pbx, members_of(RAW))
        return asyncio.run(_measure(pbx, Path(folder), rounds))


async def _measure(pbx: Pbx, folder: Path, rounds: int) -> list[Figure]:
    async with MeasuredXucd(pbx.ami_port, SIZE, folder) as xucd:
        await _log_in(xucd)
        users, raw = OverWebSocket(xucd), OverAmi(pbx)
        found: list[Figure] = []
        for action in ACTIONS:
            found += _of_action(action, users, raw, Commits(folder), rounds)
        users.close()
        return found


def _of_action(
    action: Action, users: OverWebSocket, raw: OverAmi, commits: "Commits", rounds: int
) -> list[Figure]:
    alone = [
        (users.round(action, 1, ALONE), raw.round(action, 1, ALONE), commits.times(1))
        for _ in range(rounds)
    ]
    seldom = [raw.round(action, 1, APART, percentile(one.each, 0.5)) for one, _, _ in alone]
    many = [
        (
            users.round(action, AT_ONCE, TOGETHER), raw.round(action, AT_ONCE, TOGETHER),
            commits.times(AT_ONCE),
        )
        for _ in range(rounds)
    ]  # fmt: skip
    found: list[Figure] = []
    name = f"{action.name}{', a commit less' if action.durable else ''}"
    for share, limit in ((0.5, P50), (0.99, P99)):
        ours = [percentile(one.each, share) for one, _, _ in alone]
        theirs = [percentile(other.each, share) for _, other, _ in alone]
        off = [percentile(times, share) * action.durable for _, _, times in alone]
        less = [max(0.0, one - commit) for one, commit in zip(ours, off, strict=True)]
        percent = f"p{100 * share:g}"
        found += [
            ratio(f"{name}: {percent}, of raw", ratios(less, theirs), "at most", limit),
            _ms(f"{action.name}: {percent}", ours),
            _ms(f"raw {action.event}: {percent}", theirs),
        ]
        if action.durable:
            found.append(_ms(f"a durable commit: {percent}", off))
        if share == 0.5:
            rare = [percentile(one.each, share) for one in seldom]
            found.append(_ms(f"raw {action.event}, as seldom as commands: {percent}", rare))
    ours = [one.all / len(one.each) for one, _, _ in many]
    theirs = [other.all / len(other.each) for _, other, _ in many]
    off = [statistics.median(times) * action.durable / AT_ONCE for _, _, times in many]
    less = [max(1e-9, one - commit) for one, commit in zip(ours, off, strict=True)]
    found += [
        ratio(f"{name}, {AT_ONCE} at once: of raw", ratios(theirs, less), "at least", RATE),
        measured(f"{action.name}, {AT_ONCE} at once", [1 / each for each in ours], "commands/s"),
        measured(f"raw, {AT_ONCE} at once", [1 / each for each in theirs], "actions/s"),
    ]
    if action.durable:
        found.append(_ms(f"a durable commit of {AT_ONCE} rows", [each * AT_ONCE for each in off]))
    return found


def _ms(what: str, seconds: list[float]) -> Figure:
    return measured(what, [1000 * each for each in seconds], "ms")


async def _log_in(xucd: MeasuredXucd) -> None:
    client = await xucd.client("ada")
    for place in SIZE.places:
        number = place.interface.partition("/")[2]
        await client.ask("agentLogin", agentphonenumber=number, agentid=place.number)
    await client.close()


class Commits:
    """Commits that are as durable as xucd's own, of a database in the same folder."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "commits.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, n INTEGER)"
        )

    def times(self, rows: int) -> list[float]:
        """The seconds of some commits of so many rows."""
        return [self._time(rows) for _ in range(COMMITS)]

    def _time(self, rows: int) -> float:
        began = time.perf_counter()
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO rows VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1",
            [(number,) for number in range(rows)],
        )
        self._database.execute("COMMIT")
        return time.perf_counter() - began
