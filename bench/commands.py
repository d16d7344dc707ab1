"""Commands over WebSocket beside the same actions raw over AMI, with the event that shows their
effect.

A real Asterisk and a real xucd. Two commands, of which one promises durability: `setAgentQueue`
changes a configured membership, which is committed before it is acknowledged; `pauseAgent` does
not, for Asterisk itself remembers the pause. A commit of the same database is measured beside
them. Both sides take turns, first with one command at a time, then with 100 users who each wait
for theirs.
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
from bench.links import masked, opened
from bench.machine import LOAD_CORE, pin
from bench.pbx import Raw, asterisk
from bench.played import CalmSize
from integration.pages.busy import Place
from integration.pbx import Pbx

AT_ONCE = 100
SIZE = CalmSize(agents=120, queues=10, groups=4)
ALONE, TOGETHER = 300, 1000
"""How many commands a round has, one at a time and many at once."""
ROUNDS = 5
P50, P99, RATE = 1.5, 2.0, 1 / 3


@dataclass(frozen=True)
class Action:
    """What is asked for, in both languages; `effect` is what shows it, in what comes back."""

    name: str
    durable: bool
    command: Callable[[Place, int], str]
    fields: Callable[[Place, int], dict[str, str]]
    event: str


ACTIONS = (
    Action(
        "setAgentQueue",
        True,
        lambda place, number: (
            f'"command":"setAgentQueue","agentId":{place.number},'
            f'"queueId":{place.queues[0]},"penalty":{number % 20}'
        ),
        lambda place, number: {
            "Action": "QueuePenalty", "Queue": f"q{place.queues[0]}", "Interface": place.interface,
            "Penalty": str(20 + number % 20),
        },
        "QueueMemberPenalty",
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
        self._links = [opened(xucd.address('{"claz":"ping"}')) for _ in range(AT_ONCE)]
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

    def round(self, action: Action, at_once: int, count: int) -> Round:
        """Carry out so many actions, so many under way at once, each until its event is in."""
        began_all = time.perf_counter()
        numbers = itertools.count(1)
        places = {place.interface: place for place in SIZE.places[:at_once]}
        waits: dict[str, tuple[float, str]] = {}
        owners: dict[str, str] = {}
        seen: dict[str, set[str]] = {}
        each: list[float] = []
        left = count

        def ask(interface: str) -> None:
            nonlocal left
            left -= 1
            fields = action.fields(places[interface], next(numbers))
            name = fields.pop("Action")
            began = time.perf_counter()
            number = self._raw.send(name, **fields)
            waits[interface] = (began, number)
            owners[number] = interface
            seen[interface] = set()

        for interface in places:
            ask(interface)
        while waits:
            block = self._raw.next()
            if block.get("Event") == action.event:
                owner = block["Interface"]
                kind = "event"
            else:
                owner, kind = owners.get(block.get("ActionID", ""), ""), "response"
            if owner not in waits:
                continue
            seen[owner].add(kind)
            if len(seen[owner]) == 2:
                each.append(time.perf_counter() - waits.pop(owner)[0])
                if left > 0:
                    ask(owner)
        return Round(each, time.perf_counter() - began_all)


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Both commands, one at a time and many at once."""
    pin(LOAD_CORE)
    with asterisk(SIZE.queues) as pbx, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(pbx, Path(folder), rounds))


async def _measure(pbx: Pbx, folder: Path, rounds: int) -> list[Figure]:
    async with MeasuredXucd(pbx.ami_port, SIZE, folder) as xucd:
        await _log_in(xucd)
        users, raw = OverWebSocket(xucd), OverAmi(pbx)
        commit = [_commit(folder) for _ in range(50)]
        found = [measured("one durable commit", [1000 * each for each in commit], "ms")]
        for action in ACTIONS:
            added = statistics.median(commit) if action.durable else 0.0
            found += _of_action(action, users, raw, (added, rounds))
        users.close()
        return found


def _of_action(
    action: Action, users: OverWebSocket, raw: OverAmi, plan: tuple[float, int]
) -> list[Figure]:
    commit, rounds = plan
    alone = [(users.round(action, 1, ALONE), raw.round(action, 1, ALONE)) for _ in range(rounds)]
    many = [
        (users.round(action, AT_ONCE, TOGETHER), raw.round(action, AT_ONCE, TOGETHER))
        for _ in range(rounds)
    ]
    found: list[Figure] = []
    name = f"{action.name}{', a commit less' if action.durable else ''}"
    for share, limit in ((0.5, P50), (0.99, P99)):
        ours = [percentile(one.each, share) for one, _ in alone]
        theirs = [percentile(other.each, share) for _, other in alone]
        less = [max(0.0, seconds - commit) for seconds in ours]
        percent = f"p{100 * share:g}"
        found += [
            ratio(f"{name}: {percent}, of raw", ratios(less, theirs), "at most", limit),
            measured(f"{action.name}: {percent}", [1000 * each for each in ours], "ms"),
            measured(f"raw {action.event}: {percent}", [1000 * each for each in theirs], "ms"),
        ]
    ours = [len(one.each) / one.all for one, _ in many]
    theirs = [len(other.each) / other.all for _, other in many]
    return [
        *found,
        ratio(f"{action.name}, {AT_ONCE} at once: of raw", ratios(ours, theirs), "at least", RATE),
        measured(f"{action.name}, {AT_ONCE} at once", ours, "commands/s"),
        measured(f"raw, {AT_ONCE} at once", theirs, "actions/s"),
    ]


async def _log_in(xucd: MeasuredXucd) -> None:
    client = await xucd.client("ada")
    for place in SIZE.places:
        number = place.interface.partition("/")[2]
        await client.ask("agentLogin", agentphonenumber=number, agentid=place.number)
    await client.close()


def _commit(folder: Path) -> float:
    """The seconds of one commit as durable as xucd's own."""
    with sqlite3.connect(folder / "commits.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE IF NOT EXISTS one (number INTEGER)")
        database.commit()
        began = time.perf_counter()
        database.execute("INSERT INTO one VALUES (1)")
        database.commit()
        return time.perf_counter() - began
