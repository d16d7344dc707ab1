"""A link that is told to close: nothing more is begun, and what was begun has its outcome."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web_server import Server, said, serving, until
from tests.ws_client import Client, Closed
from xucd.cti import commands
from xucd.cti.link import LinkLimits
from xucd.cti.links import Links

WAITING = 100


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


def dismiss(server: Server, login: str = "bruce") -> None:
    server.links.dismiss(lambda user, _: user.login == login, 4011, b"signed out")


async def flooded(server: Server, client: Client) -> None:
    """Have a link's commands wait for the first of them."""
    server.application.gate.clear()
    for number in range(WAITING):
        client.ask("listenAgent", agentid=number + 1, requestId=number)
    client.say('{"claz":"ping"}')
    assert await client.hear() == {"claz": "ping"}  # all of them have been read


async def all_of(client: Client) -> tuple[list[dict[str, Any]], Closed]:
    """All that a client still hears, and how its link is closed."""
    heard = []
    while True:
        try:
            heard.append(await client.hear())
        except Closed as closed:
            return heard, closed


async def test_waiting_commands_are_refused_and_the_one_under_way_has_its_outcome(
    server: Server,
) -> None:
    async with await server.opened() as client:
        await flooded(server, client)
        dismiss(server)
        server.application.gate.set()
        heard, closed = await all_of(client)
        assert (closed.code, closed.reason) == (4011, "signed out")
        assert {one["msgType"] for one in heard} == {"CommandResult"}
        results = {one["ctiMessage"]["requestId"]: one["ctiMessage"] for one in heard}
        assert results.pop(0)["ok"]
        assert [result["error"] for result in results.values()] == ["NotAuthorized"] * (WAITING - 1)
        assert len(server.application.asked_for) == 1


async def test_a_command_that_takes_long_does_not_keep_the_link_open(server: Server) -> None:
    async with await server.opened() as client:
        await flooded(server, client)
        dismiss(server)
        heard, closed = await all_of(client)
        assert len(heard) == WAITING - 1
        assert closed.code == 4011
    server.application.gate.set()


async def test_what_comes_after_the_dismissal_is_refused(server: Server) -> None:
    async with await server.opened() as client:
        await flooded(server, client)
        dismiss(server)
        client.ask("listenAgent", agentid=1, requestId="late")
        heard, _ = await all_of(client)
        assert heard[-1]["ctiMessage"]["requestId"] == "late"
        assert heard[-1]["ctiMessage"]["error"] == "NotAuthorized"
        server.application.gate.set()
        await until(lambda: server.application.asked_for)
        assert len(server.application.asked_for) == 1


@pytest.mark.parametrize("more", ["", "&resume=1"])
async def test_a_dismissed_client_hears_of_nothing_any_more(server: Server, more: str) -> None:
    async with await server.link(more=more) as client, await server.opened("alice") as alice:
        for _ in range(3):
            await client.hear()
        (session,) = [each for each in server.application.sessions if each.user.login == "bruce"]
        server.application.gate.clear()
        client.ask("listenAgent", agentid=1)
        client.say('{"claz":"ping"}')
        assert await client.hear() == {"claz": "ping"}  # it is under way, and keeps the link open
        dismiss(server)
        server.hub.publish(["everybody"], said(76))
        server.hub.subscribe(session, "everybody")
        server.hub.publish(["everybody"], said(77))
        session.send(said(78))
        heard, _ = await all_of(client)
        assert not [one for one in heard if one["msgType"] == "AgentListen"]
        for number in (76, 77):
            assert (await alice.hear())["ctiMessage"]["agentId"] == number
    server.application.gate.set()


async def test_a_client_that_has_gone_is_dismissed_while_its_command_goes_on(
    server: Server,
) -> None:
    async with await server.opened() as client:
        await flooded(server, client)
    await until(lambda: not server.links.open)
    (session,) = server.application.sessions
    assert not session.dismissed
    dismiss(server)
    assert session.dismissed
    server.application.gate.set()


async def test_others_go_on(server: Server) -> None:
    async with await server.opened() as bruce, await server.opened("alice") as alice:
        dismiss(server)
        alice.ask("listenAgent", agentid=3)
        assert (await alice.hear())["ctiMessage"]["agentId"] == 3
        assert (await bruce.goodbye()).code == 4011


async def closed_by_replacement(server: Server, client: Client, token: str) -> None:
    stream = server.application.sessions[0].stream
    assert stream is not None
    place = f"&resume=1&epoch={stream.epoch}&position={server.hub.streams.position}"
    await Client.connect(server.port, f"/xuc/api/2.0/cti?token={token}{place}")


async def closed_for_a_binary_frame(server: Server, client: Client, token: str) -> None:
    client.writer.write(client.frame(2, b"x"))


async def closed_as_slow(server: Server, client: Client, token: str) -> None:
    (link,) = server.links.open
    link._too_slow()


async def closed_as_xucd_stops(server: Server, client: Client, token: str) -> None:
    server.links.close()


@pytest.mark.parametrize(
    "close",
    [closed_by_replacement, closed_for_a_binary_frame, closed_as_slow, closed_as_xucd_stops],
    ids=lambda close: close.__name__,
)
async def test_a_link_that_is_told_to_close_for_whatever_reason_begins_nothing_more(
    server: Server, close: Any
) -> None:
    token = await server.token()
    client = await Client.connect(server.port, f"/xuc/api/2.0/cti?token={token}&resume=1")
    for _ in range(3):
        await client.hear()
    await flooded(server, client)
    await close(server, client, token)
    assert (await client.goodbye()).code is not None
    server.application.gate.set()
    await until(lambda: server.application.asked_for)
    # Another link's command, behind whatever might still be begun.
    async with await server.opened("alice") as alice:
        alice.ask("listenAgent", agentid=999, requestId=1)
        while (await alice.hear())["msgType"] != "CommandResult":
            pass
    numbers = [each.agent_id for each in server.application.asked_for
               if isinstance(each, commands.ListenAgent)]  # fmt: skip
    assert numbers == [1, 999]
    client.writer.close()


async def test_a_slow_client_that_is_dismissed_is_closed_all_the_same() -> None:
    async with serving(limits=LinkLimits(backlog=4096, closing=0.2)) as server:
        links: Links = server.links
        async with await server.opened() as client:
            await flooded(server, client)
            dismiss(server)
            assert (await client.goodbye()).code == 4011
            await until(lambda: not links.open)
        server.application.gate.set()
        await asyncio.sleep(0)


async def test_a_command_that_waits_for_its_client_to_read_is_not_begun(server: Server) -> None:
    async with await server.opened() as client:
        (session,) = server.application.sessions
        session.send(said(1, 16_000_000))
        client.ask("listenAgent", agentid=2, requestId=1)
        (link,) = server.links.open
        await until(lambda: link._worker is not None)
        dismiss(server)
        heard, closed = await all_of(client)
        assert heard[-1]["ctiMessage"]["error"] == "NotAuthorized"
        assert closed.code == 4011
    assert server.application.asked_for == []
