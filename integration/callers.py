"""Mixed calls of queues, each with the outcome that its caller knows.

`run` places so many calls, of all kinds in turn, a few at a time, and returns what became of them
by queue: what xucd has to count, and what Asterisk writes into its ``queue_log`` of the same calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from integration.fixtures import World
from integration.legs import Leg
from integration.model.panel import Panel
from xucd.cti.messages import QueueStatistic as Figure

SUPPORT, SALES, BILLING = 1, 2, 3
NAMES = {SUPPORT: "support", SALES: "sales", BILLING: "billing"}
AT_ONCE = 6
ANSWERS, SILENT, OTHER = "1007", "1008", "1006"  # lines of nobody who is logged in

Counts = Counter[tuple[int, str]]
"""So many calls of a queue, by its id, that ended so."""


@dataclass
class Expected:
    """What the callers have done: `figures` by xucd's names, `logged` by those of queue_log."""

    figures: Counts = field(default_factory=Counter)
    logged: Counts = field(default_factory=Counter)

    def ended(self, queue: int, figure: Figure, logged: str) -> None:
        """A caller of this queue has entered and ended so."""
        self.figures.update({(queue, Figure.ENTERED): 1, (queue, figure): 1})
        self.logged.update({(queue, "ENTERQUEUE"): 1, (queue, logged): 1})


