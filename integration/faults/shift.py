"""A shift: agents who work, callers who call, and clients that are there throughout.

While a fault happens the traffic goes on. Afterwards everybody stands still, in whatever call,
queue or pause they are, and `agree` compares all sides: see `agreement`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any

from integration.client import Frame, Refused
from integration.faults.agreement import Stored, unlike_fresh, unlike_store
from integration.faults.standstill import Standstill
from integration.faults.waiting import until
from integration.faults.way import Way
from integration.fixtures import LINES
from integration.legs import Leg
from integration.model import answers
from integration.model.answers import ADMIN, Told
from integration.model.compare import differences
from integration.model.panel import Panel
from integration.model.run import unlike_log
from integration.model.scene import MISHAPS, Scene
from integration.phones import Phones
from integration.running import Xucd
from xucd.client import CenterClient, connect
from xucd.cti.parts import StatePart
from xucd.store.journal import day_of

Agents = Mapping[str, tuple[str, int, int]]
AGENTS: Agents = {"bruce": ("1001", 8, 1), "alice": ("1002", 9, 1), "jack": ("1003", 10, 2),
                  "marice": ("1004", 11, 2), "etienne": ("1005", 12, 3)}  # fmt: skip
"""Each one's line, id, and a queue of its own."""
NUMBERS = ("3000", "3001", "3002", "3100", "3101")
PAUSES = ("lunch", "training", "")
CALLERS = 6
WITHIN = 30.0  # seconds in which all sides come to agree; most need one
GIVES_UP = 35.0
"""Seconds after which a caller whom no Asterisk hears gives up: its last INVITE is sent after 15.5,
and awaited for 16."""
WATCHED: tuple[StatePart, ...] = ("agents", "queues", "queueCalls", "statistics")
NEVER = "InternalError"
"""The one refusal that no fault explains."""


class Disagree(AssertionError):
    """The sides do not agree, or xucd failed; the message says in what."""


