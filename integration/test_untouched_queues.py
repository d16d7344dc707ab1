"""Queues as they were found: nothing of xucd's stands in them, and wrap-up works all the same.

The Asterisk has queues of its own (`ringall`, `rrmemory`), with members of all kinds, as somebody
has who installs xucd beside them. xucd pauses an agent by AMI as it reads of the answer; how many
calls come through before is counted over `--slips` calls. A call that is shorter than xucd and
Asterisk need, some 50 ms on a busy machine, can let one through: so short ones are for a soak.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from integration.client import Refused, http, token_of
from integration.fixtures import MakeXucd, World, a_world
from integration.model.panel import Block, Panel
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import DEMO
from integration.test_members_found import configure, pauses
from integration.test_wrapup import first_answered
from integration.witness import Witness
from tests.doc_blocks import blocks_for

QUEUES = """\
[[queues]]
id = 21
name = "plain"
displayName = "Plain"
number = "3021"
wrapup = 60
[[queues]]
id = 22
name = "round"
displayName = "Round"
number = "3022"
wrapup = 60
[[queues]]
id = 23
name = "quick"
displayName = "Quick"
number = "3023"
[[lines]]
"""
CENTER = (
    DEMO.read_text()
    .replace("[[lines]]\n", QUEUES, 1)
    .replace("queues = {}", "queues = { plain = 0, round = 0, quick = 0 }")
    .replace("queues = { billing = 0 }", "queues = { plain = 0, round = 0 }")
)
FREEPBX = CENTER.replace(
    'interface = "PJSIP/{number}"',
    'interface = "Local/{number}@default/n"\ndevice = "PJSIP/{number}"',
)
PLAIN = """\
[plain]
strategy = ringall
timeout = 15
retry = 1
ringinuse = no
"""
ROUND = PLAIN.replace("plain", "round").replace("ringall", "rrmemory")
QUICK = PLAIN.replace("plain", "quick")
STATIC = "[plain](+)\nmember => Local/1005@default/n,0,Dan,"
PREPARED = "".join(
    f"[{queue}](+)\nsetinterfacevar = yes\nmembergosub = xucd-sub-wrap\nwrapuptime = 0\n"
    for queue in ("plain", "round")
)
ADOPTION = (
    "integration/test_untouched_queues.py::"
    "test_a_member_that_is_no_agent_is_told_with_its_calls_and_can_be_made_one"
)
CASH_DESK = "Local/1007@default/n"
CASH = f"[plain](+)\nmember => {CASH_DESK},2,Cash desk,hint:1007@default\n"
VAN = "Local/1008@default/n"
ADOPTED = f"{CASH}[quick](+)\nmember => {VAN},0,Van\n"
HINTED = ("1005", "1007")
NUMBERS = {"3021": "plain", "3022": "round", "3023": "quick"}
TALK = (0.3, 0.6)  # seconds
SHORT_TALK = (0.02, 0.4)  # seconds; the shorter, the nearer to xucd's reaction
PREPARED_TALK = (0.1, 0.4)  # of calls of 20 ms, some let the next one in on a busy machine
UNPREPARED = "queue does not pause its agents at the answer"
CALLS = 6
EARLY = 0.02  # two clocks are compared: SIPp's at the phone and this process'

PREFIX = "/xuc/api/2.0"

MakeFound = Callable[..., Awaitable[World]]


@pytest_asyncio.fixture(loop_scope="session")
async def make_found(pbx: Pbx, make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[MakeFound]:
    """Call it for a world of an Asterisk with such queues, and with `below` them in queues.conf."""
    async with contextlib.AsyncExitStack() as ends:

        async def make(center: str = CENTER, below: str = "") -> World:
            await configure(pbx, PLAIN, ROUND, QUICK, below)
            return await ends.enter_async_context(a_world(make_xucd, phones, center=center))

        for number, queue in NUMBERS.items():
            step = f"dialplan add extension {number},1,Queue({queue},r) into queues"
            await asyncio.to_thread(pbx.cli, step)
        for line in HINTED:
            step = f"dialplan add extension {line},hint,PJSIP/{line} into default"
            await asyncio.to_thread(pbx.cli, step)
        yield make
    await configure(pbx)
    for line in HINTED:
        await asyncio.to_thread(pbx.cli, f"dialplan remove extension {line}@default hint")
    for number in NUMBERS:
        await asyncio.to_thread(pbx.cli, f"dialplan remove extension {number}@queues")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


async def slips(found: World, count: int, talk: tuple[float, float]) -> int:
    """How many of so many calls let the next caller through before their wrap-up was over.

    The agent is in two queues with callers in both; the calls last these two times in turn.
    """
    caroline, phone = await found.client("caroline"), found.phone("1006", answer_after=0.0)
    phone.hang_up_after, then = talk
    waiting = [found.phones.dial(number) for number in ("3021", "3022", "3022")]
    slipped, seen = 0, len(caroline.frames)
    await caroline.ask("agentLogin", agentphonenumber="1006")
    leg = await phone.rings()
    for _ in range(count):
        await leg.answered()
        talks = await caroline.frame(
            lambda frame: frame.fits("AgentStateEvent", {"name": "AgentOnCall"}), after=seen
        )
        seen = caroline.frames.index(talks)
        phone.hang_up_after, then = then, phone.hang_up_after
        taken = await first_answered(waiting)
        waiting = [call for call in waiting if call is not taken]
        waiting.append(found.phones.dial(taken.other_number))
        following = asyncio.ensure_future(phone.rings())
        wrapup = asyncio.ensure_future(caroline.until_state("AgentOnWrapup", after=seen))
        await asyncio.wait({following, wrapup}, return_when=asyncio.FIRST_COMPLETED)
        over, seen = time.time(), len(caroline.frames)
        if wrapup.done():
            await caroline.tell("unpauseAgent")
        leg = await following
        wrapup.cancel()
        assert leg.invited_at is not None
        slipped += leg.invited_at < over - EARLY or not wrapup.done()
    return slipped


@pytest.mark.timeout(3600)  # a soak has many calls, one after the other
@pytest.mark.parametrize("center", [CENTER, FREEPBX], ids=["phone", "local"])
async def test_a_waiting_caller_slips_into_no_wrapup(
    make_found: MakeFound, request: pytest.FixtureRequest, center: str
) -> None:
    found = await make_found(center)
    soak = request.config.getoption("slips")
    count = soak or CALLS
    slipped = await slips(found, count, SHORT_TALK if soak else TALK)
    print(f"{slipped} of {count} slipped in")
    assert slipped == 0
    assert found.xucd.log.read_text().count(UNPREPARED) == len({"plain", "round"})


async def test_a_queue_prepared_below_itself_keeps_its_options_and_pauses_once(
    make_found: MakeFound,
) -> None:
    found = await make_found(below=PREPARED)
    for queue, strategy in (("plain", "ringall"), ("round", "rrmemory")):
        shown = await asyncio.to_thread(found.pbx.cli, f"queue show {queue}")
        assert f"'{strategy}' strategy" in shown
    heard: list[Block] = []
    async with Panel(found.pbx) as panel:
        panel.listeners.append(heard.append)
        assert await slips(found, 2, PREPARED_TALK) == 0
    answered = [each for each in heard if each.event == "AgentConnect"]
    pauses = [each for each in heard if each.event == "QueueMemberPause" and each["Paused"] == "1"]
    assert len(answered) <= sum(each["Queue"] == "round" for each in pauses) <= len(answered) + 1
    assert UNPREPARED not in found.xucd.log.read_text()


@pytest.mark.any_asterisk
async def test_an_agent_without_a_wrapup_in_the_queue_is_not_paused(
    make_found: MakeFound, witness: Witness
) -> None:
    found = await make_found()
    caroline = await found.agent("caroline", "1006")
    call = found.phones.dial("3023")
    (await found.phone("1006").rings()).answer()
    await call.answered()
    await caroline.until_state("AgentOnCall")
    begun = len(caroline.frames)
    await call.hang_up()
    await caroline.until_state("AgentReady", after=begun)
    seen = await asyncio.to_thread(witness.history, "quick", "Agent/2506")
    assert not any(member.paused for member in seen)


@pytest.mark.any_asterisk
async def test_a_pause_chosen_while_it_rings_stays_and_is_followed_by_no_wrapup(
    make_found: MakeFound,
) -> None:
    found = await make_found()
    caroline = await found.agent("caroline", "1006")
    call = found.phones.dial("3021")
    leg = await found.phone("1006").rings()
    await caroline.ask("pauseAgent", reason="lunch")
    leg.answer()
    await call.answered()
    await caroline.until_state("AgentOnCall")
    begun = len(caroline.frames)
    await call.hang_up()
    await caroline.until_state("AgentOnPause", after=begun, cause="lunch")
    assert "AgentOnWrapup" not in caroline.states(13)


@pytest.mark.parametrize("center", [CENTER, FREEPBX], ids=["phone", "local"])
async def test_a_call_answered_while_xucd_was_down_is_followed_by_its_wrapup(
    make_found: MakeFound, center: str
) -> None:
    found = await make_found(center)
    await found.agent("caroline", "1006")
    call = found.phones.dial("3021")
    leg = await found.phone("1006").rings()
    await found.xucd.stop()
    leg.answer()
    await call.answered()
    await found.xucd.start()
    caroline = await found.client("caroline")
    await caroline.until_state("AgentOnCall", acd=True, direction="Incoming")
    begun = len(caroline.frames)
    await call.hang_up()
    await caroline.until_state("AgentOnWrapup", after=begun)


@pytest.mark.parametrize("state", ["hint:1005@default", "PJSIP/1005"])
async def test_a_member_like_freepbxs_is_its_agents_with_wrapup_states_and_phone(
    make_found: MakeFound, state: str
) -> None:
    """Dan stands in queues.conf, rings through the dialplan and has the state of a phone."""
    found = await make_found(FREEPBX, f"{STATIC}{state}\n")
    etienne, ada = await found.agent("etienne", "1005"), await found.client("ada")
    await etienne.until_state("AgentReady", queues=[21, 22])
    assert (await pauses(found, "round")).keys() == {"Local/1005@default/n"}
    call = found.phones.dial("3021")
    leg = await found.phone("1005").rings()
    await etienne.until_state("AgentRinging")
    leg.answer()
    await call.answered()
    await etienne.until_state("AgentOnCall", acd=True, direction="Incoming")
    assert set((await pauses(found, "plain")).values()) == {"xucd-wrapup"}
    await ada.ask("listenAgent", agentid=12)
    listening = await found.phone("1008").rings()
    listening.answer()
    await listening.answered()
    await ada.until("AgentListen", started=True, agentId=12)
    begun = len(etienne.frames)
    await call.hang_up()
    await etienne.until_state("AgentOnWrapup", after=begun)
    found.phone("1005", answer_after=0.0)
    await etienne.ask("dial", destination="1007")
    assert (await found.phone("1007").rings()).other_number == "1005"


async def test_a_stranger_rings_its_phone_but_no_agent_on_pause_and_is_never_taken_away(
    make_found: MakeFound, witness: Witness
) -> None:
    found = await make_found()
    stranger = "Local/1006@default/n"
    add = f"queue add member {stranger} to quick penalty 3 as Panel state_interface PJSIP/1006"
    await asyncio.to_thread(found.pbx.cli, add)
    caroline = await found.agent("caroline", "1006")
    assert await pauses(found, "quick") == {stranger: None}
    await caroline.ask("pauseAgent", reason="lunch")
    assert await pauses(found, "quick") == {stranger: "lunch"}
    again = f"queue unpause member {stranger} queue quick"
    await asyncio.to_thread(found.pbx.cli, again)
    await caroline.ask("agentLogout")
    await caroline.until_state("AgentLoggedOut")
    who = "quick", "Panel"
    await asyncio.to_thread(witness.until, *who, lambda seen: seen is not None and not seen.paused)
    call = found.phones.dial("3023")
    (await found.phone("1006").rings()).answer()
    await call.answered()
    await call.hang_up()
    assert await pauses(found, "quick") == {stranger: None}


@pytest.mark.any_asterisk
async def test_a_member_that_is_no_agent_is_told_with_its_calls_and_can_be_made_one(
    make_found: MakeFound,
) -> None:
    found = await make_found(below=ADOPTED)
    ada = await found.client("ada")
    call = found.phones.dial("3021")
    (await found.phone("1007").rings()).answer()
    await call.answered()
    await call.hang_up()
    token = await token_of(found.xucd.port, "ada")
    rest = f"{PREFIX}/other_members"
    _, answer = await asyncio.to_thread(http, found.xucd.port, rest, headers=bearer(token))
    others = {other["interface"]: other for other in answer["members"]}
    assert others.keys() == {CASH_DESK, VAN}
    other = others[CASH_DESK]
    assert (other["name"], other["queueId"]) == ("Cash desk", 21)
    assert (other["calls"], other["configured"], other["adoptable"]) == (1, True, True)
    # One by the command line, as docs/agents.md tells it, and one as the board's button does.
    (block,) = blocks_for(ADOPTION)
    for line in block.text.replace("Local/204@from-queue/n", VAN).splitlines():
        xucd, *arguments = line.split()
        assert xucd == "xucd"
        assert "added agent" in await found.xucd.command(*arguments)
    status, adopted = await asyncio.to_thread(
        http, found.xucd.port, f"{rest}/adopt", {"interface": CASH_DESK}, headers=bearer(token)
    )
    assert (status, adopted["login"]) == (201, "cash.desk")
    agent = adopted["agentId"]
    await ada.ask("subscribeToAgentEvents")
    begun = len(ada.frames)
    await ada.ask("agentLogin", agentphonenumber="1007", agentid=agent)
    await ada.until_state("AgentReady", after=begun, agentId=agent, queues=[21])
    await ada.ask("pauseAgent", agentid=agent, reason="lunch")
    assert await pauses(found, "plain") == {CASH_DESK: "lunch"}
    with pytest.raises(Refused, match="MemberNotDynamic"):
        await ada.ask("removeAgentFromQueue", agentId=agent, queueId=21)
    await ada.ask("agentLogout", agentid=agent)
    assert await pauses(found, "plain") == {CASH_DESK: "xucd-logout"}
