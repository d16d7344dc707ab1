"""Members as others made them: by queues.conf, by another panel, under other names, or lost.

What is configured for an agent stays, what Asterisk has is told, and the next login unites them.
"""

import asyncio
import contextlib
import re
import signal
import sqlite3
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.client import DEADLINE, Client, Refused
from integration.fixtures import MakeXucd, World, a_world, clear
from integration.pbx import RECORDINGS, Pbx
from integration.phones import Phones
from integration.running import DEMO
from integration.shown import members_of
from integration.witness import Witness

QUEUES = """\
[[queues]]
id = 11
name = "Fixed"
displayName = "Fixed"
number = "3012"
wrapup = 1
[[queues]]
id = 17
name = "passing"
displayName = "Passing"
number = "3017"
[[lines]]
"""
CENTER = (
    DEMO.read_text()
    .replace("[[lines]]\n", QUEUES, 1)
    .replace("queues = {}", "queues = { Fixed = 0, billing = 0 }")
    .replace("queues = { support = 0 }", "queues = { passing = 0 }")
)
CONF = "/etc/asterisk/queues.conf"
FIXED = """\
[fixed](xucd-queue-wrapup)
member => PJSIP/1006,0,Agent/2506
member => Local/1005@default/n,0,Etienne,hint:1005@default
"""
PASSING = "[passing](xucd-queue)\n"
LOCAL = "Local/1005@default/n"
NEWCOMERS = f"""\
member => PJSIP/1006,0,Agent/2506
member => {LOCAL},0,Etienne,hint:1005@default
"""


async def configure(pbx: Pbx, *queues: str, command: str = "queue reload all") -> None:
    """Let queues.conf end with these queues, and have Asterisk read it."""
    kept = f"sed -i '/^; tests/,$d' {CONF}; printf '; tests\\n%s' \"$1\" >> {CONF}"
    pbx._container.exec_run(["sh", "-c", kept, "sh", "".join(queues)])
    await asyncio.to_thread(pbx.cli, command)


async def pauses(world: World, queue: str) -> dict[str, str | None]:
    """A queue's members as Asterisk's command line lists them, and their pauses."""
    return {each.interface: each.pause for each in await members_of(world.pbx, queue)}


async def until_pauses(world: World, queue: str, wanted: dict[str, str | None]) -> None:
    """Wait until `pauses` of a queue are so."""
    async with asyncio.timeout(DEADLINE):
        while True:
            if await pauses(world, queue) == wanted:
                return
            await asyncio.sleep(0.05)  # a command line announces nothing


async def talks_and_wraps_up(world: World, caroline: Client, number: str) -> None:
    """A queue rings 1006 for a call to this number, and Caroline has its wrap-up."""
    call = world.phones.dial(number)
    (await world.phone("1006").rings()).answer()
    await call.answered()
    begun = len(caroline.frames)
    await call.hang_up()
    await caroline.until_state("AgentOnWrapup", after=begun)
    await caroline.until_state("AgentReady", after=begun)


