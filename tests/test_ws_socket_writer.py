"""What leaves for a client: one write a turn, in order, and never more than it will read."""

import asyncio
import socket
from typing import Any

import pytest

from tests.web_server import Server, said, serving, until
from tests.ws_client import Client, Closed
from xucd.cti.flush import FEW
from xucd.cti.link import LinkLimits
from xucd.cti.socket_writer import SocketWriter, framed


def the_writer(server: Server) -> SocketWriter:
    """The way out to the only client."""
    (link,) = server.links.open
    assert link.writer is not None
    return link.writer


def counted(server: Server) -> list[int]:
    """Counts, from now on, the bytes of each write to the only client's socket."""
    writer = the_writer(server)
    send = writer._direct
    assert send is not None
    writes: list[int] = []

    def counting(data: bytes) -> int:
        sent = send(data)
        writes.append(sent)
        return sent

    writer.take = writer._direct = counting
    return writes


async def hear_numbers(client: Client, count: int) -> list[int]:
    return [(await client.hear())["ctiMessage"]["agentId"] for _ in range(count)]


async def test_what_is_due_in_one_turn_leaves_in_one_write() -> None:
    async with serving() as server, await server.opened() as client:
        (session,) = server.application.sessions
        writes = counted(server)
        for number in range(1, 6):
            server.hub.publish(["everybody"], said(number))
            session.send(said(100 + number))
        assert await hear_numbers(client, 10) == [1, 101, 2, 102, 3, 103, 4, 104, 5, 105]
        assert len(writes) == 1
        server.hub.publish(["everybody"], said(6))
        assert await hear_numbers(client, 1) == [6]
        assert len(writes) == 2


async def test_what_is_for_many_and_what_is_for_one_leave_in_order_by_one_write() -> None:
    async with serving() as server:
        clients = [await server.opened() for _ in range(FEW + 2)]
        first, second, *_ = server.application.sessions
        server.hub.publish(["everybody"], said(1))
        first.send(said(101))
        server.hub.publish(["everybody"], said(2))
        second.send(said(102))
        assert await hear_numbers(clients[0], 3) == [1, 101, 2]
        assert await hear_numbers(clients[1], 3) == [1, 2, 102]
        for client in clients[2:]:
            assert await hear_numbers(client, 2) == [1, 2]


async def test_who_follows_later_in_a_turn_is_not_sent_what_was_published_before() -> None:
    async with serving() as server:
        clients = [await server.opened() for _ in range(FEW + 2)]
        first, *others, last = server.application.sessions
        for session in (first, *others):
            server.hub.subscribe(session, "a")
        server.hub.publish(["a"], said(1))
        server.hub.subscribe(last, "a")
        server.hub.unsubscribe(first, "a")
        server.hub.publish(["a"], said(2))
        server.hub.publish(["everybody"], said(3))
        assert await hear_numbers(clients[0], 2) == [1, 3]
        assert await hear_numbers(clients[-1], 2) == [2, 3]
        for client in clients[1:-1]:
            assert await hear_numbers(client, 3) == [1, 2, 3]


async def test_a_dismissed_client_gets_what_was_published_before_and_nothing_after() -> None:
    async with serving() as server:
        bruces = [await server.opened() for _ in range(FEW + 1)]
        alice = await server.opened("alice")
        server.hub.publish(["everybody"], said(1))
        server.links.dismiss(lambda user, _: user.login == "bruce", 4011, b"signed out")
        server.hub.publish(["everybody"], said(2))
        assert await hear_numbers(alice, 2) == [1, 2]
        for client in bruces:
            assert await hear_numbers(client, 1) == [1]
            with pytest.raises(Closed) as closed:
                await client.hear()
            assert closed.value.code == 4011


async def test_a_message_under_several_topics_is_heard_once() -> None:
    async with serving() as server, await server.opened() as bruce, await server.opened() as alice:
        one, other = server.application.sessions
        server.hub.subscribe(one, "a")
        server.hub.subscribe(one, "a")
        server.hub.subscribe(other, "b")
        server.hub.publish(["a", "b", "nobody", "everybody"], said(1))
        server.hub.publish(["a"], said(2))
        server.hub.unsubscribe(one, "a")
        server.hub.publish(["a", "b"], said(3))
        server.hub.publish(["everybody"], said(4))
        heard = [await hear_numbers(bruce, 3), await hear_numbers(alice, 3)]
        assert sorted(heard) == [[1, 2, 4], [1, 3, 4]]


