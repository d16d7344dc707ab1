"""What is peculiar to an edge: its owner may be away, and what one node ends, the other ends, too.

That an edge serves the Agent API as its owner does is shown by the tests of that, with ``--edge``.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import pytest_asyncio

from integration.client import DEADLINE, Client, Refused, http, token_of
from integration.edged import Databases, EdgedXucd
from integration.fixtures import World, clear
from integration.nats import DocumentedNats, Nats
from integration.phones import Phones
from tests.resuming_page import ResumingPage
from xucd.cti.parts import SentCommand

pytestmark = pytest.mark.any_asterisk


@pytest_asyncio.fixture(loop_scope="session")
async def edged(
    phones: Phones, tmp_path: Path, databases: Databases, nats: Nats
) -> AsyncIterator[EdgedXucd]:
    """An owner and an edge, with the demo's centre."""
    url = await databases.create(phones.pbx)
    async with EdgedXucd(phones.pbx, tmp_path, "", url, nats) as xucd:
        yield xucd
        await clear(World(xucd, phones))


async def test_clients_of_an_edge_are_told_when_its_owner_is_away_and_that_it_is_back(
    edged: EdgedXucd,
) -> None:
    bruce = await edged.client("bruce")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    begun = len(bruce.frames)
    await edged.stop_owner(signal.SIGKILL)
    lost = await bruce.until("LinkStatus", asterisk="lost", after=begun)
    assert lost["pbx"] == "main"
    with pytest.raises(Refused, match="PbxUnavailable"):
        await bruce.ask("pauseAgent", reason="lunch")
    _, health = await asyncio.to_thread(http, edged.port, "/health")
    assert (health["current"], health["asterisk"]) == (False, "lost")
    late = await Client.sign_in(edged.port, "alice")
    await late.until("LinkStatus", asterisk="lost")
    assert [frame.type for frame in late.frames][:4] == [
        "LoggedOn",
        "RightProfile",
        "UsersStatuses",
        "UserConfigUpdate",
    ]
    begun = len(bruce.frames)
    await edged.start()
    back = await bruce.until("LinkStatus", asterisk="current", after=begun)
    assert back == {"asterisk": "current", "pbx": "main"}
    await late.until("AgentStateEvent", agentId=9)
    await bruce.ask("pauseAgent", reason="lunch")
    await bruce.until("AgentStateEvent", name="AgentOnPause", after=begun)
    await asyncio.gather(bruce.close(), late.close())


async def test_what_one_node_does_is_seen_at_the_other(edged: EdgedXucd) -> None:
    here = await edged.client("bruce")
    there = await Client.sign_in(edged.owner_port, "ada")
    await there.ask("subscribeToAgentEvents")
    await here.ask("agentLogin", agentphonenumber="1001")
    await there.until("AgentStateEvent", agentId=8, name="AgentReady")
    await there.ask("pauseAgent", agentid=8, reason="training")
    await here.until("AgentStateEvent", name="AgentOnPause", cause="training")
    await asyncio.gather(here.close(), there.close())


async def test_a_call_is_shown_at_an_edge_over_nats_with_the_keys_of_the_documents(
    phones: Phones, tmp_path: Path, databases: Databases
) -> None:
    url = await databases.create(phones.pbx)
    with DocumentedNats() as nats:
        async with EdgedXucd(phones.pbx, tmp_path, "", url, nats) as xucd:
            world = World(xucd, phones)
            bruce = await world.agent("bruce", "1001")
            call = phones.dial("3000")
            leg = await world.phone("1001").rings()
            leg.answer()
            await call.answered()
            await bruce.until("AgentStateEvent", name="AgentOnCall", acd=True)
            await call.hang_up()
            await bruce.until("AgentStateEvent", name="AgentOnWrapup")
            await clear(world)


async def test_a_sign_in_of_one_node_is_good_at_the_other_and_ends_at_both(
    edged: EdgedXucd,
) -> None:
    token = await token_of(edged.owner_port, "bruce")
    page = await Client.sign_in(edged.port, "bruce", token=token)
    await page.opened()
    await asyncio.to_thread(end_sign_in, edged.owner_port, token)
    assert (await page.closed())[0] == 4011
    await page.close()