@pytest_asyncio.fixture(loop_scope="session")
async def found(pbx: Pbx, make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    """A world of an Asterisk with members and queues that xucd did not make."""
    await configure(pbx, FIXED, PASSING)
    extension = "dialplan add extension 3012,1,Queue(fixed) into queues"
    await asyncio.to_thread(pbx.cli, extension)
    try:
        async with a_world(make_xucd, phones, center=CENTER) as world:
            yield world
            await configure(pbx)
    finally:
        await configure(pbx)
        await asyncio.to_thread(pbx.cli, "dialplan remove extension 3012@queues")
    await clear(world)


async def test_a_member_of_queues_conf_logs_out_by_being_paused_and_in_by_being_ready(
    found: World,
) -> None:
    caroline = await found.client("caroline")
    await caroline.until("AgentStateEvent", queues=[3, 11])
    begun = len(caroline.frames)
    await caroline.ask("agentLogout")
    await caroline.until_state("AgentLoggedOut", after=begun)
    assert (await pauses(found, "fixed"))["PJSIP/1006"] == "xucd-logout"
    begun = len(caroline.frames)
    await caroline.ask("agentLogin", agentphonenumber="1006")
    await caroline.until_state("AgentReady", after=begun)
    assert (await pauses(found, "fixed"))["PJSIP/1006"] is None
    assert "PJSIP/1006" in await pauses(found, "billing")
    await asyncio.to_thread(found.pbx.cli, "queue pause member Local/1005@default/n")
    await talks_and_wraps_up(found, caroline, "3012")


BOUNCE = ("module unload app_queue.so", "module load app_queue.so")
KEPT = """\
[[queues]]
id = 18
name = "kept"
displayName = "Kept"
number = "3018"
wrapup = 1
[[lines]]
"""
TABLES = """\
create table queues (name text primary key, strategy text, timeout text, ringinuse text);
create table queue_members (
    uniqueid integer primary key, queue_name text, interface text, membername text,
    state_interface text, penalty text, paused text
);
insert into queues values ('kept', 'ringall', '15', 'no');
insert into queue_members values (1, 'kept', 'PJSIP/1006', 'Agent/2506', '', '0', '0');
"""


@pytest_asyncio.fixture(loop_scope="session")
async def kept(pbx: Pbx, make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    """A world of an Asterisk that has a queue and its members in a database."""
    database = pbx.recordings / "kept.sqlite3"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(TABLES)
    database.chmod(0o666)
    driver, maps = (f"/etc/asterisk/{name}.conf" for name in ("res_config_sqlite3", "extconfig"))
    before = {path: await asyncio.to_thread(pbx.read, path) for path in (driver, maps)}
    pbx.write(driver, f"[kept]\ndbfile => {RECORDINGS}/{database.name}\n")
    pbx.write(maps, "[settings]\nqueues => sqlite3,kept\nqueue_members => sqlite3,kept\n")
    step = "dialplan add extension 3018,1,Queue(kept) into queues"
    for command in ("core reload", "module load res_config_sqlite3.so", step):
        await asyncio.to_thread(pbx.cli, command)
    center = DEMO.read_text().replace("[[lines]]\n", KEPT, 1)
    center = center.replace("queues = {}", "queues = { kept = 0, billing = 0 }")
    try:
        async with a_world(make_xucd, phones, center=center) as world:
            yield world
    finally:
        for path, text in before.items():
            pbx.write(path, text)
        without = ("module unload res_config_sqlite3.so", "core reload", *BOUNCE)
        for command in ("dialplan remove extension 3018@queues", *without):
            await asyncio.to_thread(pbx.cli, command)
    await clear(world)


async def test_a_member_of_a_database_is_logged_out_by_a_pause_and_has_its_wrapup(
    kept: World,
) -> None:
    caroline = await kept.agent("caroline", "1006")
    await caroline.until("AgentStateEvent", name="AgentReady", queues=[3, 18])
    await caroline.ask("pauseAgent", reason="lunch")
    assert (await pauses(kept, "kept"))["PJSIP/1006"] == "lunch"
    await caroline.ask("unpauseAgent")
    await talks_and_wraps_up(kept, caroline, "3018")
    await caroline.ask("agentLogout")
    assert (await pauses(kept, "kept"))["PJSIP/1006"] == "xucd-logout"
    begun = len(caroline.frames)
    await caroline.ask("agentLogin", agentphonenumber="1006")
    await caroline.until_state("AgentReady", after=begun)
    assert (await pauses(kept, "kept"))["PJSIP/1006"] is None


async def test_a_member_through_the_dialplan_is_paused_by_its_own_name_and_number(
    found: World,
) -> None:
    etienne = await found.agent("etienne", "1005")
    await etienne.until("AgentStateEvent", name="AgentReady", queues=[3, 11])
    await etienne.ask("pauseAgent", reason="lunch")
    assert (await pauses(found, "fixed"))["Local/1005@default/n"] == "lunch"
    assert (await pauses(found, "billing"))["PJSIP/1005"] == "lunch"
    await etienne.ask("unpauseAgent")
    await etienne.ask("agentLogout")
    assert (await pauses(found, "fixed"))["Local/1005@default/n"] == "xucd-logout"
    assert await pauses(found, "billing") == {}


async def test_a_reload_that_brings_a_queue_ends_no_pause_and_no_wrapup(found: World) -> None:
    """It makes all members of the file anew, of which Asterisk forgets what they are paused for."""
    etienne, caroline = await found.agent("etienne", "1005"), await found.client("caroline")
    await etienne.ask("pauseAgent", reason="lunch")
    call = found.phones.dial("3012")
    (await found.phone("1006").rings()).answer()
    await caroline.until_state("AgentOnCall")
    begun = len(etienne.frames), len(caroline.frames)
    await configure(found.pbx, FIXED, PASSING, NEWCOMERS, command="core reload")
    for queue in ("passing", "fixed"):
        await until_pauses(found, queue, {LOCAL: "lunch", "PJSIP/1006": "xucd-wrapup"})
    await call.hang_up()
    await caroline.until_state("AgentReady", after=begun[1])
    assert caroline.states(13, after=begun[1]) == ["AgentOnWrapup", "AgentReady"]
    assert etienne.states(12, after=begun[0]) == []
    await etienne.ask("unpauseAgent")
    for queue in ("passing", "fixed"):
        assert await pauses(found, queue) == {LOCAL: None, "PJSIP/1006": None}


async def test_an_agents_only_queue_taken_away_and_given_back_takes_the_agent_along(
    found: World,
) -> None:
    alice = await found.agent("alice", "1002")
    begun = len(alice.frames)
    await configure(found.pbx, FIXED)  # no event tells of it
    await alice.until_state("AgentOnPause", after=begun, cause="unreachable")
    await alice.ask("pauseAgent", reason="lunch")
    await alice.until_state("AgentOnPause", after=begun, cause="lunch")
    await alice.ask("unpauseAgent")
    await alice.ask("agentLogin", agentphonenumber="1002")
    begun = len(alice.frames)
    await configure(found.pbx, FIXED, PASSING, command="core reload")
    await alice.until_state("AgentReady", after=begun)
    assert "PJSIP/1002" in await pauses(found, "passing")


async def test_app_queue_that_goes_leaves_nobody_ready_and_brings_all_back(found: World) -> None:
    alice = await found.agent("alice", "1002")
    begun = len(alice.frames)
    await asyncio.to_thread(found.pbx.cli, "module unload app_queue.so")
    await alice.until_state("AgentOnPause", after=begun, cause="unreachable")
    begun = len(alice.frames)
    await asyncio.to_thread(found.pbx.cli, "module load app_queue.so")
    await alice.until_state("AgentReady", after=begun)
    await alice.ask("agentLogout")
    assert await pauses(found, "passing") == {}


async def test_what_others_do_to_a_membership_is_told_and_undone_by_the_next_login(
    found: World,
) -> None:
    """A member that is another program's stays as it is: see `xucd.center.owners`."""
    ada = await found.client("ada")
    await ada.ask("getList", objectType="queuemember")
    bruce = await found.agent("bruce", "1001")
    begun = len(ada.frames)
    for command in (
        "queue remove member PJSIP/1001 from SUPPORT",
        "queue set penalty 4 on PJSIP/1001 in sales",
        'queue add member PJSIP/1001 to billing penalty 2 as "Somebody else"',
    ):
        await asyncio.to_thread(found.pbx.cli, command)
    for told in (
        {"queueId": 1, "penalty": -1, "configuredPenalty": 0},
        {"queueId": 2, "penalty": 4, "configuredPenalty": 1},
        {"queueId": 3, "penalty": 2, "configuredPenalty": -1},
    ):
        await ada.until("QueueMember", after=begun, agentId=8, **told)
    await bruce.ask("agentLogout")
    begun = len(ada.frames)
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await ada.until("QueueMember", after=begun, agentId=8, queueId=3, penalty=2)
    store = found.xucd.store()
    assert store.memberships()[8] == {1: 0, 2: 1}
    store.close()
    assert await pauses(found, "billing") == {"PJSIP/1001": None}


async def test_one_line_has_one_agent_whoever_puts_another_there(
    found: World, witness: Witness
) -> None:
    alice, bruce = await found.client("alice"), await found.agent("bruce", "1001")
    await asyncio.to_thread(
        found.pbx.cli, "queue add member PJSIP/1001 to billing penalty 0 as Agent/2502"
    )
    await asyncio.to_thread(witness.until_was, "billing", "Agent/2502", lambda _: True)
    await asyncio.to_thread(witness.until, "billing", "Agent/2502", lambda seen: seen is None)
    for page in (alice, bruce):
        await page.ask("getAgentStates")
    assert alice.states(9)[-1] == "AgentLoggedOut"
    assert bruce.states(8)[-1] == "AgentReady"


async def test_a_wrapup_that_nobody_owns_is_ended(found: World, witness: Witness) -> None:
    for command in (
        "queue add member PJSIP/1007 to support",
        "queue pause member PJSIP/1007 queue support reason xucd-wrapup",
    ):
        await asyncio.to_thread(found.pbx.cli, command)
    who = "support", "PJSIP/1007"
    await asyncio.to_thread(witness.until_was, *who, lambda seen: seen.reason == "xucd-wrapup")
    await asyncio.to_thread(witness.until, *who, lambda seen: seen is not None and not seen.paused)


async def test_a_supervisor_takes_no_line_from_an_agent_outside_its_lists(found: World) -> None:
    sue, marice = await found.client("sue"), await found.agent("marice", "1004")
    with pytest.raises(Refused, match="NotAuthorized"):
        await sue.ask("agentLogin", agentphonenumber="1004", agentid=8)
    await marice.ask("getAgentStates")
    assert marice.states(11)[-1] == "AgentReady"
    assert "PJSIP/1004" in await pauses(found, "sales")


async def test_a_foreign_member_of_a_queue_with_wrapup_is_rung_again_and_never_paused(
    found: World, witness: Witness
) -> None:
    add = 'queue add member PJSIP/1007 to support penalty 0 as "Panel seven"'
    await asyncio.to_thread(found.pbx.cli, add)
    for number in ("0230210082", "0230210083"):
        call = found.phones.dial("3000", caller_number=number)
        leg = await found.phone("1007").rings()
        assert leg.other_number == number
        leg.answer()
        await call.answered()
        await call.hang_up()
        await leg.ended()
    assert await pauses(found, "support") == {"PJSIP/1007": None}
    seen = await asyncio.to_thread(witness.history, "support", "Panel seven")
    assert not any(member.paused for member in seen)


@pytest.mark.any_asterisk
async def test_a_foreign_member_is_ready_once_a_reload_has_removed_the_agent_it_paused_with(
    found: World, witness: Witness
) -> None:
    add = 'queue add member PJSIP/1004 to billing penalty 0 as "Panel four"'
    await asyncio.to_thread(found.pbx.cli, add)
    marice = await found.agent("marice", "1004")
    await marice.ask("pauseAgent", reason="lunch")
    who = "billing", "Panel four"
    await asyncio.to_thread(witness.until, *who, lambda seen: seen is not None and seen.paused)
    without = re.sub(r"\[\[agents\]\]\nid = 11\n.*?(?=\[\[)", "", CENTER, flags=re.DOTALL)
    file = found.xucd.folder / "without.toml"
    file.write_text(without)
    await found.xucd.command("center", "apply", "--prune", str(file))
    found.xucd.signal(signal.SIGHUP)
    await asyncio.to_thread(witness.until, *who, lambda seen: seen is not None and not seen.paused)


async def test_a_pause_in_one_queue_outlives_a_wrapup(found: World) -> None:
    caroline = await found.agent("caroline", "1006")
    for command in (
        "queue pause member Local/1005@default/n",
        "queue pause member PJSIP/1006 queue billing reason training",
        "dialplan add extension 3012,1,Queue(fixed) into queues",
    ):
        await asyncio.to_thread(found.pbx.cli, command)
    call = found.phones.dial("3012")
    leg = await found.phone("1006").rings()
    leg.answer()
    await call.answered()
    assert (await pauses(found, "billing"))["PJSIP/1006"] == "xucd-wrapup"
    begun = len(caroline.frames)
    await call.hang_up()
    await caroline.until_state("AgentReady", after=begun)
    assert (await pauses(found, "billing"))["PJSIP/1006"] == "training"
    assert (await pauses(found, "fixed"))["PJSIP/1006"] is None
