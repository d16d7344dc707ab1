"""The AMI link on real Asterisk, 16 and 22: through cut, frozen and restarted links.

The calls are Local channels made by Asterisk's own command line; a TCP proxy stands between link
and Asterisk where the network is to misbehave, and keeps what it passed on.
"""

import asyncio
import contextlib
import itertools
import logging
import random
import re
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, Self, TypeVar

import msgspec
import pytest
import structlog
from structlog.typing import EventDict

from integration.pbx import Pbx
from xucd.ami import actions, connection
from xucd.ami.backoff import Backoff
from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError, ConnectionLost, Deadline, InvalidValue, Rejected
from xucd.center import events
from xucd.center.events import Event
from xucd.center.intents import AddMember, Intent, Nudge, RemoveMember, SetPause, SetPenalty
from xucd.center.snapshot import Snapshot
from xucd.tools.trace import Recorder, replay

PHONE = "Local/7001@default/n"
PATIENCE = 60

Report = Event | Snapshot | str
T = TypeVar("T")


@dataclass
class Ami:
    port: int
    secret: str
    host: str = "127.0.0.1"
    username: str = "xucd"
    action_timeout: float = 30.0


class Watched:
    """A link with everything that it reports, in order."""

    def __init__(self, ami: Ami, on_raw: Callable[[bytes], None] | None = None) -> None:
        self.reports: list[Report] = []
        self._news = asyncio.Event()
        self.link = Connection(ami, self, on_raw=on_raw, backoff=Backoff(0.05, 0.2))

    def on_event(self, event: Event) -> None:
        self._report(event)

    def on_up(self, snapshot: Snapshot, held: list[Event]) -> None:
        assert self.link.connected
        for report in (snapshot, *held):
            self._report(report)

    def on_down(self) -> None:
        self._report("down")

    def _report(self, report: Report) -> None:
        self.reports.append(report)
        self._news.set()

    async def until(self, wanted: Callable[[Report], bool], start: int = 0) -> Report:
        """The first report from number `start` on that is wanted."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for report in self.reports[start:]:
                    if wanted(report):
                        return report
                self._news.clear()
                await self._news.wait()

    async def saw(self, kind: type[T], start: int = 0, **fields: object) -> T:
        """The first report of a kind with these fields."""
        report = await self.until(
            lambda report: (
                isinstance(report, kind)
                and all(getattr(report, name) == value for name, value in fields.items())
            ),
            start,
        )
        assert isinstance(report, kind)
        return report


class Proxy:
    """Passes bytes on between a link and Asterisk until it is told to cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.sent = b""
        self.dribble = False  # whether Asterisk's bytes go on one by one
        self.cut_after: int | None = None  # bytes of the link's after which to cut
        self.refuse = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection, as a crashing host does."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, ours}
        for pump in (self._outward(reader, ours), self._inward(theirs, writer)):
            task = asyncio.create_task(pump)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _outward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                if self.cut_after is not None and len(data) >= self.cut_after:
                    # The last action is passed on in part, or whole with its answer lost.
                    data = data[: self.cut_after]
                    self.cut_after = None
                    self.sent += data
                    writer.write(data)
                    await writer.drain()
                    self.cut()
                    return
                if self.cut_after is not None:
                    self.cut_after -= len(data)
                self.sent += data
                writer.write(data)
        writer.close()

    async def _inward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 if self.dribble else 4096):
                writer.write(data)
                if self.dribble:
                    await asyncio.sleep(0)  # each byte in a packet of its own
        writer.close()


@pytest.fixture(scope="module", params=["22", "16"])
def pbx(request: pytest.FixtureRequest) -> Iterator[Pbx]:
    with Pbx(request.param) as pbx:
        answering(pbx)
        yield pbx


def answering(pbx: Pbx) -> None:
    """Give the dialplan a phone that answers, 7001, and a caller who stays on the line, 7002."""
    for step in (
        "7001,1,Answer()",
        "7001,2,Wait(60)",
        "7002,1,Answer()",
        "7002,2,Wait(60)",
    ):
        pbx.cli(f"dialplan add extension {step} into default replace")


@contextlib.asynccontextmanager
async def linked(ami: Ami, on_raw: Callable[[bytes], None] | None = None) -> AsyncIterator[Watched]:
    watched = Watched(ami, on_raw)
    watched.link.start()
    try:
        await watched.saw(Snapshot)
        yield watched
    finally:
        await watched.link.close()


