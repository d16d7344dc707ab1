"""The Python client before several nodes of one centre: which address it uses, and when another."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.test_client_resume import cut
from tests.web_server import Server, serving, until
from xucd.client import Refused, connect
from xucd.cti import commands as cmd
from xucd.cti.messages import LoggedOn

NOBODY = "http://127.0.0.1:1"
AT_ANOTHER = 8  # seconds within which a client is at another node


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@contextlib.asynccontextmanager
async def mute() -> AsyncIterator[str]:
    """The address of one that accepts connections and never answers, as a frozen node does."""
    writers = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def test_the_first_address_that_answers_is_used() -> None:
    async with mute() as frozen, serving() as one, serving() as other:
        for before in ([], [NOBODY], [frozen, NOBODY]):
            addresses = [*before, url(one), url(other)]
            connecting = connect(addresses, "bruce", "bruce-demo")
            async with await asyncio.wait_for(connecting, AT_ANOTHER):
                assert len(one.links.open) == 1
        assert not other.application.sessions


async def test_a_centre_of_which_nobody_answers_is_unreachable() -> None:
    with pytest.raises(Refused) as refusal:
        await connect([NOBODY, "http://127.0.0.1:2"], "bruce", "bruce-demo")
    assert (refusal.value.code, refusal.value.final) == ("Unreachable", False)


async def test_a_client_without_any_address_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="an address"):
        await connect([], "bruce", "bruce-demo")


async def test_a_wrong_password_is_asked_of_one_node_alone() -> None:
    async with serving() as one, serving() as other:
        one.users = {}
        with pytest.raises(Refused) as refusal:
            await connect([url(one), url(other)], "bruce", "bruce-demo")
        assert refusal.value.code == "InvalidCredentials"
        assert not other.application.sessions


async def test_a_lost_node_is_left_for_the_next_which_is_told_all_anew() -> None:
    async with contextlib.AsyncExitStack() as first, serving() as other:
        one = await first.enter_async_context(serving())
        async with await connect([url(one), url(other)], "bruce", "bruce-demo") as bruce:
            await bruce.subscribe_to_agent_events()
            one.application.gate.clear()
            lost = asyncio.create_task(bruce.listen_agent(agent_id=7))
            await until(lambda: next(iter(one.links.open))._worker is not None)
            hello = asyncio.create_task(bruce.until(LoggedOn, within=AT_ANOTHER))
            cut(one)
            await first.aclose()
            assert (await hello).recovered is False
            with pytest.raises(Refused) as refusal:
                await lost
            assert refusal.value.code == "Disconnected"
            await bruce.opened()
            asked = [type(ask) for ask in other.application.asked_for]
            assert cmd.SubscribeToAgentEvents in asked and cmd.ListenAgent not in asked
            await bruce.listen_agent(agent_id=8)


async def test_a_cut_link_to_a_node_that_lives_is_resumed_there() -> None:
    async with serving() as one, serving() as other:
        async with await connect([url(one), url(other)], "bruce", "bruce-demo") as bruce:
            hello = asyncio.create_task(bruce.until(LoggedOn))
            cut(one)
            assert (await hello).recovered is True
        assert not other.application.sessions


async def test_a_client_stays_at_the_node_that_works_and_goes_on_to_the_next() -> None:
    async with contextlib.AsyncExitStack() as second, serving() as one:
        other = await second.enter_async_context(serving())
        async with await connect([NOBODY, url(other), url(one)], "bruce", "bruce-demo") as bruce:
            await bruce._authentication.renew()
            assert not one.application.sessions
            await second.aclose()
            await bruce.until(LoggedOn, within=AT_ANOTHER)
            assert len(one.application.sessions) == 1


async def test_a_token_is_renewed_at_any_node() -> None:
    async with contextlib.AsyncExitStack() as first, serving() as other:
        one = await first.enter_async_context(serving())
        async with await connect([url(one), url(other)], "bruce", "bruce-demo") as bruce:
            token = bruce.token
            await first.aclose()
            await bruce._authentication.renew()
            assert bruce.token != token