class Callers:
    """Callers of one world. Sales has an agent who answers at once, the other queues nobody."""

    def __init__(self, world: World, panel: Panel) -> None:
        self.expected = Expected()
        self._world = world
        self._panel = panel
        self._number = 0
        self._agent = asyncio.Lock()  # what a phone of the house does, it does for one call

    async def answered(self) -> None:
        """A member answers."""
        call = self._dial("3001")
        await call.answered()
        await call.hang_up()
        self.expected.ended(SALES, Figure.ANSWERED, "CONNECT")

    async def gives_up(self) -> None:
        """The caller hangs up."""
        call = self._dial("3000")
        await self._waits(call)
        await call.hang_up()
        self.expected.ended(SUPPORT, Figure.ABANDONED, "ABANDON")

    async def hung_up_by_others(self) -> None:
        """Another program hangs the caller up."""
        call = self._dial("3000")
        await self._panel.ask("Hangup", Channel=await self._waits(call))
        await call.ended()
        self.expected.ended(SUPPORT, Figure.ABANDONED, "ABANDON")

    async def timed_out(self) -> None:
        """The queue lets the caller go after its time."""
        await self._dial("3200").ended()
        self.expected.ended(SUPPORT, Figure.TIMED_OUT, "EXITWITHTIMEOUT")

    async def asks_for_a_callback(self) -> None:
        """The caller presses the callback's key, and hangs up as it is asked for a number."""
        call = self._dial("3100")
        await self._leaves_by_key(call, "5", "Read")
        self.expected.ended(SUPPORT, Figure.CALLBACKS, "EXITWITHKEY")

    async def leaves_by_another_key(self) -> None:
        """The caller presses a key that leads elsewhere, where nobody answers."""
        call = self._dial("3100")
        await self._leaves_by_key(call, "0", "Dial")
        self.expected.ended(SUPPORT, Figure.DIVERTED, "EXITWITHKEY")

    async def taken_to_a_phone(self) -> None:
        """A panel sends the caller to a phone, which answers."""
        call = self._dial("3000")
        await self._redirect(await self._waits(call), ANSWERS)
        await call.answered()
        await call.hang_up()
        self.expected.ended(SUPPORT, Figure.ANSWERED, "ABANDON")

    async def taken_to_a_silent_phone(self) -> None:
        """A panel sends the caller to a phone, and the caller hangs up before it answers."""
        call = self._dial("3000")
        channel = await self._waits(call)
        await self._redirect(channel, SILENT)
        await self._until(lambda: self._runs(call.number, "Dial"))
        await call.hang_up()
        self.expected.ended(SUPPORT, Figure.DIVERTED, "ABANDON")

    async def taken_to_another_queue(self) -> None:
        """A panel sends the caller to another queue, where it gives up."""
        call = self._dial("3000")
        await self._redirect(await self._waits(call), "3002")
        await self._waits(call, "billing")
        await call.hang_up()
        self.expected.ended(SUPPORT, Figure.DIVERTED, "ABANDON")
        self.expected.ended(BILLING, Figure.ABANDONED, "ABANDON")

    async def bridged(self) -> None:
        """A panel joins the caller to somebody who waits elsewhere."""
        async with self._agent:
            call, other = self._dial("3100"), self._dial("3911", phone=OTHER)
            await other.answered()
            channel = await self._waits(call)
            await self._panel.ask("Bridge", Channel1=channel, Channel2=await self._channel(OTHER))
            await self._until(lambda: self._is_bridged(call.number))
            await call.hang_up()
            await other.hang_up()
        self.expected.ended(SUPPORT, Figure.ANSWERED, "ABANDON")

    async def handed_over(self) -> None:
        """An agent hands the caller over into a queue, in which the agent has asked before."""
        async with self._agent:
            call = self._dial("1005")
            leg = await self._world.phone("1005").rings()
            leg.answer()
            await call.answered()
            question = self._dial("3102", phone="1005")
            await question.answered()
            await self._waits(question, "billing")
            await leg.hand_over(question)
        await self._waits(call, "billing")
        await call.hang_up()
        self.expected.ended(BILLING, Figure.ABANDONED, "ABANDON")

    def kinds(self) -> list[Callable[[], Awaitable[None]]]:
        """What a caller may do."""
        return [
            self.answered,
            self.gives_up,
            self.hung_up_by_others,
            self.timed_out,
            self.asks_for_a_callback,
            self.leaves_by_another_key,
            self.taken_to_a_phone,
            self.taken_to_a_silent_phone,
            self.taken_to_another_queue,
            self.bridged,
            self.handed_over,
        ]

    # -- what a caller's channel does, as Asterisk lists it

    def _dial(self, number: str, phone: str | None = None) -> Leg:
        self._number += 1
        return self._world.phones.dial(number, f"02302{self._number:05d}", phone=phone)

    async def _redirect(self, channel: str, exten: str) -> None:
        fields = {"Channel": channel, "Context": "default", "Exten": exten, "Priority": "1"}
        assert (await self._panel.ask("Redirect", **fields)).ok

    async def _leaves_by_key(self, call: Leg, key: str, application: str) -> None:
        channel = await self._waits(call)
        await self._panel.ask("PlayDTMF", Channel=channel, Digit=key, Receive="true")
        await self._until(lambda: self._runs(call.number, application))
        await call.hang_up()

    async def _waits(self, call: Leg, queue: str = "") -> str:
        """The caller's channel, once it waits in a queue."""
        found = ""

        async def listed() -> bool:
            nonlocal found
            fields = {"Queue": queue} if queue else {}
            for entry in (await self._panel.ask("QueueStatus", **fields)).items:
                if entry.event == "QueueEntry" and entry["CallerIDNum"] == call.number:
                    found = entry["Channel"]
            return bool(found)

        await self._until(listed)
        return found

    async def _listed(self, number: str) -> list[dict[str, str]]:
        answer = await self._panel.ask("CoreShowChannels")
        return [block.fields for block in answer.items if block["CallerIDNum"] == number]

    async def _channel(self, number: str) -> str:
        return (await self._listed(number))[0]["Channel"]

    async def _is_bridged(self, number: str) -> bool:
        return any(one["BridgeId"] for one in await self._listed(number))

    async def _runs(self, number: str, application: str) -> bool:
        return any(one["Application"] == application for one in await self._listed(number))

    @staticmethod
    async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(30):
            while True:
                if await holds():
                    return
                await asyncio.sleep(0.05)  # a list announces nothing


async def run(world: World, panel: Panel, count: int, seed: int) -> Expected:
    """Place `count` calls, every kind about as often, in the order that the seed gives."""
    callers = Callers(world, panel)
    kinds = callers.kinds()
    order = [kinds[index % len(kinds)] for index in range(count)]
    random.Random(seed).shuffle(order)
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(kind: Callable[[], Awaitable[None]]) -> None:
        async with limit:
            try:
                await kind()
            except Exception as error:
                error.add_note(f"of {kind.__name__}")
                raise

    async with asyncio.TaskGroup() as group:
        for kind in order:
            group.create_task(one(kind))
    return callers.expected


def logged(text: str) -> Counts:
    """What a queue_log says of callers."""
    ids = {name: queue_id for queue_id, name in NAMES.items()}
    found: Counts = Counter()
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            _, _, queue, _, event, *_ = line.split("|")
            if queue in ids and event in EVENTS:
                found[ids[queue], event] += 1
    return found


EVENTS = frozenset(
    {"ENTERQUEUE", "CONNECT", "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY", "WITHDRAW"}
)
