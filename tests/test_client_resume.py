"""The Python client's commands over a lost link: each ends with its result, or has none."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.web_server import Server, serving, until
from xucd.client import Refused, connect
from xucd.cti.messages import LinkStatus


def cut(server: Server) -> None:
    """Lose all links, without a word."""
    for link in list(server.links.open):
        transport: Any = link.transport
        transport.abortConnection()


async def test_the_result_that_was_missed_comes_over_the_next_link() -> None:
    async with serving() as server:
        address = f"http://127.0.0.1:{server.port}"
        async with await connect(address, "bruce", "bruce-demo") as bruce:
            server.application.gate.clear()
            done = asyncio.create_task(bruce.listen_agent(agent_id=7))
            queued = asyncio.create_task(bruce.listen_agent(agent_id=8))
            link = next(iter(server.links.open))
            await until(lambda: link._queue)  # one is being carried out, one waits
            cut(server)
            await until(lambda: not server.links.open)
            server.application.gate.set()
            await done
            with pytest.raises(Refused) as refusal:
                await queued
            assert refusal.value.code == "LinkLost"


async def test_a_command_without_a_result_is_given_up_once_all_that_was_missed_has_come() -> None:
    async with serving() as server:
        address = f"http://127.0.0.1:{server.port}"
        async with await connect(address, "bruce", "bruce-demo") as bruce:
            server.application.gate.clear()
            lost = asyncio.create_task(bruce.listen_agent(agent_id=7))
            link = next(iter(server.links.open))
            await until(lambda: link._worker is not None)
            assert link._worker is not None
            link._worker.cancel()  # as if xucd had been killed in it
            cut(server)
            await until(lambda: not server.links.open)
            assert not lost.done()
            server.application.gate.set()
            with pytest.raises(Refused) as refusal:
                await lost
            assert refusal.value.code == "Disconnected"
            await bruce.opened()
            assert len(server.application.sessions) == 1


async def test_a_client_that_is_not_resumed_gives_its_commands_up() -> None:
    async with serving() as server:
        address = f"http://127.0.0.1:{server.port}"
        async with await connect(address, "bruce", "bruce-demo") as bruce:
            server.application.gate.clear()
            lost = asyncio.create_task(bruce.listen_agent(agent_id=7))
            link = next(iter(server.links.open))
            await until(lambda: link._worker is not None)
            server.hub.streams.end_all()
            server.links._resumable.clear()
            cut(server)
            await until(lambda: len(server.application.sessions) == 2)
            with pytest.raises(Refused) as refusal:
                await lost
            assert refusal.value.code == "Disconnected"
            server.application.gate.set()


async def ended(server: Server, *, away: bool, body: dict[str, Any]) -> str:
    """The code with which a client that has a password is over, once its user is signed out."""
    address = f"http://127.0.0.1:{server.port}"
    async with await connect(address, "bruce", "bruce-demo") as bruce:
        token = bruce.token
        if away:
            cut(server)
            await until(lambda: not server.links.open)
        status, *_ = await server.http(
            "POST", "/xuc/api/2.0/auth/logout", msgspec.json.encode(body),
            Authorization=f"Bearer {token}", Content_Type="application/json",
        )  # fmt: skip
        assert status == 204
        with pytest.raises(Refused) as refusal:
            await bruce.until(LinkStatus, within=20)
        assert not server.links.open
        return refusal.value.code


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_client_that_was_signed_out_does_not_sign_in_again_by_its_password(
    away: bool, everywhere: bool
) -> None:
    async with serving() as server:
        assert await ended(server, away=away, body={"everywhere": everywhere}) == "InvalidToken"


async def test_a_client_that_was_signed_out_stays_so_even_when_its_token_has_expired() -> None:
    async with serving() as server:
        address = f"http://127.0.0.1:{server.port}"
        async with await connect(address, "bruce", "bruce-demo") as bruce:
            server.now += 7200
            await server.revocations.end_all("bruce")
            with pytest.raises(Refused) as refusal:
                await bruce.until(LinkStatus, within=20)
            assert refusal.value.code == "InvalidToken"


async def test_a_client_whose_token_expired_while_it_was_away_signs_in_by_its_password() -> None:
    async with serving() as server:
        address = f"http://127.0.0.1:{server.port}"
        async with await connect(address, "bruce", "bruce-demo") as bruce:
            token = bruce.token
            server.now += 7200
            cut(server)
            await until(lambda: bruce.token != token)
            await bruce.opened()
