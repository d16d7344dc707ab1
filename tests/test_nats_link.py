"""The link to NATS, beside a real server that is killed, frozen and not there yet."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from integration.nats import DocumentedNats, Nats
from xucd.app.event_loop import Loop
from xucd.cluster import nats_connection
from xucd.cluster.nats_link import NatsLink
from xucd.cluster.nkey import Nkey

DEADLINE = 30.0
TURNED_DOWN = "NATS turns something down: xucd check says more"
CHUNK = b"x" * (64 << 10)
KERNEL = 48 << 20
"""The bytes that sockets hold at most."""


class Heard:
    """What was heard, and how often a link came up and went down."""

    def __init__(self, link: NatsLink) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.ups = self.downs = 0
        self._changed = asyncio.Event()
        link.on_up, link.on_down = self.up, self.down

    def message(self, subject: str, data: bytes) -> None:
        self.messages.append((subject, data))
        self._changed.set()

    def up(self) -> None:
        self.ups += 1
        self._changed.set()

    def down(self) -> None:
        self.downs += 1
        self._changed.set()

    async def until(self, *, ups: int = 0, downs: int = 0, last: bytes | None = None) -> None:
        async with asyncio.timeout(DEADLINE):
            while (
                self.ups < ups
                or self.downs < downs
                or (last is not None and last not in [data for _, data in self.messages])
            ):
                self._changed.clear()
                await self._changed.wait()


class Linked:
    """A link, and what it heard."""

    def __init__(self, *servers: Nats, nkey: Nkey | None = None, trust: bool = True) -> None:
        self.link = NatsLink(
            [server.url for server in servers],
            tls=servers[0].trust if trust else None,
            nkey=nkey.seed if nkey else None,
            name="a-test",
        )
        self.heard = Heard(self.link)

    async def __aenter__(self) -> "Linked":
        await self.link.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.link.close()


@pytest.fixture
def nats() -> Iterator[Nats]:
    with Nats() as server:
        yield server


@pytest.fixture
async def pair(nats: Nats) -> AsyncIterator[tuple[Linked, Linked]]:
    """One who publishes, and one who hears `a.>`."""
    async with Linked(nats) as one, Linked(nats) as other:
        other.link.subscribe("a.>", other.heard.message)
        await other.heard.until(ups=1)
        await settled(other)
        yield one, other


async def settled(linked: Linked) -> None:
    """Wait until the server has done what the link has sent so far."""
    linked.link.subscribe("settled", linked.heard.message)
    linked.link.publish("settled", b"settled")
    await linked.heard.until(last=b"settled")
    linked.heard.messages.clear()


async def until_said(server: Nats, text: str, *, times: int) -> None:
    """Wait until the server has logged this so often."""
    async with asyncio.timeout(DEADLINE):
        # Another program's file, of which nothing tells.
        while server.log.count(text) < times:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def fill(linked: Linked) -> int:
    """Publish to a server that takes nothing, until no more may wait; returns how often."""
    published = 0
    while linked.link.publish("a.b", CHUNK):
        published += 1
        await asyncio.sleep(0)
    return published


async def test_messages_arrive_in_their_order_over_all_subscriptions(nats: Nats) -> None:
    async with Linked(nats) as one, Linked(nats) as other:
        other.link.subscribe("a.*", other.heard.message)
        other.link.subscribe("b.*", other.heard.message)
        await settled(other)
        sent = [(f"{'ab'[number % 2]}.{number % 7}", b"%d" % number) for number in range(2000)]
        for number, (subject, data) in enumerate(sent):
            assert one.link.publish(subject, data)
            if number % 50 == 0:
                await asyncio.sleep(0)
        await other.heard.until(last=b"1999")
        assert other.heard.messages == sent


async def test_nothing_that_is_published_while_the_server_is_away_arrives_after(
    nats: Nats, pair: tuple[Linked, Linked]
) -> None:
    one, other = pair
    nats.kill()
    await one.heard.until(downs=1)
    assert not one.link.connected
    assert not one.link.publish("a.b", b"while it is away")
    nats.start()
    await one.heard.until(ups=2)
    await other.heard.until(ups=2)
    assert one.link.publish("a.b", b"now")
    await other.heard.until(last=b"now")
    assert other.heard.messages == [("a.b", b"now")]


async def test_what_waits_for_a_frozen_server_is_bounded_and_forgotten(
    nats: Nats, pair: tuple[Linked, Linked]
) -> None:
    one, other = pair
    before = nats.taken
    nats.freeze()
    published = await fill(one)
    assert one.link.connected, "it was the backlog that was full"
    assert published * len(CHUNK) < nats_connection.BACKLOG + KERNEL
    await one.heard.until(downs=1)
    await other.heard.until(downs=1)
    nats.thaw()
    await one.heard.until(ups=2)
    await other.heard.until(ups=2)
    await until_said(nats, "Client connection closed", times=2)  # it has read all there was
    forgotten = published - (nats.taken - before)
    assert forgotten >= nats_connection.BACKLOG // len(CHUNK) - 1


async def test_a_frozen_server_is_noticed_and_used_again_when_it_goes_on(
    nats: Nats, pair: tuple[Linked, Linked]
) -> None:
    one, other = pair
    with capture_logs() as logs:
        nats.freeze()
        await one.heard.until(downs=1)
        await other.heard.until(downs=1)
    assert {entry["reason"] for entry in logs if "lost" in entry["event"]} == {
        "the server is silent"
    }
    nats.thaw()
    await one.heard.until(ups=2)
    await other.heard.until(ups=2)
    one.link.publish("a.b", b"now")
    await other.heard.until(last=b"now")


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_the_loop_of_the_daemon_keeps_the_link_up_too(tls: bool) -> None:
    async def through_a_freeze(server: Nats) -> None:
        async with Linked(server) as one:
            one.link.subscribe("a.b", one.heard.message)
            server.freeze()
            await fill(one)
            await one.heard.until(downs=1)
            server.thaw()
            await one.heard.until(ups=2)
            one.link.publish("a.b", b"now")
            await one.heard.until(last=b"now")

    with (
        Nats(tls=tls) as server,
        ThreadPoolExecutor(1) as thread,  # here, another loop runs
        asyncio.Runner(loop_factory=Loop) as runner,
    ):
        thread.submit(runner.run, through_a_freeze(server)).result()


async def test_a_process_that_stood_still_itself_does_not_take_the_server_for_silent(
    monkeypatch: pytest.MonkeyPatch, nats: Nats
) -> None:
    monkeypatch.setattr(nats_connection, "BEAT", 0.1)
    async with Linked(nats) as one:
        for _ in range(3):
            time.sleep(0.5)  # noqa: ASYNC251  # the whole process stands still
            await settled(one)
        assert one.heard.downs == 0


async def test_a_server_that_stops_is_replaced_by_another(nats: Nats) -> None:
    with Nats() as second:
        async with Linked(nats, second) as one:
            await one.heard.until(ups=1)
            nats.stop()
            await one.heard.until(ups=2, downs=1)
            assert one.link.connected


async def test_a_link_waits_for_a_server_that_is_not_there_yet(nats: Nats) -> None:
    nats.kill()
    async with Linked(nats) as one:
        one.link.subscribe("a.b", one.heard.message)
        assert not one.link.connected
        assert not one.link.publish("a.b", b"")
        nats.start()
        await one.heard.until(ups=1)
        assert one.link.max_payload == 1 << 20
        one.link.publish("a.b", b"now")
        await one.heard.until(last=b"now")
        assert (one.heard.ups, one.heard.downs) == (1, 0)


@pytest.fixture
def documented() -> Iterator[DocumentedNats]:
    """A server with the configuration that the documents have as an example."""
    with DocumentedNats() as server:
        yield server


async def test_a_name_that_no_host_can_have_is_logged_and_the_next_server_taken(
    nats: Nats,
) -> None:
    link = NatsLink(["nats://no..host", nats.url])
    heard = Heard(link)
    with capture_logs() as logs:
        await link.start()
        await heard.until(ups=1)
    assert [entry["event"] for entry in logs] == ["cannot connect to NATS", "connected to NATS"]
    await link.close()


async def test_a_key_that_the_server_does_not_know_is_logged_once_and_tried_on(
    documented: DocumentedNats,
) -> None:
    with capture_logs() as logs:
        async with Linked(documented, nkey=Nkey.new()) as one:
            await until_said(documented, "authentication error", times=3)
            assert not one.link.connected
    said = [entry["reason"] for entry in logs if entry["event"] == "cannot connect to NATS"]
    assert said == ["Authorization Violation"]


async def test_a_node_of_the_example_speaks_and_listens_for_itself_alone(
    documented: DocumentedNats,
) -> None:
    main, edge = (Linked(documented, nkey=documented.keys[name]) for name in ("owner", "edge-1"))
    main.link.subscribe("xucd.edge.*.main", main.heard.message)
    edge.link.subscribe("xucd.pbx.*.edge-2", edge.heard.message)
    edge.link.subscribe("xucd.pbx.*.edge-1", edge.heard.message)
    with capture_logs() as logs:
        async with main, edge:
            main.link.publish("xucd.pbx.main.edge-2", b"for another")
            main.link.publish("xucd.pbx.main.edge-1", b"hello")
            await edge.heard.until(last=b"hello")
            for _ in range(2):
                edge.link.publish("xucd.edge.edge-2.main", b"as another")
            edge.link.publish("xucd.edge.edge-1.main", b"as itself")
            await main.heard.until(last=b"as itself")
            main.link.publish("xucd.pbx.other.edge-1", b"as another PBX")
            main.link.publish("xucd.pbx.main.edge-1", b"goodbye")
            await edge.heard.until(last=b"goodbye")
    assert main.heard.messages == [("xucd.edge.edge-1.main", b"as itself")]
    assert [data for _, data in edge.heard.messages] == [b"hello", b"goodbye"]
    assert {
        entry["reason"]
        for entry in logs
        if entry["event"] == "NATS turns something down: xucd check says more"
    } == {
        'Permissions Violation for Subscription to "xucd.pbx.*.edge-2"',
        'Permissions Violation for Publish to "xucd.edge.edge-2.main"',
        'Permissions Violation for Publish to "xucd.pbx.other.edge-1"',
    }


async def test_what_the_server_turns_down_is_logged_once(
    documented: DocumentedNats,
) -> None:
    async with Linked(documented, nkey=documented.keys["edge-1"]) as edge:
        with capture_logs() as logs:
            for _ in range(3):
                edge.link.publish("xucd.edge.edge-2.main", b"")
            await until_said(documented, "Publish Violation", times=3)
            await edge.link.close()
    assert [entry["event"] for entry in logs] == ["NATS turns something down: xucd check says more"]


async def test_a_link_over_tls_carries_messages() -> None:
    with Nats(tls=True) as server:
        async with Linked(server) as one:
            one.link.subscribe("a.b", one.heard.message)
            one.link.publish("a.b", b"x" * 200_000)
            await one.heard.until(last=b"x" * 200_000)
            server.kill()
            server.start()
            await one.heard.until(ups=2, downs=1)
            one.link.publish("a.b", b"now")
            await one.heard.until(last=b"now")


@pytest.mark.parametrize(
    ("serves_tls", "scheme", "why"),
    [(True, "tls", "certificate verify failed"), (True, "nats", "asks for TLS"),
     (False, "tls", "offers no TLS")],
)  # fmt: skip
async def test_a_server_without_the_tls_that_is_wanted_is_not_used(
    serves_tls: bool, scheme: str, why: str
) -> None:
    with Nats(tls=serves_tls) as server, capture_logs() as logs:
        link = NatsLink([f"{scheme}://127.0.0.1:{server.port}"], tls=_stranger(scheme))
        await link.start()
        assert not link.connected
        await link.close()
    assert why in logs[0]["reason"]


def _stranger(scheme: str) -> ssl.SSLContext | None:
    return ssl.create_default_context() if scheme == "tls" else None


async def test_what_was_published_before_the_end_arrives(
    pair: tuple[Linked, Linked],
) -> None:
    one, other = pair
    assert one.link.publish("a.b", b"goodbye")
    await one.link.close()
    assert not one.link.publish("a.b", b"too late")
    await other.heard.until(last=b"goodbye")
    assert (one.heard.downs, other.heard.messages) == (0, [("a.b", b"goodbye")])


async def test_a_callback_that_fails_keeps_nothing_else_from_being_heard(
    nats: Nats, pair: tuple[Linked, Linked]
) -> None:
    one, other = pair

    def fail(subject: str, data: bytes) -> None:
        raise RuntimeError(data)

    other.link.subscribe("a.fails", fail)
    await settled(other)
    with capture_logs() as logs:
        one.link.publish("a.fails", b"1")
        one.link.publish("a.b", b"2")
        await other.heard.until(last=b"2")
    assert [entry["subject"] for entry in logs] == ["a.fails"]


async def test_what_is_too_long_is_refused_before_the_server_would_end_the_connection(
    pair: tuple[Linked, Linked],
) -> None:
    one, other = pair
    with pytest.raises(ValueError, match="1048577 bytes are too many"):
        one.link.publish("a.b", b"x" * (one.link.max_payload + 1))
    assert one.link.publish("a.b", b"x" * one.link.max_payload)
    await other.heard.until(last=b"x" * one.link.max_payload)
    assert one.heard.downs == 0


async def test_a_server_that_asks_whether_the_link_is_alive_is_answered() -> None:
    answered = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"max_payload":100}\r\n')
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\nPING\r\n")
        answered.set_result(await reader.readuntil(b"PONG\r\n"))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        link = NatsLink([f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"])
        await link.start()
        assert (await asyncio.wait_for(answered, DEADLINE)).endswith(b"PONG\r\n")
        await link.close()
