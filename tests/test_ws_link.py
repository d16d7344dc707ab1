"""The WebSocket as clients know it: opening, heartbeat, commands, errors, goodbyes."""

import asyncio
import gc
import json
import struct
from collections.abc import AsyncIterator

import pytest
from twisted.web.http import Request

from tests.web_server import Server, said, serving, until
from tests.ws_client import BINARY, CLOSE, PING, PONG, TEXT, Client
from xucd.cti import commands
from xucd.cti.link import LinkLimits
from xucd.web.channel import ClientChannel


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with await server.opened() as client:
        yield client


async def test_the_opening_begins_with_logged_on(server: Server) -> None:
    async with await server.link() as client:
        await until(lambda: server.application.sessions)
        server.hub.publish(["everybody"], said(2))
        assert await client.hear() == {"msgType": "LoggedOn", "ctiMessage": {"status": "ok"}}
        assert (await client.hear())["msgType"] == "RightProfile"
        assert (await client.hear())["msgType"] == "UserStatusUpdate"
        assert (await client.hear())["ctiMessage"]["agentId"] == 2


async def test_a_ping_is_echoed(client: Client) -> None:
    client.say('{"claz":"ping"}')
    assert await client.hear() == {"claz": "ping"}


async def test_a_ping_is_echoed_while_a_command_runs(server: Server, client: Client) -> None:
    server.application.gate.clear()
    client.ask("listenAgent", agentid=4)
    client.say('{"claz":"ping"}')
    assert await client.hear() == {"claz": "ping"}
    server.application.gate.set()
    assert (await client.hear())["ctiMessage"]["agentId"] == 4


async def test_a_websocket_ping_is_answered(client: Client) -> None:
    client.writer.write(client.frame(PING, b"still there?"))
    assert await client.next_frame() == (PONG, b"still there?")


async def test_commands_of_a_link_run_in_order(server: Server, client: Client) -> None:
    server.application.gate.clear()
    for number in range(1, 101):
        client.ask("listenAgent", agentid=number)
    server.application.gate.set()
    heard = [(await client.hear())["ctiMessage"]["agentId"] for _ in range(100)]
    assert heard == list(range(1, 101))


async def test_too_many_waiting_commands_are_refused(server: Server, client: Client) -> None:
    server.application.gate.clear()
    client.ask("listenAgent", agentid=1, requestId=1)
    client.say('{"claz":"ping"}')
    await client.hear()  # the first is being carried out by now, and waits no more
    for number in range(2, 203):
        client.ask("listenAgent", agentid=number, requestId=number)
    assert (await client.hear())["ctiMessage"]["Error"] == "TooManyCommands"
    assert (await client.hear())["ctiMessage"] == {
        "requestId": 202, "ok": False, "error": "TooManyCommands",
        "message": "Too many commands wait to be carried out.",
    }  # fmt: skip
    server.application.gate.set()
    assert (await client.hear())["ctiMessage"]["agentId"] == 1


async def test_a_refusal_is_an_agent_error(client: Client) -> None:
    client.ask("agentLogin", agentphonenumber="1")
    assert await client.hear() == {
        "msgType": "AgentError",
        "ctiMessage": {"Error": "LoggedInOnAnotherPhone", "phoneNb": "1002", "RequestedNb": "1"},
    }


async def test_a_command_with_a_request_id_is_acknowledged(client: Client) -> None:
    client.ask("listenAgent", agentid=3, requestId="r1")
    assert (await client.hear())["msgType"] == "AgentListen"
    assert await client.hear() == {
        "msgType": "CommandResult", "ctiMessage": {"requestId": "r1", "ok": True},
    }  # fmt: skip
    client.ask("agentLogin", agentphonenumber="1", requestId=2)
    assert (await client.hear())["msgType"] == "AgentError"
    assert (await client.hear())["ctiMessage"] == {
        "requestId": 2, "ok": False, "error": "LoggedInOnAnotherPhone", "message": "Elsewhere.",
    }  # fmt: skip