@pytest.fixture
async def ami(pbx: Pbx) -> AsyncIterator[Ami]:
    ami = Ami(pbx.ami_port, pbx.ami_secret)
    yield ami
    pbx.cli("channel request hangup all")
    async with linked(ami) as watched:
        members = (await watched.saw(Snapshot)).members
        await asyncio.gather(
            *(watched.link.ask(RemoveMember(seen.queue, seen.interface)) for seen in members)
        )


async def refusal(watched: Watched, intent: Intent) -> str:
    with pytest.raises(Rejected) as rejected:
        await watched.link.ask(intent)
    return rejected.value.code


async def test_each_intent_is_followed_by_its_event(ami: Ami) -> None:
    async with linked(ami) as watched:
        ask = watched.link.ask
        await ask(AddMember("support", PHONE, "Agent/2501", 1))
        await watched.saw(events.MemberAdded, member="Agent/2501", penalty=1, paused=False)
        await ask(SetPenalty("support", PHONE, 3))
        await watched.saw(events.MemberPenalty, penalty=3)
        await ask(SetPause(PHONE, True, "déjeuner 😀"))
        await watched.saw(events.MemberPaused, paused=True, reason="déjeuner 😀")
        await ask(SetPause(PHONE, False))
        await watched.saw(events.MemberPaused, paused=False, reason="")
        await ask(RemoveMember("support", PHONE))
        await watched.saw(events.MemberRemoved, queue="support", interface=PHONE)
        assert watched.link.last_event_at is not None
        assert watched.link.undecodable == 0


async def test_asterisks_refusals_have_codes(ami: Ami) -> None:
    async with linked(ami) as watched:
        member = AddMember("support", PHONE, "Agent/2501", 0)
        await watched.link.ask(member)
        assert await refusal(watched, member) == "AlreadyMember"
        assert await refusal(watched, AddMember("none", PHONE, "Agent/1", 0)) == "NoSuchQueue"
        assert await refusal(watched, RemoveMember("none", PHONE)) == "NoSuchQueue"
        assert await refusal(watched, RemoveMember("sales", PHONE)) == "NotMember"
        assert await refusal(watched, SetPause("Local/x@y", True)) == "NotMember"
        assert await refusal(watched, SetPenalty("support", "Local/x@y", 1)) == "NotMember"
        assert await refusal(watched, Nudge("PJSIP/none-1")) == "ChannelGone"
        with pytest.raises(Rejected) as rejected:
            await watched.link.query(actions.Action("ModuleLoad", (("Module", "app_queue"),)))
        assert rejected.value.code == "AsteriskPermissionDenied"


async def test_many_intents_at_once_are_each_answered(ami: Ami) -> None:
    async with linked(ami) as watched:
        members = [AddMember("sales", f"Local/x{n}@y", f"Agent/{n}", n % 5) for n in range(200)]
        await asyncio.gather(*map(watched.link.ask, members))
        blocks = await watched.link.query(actions.queue_status())
        listed = [block["Location"] for block in blocks if block.get("Event") == "QueueMember"]
        assert Counter(listed) == Counter(member.interface for member in members)


def test_an_account_that_takes_nothing_for_a_second_loses_nothing(pbx: Pbx) -> None:
    many = 3000  # some 30 MB of answers, more than all buffers on the way hold
    with socket.create_connection(("127.0.0.1", pbx.ami_port), timeout=PATIENCE) as link:
        login = f"Action: Login\r\nUsername: xucd\r\nSecret: {pbx.ami_secret}\r\nEvents: off\r\n"
        asked = "Action: ListCommands\r\n\r\n" * many + "Action: Ping\r\nActionID: last\r\n"
        link.sendall(f"{login}\r\n{asked}\r\n".encode())
        time.sleep(1)  # nothing tells when Asterisk begins to wait
        end = received = b""
        while b"ActionID: last\r\n" not in end:
            received = link.recv(1 << 20)
            assert received, "Asterisk has closed the connection"
            end = end[-64:] + received


async def test_what_could_smuggle_in_an_action_never_reaches_asterisk(ami: Ami) -> None:
    async with Proxy(ami.port) as proxy, linked(replace(ami, port=proxy.port)) as watched:
        before = proxy.sent
        smuggled = "x\r\n\r\nAction: UserEvent\r\nUserEvent: Smuggled"
        for intent in (SetPause(PHONE, True, smuggled), AddMember(smuggled, PHONE, "a", 0)):
            with pytest.raises(InvalidValue):
                await watched.link.ask(intent)
        await watched.link.query(actions.ping())
        assert b"Smuggled" not in proxy.sent
        assert proxy.sent.startswith(before)