def end_sign_in(port: int, token: str) -> None:
    """End a token's sign-in at a node. Blocks."""
    address = f"http://127.0.0.1:{port}/xuc/api/2.0/auth/logout"
    bearer = {"Authorization": f"Bearer {token}"}
    with urlopen(Request(address, b"{}", bearer), timeout=DEADLINE):
        pass


async def test_a_stream_goes_on_at_the_same_edge_and_begins_anew_at_another_node(
    edged: EdgedXucd,
) -> None:
    token = await token_of(edged.port, "ada")
    page = await Client.sign_in(edged.port, "ada", query="&resume=1", token=token)
    stream = (await page.until("LoggedOn"))["stream"]
    await page.opened()
    await page.ask("subscribeToAgentEvents")
    position = page.frames[-1].message["position"]
    page.cut()
    await page.close()
    bruce = await edged.client("bruce")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await edged.restart_edge()
    query = f"&resume=1&epoch={stream['epoch']}&position={position}"
    again = await Client.sign_in(edged.port, "ada", query=query, token=token)
    assert (await again.until("LoggedOn"))["recovered"] is True
    await again.until("AgentStateEvent", agentId=8, name="AgentReady")
    elsewhere = await Client.sign_in(edged.owner_port, "ada", query=query, token=token)
    assert (await elsewhere.until("LoggedOn"))["recovered"] is False
    await elsewhere.opened()
    await asyncio.gather(again.close(), elsewhere.close(), bruce.close())


async def test_what_clients_of_an_edge_may_have_missed_is_told_to_them_alone(
    edged: EdgedXucd,
) -> None:
    stored: list[SentCommand] = [
        ("getCallbackLists", {}),
        ("getList", {"objectType": "basequeuemember"}),
    ]
    told = ("CallbackLists", "UsersQueueDefaultMembership")
    beside = await Client.sign_in(edged.owner_port, "ada")
    for command, arguments in stored:
        await beside.ask(command, **arguments)
    page = ResumingPage(edged, "ada", await token_of(edged.port, "ada"))
    await page.open(*stored)
    await page.lose()
    begun = len(beside.frames)
    await edged.restart_edge()
    link = await page.resume()
    await link.until("LinkStatus", asterisk="current")
    await beside.ask("getCallbackPreferredPeriods")
    assert {frame.type for frame in link.frames} >= set(told)
    assert {frame.type for frame in beside.frames[begun:]}.isdisjoint(told)
    await asyncio.gather(page.lose(), beside.close())


async def owner_waits(client: Client) -> None:
    """Until the owner is heard at the edge, and has not shown its state yet: a command waits."""
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        with pytest.raises(Refused, match="PbxUnavailable"):
            await client.ask("getCallbackPreferredPeriods")
        if clock() - began > 1.0:
            return
        await asyncio.sleep(0.05)  # the edge tells nobody that it hears the owner


async def test_calls_that_are_up_as_the_owner_restarts_are_not_told_as_over(
    edged: EdgedXucd, phones: Phones
) -> None:
    bruce, board = await edged.client("bruce"), await edged.client("ada")
    await board.ask("subscribeToAgentEvents")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    caller = phones.dial("1001")
    (await phones.phone("1001").rings()).answer()
    await caller.answered()
    await bruce.until("PhoneEvent", eventType="EventEstablished")
    await board.until("AgentStateEvent", agentId=8, name="AgentOnCall")
    begun, seen = len(bruce.frames), len(board.frames)
    await edged.stop_owner(signal.SIGKILL)
    await bruce.until("LinkStatus", asterisk="lost", after=begun)
    await asyncio.to_thread(phones.pbx.freeze)  # or Asterisk would be read before the edge asks
    try:
        await edged.start(hears=False)
        await owner_waits(bruce)
    finally:
        await asyncio.to_thread(phones.pbx.thaw)
    for client, since in ((bruce, begun), (board, seen)):
        await client.until("LinkStatus", asterisk="current", after=since)
        told = {frame.type for frame in client.frames[since:]}
        assert told.isdisjoint({"PhoneEvent", "AgentStateEvent", "PhoneStatusUpdate"}), told
    await caller.hang_up()
    await asyncio.gather(bruce.close(), board.close())
