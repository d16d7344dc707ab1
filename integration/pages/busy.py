"""A large contact centre that never rests: what Asterisk would say of it, on a real AMI port.

A queue call was recorded from a real Asterisk; here it goes on many times at once, each time with
another agent, other queues and another caller. What xucd asks for is answered and told as Asterisk
does it: lists, members that come and go, pauses. So a real xucd can be driven by more calls than
SIP phones could place on a test's machine, and a page by that xucd.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.ports import free_port
from integration.running import Xucd
from xucd.signin.passwords import hash_password
from xucd.store import Store

TRACE = Path(__file__).parents[2] / "tests/traces/queue-call-22.ami"
RINGS_S, TALKS_S, WAITS_S = 1.0, 3.0, 2.0
FIRST_ID = 1_700_000_000  # of calls, as Asterisk has it: seconds
SECRET = "asked-of-nobody-else"
LOGIN = "ada"

Block = dict[str, str]


@dataclass(frozen=True)
class Place:
    """An agent with its line and its queues, by their numbers from 1; it is called by the first."""

    number: int
    queues: tuple[int, ...]

    @property
    def interface(self) -> str:
        return f"PJSIP/{10_000 + self.number}"

    @property
    def member(self) -> str:
        return f"Agent/{20_000 + self.number}"


class Size:
    """How many agents and queues there are, and in how many groups."""

    def __init__(self, agents: int, queues: int, groups: int) -> None:
        self.groups, self.queues = groups, queues
        self.places = [
            Place(number, (number % queues + 1, (number * 7 + number // queues) % queues + 1))
            for number in range(1, agents + 1)
        ]

    def center(self) -> str:
        """The contact centre's file."""
        rows = [f'[[groups]]\nid = {n}\nname = "Group {n}"' for n in range(1, self.groups + 1)]
        rows += [
            f'[[queues]]\nid = {n}\nname = "q{n}"\ndisplayName = "{_queue(n)}"'
            f'\nnumber = "{3000 + n}"\nwrapup = {n % 3 * 2}'
            for n in range(1, self.queues + 1)
        ]
        count = len(self.places)
        rows.append(
            f'[[lines]]\nids = "1-{count}"\nnumbers = "10001-{10_000 + count}"\n'
            'interface = "PJSIP/{number}"\ncontext = "default"'
        )
        rows += [
            f'[[agents]]\nid = {p.number}\nnumber = "{20_000 + p.number}"\nlogin = "a{p.number}"'
            f'\nfirstName = "{_FIRST[p.number % len(_FIRST)]}"'
            f'\nlastName = "{_LAST[p.number // len(_FIRST) % len(_LAST)]} {p.number}"'
            f'\nline = "{10_000 + p.number}"\ngroup = {p.number % self.groups + 1}'
            f"\nqueues = {{ {', '.join(f'q{queue} = 0' for queue in set(p.queues))} }}"
            for p in self.places
        ]
        rows.append(
            f'[[users]]\nlogin = "{LOGIN}"\nfirstName = "Ada"\nlastName = "Min"\nprofile = "Admin"'
        )
        return "\n".join(rows) + "\n"


_FIRST = ("Alice", "Bruce", "Caroline", "Jack", "Maricé", "Etienne", "Élodie", "Noël", "Zoë")
_LAST = ("Johnson", "Wail", "Heronde", "Flash", "Saprïtchà", "Burgad", "Yard", "O’Neill")
_TOPICS = ("Support", "Sales", "Billing", "Orders", "Returns")


def _queue(number: int) -> str:
    return f"{_TOPICS[number % len(_TOPICS)]} {number}"


