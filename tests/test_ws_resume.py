"""A client that lost its link catches up with what it missed, or is told that it cannot."""

import time
from typing import Any

from tests.web_server import Server, said, serving, until
from tests.ws_client import Client
from xucd.cti.flush import FEW
from xucd.cti.link import LinkLimits
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams.log import StreamLog


async def opened(server: Server, more: str = "") -> tuple[Client, dict[str, Any]]:
    """A link that asks to resume, with its LoggedOn."""
    client = await server.link(more="&resume=1" + more)
    hello = await client.hear()
    assert hello["msgType"] == "LoggedOn"
    assert "position" not in hello
    return client, hello["ctiMessage"]


def back_at(stream: dict[str, Any], position: int) -> str:
    return f"&epoch={stream['epoch']}&position={position}"


async def lost(server: Server, client: Client) -> None:
    client.writer.transport.abort()
    await until(lambda: not server.links.open)


async def test_every_message_of_a_resuming_client_has_its_position() -> None:
    async with serving() as server:
        client, hello = await opened(server)
        begun = hello["stream"]["position"]
        assert "recovered" not in hello
        server.hub.publish(["everybody"], said(1))
        heard = [await client.hear() for _ in range(3)]
        positions = [message["position"] for message in heard]
        assert begun < positions[0] < positions[1] < positions[2]
        assert heard[2] == {
            "position": positions[2], "msgType": "AgentListen",
            "ctiMessage": {"started": True, "phoneNumber": "", "agentId": 1},
        }  # fmt: skip
        client.say('{"claz":"ping"}')
        assert await client.hear() == {"claz": "ping"}


async def test_other_nodes_are_told_that_a_session_has_another_link_or_sign_in() -> None:
    async with serving() as server:
        told: list[tuple[str, SignInKey]] = []
        server.hub.changed = lambda session: told.append((session.address, session.sign_in))
        client, hello = await opened(server)
        position = [(await client.hear())["position"] for _ in range(2)][-1]
        await lost(server, client)
        (session,) = server.application.sessions
        session.address = "192.0.2.1"  # that of the link before
        await opened(server, back_at(hello["stream"], position))
        assert told == [("127.0.0.1", session.sign_in)]
        renamed = SignInKey(session.sign_in.sid, "changed")
        server.links.rename_sign_in(session.sign_in, renamed)
        assert told[1:] == [("127.0.0.1", renamed)]


async def test_a_client_that_is_back_gets_what_it_missed_in_order_and_goes_on() -> None:
    async with serving() as server:
        client, hello = await opened(server)
        stream = hello["stream"]
        position = [(await client.hear())["position"] for _ in range(2)][-1]
        await lost(server, client)
        for number in range(1, 6):
            server.hub.publish(["everybody"], said(number))

        client, hello = await opened(server, back_at(stream, position))
        assert hello == {
            "status": "ok", "recovered": True,
            "stream": {"epoch": stream["epoch"], "position": position},
        }  # fmt: skip
        server.hub.publish(["everybody"], said(6))
        heard = [await client.hear() for _ in range(6)]
        positions = [position, *(message["position"] for message in heard)]
        assert positions == sorted(set(positions))
        assert [message["ctiMessage"]["agentId"] for message in heard] == [1, 2, 3, 4, 5, 6]
        # one session all along, opened once
        assert len(server.application.sessions) == 1
        assert not server.application.ended


async def test_messages_that_were_sent_but_not_read_are_sent_again() -> None:
    async with serving() as server:
        client, hello = await opened(server)
        server.hub.publish(["everybody"], said(1))
        await lost(server, client)
        client, hello = await opened(server, back_at(hello["stream"], 0))
        assert hello["recovered"] is True
        heard = [(await client.hear())["msgType"] for _ in range(3)]
        assert heard == ["RightProfile", "UserStatusUpdate", "AgentListen"]


async def test_who_is_back_in_the_turn_of_a_message_gets_it_once() -> None:
    """What was published before comes from the log, and what comes after it from the hub."""
    async with serving() as server:
        others = [await opened(server) for _ in range(FEW + 1)]
        old, hello = await opened(server)
        stream = hello["stream"]
        position = [(await old.hear())["position"] for _ in range(2)][-1]
        attach = server.links.attach

        def between(link: Any) -> Any:
            server.hub.publish(["everybody"], said(1))
            session = attach(link)
            server.hub.publish(["everybody"], said(2))
            return session

        server.links.attach = between  # type: ignore[method-assign]
        back, hello = await opened(server, back_at(stream, position))
        assert hello["recovered"] is True
        heard = [(await back.hear())["ctiMessage"]["agentId"] for _ in range(2)]
        server.hub.publish(["everybody"], said(3))
        assert [*heard, (await back.hear())["ctiMessage"]["agentId"]] == [1, 2, 3]
        for client, _ in others:
            heard = [await client.hear() for _ in range(5)]
            assert [each["ctiMessage"]["agentId"] for each in heard[2:]] == [1, 2, 3]


async def test_only_what_is_delivered_is_counted_as_delivered() -> None:
    """A client that is away is sent what it missed when it is back, but receives nothing now."""
    async with serving() as server:
        one, _ = await opened(server)
        other, _ = await opened(server)
        other.writer.transport.abort()
        await until(lambda: len(server.links.open) == 1)
        server.hub.publish(["everybody"], said(1))
        assert (await one.hear())["msgType"] == "RightProfile"
        await one.hear()
        assert (await one.hear())["ctiMessage"]["agentId"] == 1
        registry = server.hub.metrics.registry
        assert registry.get_sample_value("xucd_messages_total") == 1


