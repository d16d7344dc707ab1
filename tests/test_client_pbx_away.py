"""Both libraries while a PBX is away: the link opens without its part, which is read later."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.web_server import Server, serving, until
from xucd.center.refused import Refused
from xucd.client import connect
from xucd.cti import commands as cmd
from xucd.cti.messages import LinkStatus, QueueConfig, QueueList
from xucd.cti.schema.__main__ import LIBRARY
from xucd.cti.session import Session

SALES = QueueConfig(id=1, context="default", name="sales", display_name="Sales", number="500")
PROGRAM = """
const [library, url] = process.argv.slice(1);
const { connect } = await import(`${library}/xucd.js`);
const center = await connect({ url, login: "bruce", password: "bruce-demo" });
await center.watch("queues", "queueCalls");
console.log(center.state.link);
"""


class AwayPbx:
    """The only PBX of a centre: it is away, and refuses all that it is asked for."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.away = True
        self.carry_out = server.application.carry_out
        server.application.carry_out = self.refuse  # type: ignore[method-assign]

    async def refuse(self, session: Session, ask: cmd.Command) -> None:
        if self.away:
            raise Refused("PbxUnavailable", "It is away.")
        await self.carry_out(session, ask)
        if isinstance(ask, cmd.GetList) and ask.object_type == "queue":
            session.send(QueueList(items=[SALES]))

    def is_back(self) -> None:
        """It is back, and all clients are told so."""
        self.away = False
        self.server.hub.publish(["everybody"], LinkStatus(asterisk="current", pbx="north"))


@contextlib.asynccontextmanager
async def python_client(url: str) -> AsyncIterator[str]:
    """The state of the link, once a client of Python has opened it and watches queues."""
    async with await connect(url, "bruce", "bruce-demo") as bruce:
        await bruce.watch("queues", "queueCalls")
        yield bruce.state.link


@contextlib.asynccontextmanager
async def javascript_client(url: str) -> AsyncIterator[str]:
    """The same of one of JavaScript."""
    command = ("node", "--input-type=module", "--eval", PROGRAM, str(LIBRARY), url)
    node = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert node.stdout is not None
    try:
        yield (await node.stdout.readline()).decode().strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            node.kill()
        await node.wait()


@pytest.mark.parametrize("client", [python_client, javascript_client])
async def test_a_link_opens_while_a_pbx_is_away_and_what_it_lacks_is_read_when_that_is_back(
    client: Callable[[str], AbstractAsyncContextManager[str]],
) -> None:
    async with serving() as server:
        pbx = AwayPbx(server)
        async with client(f"http://127.0.0.1:{server.port}") as link:
            assert link == "opened"
            asked = server.application.asked_for
            assert asked == []
            pbx.is_back()
            await until(lambda: any(isinstance(ask, cmd.SubscribeToQueueCalls) for ask in asked))
            assert {type(ask) for ask in asked} == {
                cmd.GetConfig,
                cmd.GetList,
                cmd.GetCurrentCallsPhoneEvents,
                cmd.SubscribeToQueueCalls,
            }