async def test_a_silent_refusal_is_heard_of_only_on_request(client: Client) -> None:
    client.ask("setAgentQueue", agentId=8, queueId=1, penalty=0)
    client.ask("setAgentQueue", agentId=8, queueId=1, penalty=0, requestId=0)
    assert (await client.hear())["ctiMessage"] == {
        "requestId": 0, "ok": False, "error": "QueueUnknown", "message": "No such queue.",
    }  # fmt: skip


async def test_a_mistake_of_ours_ends_neither_the_link_nor_its_commands(client: Client) -> None:
    client.ask("getAgentDirectory", requestId=1)
    client.ask("listenAgent", agentid=5)
    assert (await client.hear())["ctiMessage"]["Error"] == "InternalError"
    assert (await client.hear())["ctiMessage"]["error"] == "InternalError"
    assert (await client.hear())["ctiMessage"]["agentId"] == 5


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", "InvalidJson"),
        ("[]", "NotAnObject"),
        ('{"claz":"web","command":"<b>"}', "UnknownCommand"),
        ('{"claz":"web","command":"setAgentQueue","queueId":null}', "InvalidArgument"),
    ],
)
async def test_a_frame_that_is_no_command_is_an_error_and_the_link_stays(
    client: Client, frame: str, code: str
) -> None:
    client.say(frame)
    answer = await client.hear()
    assert (answer["msgType"], answer["ctiMessage"]["Error"]) == ("Error", code)
    assert "<b>" not in json.dumps(answer)
    client.say('{"claz":"ping"}')
    assert await client.hear() == {"claz": "ping"}


async def test_a_bad_command_with_a_request_id_is_acknowledged_too(client: Client) -> None:
    client.say('{"claz":"web","command":"nope","requestId":9}')
    assert (await client.hear())["msgType"] == "Error"
    assert (await client.hear())["ctiMessage"]["error"] == "UnknownCommand"


@pytest.mark.parametrize(
    ("opcode", "payload", "code"),
    [(BINARY, b"{}", 1003), (TEXT, b'"\xff"', 1007), (TEXT, b" " * 65537, 1009)],
)
async def test_a_frame_that_breaks_the_rules_ends_the_link(
    client: Client, opcode: int, payload: bytes, code: int
) -> None:
    client.writer.write(client.frame(opcode, payload))
    assert (await client.goodbye()).code == code


async def test_a_frame_as_large_as_allowed_is_read(client: Client) -> None:
    client.say(b'{"claz":"ping"}'.ljust(65536))
    assert await client.hear() == {"claz": "ping"}


async def test_a_message_in_endless_pieces_ends_the_link(client: Client) -> None:
    client.writer.write(client.frame(TEXT, b"", fin=False))
    client.writer.write(client.frame(0, b"", fin=False) * 300)
    assert (await client.goodbye()).code == 1008


async def test_a_message_in_pieces_is_put_together(client: Client) -> None:
    client.writer.write(client.frame(TEXT, b'{"claz"', fin=False))
    client.writer.write(client.frame(0, b':"ping"}'))
    assert await client.hear() == {"claz": "ping"}


async def test_a_frame_that_comes_in_two_reads_is_one_and_so_are_those_behind_it(
    server: Server, client: Client
) -> None:
    frame = client.frame(TEXT, b'{"claz":"ping"}')
    (link,) = server.links.open
    for cut in (1, 3, 6, len(frame) - 1):
        before = link._received_at
        client.writer.write(frame[:cut])
        await until(lambda before=before: link._received_at > before)
        client.writer.write(frame[cut:])
        assert await client.hear() == {"claz": "ping"}
        client.writer.write(frame)
        assert await client.hear() == {"claz": "ping"}
        client.writer.write(frame * 2 + frame[:cut])
        for _ in range(2):
            assert await client.hear() == {"claz": "ping"}
        client.writer.write(frame[cut:])
        assert await client.hear() == {"claz": "ping"}