class BusyAsterisk:
    """What speaks AMI in Asterisk's place. One client at a time: xucd."""

    def __init__(self, size: Size) -> None:
        self.places = size.places
        self._queues = [f"q{number}" for number in range(1, size.queues + 1)]
        self._members = {
            (f"q{queue}", place.interface): ["0", "0", ""]  # penalty, paused, reason
            for place in size.places
            for queue in place.queues
        }
        self._by_interface = {place.interface: place for place in size.places}
        self._phases = recorded()
        self._writer: asyncio.StreamWriter | None = None
        self._calls = itertools.count(1)
        self._playing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> BusyAsterisk:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._playing:
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)
        self._server.close()
        if self._writer is not None:
            self._writer.close()

    @contextlib.asynccontextmanager
    async def calls(self, per_second: float) -> AsyncIterator[None]:
        """Let so many calls a second begin, and one in five more that nobody answers."""
        driver = asyncio.create_task(self._drive(per_second))
        yield
        driver.cancel()
        await asyncio.gather(driver, return_exceptions=True)

    async def _drive(self, per_second: float) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for count in itertools.count():
            # By the clock, so that a crowded machine changes when calls begin but not how many.
            await asyncio.sleep(max(0.0, begun + count / per_second - loop.time()))
            place = self.places[count * 7 % len(self.places)]
            self._play(self._call(place, next(self._calls)))
            if count % 5 == 0:
                self._play(self._abandoned(place, next(self._calls)))

    def _play(self, call: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(call)
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

    async def _call(self, place: Place, number: int) -> None:
        ring, answer, end = (self._named(phase, place, number) for phase in self._phases)
        self._say(ring)
        await asyncio.sleep(RINGS_S)
        self._say(answer)
        self._pause(place.interface, "1", "xucd-wrapup", told=False)
        await asyncio.sleep(TALKS_S)
        self._say(end)

    async def _abandoned(self, place: Place, number: int) -> None:
        joined, left = self._named(self._phases[0], place, number), f"q{place.queues[0]}"
        blocks = [one for one in joined.split("\r\n\r\n") if "AgentCalled" not in one]
        caller = [one for one in blocks if "PJSIP/trunk-" in one]
        self._say("\r\n\r\n".join(caller) + "\r\n\r\n")
        await asyncio.sleep(WAITS_S)
        called = f"{FIRST_ID + number}.0"
        channel = f"Channel: PJSIP/trunk-{number:08x}\r\nUniqueid: {called}\r\n"
        self._say(
            f"Event: QueueCallerAbandon\r\n{channel}Queue: {left}\r\nPosition: 1\r\n"
            f"OriginalPosition: 1\r\nHoldTime: {WAITS_S:.0f}\r\n\r\n"
            f"Event: QueueCallerLeave\r\n{channel}Queue: {left}\r\nPosition: 1\r\nCount: 0\r\n\r\n"
            f"Event: Hangup\r\n{channel}Linkedid: {called}\r\nCause: 16\r\n\r\n"
        )

    def _named(self, phase: str, place: Place, number: int) -> str:
        """The recorded events with the names of this call."""
        first, second = place.queues[0], place.queues[-1]
        names = {
            "PJSIP/1001": place.interface,
            "Agent/2501": place.member,
            "PJSIP/trunk": f"PJSIP/trunk-{number:08x}",
            "1795386654.": f"{FIRST_ID + number}.",
            "Queue: support": f"Queue: q{first}",
            "Queue: sales": f"Queue: q{second}",
            "0230210082": f"02{number:08}",
            "fdce14a0": f"{number:08x}",
        }
        pattern = re.compile("|".join(map(re.escape, names)) + r"|(?<=trunk)-00000000")
        return pattern.sub(lambda found: names.get(found[0], ""), phase)

    def _say(self, blocks: str) -> None:
        if self._writer is not None:
            self._writer.write(blocks.encode())

    # --- What is asked

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # xucd has ended
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                lines = (line.partition(":") for line in raw.decode().strip().split("\r\n"))
                self._answer({key: value.strip() for key, _, value in lines})
                await writer.drain()
        self._writer = None
        writer.close()

    def _answer(self, action: Block) -> None:
        name, action_id = action["Action"], f"ActionID: {action['ActionID']}\r\n"
        lists: dict[str, Callable[[], Iterator[str]]] = {
            "QueueStatus": lambda: self._queue_status(action.get("Queue"), action.get("Member")),
            "QueueSummary": self._queue_summary,
            "CoreShowChannels": lambda: iter(()),
            "DeviceStateList": lambda: (
                f"Event: DeviceStateChange\r\nDevice: {one.interface}\r\nState: NOT_INUSE\r\n"
                for one in self.places
            ),
        }
        rows = lists.get(name)
        if rows is None:
            self._say(f"Response: Success\r\n{action_id}Message: Done\r\n\r\n")
            self._do(action)
            return
        self._say(f"Response: Success\r\n{action_id}EventList: start\r\nMessage: List\r\n\r\n")
        for row in rows():
            self._say(f"{row}{action_id}\r\n")
        self._say(
            f"Event: {name}Complete\r\n{action_id}EventList: Complete\r\nListItems: 0\r\n\r\n"
        )

    def _queue_summary(self) -> Iterator[str]:
        members = Counter(queue for queue, _ in self._members)
        for queue in self._queues:
            yield f"Event: QueueSummary\r\nQueue: {queue}\r\nLoggedIn: {members[queue]}\r\n"

    def _queue_status(self, asked: str | None, only: str | None) -> Iterator[str]:
        """All queues and members, or the one queue asked for, or `only` one member of each."""
        queues = [asked] if asked else self._queues
        for queue in queues:
            yield f"Event: QueueParams\r\nQueue: {queue}\r\n"
        for (queue, interface), (penalty, paused, reason) in self._members.items():
            member = self._by_interface[interface].member
            if queue not in queues or (only and only not in (member, interface)):
                continue
            yield (
                f"Event: QueueMember\r\nQueue: {queue}\r\nName: {member}\r\n"
                f"Location: {interface}\r\nStateInterface: {interface}\r\n"
                f"Membership: dynamic\r\nPenalty: {penalty}\r\nCallsTaken: 0\r\n"
                f"LastCall: 0\r\nLastPause: 0\r\nInCall: 0\r\nStatus: 1\r\n"
                f"Paused: {paused}\r\nPausedReason: {reason}\r\n"
            )

    def _do(self, action: Block) -> None:
        match action["Action"]:
            case "Login":
                self._say("Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n")
            case "QueuePause":
                paused = "1" if action["Paused"] in {"1", "true", "True", "yes"} else "0"
                self._pause(action["Interface"], paused, action.get("Reason", ""))
            case "QueueAdd":
                member = [action.get("Penalty", "0"), "0", ""]
                self._members[action["Queue"], action["Interface"]] = member
                self._tell("QueueMemberAdded", action["Queue"], action["Interface"])
            case "QueuePenalty":
                self._members[action["Queue"], action["Interface"]][0] = action["Penalty"]
                self._tell("QueueMemberPenalty", action["Queue"], action["Interface"])
            case "QueueRemove":
                self._tell("QueueMemberRemoved", action["Queue"], action["Interface"])
                del self._members[action["Queue"], action["Interface"]]

    def _pause(self, interface: str, paused: str, reason: str, told: bool = True) -> None:
        for (queue, one), member in self._members.items():
            if one == interface:
                member[1:] = [paused, reason]
                if told:
                    self._tell("QueueMemberPause", queue, interface)

    def _tell(self, event: str, queue: str, interface: str) -> None:
        penalty, paused, reason = self._members[queue, interface]
        member = self._by_interface[interface].member
        self._say(
            f"Event: {event}\r\nQueue: {queue}\r\nMemberName: {member}"
            f"\r\nInterface: {interface}\r\nStateInterface: {interface}\r\nMembership: dynamic"
            f"\r\nPenalty: {penalty}\r\nStatus: 1\r\nPaused: {paused}"
            f"\r\nPausedReason: {reason}\r\n\r\n"
        )


def recorded() -> tuple[str, str, str]:
    """The recorded call in three parts: it rings, is answered, and ends."""
    blocks = [one for one in TRACE.read_text().split("\n\n") if one.startswith("Event: ")]
    blocks = [one.strip("\n").replace("\r", "").replace("\n", "\r\n") for one in blocks]
    first = next(at for at, one in enumerate(blocks) if "Event: Newchannel" in one)
    answered = next(at for at, one in enumerate(blocks) if "Event: DialEnd" in one) - 1
    ended = next(at for at, one in enumerate(blocks) if "Event: AgentComplete" in one)
    # The wrap-up's end is what xucd asks for.
    last = max(at for at, one in enumerate(blocks) if "Event: QueueMemberStatus" in one) + 1
    parts = (blocks[first:answered], blocks[answered:ended], blocks[ended:last])
    ring, answer, end = ("".join(f"{one}\r\n\r\n" for one in part) for part in parts)
    return ring, answer, end


@dataclass(frozen=True)
class _Where:
    """What `Xucd` wants to know of the PBX."""

    ami_port: int
    agi_port: int
    ami_secret: str = SECRET


class BusyXucd(Xucd):
    """A real xucd of that contact centre, whose supervisor is `LOGIN`."""

    def __init__(self, asterisk: BusyAsterisk, size: Size, folder: Path) -> None:
        self._size = size
        where = _Where(asterisk.port, int(os.environ.get("XUCD_AGI_PORT") or free_port()))
        super().__init__(where, folder)  # type: ignore[arg-type]

    async def prepare(self) -> None:
        """Apply the centre, and give its supervisor a password."""
        file = self.folder / "center.toml"
        file.write_text(self._size.center())
        await self.command("center", "apply", str(file))
        store = Store(self.url)
        store.set_password_hash(LOGIN, await asyncio.to_thread(hash_password, f"{LOGIN}-demo"))
        store.close()