class Shift:
    """The people of one centre at work. `scene` has Asterisk, xucd and pages that ask.

    `steady` are clients that follow by messages alone, and reconnect by themselves.
    """

    def __init__(self, scene: Scene, way: Way, agents: Agents = AGENTS) -> None:
        self.scene, self.way, self.agents = scene, way, agents
        self.steady: dict[str, CenterClient] = {}
        self.clock: Callable[[], float] = time.time  # the daemon's, in epoch seconds
        self.calls_ended: Counter[str] = Counter()  # by the number that was called
        self.may_leave = True  # whether agents log out now and then
        self.legs: list[Leg] = []
        self.down: list[tuple[float, float]] = []  # when Asterisk's events may have passed unheard
        self._chance = random.Random(14)
        self._standstill = Standstill()
        self._news = asyncio.Condition()
        self._workers: list[asyncio.Task[None]] = []
        self._pinging: asyncio.Task[None] | None = None

    # -- beginning and end

    async def begin(self, callers: int = CALLERS) -> None:
        """Log the agents in, and let everybody work."""
        for login in self.scene.pages:
            self.steady[login] = await self.fresh(login)
        for login, (line, _, _) in self.agents.items():
            await self.steady[login].ask("agentLogin", {"agentphonenumber": line})
            self.scene.phone(line).answer_after = 0.2
        self._workers = [asyncio.create_task(self._agent(login)) for login in self.agents]
        self._workers += [asyncio.create_task(self._caller(number)) for number in range(callers)]
        self._pinging = asyncio.create_task(self._keep_links())
        self.go_on()

    async def rest(self) -> None:
        """Let everybody stand still and end all calls; none may be left, and all be counted."""
        await self.stand_still()
        await self.drop_calls(GIVES_UP)
        await self.scene.end()
        await self.agree("the end of all calls", at_rest=True)

    async def leave(self) -> None:
        """Close the clients, whatever the end was."""
        if self._pinging is not None:
            self._pinging.cancel()
        await self._stop()
        await asyncio.gather(*(client.close() for client in self.steady.values()))

    async def _keep_links(self) -> None:
        """Ping now and then on the pages that only ask: a link without a frame is dropped."""
        while True:
            await asyncio.sleep(20)
            for page in (*self.scene.pages.values(), self.scene.silent):
                with contextlib.suppress(Refused):  # a fault may have ended it
                    await page.say({"claz": "ping"})

    async def _stop(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []

    async def fresh(self, login: str) -> CenterClient:
        """A client that has just come, and has read what it watches."""
        token = self.steady[login].token if login in self.steady else ""
        address = f"http://127.0.0.1:{self.scene.xucd.port}"
        client = await connect(address, login, f"{login}-demo", token=token)
        await client.watch(*(WATCHED if login == ADMIN else ()))
        return client

    # -- going on and standing still

    def go_on(self) -> None:
        self._standstill.open()

    async def stand_still(self) -> None:
        """Wait until nobody does anything; calls, queues and pauses stay as they are."""
        self._standstill.close()
        await self._until(lambda: self._standstill.standing == len(self._workers))

    async def calls(self, count: int, numbers: Iterable[str] = NUMBERS) -> None:
        """Wait until so many more calls to any of these numbers have ended."""
        wanted = self._ended(numbers) + count
        await self._until(lambda: self._ended(numbers) >= wanted)

    def _ended(self, numbers: Iterable[str]) -> int:
        return sum(self.calls_ended[number] for number in numbers)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(2 * WITHIN), self._news:
            while not holds():
                for worker in self._workers:
                    if worker.done():
                        worker.result()
                await self._news.wait()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _pause(self, seconds: float) -> None:
        """Between two things that somebody does; the pace of work, and where it stands still."""
        await asyncio.sleep(self._chance.uniform(0, seconds))
        await self._standstill.passed(self._tell)

    # -- what everybody does

    async def _agent(self, login: str) -> None:
        line, agent_id, queue_id = self.agents[login]
        inside = True
        while True:
            await self._pause(0.6)
            what = self._chance.random()
            if not inside:
                inside = await self._ask(login, "agentLogin", agentphonenumber=line)
            elif what < 0.5:
                await self._ask(login, "pauseAgent", reason=self._chance.choice(PAUSES))
            elif what < 0.8:
                await self._ask(login, "unpauseAgent")
            elif what < 0.95:
                penalty = self._chance.randrange(4)
                await self._ask(
                    ADMIN, "setAgentQueue", agentId=agent_id, queueId=queue_id, penalty=penalty
                )
            elif self.may_leave:
                inside = not await self._ask(login, "agentLogout")

    async def _ask(self, login: str, command: str, **values: Any) -> bool:
        """Whether it was done. What a fault has refused is asked again some time."""
        try:
            await self._asks_by(login).ask(command, values)
        except Refused as refused:
            if refused.code == NEVER:
                raise
            return False
        return True

    def _asks_by(self, login: str) -> CenterClient:
        """The client by which somebody asks now."""
        return self.steady[login]

    async def _caller(self, number: int) -> None:
        while True:
            await self._pause(0.5)
            called = self._chance.choice(NUMBERS)
            leg = self.dial(called, f"02302{number:05d}")
            with contextlib.suppress(*MISHAPS):
                await leg.answered(self._chance.uniform(0.3, 1.5))
            await self._pause(1.0)
            with contextlib.suppress(*MISHAPS):
                await leg.hang_up(5.0)
            self.calls_ended[called] += 1
            await self._tell()

    def dial(self, number: str, caller: str) -> Leg:
        """Place a call that is ended with all others."""
        leg = self.scene.call(number, caller)
        self.legs.append(leg)
        return leg

    async def drop_calls(self, within: float = 5.0) -> None:
        """Let every phone and caller hang up: an Asterisk that was killed does not tell them.

        A caller takes up to `within` seconds, since who has not got through yet calls once more.
        """
        rung = [leg for line in LINES for leg in self.scene.phone(line).legs]
        await asyncio.gather(
            *(_decline(leg) for leg in rung if not leg.answered_at and not leg.ended_at),
            *(_hang_up(leg) for leg in rung if leg.answered_at and not leg.ended_at),
            *(_hang_up(leg, within) for leg in self.legs if not leg.ended_at),
        )

    # -- faults

    @contextlib.asynccontextmanager
    async def unheard(self) -> AsyncIterator[None]:
        """While this lasts, what happens at Asterisk may pass without xucd's hearing of it."""
        begun = time.time()
        try:
            yield
        finally:
            self.down.append((begun, time.time()))

    async def current_again(self, cause: Awaitable[object]) -> None:
        """Await what parts xucd from Asterisk, and then that all are told that it is over."""
        page = self.scene.pages[ADMIN]
        begun = len(page.frames)
        await cause

        def is_over(_: Frame) -> bool:
            told = [body["asterisk"] for body in page.bodies("LinkStatus", begun)]
            return "lost" in told and told[-1] == "current"

        await page.frame(is_over, 2 * WITHIN, begun)

    async def asterisk_is_new(self) -> None:
        """Asterisk was restarted: open the panel to it again, and forget the calls it had."""
        await self.scene.panel.reopen()
        await self.drop_calls()

    # -- the one comparison

    async def agree(self, after: str, *, at_rest: bool = False) -> None:
        """Wait until Asterisk, the store and all clients agree, after what. Raises `Disagree`.

        `at_rest` there may be no channel and no wrap-up left either.
        """
        found = ["late: nothing could be compared in time"]

        async def nothing_is_found() -> bool:
            nonlocal found
            found = await self._differences(at_rest)
            return not found

        with contextlib.suppress(TimeoutError):
            await until(nothing_is_found, WITHIN)
        found += self.scene.tracebacks()
        if found:
            raise Disagree(f"after {after}:\n" + "\n".join(found))

    async def _differences(self, at_rest: bool) -> list[str]:
        scene = self.scene
        heard = scene.heard
        listed = await scene.look()
        told = await self._told()
        stored = await asyncio.to_thread(self._stored)
        found = differences(listed, told, scene.known())
        found += unlike_store(stored, listed, told)
        found += await self._unlike_fresh()
        if at_rest:
            found += [f"end: never ends: {each}" for each in listed.channels]
            found += await self._unlike_log(told)
        if not found and heard != scene.heard:
            found.append("not still: Asterisk goes on")
        return found

    async def _told(self) -> Told:
        return await answers.read(self.scene.pages, self.scene.silent)

    async def _unlike_log(self, told: Told) -> list[str]:
        return unlike_log(await self.scene.logged(), told.figures, self.down, 0)

    async def stored_calls(self) -> int:
        """How many calls the store has counted as entered, in all queues."""
        stored = await asyncio.to_thread(self._stored)
        return sum(day.entered for day in stored.days.values())

    def _stored(self) -> Stored:
        store = self.scene.xucd.store()
        try:
            return Stored(store, day_of(self.clock()))
        finally:
            store.close()

    async def _unlike_fresh(self) -> list[str]:
        logins = list(self.steady)
        fresh = await asyncio.gather(*(self.fresh(login) for login in logins))
        found: list[str] = []
        for login, client in zip(logins, fresh, strict=True):
            found += unlike_fresh(login, self.steady[login].state, client.state)
            await client.close()
        return found


async def _decline(leg: Leg) -> None:
    with contextlib.suppress(*MISHAPS):
        await leg.decline(5.0)


async def _hang_up(leg: Leg, within: float = 5.0) -> None:
    with contextlib.suppress(*MISHAPS):
        await leg.hang_up(within)


@contextlib.asynccontextmanager
async def a_shift(xucd: Xucd, phones: Phones, way: Way) -> AsyncIterator[Shift]:
    """A shift beside a running xucd that reaches Asterisk over `way`; nobody works yet."""
    async with Panel(xucd.pbx) as panel, Scene(xucd, phones, panel) as scene:
        shift = Shift(scene, way)
        try:
            yield shift
        finally:
            await shift.leave()
            await shift.drop_calls()
            await scene.end()
            await scene.empty_queues()
            for line in LINES:
                phones.phone(line).forget()