async def test_what_looks_like_a_frame_within_another_is_none(
    server: Server, client: Client
) -> None:
    (link,) = server.links.open

    async def write(*pieces: bytes) -> None:
        for piece in pieces:
            before = link._received_at
            client.writer.write(piece)
            await until(lambda before=before: link._received_at > before)

    one = b"\x81\x80\x00\x00\x00" + bytes((ord("1") ^ 0x80,))  # a text of "1", from its length on
    await write(b"\x81", one)
    assert (await client.hear())["ctiMessage"]["Error"] == "NotAnObject"
    inner = client.frame(TEXT, b'{"claz":"ping"}')
    outer = client.frame(PING, inner)
    await write(outer[: -len(inner)], inner)
    assert await client.next_frame() == (PONG, inner)
    await write(client.frame(TEXT, b'{"claz"', fin=False))
    client.writer.write(inner)
    assert (await client.goodbye()).code == 1002  # a text within another's fragments


async def test_a_client_that_says_goodbye_hears_nothing_after_it(
    server: Server, client: Client
) -> None:
    client.writer.write(client.frame(CLOSE, struct.pack("!H", 1000)))
    assert (await client.goodbye()).code == 1000
    await until(lambda: server.application.ended)
    server.hub.publish(["everybody"], said(1))
    assert await client.reader.read() == b""
    assert not server.links.open


async def test_a_lost_link_ends_its_session_and_its_waiting_commands(server: Server) -> None:
    server.application.gate.clear()
    async with await server.opened() as client:
        for number in range(1, 11):
            client.ask("listenAgent", agentid=number)
        # echoed once all of them have been read
        client.say('{"claz":"ping"}')
        await client.hear()
    await until(lambda: server.application.ended)
    server.application.gate.set()
    await asyncio.sleep(0)
    await until(lambda: server.application.asked_for)
    assert [ask.agent_id for ask in server.application.asked_for
            if isinstance(ask, commands.ListenAgent)] == [1]  # fmt: skip


async def test_a_silent_link_is_dropped_and_a_link_that_pings_is_not() -> None:
    async with serving(limits=LinkLimits(silence=3.0, closing=0.2)) as server:
        silent, lively = await server.opened(), await server.opened()
        ended = asyncio.ensure_future(silent.goodbye())
        while not ended.done():
            lively.say('{"claz":"ping"}')
            assert await lively.hear() == {"claz": "ping"}
            await asyncio.wait([ended], timeout=0.05)
        assert (ended.result().code, ended.result().reason) == (4009, "silent")
        lively.say('{"claz":"ping"}')
        assert await lively.hear() == {"claz": "ping"}
        lively.writer.close()
        silent.writer.close()


async def test_an_open_link_keeps_nothing_of_its_handshake(server: Server) -> None:
    """Neither headers, nor the request and its HTTP connection, for as long as it is open."""
    path, headers = f"/xuc/api/2.0/cti?token={await server.token()}", {"Cookie": "of=the-handshake"}
    async with await Client.connect(server.port, path, headers=headers) as client:
        await client.hear()
        (link,) = server.links.open
        assert "the-handshake" not in str(vars(link))
        # The connection of the sign-in may still be on its way to its end.
        await until(lambda: not left_of_handshakes())


def left_of_handshakes() -> list[object]:
    """Requests with a token, and HTTP connections that are none any more."""
    gc.collect()
    alive = gc.get_objects()
    requests = [each for each in alive if isinstance(each, Request) and each.args]
    return requests + [each for each in alive if isinstance(each, ClientChannel) and each._ended]


async def test_two_links_of_a_user_are_two_sessions(server: Server) -> None:
    async with await server.opened() as one, await server.opened() as other:
        server.hub.publish(["everybody"], said(1))
        for client in (one, other):
            assert (await client.hear())["ctiMessage"]["agentId"] == 1
        one.ask("listenAgent", agentid=2)
        assert (await one.hear())["ctiMessage"]["agentId"] == 2
        one.writer.close()
        await until(lambda: server.application.ended)
        server.hub.publish(["everybody"], said(3))
        assert (await other.hear())["ctiMessage"]["agentId"] == 3


async def test_everybody_is_told_when_the_server_goes(server: Server, client: Client) -> None:
    server.hub.publish(["everybody"], said(1))
    server.links.close()
    assert (await client.hear())["ctiMessage"]["agentId"] == 1
    assert (await client.goodbye()).code == 1001
