"""Logins and logouts cut short or overtaken: Asterisk, store and pages end up consistent.

The daemon is killed, its link is cut, its configuration changes, and Asterisk's own command line
is at work, each in the middle of what an agent does.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World, clear
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import DEMO
from integration.shown import members_of
from integration.test_ami_link import Proxy
from integration.witness import Witness

BRUCE = {("support", "Agent/2501"): "PJSIP/1001", ("sales", "Agent/2501"): "PJSIP/1001"}
LINES = {"bruce": "1001", "alice": "1002", "marice": "1003"}
Members = dict[tuple[str, str], str]


async def members(world: World) -> Members:
    """What Asterisk's own command line lists: {(queue, member): interface}."""
    found = {}
    for queue in ("support", "sales", "billing"):
        for member in await members_of(world.pbx, queue):
            if member.name != member.interface:
                found[queue, member.name] = member.interface
    return found


async def kept(world: World) -> Members:
    """What Asterisk ought to list, going by the store."""
    store = world.xucd.store()
    directory, stations, queues = store.directory(), store.stations(), store.memberships()
    store.close()
    return {
        (directory.queues[queue].name, directory.agents[agent].member_name): directory.lines[
            station.line_id
        ].interface
        for agent, station in stations.items()
        if station.logged_in
        for queue in queues.get(agent, {})
    }


async def crash(world: World) -> None:
    """Kill the daemon, and start it again."""
    await world.xucd.stop(signal.SIGKILL)
    await world.xucd.start()


async def apply(world: World, *changes: tuple[str, str]) -> None:
    """Apply the demo's centre with some of its text replaced; the daemon is not told."""
    text = DEMO.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = world.xucd.folder / "changed.toml"
    file.write_text(text)
    await world.xucd.command("center", "apply", "--prune", str(file))


async def reload(world: World, page: Client) -> None:
    """Tell the daemon that its configuration has changed, and wait until it has looked anew."""
    begun = len(page.frames)
    world.xucd.signal(signal.SIGHUP)
    await page.until("LinkStatus", asterisk="current", after=begun)


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(pbx: Pbx) -> AsyncIterator[Proxy]:
    """What stands between xucd and Asterisk, and can be cut."""
    async with Proxy(pbx.ami_port) as proxy:
        yield proxy