async def test_the_longest_value_that_is_let_through_is_one_that_asterisk_reads(ami: Ami) -> None:
    async with linked(ami) as watched:
        await watched.link.ask(AddMember("support", PHONE, "Agent/2501", 0))
        room = actions.LINE_LIMIT - len("Value: \r\n")
        value = "x" * room
        await watched.link.query(actions.setvar("XUCD_LONG", value))
        event = await watched.saw(events.VariableSet, name="XUCD_LONG")
        assert event.value == value


async def test_characters_cut_by_packets_arrive_whole(ami: Ami) -> None:
    async with Proxy(ami.port) as proxy:
        proxy.dribble = True
        async with linked(replace(ami, port=proxy.port)) as watched:
            await watched.link.ask(AddMember("support", PHONE, "Agent/Maricé €", 0))
            await watched.link.ask(SetPause(PHONE, True, "Saprïtchà 😀"))
            await watched.saw(events.MemberPaused, member="Agent/Maricé €", reason="Saprïtchà 😀")


async def test_nothing_is_sent_twice_over_a_link_that_is_cut_at_random(ami: Ami) -> None:
    dice = random.Random(16)
    outcomes: dict[str, str] = {}
    numbers = iter(range(10_000))

    async def add_ten(watched: Watched) -> None:
        for number in itertools.islice(numbers, 10):
            interface = f"Local/cut{number}@y"
            try:
                await watched.link.ask(AddMember("billing", interface, f"Agent/{number}", 0))
                outcomes[interface] = "done"
            except ConnectionLost:
                outcomes[interface] = "unknown"

    async with Proxy(ami.port) as proxy, linked(replace(ami, port=proxy.port)) as watched:
        for _ in range(20):
            start = len(watched.reports)
            proxy.cut_after = dice.randrange(1, 4000)
            await asyncio.gather(*(add_ten(watched) for _ in range(3)))
            proxy.cut()
            await watched.until(lambda report: report == "down", start)
            await watched.saw(Snapshot, start)
        proxy.cut_after = None
        last = await watched.link.query(actions.queue_status())
    sent = Counter(re.findall(rb"Interface: (Local/cut\d+@y)\r\n", proxy.sent))
    members = {block["Location"] for block in last if block.get("Event") == "QueueMember"}
    done = {interface for interface, outcome in outcomes.items() if outcome == "done"}
    assert set(sent.values()) == {1}
    assert done <= members <= {interface.decode() for interface in sent}
    # Without these, the cuts would have proved nothing: answered, and done but unanswered.
    assert done
    assert members - done


async def test_what_waits_for_an_answer_fails_at_once_when_the_link_is_lost(
    ami: Ami, pbx: Pbx
) -> None:
    patient = replace(ami, action_timeout=600.0)
    async with Proxy(ami.port) as proxy, linked(replace(patient, port=proxy.port)) as watched:
        pbx.freeze()
        try:
            waiting = asyncio.gather(
                *(watched.link.query(actions.ping()) for _ in range(20)), return_exceptions=True
            )
            await asyncio.sleep(0)
            proxy.cut()
            async with asyncio.timeout(PATIENCE):
                answers = await waiting
        finally:
            pbx.thaw()
        assert all(isinstance(answer, ConnectionLost) for answer in answers)
        assert not watched.link.connected
        with pytest.raises(ConnectionLost):
            await watched.link.ask(Nudge("x"))


async def test_a_frozen_asterisk_means_a_deadline_and_the_action_is_not_repeated(
    ami: Ami, pbx: Pbx
) -> None:
    async with Proxy(ami.port) as proxy:
        settings = replace(ami, port=proxy.port)
        async with linked(settings) as watched:
            pbx.freeze()
            settings.action_timeout = 0.3
            try:
                with pytest.raises(Deadline) as late:
                    await watched.link.ask(AddMember("support", PHONE, "Agent/2501", 0))
            finally:
                settings.action_timeout = ami.action_timeout
                pbx.thaw()
            assert late.value.code == "AsteriskTimeout"
            # It was on its way, so it is done yet, once; its late answer disturbs nobody.
            await watched.saw(events.MemberAdded, interface=PHONE)
            await watched.link.query(actions.ping())
            assert proxy.sent.count(b"Action: QueueAdd") == 1
            assert "down" not in watched.reports


