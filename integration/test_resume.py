"""Catching up: a client that is cut off again and again ends up with what all others have.

Calls, pauses and penalties go on all the while, and the link to Asterisk is lost now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Hashable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from integration.client import Client, Frame, Refused, token_of
from integration.fixtures import MakeXucd, World, clear
from integration.phones import NotAnswered, Phones
from integration.test_ami_link import Proxy

pytestmark = pytest.mark.any_asterisk

CUTS = 100
MOMENT = 0.1  # seconds: at most so long between two cuts, and away
SUBSCRIPTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("subscribeToAgentEvents", {}),
    ("subscribeToAgentStats", {}),
    ("subscribeToQueueStats", {}),
    ("getAgentStates", {}),
    ("getList", {"objectType": "queuemember"}),
)
OWN = ("LoggedOn", "CommandResult")  # answers, which nobody else gets


class Page:
    """A client that can be cut off and catches up; `messages` are those of its stream, in order."""

    def __init__(self, port: int, token: str) -> None:
        self.messages: list[dict[str, Any]] = []
        self.epoch = ""
        self.position = 0
        self._port = port
        self._token = token
        self.link: Client | None = None

    async def connect(self) -> None:
        """Open a link; after the first time, go on from the last message received."""
        query = "&resume=1"
        if self.epoch:
            query += f"&epoch={self.epoch}&position={self.position}"
        self.link = await Client.sign_in(self._port, "ada", query=query, token=self._token)
        hello = await self.link.until("LoggedOn")
        if self.epoch:
            assert hello["recovered"] is True
            assert hello["stream"] == {"epoch": self.epoch, "position": self.position}
        self.epoch, self.position = hello["stream"]["epoch"], hello["stream"]["position"]

    async def lose(self) -> None:
        """Lose the link without a word; what was read until now is kept."""
        assert self.link is not None
        self.link.cut()
        await self.link.close()
        for frame in self.link.frames:
            if frame.type != "LoggedOn":
                self.messages.append(frame.message)
                assert frame.message["position"] > self.position
                self.position = frame.message["position"]


def held(messages: list[dict[str, Any]]) -> dict[Hashable, Any]:
    """What a page shows that has received these: the last word on each thing."""
    shown: dict[Hashable, Any] = {}
    for message in messages:
        kind, body = message["msgType"], message["ctiMessage"]
        if kind == "QueueMemberList":
            shown |= {("QueueMember", one["agentId"], one["queueId"]): one for one in body}
        elif kind == "QueueMember":
            shown[kind, body["agentId"], body["queueId"]] = body
        elif kind == "QueueStatistics":
            for counter in body["counters"]:
                shown[kind, body["queueId"], counter["statName"]] = counter["value"]
        elif kind == "AgentStateEvent":
            # Each counts the seconds since on its own clock.
            shown[kind, body["agentId"]] = {**body, "since": None}
        elif kind == "AgentStatistics":
            shown[kind, body["id"]] = body
        elif kind not in OWN:
            shown[kind] = body
    return shown


def marked(messages: list[dict[str, Any]], reason: str) -> int:
    """Where the pause stands that marks the beginning or the end."""
    return next(
        number
        for number, message in enumerate(messages)
        if message["msgType"] == "AgentStateEvent" and message["ctiMessage"].get("cause") == reason
    )


def told_to_all(messages: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """What came between the two marks, for everybody alike."""
    between = messages[marked(messages, "beginning") : marked(messages, "end") + 1]
    return [
        (message["msgType"], message["ctiMessage"])
        for message in between
        if message["msgType"] not in OWN
    ]


@pytest_asyncio.fixture(loop_scope="session")
async def asterisk(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The way to Asterisk's manager interface, which can be cut."""
    async with Proxy(phones.pbx.ami_port) as proxy:
        monkeypatch.setenv("XUCD_AMI_PORT", str(proxy.port))
        yield proxy