@pytest_asyncio.fixture(loop_scope="session")
async def cut_world(
    make_xucd: MakeXucd, proxy: Proxy, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A world whose xucd reaches Asterisk through the proxy."""
    with monkeypatch.context() as patch:
        patch.setattr(Pbx, "ami_port", property(lambda _: proxy.port))
        world = World(await make_xucd(), phones)
    yield world
    await world.close()
    await clear(world)


async def test_logins_at_the_moment_of_a_reload_take_place(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    for _ in range(5):
        world.xucd.signal(signal.SIGHUP)
        await asyncio.gather(
            bruce.ask("agentLogin", agentphonenumber="1001"),
            alice.ask("agentLogin", agentphonenumber="1002"),
        )
        assert await members(world) == BRUCE | {("support", "Agent/2502"): "PJSIP/1002"}
        assert await kept(world) == await members(world)
        await asyncio.gather(bruce.ask("agentLogout"), alice.ask("agentLogout"))
        assert await members(world) == await kept(world) == {}


async def test_a_logout_that_the_link_cut_short_is_completed_when_it_is_back(
    cut_world: World, proxy: Proxy
) -> None:
    bruce = await cut_world.agent("bruce", "1001")
    begun = len(bruce.frames)
    proxy.cut_after = 0
    with pytest.raises(Refused, match="AsteriskUnavailable"):
        await bruce.ask("agentLogout")
    await bruce.until("LinkStatus", asterisk="current", after=begun)
    assert bruce.states(8)[-1] == "AgentLoggedOut"
    assert await members(cut_world) == await kept(cut_world) == {}
    await bruce.ask("agentLogin", agentphonenumber="1001")
    assert await members(cut_world) == await kept(cut_world) == BRUCE


@pytest.mark.parametrize("passed", [0, 60, 150, 220])
async def test_a_login_that_the_link_cut_short_leaves_no_member_behind(
    cut_world: World, proxy: Proxy, passed: int
) -> None:
    bruce = await cut_world.client("bruce")
    begun = len(bruce.frames)
    proxy.cut_after = passed  # bytes
    with pytest.raises(Refused, match="AsteriskUnavailable"):
        await bruce.ask("agentLogin", agentphonenumber="1001")
    await bruce.until("LinkStatus", asterisk="current", after=begun)
    assert bruce.states(8)[-1] == "AgentLoggedOut"
    assert await members(cut_world) == await kept(cut_world) == {}
    await bruce.ask("agentLogin", agentphonenumber="1001")
    assert await members(cut_world) == await kept(cut_world) == BRUCE


@pytest.mark.parametrize("pages", [1, 2, 3])
async def test_a_daemon_killed_amid_logins_and_logouts_loses_nobody_and_no_queue(
    world: World, pages: int
) -> None:
    logins = list(LINES.items())[:pages]
    for command in ("agentLogin", "agentLogout"):
        clients = [await world.client(login) for login, _ in logins]
        for client, (_, line) in zip(clients, logins, strict=True):
            await client.tell(command, agentphonenumber=line)
        await crash(world)
        assert await members(world) == await kept(world)
        for login, line in logins:
            page = await world.client(login)
            await page.ask("agentLogin", agentphonenumber=line)
        assert await members(world) == await kept(world)
        assert BRUCE.items() <= (await members(world)).items()


async def test_a_login_that_was_acknowledged_before_it_was_stored_as_complete_is_completed(
    world: World,
) -> None:
    bruce, store = await world.client("bruce"), world.xucd.store()

    async def begun() -> None:
        while not (8 in (found := store.stations()) and found[8].logged_in):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # a database tells nobody

    with contextlib.ExitStack() as held:
        world.pbx.freeze()
        try:
            login = asyncio.ensure_future(bruce.ask("agentLogin", agentphonenumber="1001"))
            await asyncio.wait_for(begun(), 30)
            held.enter_context(store.writing())  # xucd can write nothing more
        finally:
            world.pbx.thaw()
        await login
        await world.xucd.stop(signal.SIGKILL)
    assert not store.stations()[8].settled
    world.pbx.cli("queue remove member PJSIP/1001 from sales")  # as if it had not come to it
    await world.xucd.start()
    assert await members(world) == BRUCE
    page = await world.client("bruce")
    assert page.states(8)[-1] == "AgentReady"
    await page.ask("agentLogin", agentphonenumber="1001")
    assert store.stations()[8].settled
    store.close()


async def test_a_pause_of_ones_own_and_its_end_wait_for_no_database(world: World) -> None:
    alice, store = await world.agent("alice", "1002"), world.xucd.store()
    with store.writing():  # nobody else can write
        await alice.ask("pauseAgent", reason="lunch")
        await alice.ask("unpauseAgent")
    store.close()
    assert alice.states(9)[-2:] == ["AgentOnPause", "AgentReady"]


async def test_queues_applied_survive_a_pause_that_comes_before_the_reload(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    await apply(world, ("queues = { support = 0, sales = 1 }", "queues = { billing = 4 }"))
    await bruce.ask("pauseAgent", reason="lunch")
    await reload(world, bruce)
    assert await members(world) == {("billing", "Agent/2501"): "PJSIP/1001"}
    assert await kept(world) == await members(world)


async def test_a_pause_that_is_under_way_as_the_configuration_changes_is_acknowledged(
    world: World,
) -> None:
    bruce = await world.agent("bruce", "1001")
    for turn in range(10):
        pausing = asyncio.create_task(bruce.ask("pauseAgent", reason=f"reason {turn}"))
        await asyncio.sleep(0)
        world.xucd.signal(signal.SIGHUP)
        try:
            await pausing
        except Refused as refusal:
            assert refusal.code == "AsteriskUnavailable"  # said at once, while it looks anew
        await world.xucd.until_current()


async def test_an_agent_removed_at_work_is_rung_no_more(world: World) -> None:
    ada = await world.client("ada")
    await world.agent("bruce", "1001")
    text = DEMO.read_text()
    start = text.index("[[agents]]\nid = 8")
    await apply(world, (text[start : text.index("[[agents]]", start + 9)], ""))
    await reload(world, ada)
    assert await members(world) == {}


async def test_an_agent_renumbered_at_work_goes_on_in_its_queues(
    world: World, witness: Witness
) -> None:
    ada, bruce = await world.client("ada"), await world.agent("bruce", "1001")
    await bruce.ask("pauseAgent", reason="lunch")
    await apply(world, ('number = "2501"', 'number = "2601"'))
    await reload(world, ada)
    renamed = {(queue, "Agent/2601"): line for (queue, _), line in BRUCE.items()}
    assert await members(world) == await kept(world) == renamed
    await asyncio.to_thread(
        witness.until,
        "sales",
        "Agent/2601",
        lambda member: member is not None and member.paused and member.reason == "lunch",
    )


async def test_an_agent_paused_in_one_queue_from_outside_is_made_ready_in_all(
    world: World, witness: Witness
) -> None:
    bruce = await world.agent("bruce", "1001")
    await asyncio.to_thread(world.pbx.cli, "queue pause member PJSIP/1001 queue sales")
    await asyncio.to_thread(
        witness.until, "sales", "Agent/2501", lambda member: member is not None and member.paused
    )
    # xucd has a link of its own: its own change's event comes after the pause's.
    await bruce.ask("setAgentQueue", agentId=8, queueId=1, penalty=3)
    await bruce.ask("unpauseAgent")
    assert "paused" not in await asyncio.to_thread(world.pbx.cli, "queue show sales")
