"""What people call themselves: it arrives as they said it, and cannot harm who reads it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from integration.client import DEADLINE, Client, Refused
from integration.fixtures import World
from integration.pbx import Pbx
from integration.phones import Phones
from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.connection import log_in
from xucd.ami.escaping import ESCAPED, RAW
from xucd.ami.framing import Block, parse
from xucd.ami.protocol import ManagerProtocol, connect
from xucd.config.settings import Ami

BILLING = 3


class Observer:
    """A manager session of its own that keeps every block as it came."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.manager: ManagerProtocol
        self._news = asyncio.Event()

    async def open(self, pbx: Pbx) -> None:
        settings = Ami(port=pbx.ami_port, username=pbx.witness_user, secret=pbx.witness_secret)
        self.manager = await connect(settings, lambda _: None, self._take)
        await log_in(self.manager, settings)

    def _take(self, raw: bytes) -> None:
        self.blocks.append(parse(raw))
        self._news.set()

    async def ask(self, name: str, **headers: str) -> None:
        """Have Asterisk do something; its answer is among the blocks."""
        await self.manager.query(Action(name, tuple(headers.items())), DEADLINE)

    async def until(self, fits: Callable[[Block], bool]) -> Block:
        """The first block that fits, from the beginning on."""
        async with asyncio.timeout(DEADLINE):
            while not (found := [block for block in self.blocks if fits(block)]):
                self._news.clear()
                await self._news.wait()
        return found[0]


@pytest_asyncio.fixture(loop_scope="session")
async def observer(pbx: Pbx) -> AsyncIterator[Observer]:
    observer = Observer()
    await observer.open(pbx)
    yield observer
    await observer.ask("Setvar", Variable="TEST_NAME", Value="")
    observer.manager.close()