@pytest_asyncio.fixture(loop_scope="session")
async def world(asterisk: Proxy, make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    """The demo's centre, reached over that way."""
    world = World(await make_xucd(), phones)
    yield world
    await world.close()
    await clear(world)


async def calls(world: World, number: str) -> None:
    """One call after the other, answered and ended at once."""
    while True:
        caller = world.phones.dial(number)
        with contextlib.suppress(NotAnswered):
            await caller.answered()
        await caller.hang_up()


async def changes(client: Client) -> None:
    """Alice goes for lunch and comes back, and Jack's penalty goes up and down."""
    while True:
        for reason, penalty in (("lunch", 1), ("", 2)):
            # While Asterisk is out of reach, nothing can be asked of it.
            with contextlib.suppress(Refused):
                await client.ask("pauseAgent" if reason else "unpauseAgent", agentid=9)
                await client.ask("setAgentQueue", agentId=10, queueId=2, penalty=penalty)
            await asyncio.sleep(0.02)


async def mark(client: Client, reason: str) -> None:
    """Pause alice for this reason, as soon as Asterisk is there."""
    while True:
        begun = len(client.frames)
        try:
            await client.ask("pauseAgent", agentid=9, reason=reason)
            return
        except Refused:
            await client.until("LinkStatus", asterisk="current", after=begun)


@pytest.mark.timeout(600)
async def test_a_client_cut_off_a_hundred_times_holds_what_one_that_never_was_holds(
    world: World, asterisk: Proxy
) -> None:
    chance = random.Random(20261122)
    await world.agent("bruce", "1001")
    await world.agent("jack", "1003")
    alice = await world.agent("alice", "1002")
    for number in ("1001", "1003"):
        world.phone(number, answer_after=0.05)
    steady, page = (
        await world.client("ada"),
        Page(world.xucd.port, await token_of(world.xucd.port, "ada")),
    )
    await page.connect()
    assert page.link is not None
    for client in (steady, page.link):
        for command, arguments in SUBSCRIPTIONS:
            await client.ask(command, **arguments)
    await mark(alice, "beginning")
    traffic = [
        asyncio.create_task(one)
        for one in (calls(world, "3001"), calls(world, "3001"), changes(alice))
    ]
    for cut in range(CUTS):
        await asyncio.sleep(chance.uniform(0, MOMENT))
        if cut == CUTS // 2:
            await steady.until("LinkStatus", asterisk="current")  # back from the first cut
        if cut in (CUTS // 3, CUTS // 2):
            asterisk.cut()
        await page.lose()
        await asyncio.sleep(chance.uniform(0, MOMENT))
        await page.connect()
    for task in traffic:
        task.cancel()
    await asyncio.gather(*traffic, return_exceptions=True)
    assert [task for task in traffic if not task.cancelled()] == []
    await mark(alice, "end")

    def is_end(frame: Frame) -> bool:
        return frame.fits("AgentStateEvent", {"agentId": 9, "cause": "end"})

    await asyncio.gather(steady.frame(is_end), page.link.frame(is_end))
    await page.lose()
    whole = [frame.message for frame in steady.frames]
    expected, got = told_to_all(whole), told_to_all(page.messages)
    assert len(expected) > 5 * CUTS
    assert [body["asterisk"] for kind, body in expected if kind == "LinkStatus"] == [
        *("lost", "current"),
        *("lost", "current"),
    ]
    assert got == expected
    assert held(page.messages[: marked(page.messages, "end")]) == held(
        whole[: marked(whole, "end")]
    )


async def test_all_are_told_when_asterisk_is_lost_and_back_and_so_is_who_comes_or_was_away(
    world: World, asterisk: Proxy
) -> None:
    bruce, page = (
        await world.client("bruce"),
        Page(world.xucd.port, await token_of(world.xucd.port, "ada")),
    )
    await page.connect()
    await page.lose()
    world.pbx.freeze()
    try:
        before = datetime.now(UTC).replace(microsecond=0)
        asterisk.cut()
        lost = await bruce.until("LinkStatus", asterisk="lost")
        since = datetime.strptime(lost["since"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert before <= since <= datetime.now(UTC)
        late = await world.client("alice")
        assert await late.until("LinkStatus") == lost
        with pytest.raises(Refused) as refusal:
            await bruce.ask("agentLogin", agentphonenumber="1001")
        assert refusal.value.code == "AsteriskUnavailable"
    finally:
        world.pbx.thaw()
    await asyncio.gather(*(one.until("LinkStatus", asterisk="current") for one in (bruce, late)))
    await page.connect()
    assert page.link is not None
    await page.link.until("LinkStatus", asterisk="current")
    assert page.link.bodies("LinkStatus") == [lost, {"asterisk": "current"}]
