"""Requests and frames that no browser makes: each is told what is wrong, and nothing breaks."""

import logging
from collections.abc import AsyncIterator

import pytest

from tests.web_server import Server, serving
from tests.ws_client import CLOSE, PING

PROTOCOL_ERROR = 1002


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.mark.parametrize("path", ["/%00", "/%00/cti.js", "/desk.html%00", "/assets/%00"])
async def test_a_path_with_a_nul_in_it_is_not_there(server: Server, path: str) -> None:
    status, answer = await server.json("GET", path)
    assert (status, answer["error"]) == (404, "NotFound")


async def test_a_query_of_too_many_fields_is_refused_as_a_mistake_of_the_client(
    server: Server,
) -> None:
    token = await server.token()
    path = f"/xuc/api/2.0/cti?token={token}" + "&x=1" * 100
    status, answer = await server.json("GET", path, Upgrade="websocket")
    assert (status, answer["error"]) == (400, "InvalidQuery")


@pytest.mark.parametrize("size", [126, 255, 256, 70_000])
async def test_a_ping_longer_than_a_control_frame_may_be_ends_the_link_in_order(
    server: Server, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with await server.opened() as client:
        with caplog.at_level(logging.ERROR):
            client.writer.write(client.frame(PING, b"x" * size))
            kind, content = await client.next_frame()
        assert (kind, int.from_bytes(content[:2])) == (CLOSE, PROTOCOL_ERROR)
        assert caplog.records == []