async def test_a_dropped_session_leaves_no_audience_behind() -> None:
    async with serving() as server:
        async with await server.opened():
            assert server.hub._plain._members
        await until(lambda: server.application.ended)
        assert not server.hub._plain._members
        assert not server.hub._streams


async def slow_client(server: Server) -> Client:
    """A link whose client has little room for what it does not read."""
    token = await server.token()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
    streams = await asyncio.open_connection(sock=sock, limit=1024)
    return await Client.upgrade(*streams, f"/xuc/api/2.0/cti?token={token}")


async def publish_until(server: Server, condition: Any) -> int:
    """Publish in turn after turn; returns how many."""
    number = 0
    while not condition():
        number += 1
        assert number < 20_000
        server.hub.publish(["everybody"], said(number, 4096))
        await asyncio.sleep(0)
    return number


async def test_a_client_that_does_not_read_is_closed_as_slow_and_others_are_not() -> None:
    async with (
        serving(limits=LinkLimits(backlog=64 * 1024)) as server,
        await slow_client(server) as slow,
        await server.opened() as quick,
    ):
        heard: list[int] = []

        async def read_on() -> None:
            while True:
                heard.extend(await hear_numbers(quick, 1))

        reading = asyncio.create_task(read_on())
        await until(lambda: len(server.application.sessions) == 2)
        count = await publish_until(server, server.hub.metrics.slow._value.get)
        await until(lambda: len(heard) == count)
        assert heard == list(range(1, count + 1))
        reading.cancel()

        # It reads at last: whole messages, in order, and then why it was closed.
        for opening in ("LoggedOn", "RightProfile", "UserStatusUpdate"):
            assert (await slow.hear())["msgType"] == opening
        last = 0
        with pytest.raises(Closed, match="slow") as caught:
            while True:
                last += 1
                assert (await slow.hear())["ctiMessage"]["agentId"] == last
        assert caught.value.code == 4008
        assert last < count


async def test_a_client_that_reads_again_in_time_gets_everything() -> None:
    async with (
        serving(limits=LinkLimits(backlog=1024 * 1024)) as server,
        await slow_client(server) as slow,
    ):
        await until(lambda: server.application.sessions)
        writer = the_writer(server)
        count = await publish_until(server, lambda: writer.unread > 256 * 1024)
        for _ in range(3):
            await slow.hear()
        assert await hear_numbers(slow, count) == list(range(1, count + 1))
        await until(lambda: writer.unread == 0)
        server.hub.publish(["everybody"], said(7))
        assert await hear_numbers(slow, 1) == [7]


async def test_an_answer_larger_than_the_bound_reaches_a_client_that_reads() -> None:
    async with (
        serving(limits=LinkLimits(backlog=16 * 1024)) as server,
        await server.opened(buffer=4096) as client,
    ):
        (session,) = server.application.sessions
        session.send(said(1, 8_000_000))
        await asyncio.sleep(0)
        session.send(said(2, 8_000_000))
        await asyncio.sleep(0)
        server.hub.publish(["everybody"], said(3))
        assert await hear_numbers(client, 3) == [1, 2, 3]


async def test_commands_wait_while_their_answers_are_not_read() -> None:
    async with (
        serving(limits=LinkLimits(backlog=64 * 1024)) as server,
        await slow_client(server) as slow,
    ):
        await until(lambda: server.application.sessions)
        writer = the_writer(server)
        (session,) = server.application.sessions
        session.send(said(1, 8_000_000))
        await until(lambda: writer.unread)
        slow.ask("listenAgent", agentid=5)
        slow.say('{"claz":"ping"}')
        await until(lambda: writer._backlog)  # the echo: so the command has been read as well
        assert not server.application.asked_for
        for _ in range(4):
            await slow.hear()
        assert await slow.hear() == {"claz": "ping"}
        assert await hear_numbers(slow, 1) == [5]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_frame_of_any_size_has_the_right_header(size: int) -> None:
    frame = framed(b"x" * size)
    head = {0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10}[size]
    assert len(frame) == head + size
    assert frame[0] == 0x81
    assert frame[1] == {2: size, 4: 126, 10: 127}[head]
    if head > 2:
        assert int.from_bytes(frame[2:head]) == size