async def test_a_client_whose_old_link_still_stands_takes_its_session_over() -> None:
    async with serving() as server:
        old, hello = await opened(server)
        new, hello = await opened(server, back_at(hello["stream"], 0))
        assert hello["recovered"] is True
        assert (await old.goodbye()).code == 4010
        old.writer.close()
        await until(lambda: len(server.links.open) == 1)
        server.hub.publish(["everybody"], said(9))
        heard = [(await new.hear())["msgType"] for _ in range(3)]
        assert heard[-1] == "AgentListen"
        assert not server.application.ended


async def fresh(server: Server, more: str) -> None:
    """Reconnecting gives a new session and a whole opening."""
    before = len(server.application.sessions)
    client, hello = await opened(server, more)
    assert hello["recovered"] is False
    assert [(await client.hear())["msgType"] for _ in range(2)] == [
        "RightProfile",
        "UserStatusUpdate",
    ]
    assert len(server.application.sessions) == before + 1
    client.writer.close()


async def test_a_client_that_missed_more_than_is_kept_starts_anew() -> None:
    async with serving(streams=StreamLog(time.monotonic, limit=256 * 1024)) as server:
        client, hello = await opened(server)
        await lost(server, client)
        for number in range(10):
            server.hub.publish(["everybody"], said(number, 60_000))
        await fresh(server, back_at(hello["stream"], 2))
        # nobody will ask for the old one again
        assert len(server.application.ended) == 1


async def test_a_place_that_was_never_reached_cannot_be_caught_up_from() -> None:
    async with serving() as server:
        client, hello = await opened(server)
        await lost(server, client)
        await fresh(server, back_at(hello["stream"], 99))


async def test_an_unknown_epoch_or_a_broken_place_starts_anew() -> None:
    async with serving() as server:
        await fresh(server, "&epoch=nonesuch&position=1")
        client, hello = await opened(server)
        await lost(server, client)
        await fresh(server, f"&epoch={hello['stream']['epoch']}&position=x")


async def test_a_stream_of_somebody_else_cannot_be_taken_up() -> None:
    async with serving() as server:
        client, hello = await opened(server)
        alice = await server.link("alice", more="&resume=1" + back_at(hello["stream"], 0))
        assert (await alice.hear())["ctiMessage"]["recovered"] is False
        alice.writer.close()
        server.hub.publish(["everybody"], said(1))
        assert (await client.hear())["position"] == 1


async def test_a_session_that_nobody_takes_up_ends() -> None:
    async with serving(limits=LinkLimits(parking=0.05)) as server:
        client, hello = await opened(server)
        await lost(server, client)
        await until(lambda: server.application.ended)
        assert not server.hub._streams
        await fresh(server, back_at(hello["stream"], 2))


async def test_only_so_many_sessions_are_parked() -> None:
    async with serving(limits=LinkLimits(parked=2)) as server:
        for _ in range(3):
            client, _ = await opened(server)
            await lost(server, client)
        assert server.application.ended == server.application.sessions[:1]


async def test_a_client_that_does_not_ask_to_resume_sees_none_of_it() -> None:
    async with serving() as server, await server.link() as client:
        assert await client.hear() == {"msgType": "LoggedOn", "ctiMessage": {"status": "ok"}}
        assert (await client.hear()).keys() == {"msgType", "ctiMessage"}


async def test_a_session_that_was_ended_subscribes_to_nothing_more() -> None:
    """A command may still run when its user is dismissed."""
    async with serving() as server:
        client, hello = await opened(server)
        session = server.application.sessions[0]
        server.links.dismiss(lambda user, _: user.login == "bruce", 1012, b"changed")
        server.hub.subscribe(session, "calls")
        session.send(said(1))
        server.hub.unsubscribe(session, "calls")
        assert not server.hub.has_subscribers(["calls", "everybody"])
        assert (await client.goodbye()).code == 1012
        await fresh(server, back_at(hello["stream"], hello["stream"]["position"]))


async def test_a_command_that_waits_on_a_link_that_is_replaced_is_given_up() -> None:
    async with serving() as server:
        old, hello = await opened(server)
        await old.hear()
        place = back_at(hello["stream"], (await old.hear())["position"])
        server.application.gate.clear()
        for number in (1, 2):
            command = '{"claz":"web","command":"listenAgent","agentid":7,"requestId":%d}'
            old.say(command % number)
        (link,) = server.links.open
        await until(lambda: link._queue)
        new, hello = await opened(server, place)
        assert (await new.hear())["ctiMessage"] == {
            "requestId": 2, "ok": False, "error": "LinkLost",
            "message": "The link was lost before this was carried out.",
        }  # fmt: skip
        server.application.gate.set()  # the one that had begun is carried out
        assert (await new.hear())["msgType"] == "AgentListen"
        assert (await new.hear())["ctiMessage"] == {"requestId": 1, "ok": True}


async def test_a_user_with_many_links_pushes_out_nobody_elses_parked_session() -> None:
    async with serving(limits=LinkLimits(parked=4, parked_by_user=2)) as server:
        alice = await server.link("alice", more="&resume=1")
        theirs = (await alice.hear())["ctiMessage"]["stream"]
        await lost(server, alice)
        streams = []
        for _ in range(4):
            client, hello = await opened(server)
            streams.append(hello["stream"])
            await lost(server, client)
        assert len(server.hub.streams.streams) == 3
        alice = await server.link("alice", more="&resume=1" + back_at(theirs, theirs["position"]))
        assert (await alice.hear())["ctiMessage"]["recovered"] is True
        for stream, recovered in zip(streams[::-1], (True, True, False, False), strict=True):
            client, hello = await opened(server, back_at(stream, stream["position"]))
            assert hello["recovered"] is recovered