def values(blocks: list[Block]) -> dict[tuple[str, str], set[str]]:
    """What each field of each event or item of a list has held."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for block in blocks:
        name = block.get("Event") or ("Getvar" if "Variable" in block else "")
        for field, value in block.items():
            found[name, field].add(value)
    return found


async def test_asterisk_escapes_the_fields_that_the_table_says(
    observer: Observer, pbx: Pbx, phones: Phones
) -> None:
    odd, escaped = 'O\'N? DOM\\user "x"', 'O\\\'N\\? DOM\\\\user \\"x\\"'
    member = "Local/o'n?@odd/n"
    await observer.ask("Setvar", Variable="TEST_NAME", Value=odd)
    await observer.ask("QueueAdd", Queue="o'clock?", Interface=member, MemberName=odd)
    await observer.ask("QueuePause", Interface=member, Paused="true", Reason=odd)
    caller = phones.dial("93009", caller_number="o'n%3F")
    try:
        joined = await observer.until(lambda block: block.get("Event") == "QueueCallerJoin")
        assert joined["CallerIDName"] == escaped
        await observer.ask("Getvar", Channel=joined["Channel"], Variable="USR_name")
        await observer.manager.query(actions.queue_status(), DEADLINE)
        await observer.ask("QueuePause", Interface=member, Paused="false")
        await observer.until(lambda block: block.get("Event") == "AgentConnect")
        await observer.manager.query(actions.core_show_channels(), DEADLINE)
        await observer.manager.query(actions.channel_variables(), DEADLINE)
    finally:
        await observer.ask("QueueRemove", Queue="o'clock?", Interface=member)
        await caller.hang_up()
    held = values(observer.blocks)
    wrong = {
        (event, field): seen
        for table, bare in ((ESCAPED, False), (RAW, True))
        for event, fields in table.items()
        for field in fields
        for seen in [{value for value in held[event, field] if "'" in value}]
        if not seen or any(("\\'" in value) is bare for value in seen)
    }
    assert not wrong


FORGED = "1%0D%0A%0D%0AEvent%3A%20Shutdown"
STRANGERS = (
    # number in SIP, name in Asterisk, what clients are told of both
    ("0230210082", "DOM\\user", "0230210082", "DOM\\user"),
    ("+33230", "a\\\\b", "+33230", "a\\\\b"),
    ("1", "tab\\t", "1", "tab\\t"),
    ("*12#", 'Shaun O\'Neill & "co"?', "*12#", 'Shaun O\'Neill & "co"?'),
    ("%3Cimg%20src=x%3E", "", "", "img src=x"),
    ("alice%40example.org", "<b>\u202eAlice\u200e</b>", "", "bAlice/b"),
    ("anonymous", "", "", "anonymous"),
    ("alice", "\u200b", "", "alice"),
    ("1001%3Bext%3D2", "Bob;x", "1001", "Bob;x"),
    ("%2B49%20(170)%2012", 'O"Brien & Sons <x>', "+4917012", 'O"Brien & Sons x'),
    ("1%00", "=cmd|'/c calc'!A1", "1", "=cmd|'/c calc'!A1"),
    ("%C3", "Zo\u00eb", "", "Zo\u00eb"),
    (FORGED, "Zoë 😀", "", "Zoë 😀"),
)


async def waiting(page: Client, count: int, after: int = 0) -> list[dict[str, Any]]:
    """The callers that wait in the queue, once they are so many."""
    frame = await page.frame(
        lambda one: one.type == "QueueCalls" and len(one.body["calls"]) == count, after=after
    )
    return [{key: call[key] for key in ("number", "name")} for call in frame.body["calls"]]


async def test_names_and_numbers_of_strangers_reach_pages_unharmed_and_harmless(
    world: World, observer: Observer
) -> None:
    alice, ada = await world.client("alice"), await world.client("ada")
    await world.agent("etienne", "1005")
    await ada.ask("subscribeToQueueCalls", queueId=BILLING)
    for count, (number, name, *_) in enumerate(STRANGERS, 1):
        await observer.ask("Setvar", Variable="TEST_NAME", Value=name)
        world.phones.dial("93002", caller_number=number)
        calls = await waiting(ada, count)
    told = [{"number": number, "name": name} for _, _, number, name in STRANGERS]
    assert calls == told
    world.phones.dial("91002", caller_number=FORGED)
    leg = await world.phone("1002").rings()
    ringing = await alice.until("PhoneEvent", eventType="EventRinging")
    assert (ringing["otherDN"], ringing["otherDName"]) == ("", "Zoë 😀")
    assert ringing["userData"] == {"USR_name": "Zoë 😀"}
    leg.answer()
    await leg.answered()
    await alice.until("PhoneEvent", eventType="EventEstablished")
    assert "shutting down" not in world.xucd.log.read_text()
    await world.xucd.stop()
    await world.xucd.start()
    alice, ada = await world.client("alice"), await world.client("ada")
    await ada.ask("subscribeToQueueCalls", queueId=BILLING)
    assert await waiting(ada, len(STRANGERS)) == told
    await alice.ask("getCurrentCallsPhoneEvents")
    (current,) = (await alice.until("CurrentCallsPhoneEvents"))["events"]
    assert (current["otherDN"], current["otherDName"]) == ("", "Zoë 😀")


DIALLED = (
    "7\r\n\r\nEvent: Shutdown\r\n\r\nX",
    # As if the description of the channel ended there.
    "7\r\nPriority: 1\r\nUniqueid: 1\r\nLinkedid: 1\r\n\r\nEvent: Shutdown",
    "7\r\nPriority: 1\r\nUniqueid: \r\nLinkedid: \r\n\r\nEvent: Shutdown\r\n\r\n",
    # As if it went into a queue; what its application is given, ends the event.
    "7\r\nApplication: Queue\r\n\r\nEvent: Shutdown\r\nPrivilege: system,all",
    # As if the list of channels went on behind it.
    "7\r\nDuration: 00:00:01\r\nBridgeId: \r\n\r\nEvent: Shutdown\r\nPrivilege: x",
)


async def test_what_a_stranger_dials_tells_xucd_nothing_else(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    calls = [world.phones.dial(quote(number, safe="")) for number in (*DIALLED, "7111")]
    for call in calls:
        await call.answered()
    await world.xucd.stop()
    await world.xucd.start()
    bruce = await world.client("bruce")
    assert bruce.states(8) == ["AgentReady"]
    assert "shutting down" not in world.xucd.log.read_text()
    assert "cannot decode" not in world.xucd.log.read_text()
    metrics = await asyncio.to_thread(world.xucd.metrics)
    assert metrics["xucd_ami_connections"] == 1
    for call in calls:
        await call.hang_up()


FORGED_REASONS = ("a|b", "<img src=x>", "x;0;0", "a,PJSIP/1002", 'x" y="', "\u202ehcnul", "é" * 40)


async def test_a_reason_forges_no_field_of_queue_log_and_no_markup(
    world: World, observer: Observer, pbx: Pbx
) -> None:
    bruce = await world.agent("bruce", "1001")
    for reason in FORGED_REASONS:
        with pytest.raises(Refused, match="InvalidReason"):
            await bruce.ask("pauseAgent", reason=reason)
    assert bruce.states(8)[-1] == "AgentReady"
    await bruce.ask("pauseAgent", reason="réunion d'équipe, 14 h")
    await bruce.until("AgentStateEvent", name="AgentOnPause", cause="réunion d'équipe, 14 h")
    begun = len(bruce.frames)
    reason = "<b>x</b>|billing|Agent/1|ADDMEMBER"
    await observer.ask("QueuePause", Interface="PJSIP/1001", Paused="true", Reason=reason)
    told = await bruce.until("AgentStateEvent", name="AgentOnPause", after=begun)
    assert told["cause"] == "b x /b billing Agent/1 ADDMEMBER"
    logged = (await asyncio.to_thread(pbx.read, "/var/log/asterisk/queue_log")).splitlines()
    ours = [line for line in logged if "|PAUSE|" in line and "|Agent/2501|" in line]
    assert ours[-3].count("|") == 5