async def test_a_peer_that_falls_silent_is_given_up(
    ami: Ami, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection.LOST_AFTER + connection.PING_AFTER / 2 <= 15
    monkeypatch.setattr(connection, "PING_AFTER", 1.0)
    monkeypatch.setattr(connection, "LOST_AFTER", 6.0)
    async with linked(ami) as watched:
        await asyncio.sleep(7)  # silent but alive: pings keep it
        assert "down" not in watched.reports
        pbx.freeze()
        try:
            await watched.until(lambda report: report == "down")
            assert not watched.link.connected
        finally:
            pbx.thaw()
        await watched.saw(Snapshot, watched.reports.index("down"))


async def test_an_asterisk_that_restarts_is_taken_as_it_then_is(ami: Ami, pbx: Pbx) -> None:
    async with linked(ami) as watched:
        await watched.link.ask(AddMember("support", PHONE, "Agent/2501", 0))
        await watched.saw(events.MemberAdded)
        start = len(watched.reports)
        await asyncio.to_thread(pbx.restart_asterisk)
        answering(pbx)
        await watched.until(lambda report: report == "down", start)
        # The Asterisk that ends may have been asked once more.
        snapshot = await watched.until(
            lambda report: isinstance(report, Snapshot) and not report.members, start
        )
        assert isinstance(snapshot, Snapshot)
        assert snapshot.queues >= {"support", "sales", "billing"}
        assert watched.link.connections >= 2


class Log:
    """What is logged with structlog from now on."""

    def __init__(self) -> None:
        self.entries: list[EventDict] = []
        self._added = asyncio.Event()

    def __call__(self, logger: object, level: str, entry: EventDict) -> NoReturn:
        self.entries.append(entry)
        self._added.set()
        raise structlog.DropEvent

    async def has(self, event: str, count: int = 1) -> EventDict:
        """The latest entry of this event, once there are `count` of them."""
        async with asyncio.timeout(PATIENCE):
            while (
                len(found := [entry for entry in self.entries if entry["event"] == event]) < count
            ):
                self._added.clear()
                await self._added.wait()
        return found[-1]


@pytest.fixture
def log() -> Iterator[Log]:
    before, log = structlog.get_config(), Log()
    structlog.configure(processors=[log])
    yield log
    structlog.configure(**before)


async def test_a_wrong_secret_is_said_clearly_and_never_written_down(
    ami: Ami, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = replace(ami, secret="Tr0ub4dor-wrong")
    watched = Watched(wrong)
    watched.link.start()
    refused = await log.has("Asterisk refused the login")
    assert refused["delay"] == connection.REFUSED_DELAY
    assert not watched.link.connected
    await watched.link.close()
    async with linked(ami):
        pass
    written = f"{caplog.text}{log.entries}"
    assert wrong.secret not in written
    assert ami.secret not in written


async def test_an_asterisk_that_is_not_there_is_tried_again(ami: Ami, log: Log) -> None:
    async with Proxy(ami.port) as proxy:
        port = proxy.port
    watched = Watched(replace(ami, port=port))
    watched.link.start()
    await log.has("cannot connect to Asterisk", count=3)
    with pytest.raises(AmiError):
        await watched.link.ask(Nudge("x"))
    await watched.link.close()


async def dial_support(watched: Watched) -> None:
    """A caller dials 3000 and stays on the line."""
    await watched.link.query(
        actions.Action(
            "Originate",
            (
                ("Channel", "Local/7002@default/n"),
                ("Context", "default"),
                ("Exten", "3000"),
                ("Priority", "1"),
                ("CallerID", '"Zoé" <0230210082>'),
                ("Async", "true"),
            ),
        )
    )


async def a_call_in_support(watched: Watched) -> None:
    """A caller dials 3000 and PHONE, a member of the queue, answers."""
    await watched.link.ask(AddMember("support", PHONE, "Agent/2501", 0))
    await dial_support(watched)
    connected = await watched.saw(events.AgentConnected)
    for unique_id in (connected.unique_id, connected.member_unique_id):
        await watched.saw(events.BridgeEntered, unique_id=unique_id)


async def test_a_snapshot_tells_what_the_events_told(ami: Ami, pbx: Pbx) -> None:
    async with linked(ami) as watched:
        await a_call_in_support(watched)
        started = await watched.saw(events.RecordingStarted)
        pbx.cli(f"dialplan set chanvar {started.channel} XUCD_MUTED 1")
        await watched.saw(events.VariableSet, name="XUCD_MUTED", value="1")
        await watched.link.ask(SetPause(PHONE, True, "lunch"))
        await watched.saw(events.MemberPaused, reason="lunch")
        await dial_support(watched)
        joined = await watched.until(
            lambda report: (
                isinstance(report, events.CallerJoined) and report.unique_id != started.unique_id
            )
        )
        assert isinstance(joined, events.CallerJoined)
        connected = await watched.saw(events.AgentConnected)
        entered = await watched.saw(events.BridgeEntered, unique_id=connected.unique_id)
        async with asyncio.timeout(PATIENCE):
            # Until the other end of the waiting caller has got on to Wait().
            while "!Answer!" in await asyncio.to_thread(pbx.cli, "core show channels concise"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        async with linked(ami) as late, linked(ami) as later:
            snapshot = await late.saw(Snapshot)
            again = await later.saw(Snapshot)

    assert snapshot.queues >= {"support", "sales", "billing"}
    (member,) = snapshot.members
    assert (member.queue, member.interface, member.member) == ("support", PHONE, "Agent/2501")
    assert (member.paused, member.reason) == (True, "lunch")
    assert member.last_pause > 0
    # How long the caller has waited by then depends on the machine.
    waiting = [msgspec.structs.replace(each, waited=0, at=joined.at) for each in snapshot.callers]
    assert waiting == [joined]
    assert snapshot.recorded == {started.unique_id: True, joined.unique_id: False}
    channels = {channel.unique_id: channel for channel in snapshot.channels}
    caller, agent = channels[connected.unique_id], channels[connected.member_unique_id]
    assert caller.application == "Queue"
    assert agent.application == "AppQueue"
    assert caller.bridge == agent.bridge == entered.bridge
    assert channels[joined.unique_id].bridge == ""
    assert not any(device.startswith("Queue:") for device in snapshot.devices)

    def ageless(snapshot: Snapshot) -> Snapshot:
        channels = (msgspec.structs.replace(channel, age=0) for channel in snapshot.channels)
        return msgspec.structs.replace(
            snapshot,
            channels=tuple(sorted(channels, key=lambda channel: channel.unique_id)),
            callers=tuple(msgspec.structs.replace(each, waited=0) for each in snapshot.callers),
            pbx_time=None,
        )

    assert ageless(snapshot) == ageless(again)


async def test_events_held_during_the_questions_leave_the_latest_word(ami: Ami) -> None:
    """Another link changes a member all the time; whenever one comes up, it ends up the same."""
    async with linked(ami) as other:
        await other.link.ask(AddMember("support", PHONE, "Agent/2501", 0))
        changing = True

        async def change() -> int:
            penalty = 0
            while changing:
                penalty += 1
                await other.link.ask(SetPenalty("support", PHONE, penalty))
            return penalty

        changes = asyncio.create_task(change())
        async with contextlib.AsyncExitStack() as stack:
            links = [await stack.enter_async_context(linked(ami)) for _ in range(5)]
            changing = False
            last = await changes
            for watched in links:
                snapshot = await watched.saw(Snapshot)
                start = watched.reports.index(snapshot)
                await watched.saw(events.MemberPenalty, start, penalty=last)
                penalties = [
                    report.penalty
                    for report in watched.reports[start:]
                    if isinstance(report, events.MemberPenalty)
                ]
                (member,) = snapshot.members
                assert penalties == list(range(penalties[0], last + 1))
                assert penalties[0] <= member.penalty + 1


async def test_a_recorded_link_replays_to_what_it_reported(
    ami: Ami, pbx: Pbx, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    with trace.open("wb") as file:
        async with linked(ami) as first:
            await a_call_in_support(first)
            async with linked(ami, on_raw=Recorder(file).write) as watched:
                await watched.link.ask(SetPause(PHONE, True, "déjeuner"))
                await watched.saw(events.MemberPaused, reason="déjeuner")
                pbx.cli("channel request hangup all")
                await watched.saw(events.ChannelGone)
                # Nothing may come between the last report and the last block written.
                await watched.link.query(actions.ping())
    steps = list(replay(trace))
    assert [step for _, step in steps] == [r for r in watched.reports if r != "down"]
    times = [time for time, _ in steps]
    assert times == sorted(times)
    assert len(steps) > 5
