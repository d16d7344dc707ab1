"""A centre over two PBXs, as clients of an edge see it: one centre."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.client import Client, Refused, token_of
from integration.edged import Edge
from integration.faults.waiting import until
from integration.sites import NORTH, SOUTH, TwoSites
from integration.test_sites import members, until_it_comes
from tests.rest_client import RestClient
from xucd.store.callback_reading import unfinished_tickets

pytestmark = pytest.mark.any_asterisk

BRUCE, ALICE = 8, 9
SUPPORT, SALES, BILLING = 1, 2, 3
PATIENCE_S = 30.0


class Centre:
    """Both sites, and an edge."""

    def __init__(self, sites: TwoSites) -> None:
        self.sites = sites
        beside = sites.folder / "edge"
        beside.mkdir()
        self.edge = Edge(sites.north.xucd, beside, sites.nats, sites.centre, "edge-1")
        self.edge.more_environment = {"STATE_DIRECTORY": str(beside)}

    async def page(self, login: str) -> Client:
        """A page at the edge that has its opening."""
        page = self.sites.north.keep(await Client.sign_in(self.edge.port, login))
        await page.opened()
        return page

    async def board(self) -> Client:
        """A page that hears all that a board does."""
        page = await self.page("ada")
        for kind in ("agent", "queue", "queuemember"):
            await page.ask("getList", objectType=kind)
        await page.ask("subscribeToAgentEvents")
        await page.ask("getAgentStates")
        await page.ask("subscribeToQueueStats")
        for queue_id in (SUPPORT, SALES, BILLING):
            await page.ask("subscribeToQueueCalls", queueId=queue_id)
        return page


@pytest_asyncio.fixture(loop_scope="session")
async def centre(sites: TwoSites) -> AsyncIterator[Centre]:
    centre = Centre(sites)
    await centre.edge.start()
    yield centre
    await centre.edge.stop()


async def test_a_page_sees_agents_queues_and_calls_of_both_pbxs_as_one_centre(
    centre: Centre,
) -> None:
    board = await centre.board()
    queues = [each["id"] for body in board.bodies("QueueList") for each in body]
    assert sorted(queues) == [SUPPORT, SALES, BILLING]
    told = [body["agentId"] for body in board.bodies("AgentStateEvent")]
    assert sorted(told) == sorted(set(told)), "an agent is told of by both"
    assert {BRUCE, ALICE} <= set(told)
    north, south = centre.sites.north, centre.sites.south
    north.phone("1001", answer_after=0.1)
    south.phone("1005", answer_after=0.1)
    bruce, alice = await centre.page("bruce"), await centre.page("alice")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await alice.ask("agentLogin", agentphonenumber="1005")
    await board.until("AgentStateEvent", agentId=BRUCE, name="AgentReady", phoneNb="1001")
    await board.until("AgentStateEvent", agentId=ALICE, name="AgentReady", phoneNb="1005")
    await board.ask("setAgentQueue", agentId=ALICE, queueId=SALES, penalty=0)
    await board.until("QueueMember", agentId=ALICE, queueId=SALES)
    calls = [north.phones.dial("3000", "0611"), south.phones.dial("3001", "0622")]
    for agent_id in (BRUCE, ALICE):
        await board.until("AgentStateEvent", agentId=agent_id, name="AgentOnCall")
    await asyncio.gather(*(call.hang_up() for call in calls))
    entries = [entry for body in board.bodies("AgentDirectory") for entry in body["directory"]]
    assert entries == []
    await board.ask("getAgentDirectory")
    (directory,) = board.bodies("AgentDirectory")
    agents = [entry["agent"]["id"] for entry in directory["directory"]]
    assert sorted(agents) == sorted(set(told))


async def test_commands_reach_an_agent_wherever_it_is_logged_in(centre: Centre) -> None:
    boss, bruce = await centre.page("ada"), await centre.page("bruce")
    await boss.ask("subscribeToAgentEvents")
    for line in ("1001", "1006", "1002"):
        begun = len(boss.frames)
        await bruce.ask("agentLogin", agentphonenumber=line)
        await boss.until("AgentStateEvent", agentId=BRUCE, name="AgentReady", after=begun)
        await boss.ask("pauseAgent", agentid=BRUCE, reason="lunch")
        state = await boss.until("AgentStateEvent", agentId=BRUCE, name="AgentOnPause")
        assert state["phoneNb"] in ("1001", "1006", "1002")
        other = "1005" if line != "1006" else "1003"
        with pytest.raises(Refused, match="LoggedInOnAnotherPhone"):
            await bruce.ask("agentLogin", agentphonenumber=other)
        await boss.ask("agentLogout", agentid=BRUCE)
        await bruce.until("AgentStateEvent", name="AgentLoggedOut", after=begun)


async def test_of_two_log_ins_at_once_one_is_carried_out_and_no_other_is_shown(
    centre: Centre, log_ins: int
) -> None:
    board = await centre.board()
    pages = {pbx: await centre.page("bruce") for pbx in (NORTH, SOUTH)}
    lines = {NORTH: "1001", SOUTH: "1005"}
    for _ in range(log_ins):
        begun = len(board.frames)
        outcomes = await asyncio.gather(
            *(page.ask("agentLogin", agentphonenumber=lines[pbx]) for pbx, page in pages.items()),
            return_exceptions=True,
        )
        refused = {
            pbx: outcome
            for pbx, outcome in zip(pages, outcomes, strict=True)
            if isinstance(outcome, BaseException)
        }
        (loser,) = refused
        assert isinstance(refused[loser], Refused)
        (winner,) = pages.keys() - {loser}
        await board.until("AgentStateEvent", agentId=BRUCE, name="AgentReady", after=begun)
        assert await members(centre.sites.sites[loser]) == set()
        assert len(await members(centre.sites.sites[winner])) == 1
        await pages[loser].ask("agentLogout")  # the command finds the agent, wherever it is
        await board.until("AgentStateEvent", agentId=BRUCE, name="AgentLoggedOut", after=begun)
        told = [each for each in board.bodies("AgentStateEvent", begun) if each["agentId"] == BRUCE]
        assert {each["phoneNb"] for each in told if each["name"] == "AgentReady"} == {lines[winner]}


async def test_default_memberships_name_queues_of_both_and_are_applied_by_each(
    centre: Centre,
) -> None:
    boss = await centre.page("ada")
    await boss.ask("getList", objectType="agent")
    await boss.ask("getList", objectType="queuemember")
    users = {each["id"]: each["userId"] for body in boss.bodies("AgentList") for each in body}
    bruce, alice = await centre.page("bruce"), await centre.page("alice")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await alice.ask("agentLogin", agentphonenumber="1005")
    both = [users[BRUCE], users[ALICE]]
    membership = [{"queueId": SUPPORT, "penalty": 3}, {"queueId": BILLING, "penalty": 4}]
    begun = len(boss.frames)
    await boss.ask("setUsersDefaultMembership", userIds=both, membership=membership)
    await boss.ask("applyUsersDefaultMembership", userIds=both)
    await boss.until("QueueMember", agentId=BRUCE, queueId=SUPPORT, penalty=3, after=begun)
    await boss.until("QueueMember", agentId=ALICE, queueId=BILLING, penalty=4, after=begun)


async def test_while_a_pbx_is_gone_the_other_is_live_and_its_agents_come_over(
    centre: Centre,
) -> None:
    board, bruce = await centre.board(), await centre.page("bruce")
    alice = await centre.page("alice")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await alice.ask("agentLogin", agentphonenumber="1005")
    begun = len(board.frames)
    await centre.sites.north.xucd.stop(signal.SIGKILL)
    lost = await board.until("LinkStatus", asterisk="lost", after=begun)
    assert lost["pbx"] == NORTH
    with pytest.raises(Refused, match="PbxUnavailable"):
        await board.ask("pauseAgent", agentid=BRUCE)
    await board.ask("pauseAgent", agentid=ALICE, reason="lunch")
    await board.until("AgentStateEvent", agentId=ALICE, name="AgentOnPause", after=begun)

    await until_it_comes(bruce, "1006", PATIENCE_S)  # once the lease has ended
    await board.until("AgentStateEvent", agentId=BRUCE, name="AgentReady", phoneNb="1006")
    begun = len(board.frames)
    await centre.sites.north.xucd.start()
    back = await board.until("LinkStatus", asterisk="current", pbx=NORTH, after=begun)
    assert back["pbx"] == NORTH

    async def is_no_member() -> bool:
        shown = await asyncio.to_thread(centre.sites.north.xucd.pbx.cli, "queue show support")
        return "Local/1001@xucd-agent" not in shown

    await until(is_no_member, PATIENCE_S)
    again = len(board.frames)
    await board.ask("getAgentStates")
    states = [each for each in board.bodies("AgentStateEvent", again) if each["agentId"] == BRUCE]
    assert [(each["name"], each["phoneNb"]) for each in states] == [("AgentReady", "1006")]
    told = [each for each in board.bodies("AgentStateEvent", begun) if each["agentId"] == BRUCE]
    assert all(each["name"] == "AgentReady" for each in told), "north took it for logged out"


async def test_a_list_of_both_waits_for_nobody_who_is_away_and_is_told_whole_then(
    centre: Centre,
) -> None:
    await centre.sites.south.xucd.stop(signal.SIGKILL)
    page = centre.sites.north.keep(await Client.sign_in(centre.edge.port, "ada"))
    await page.until("LinkStatus", asterisk="lost", pbx=SOUTH)
    await page.ask("getList", objectType="queue")
    assert [each["id"] for body in page.bodies("QueueList") for each in body] == [SUPPORT]
    begun = len(page.frames)
    await centre.sites.south.xucd.start()
    await page.frame(
        lambda frame: frame.type == "QueueList" and len(frame.body) == 3, PATIENCE_S, after=begun
    )


@pytest.mark.parametrize(
    ("caller", "line", "agent_id"), [("alice", "1005", ALICE), ("ada", "1008", None)]
)
async def test_an_owner_that_starts_ends_no_callback_that_is_called_on_another_pbx(
    centre: Centre, caller: str, line: str, agent_id: int | None
) -> None:
    sites, alice = centre.sites, await centre.page("alice")
    await alice.ask("agentLogin", agentphonenumber="1005")
    await alice.ask("getCallbackLists")
    (listed,) = alice.bodies("CallbackLists")
    request = listed[0]["callbacks"][0]
    await alice.ask("takeCallback", uuid=request["uuid"])
    page = alice if caller == "alice" else await centre.page(caller)
    await page.ask("startCallback", uuid=request["uuid"], number=request["phoneNumber"])
    own = await sites.south.phone(line).rings()
    own.answer()
    customer = await sites.south.phone(request["phoneNumber"]).rings()
    customer.answer()
    await customer.answered()
    north = sites.north.xucd
    await north.stop(signal.SIGKILL)
    await north.start()
    rest = RestClient(north.port, await token_of(north.port, "ada"))
    await rest.ask("POST", "/persons/find", {"number": "0"})  # waits for all that is to be written
    assert [each.agent_id for each in unfinished_tickets(north.store(), SOUTH)] == [agent_id]
    await customer.hang_up()

    async def is_finished() -> bool:
        return not unfinished_tickets(north.store(), SOUTH)

    await until(is_finished, PATIENCE_S)
