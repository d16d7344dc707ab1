"""The log of streams gives a client exactly what it missed, or nothing: over kills of xucd as well.

Kills are simulated here: what was not written to the file is gone, and nobody has received it.
tests/test_sigkill.py and integration/test_resume_restart.py kill a real daemon.
"""

from __future__ import annotations

import gc
import itertools
import tempfile
import weakref
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from xucd.center.rights import Rights
from xucd.cti import messages as msg
from xucd.cti.messages import AgentListen, encode
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams import told
from xucd.cti.streams.file import StreamFile
from xucd.cti.streams.log import StreamLog
from xucd.cti.streams.records import Owner, Tick, packed
from xucd.cti.streams.topics import decode_topic, encode_topic

TOPICS = ("everybody", ("agent states", 3), ("agent configurations", Rights(8, None, None)))
SIGN_IN = SignInKey("one", "first")
CLIENTS = ("bruce", "alice", "jack")


def unframed(frame: bytes) -> tuple[int, int]:
    """A frame's position and the number of its message."""
    content = msgspec.json.decode(frame[frame.index(b"{") :])
    return content["position"], content["ctiMessage"]["agentId"]


class _Client:
    """What a client is to receive, and how much of it it has read."""

    def __init__(self) -> None:
        self.epoch = ""
        self.start = 0
        self.subscribed: set[object] = set()
        self.due: list[tuple[int, int, float]] = []  # position, number, time
        self.read = 0
        self.written = 0  # how much of it may have been sent
        self.subscribed_before: set[object] = set()  # as of when that was written

    @property
    def position(self) -> int:
        return self.due[self.read - 1][0] if self.read else self.start


class Streams(RuleBasedStateMachine):
    """Any order of subscribing, publishing, reading, killing and resuming."""

    keep = 1e9
    limit = 1 << 30
    size = 10
    kills = 0

    @initialize()
    def begin(self) -> None:
        """Three clients open their streams."""
        self.folder = tempfile.TemporaryDirectory()
        self.time = 1000.0
        self.numbers = itertools.count(1)
        self.log = self._new_log()
        self.log.load()
        self.clients = {name: _Client() for name in CLIENTS}
        for name, client in self.clients.items():
            stream = self.log.open(Owner(CLIENTS.index(name), b"rights"), SIGN_IN)
            client.epoch, client.start = stream.epoch, self.log.position
        self._write()

    def _new_log(self) -> StreamLog:
        file = StreamFile(
            Path(self.folder.name, "streams"), "boot", keep=self.keep, limit=self.limit
        )
        return StreamLog(lambda: self.time, file, keep=self.keep, limit=self.limit)

    def _write(self) -> None:
        self.log.write()
        for client in self.clients.values():
            client.written = len(client.due)
            client.subscribed_before = set(client.subscribed)

    @rule(topics=st.sets(st.sampled_from(TOPICS), min_size=1))
    def publish(self, topics: set[object]) -> None:
        """A message to the subscribers of some topics."""
        number = next(self.numbers)
        body = AgentListen(started=True, phone_number="x" * self.size, agent_id=number)
        heard = [client for client in self.clients.values() if client.subscribed & topics]
        if heard:  # as the hub does: nothing is published to nobody
            all_of_them = sorted(topics, key=repr)
            frame = self.log.publish(all_of_them, all_of_them, body, encode(body))
            position, _ = unframed(frame)
            for client in heard:
                client.due.append((position, number, self.time))

    @rule(name=st.sampled_from(CLIENTS))
    def answer(self, name: str) -> None:
        """A message to one client."""
        client, number = self.clients[name], next(self.numbers)
        stream = self.log.streams.get(client.epoch)
        if stream is not None:
            body = AgentListen(started=True, phone_number="x" * self.size, agent_id=number)
            position, _ = unframed(self.log.send(stream, encode(body)))
            client.due.append((position, number, self.time))

    @rule(name=st.sampled_from(CLIENTS), topic=st.sampled_from(TOPICS))
    def subscribe(self, name: str, topic: object) -> None:
        """A client subscribes, perhaps once more."""
        client = self.clients[name]
        self.log.subscribe(self.log.streams[client.epoch], topic)
        client.subscribed.add(topic)

    @rule(name=st.sampled_from(CLIENTS), topic=st.sampled_from(TOPICS))
    def unsubscribe(self, name: str, topic: object) -> None:
        """A client ends a subscription, if it has it."""
        client = self.clients[name]
        self.log.unsubscribe(self.log.streams[client.epoch], topic)
        client.subscribed.discard(topic)

    @rule()
    def end_of_turn(self) -> None:
        """What is new is written, and then sent."""
        self._write()

    @rule(name=st.sampled_from(CLIENTS), share=st.floats(0, 1))
    def read(self, name: str, share: float) -> None:
        """A client reads some of what it was sent."""
        client = self.clients[name]
        client.read += int(share * (client.written - client.read))

    @rule(seconds=st.sampled_from((0.1, 2.0, 50.0)))
    def time_passes(self, seconds: float) -> None:
        """With it files and messages get old."""
        self.time += seconds
        self.log.tick()
        self._write()

    @rule(cut=st.integers(0, 30))
    def kill(self, cut: int) -> None:
        """What was not written is gone; of the last write a part may stand in the file."""
        self.kills += 1
        file = self.log._file
        assert file is not None
        number = file._number if file._file is not None else file._number + 1
        file.close()
        with Path(self.folder.name, f"streams.{number}").open("ab") as written:
            written.write(packed(Tick(self.time))[:-1][:cut])
        for client in self.clients.values():
            del client.due[client.written :]
            client.subscribed = set(client.subscribed_before)
        self.log = self._new_log()
        self.log.load()

    @invariant()
    def each_gets_exactly_what_it_missed(self) -> None:
        """From wherever it has read to."""
        for client in self.clients.values() if hasattr(self, "clients") else ():
            stream = self.log.streams[client.epoch]
            self.check(client, self.log.after(stream, client.position))
            assert self.log.after(stream, self.log.position + 1) is None

    def check(self, client: _Client, frames: list[bytes] | None) -> None:
        """With no limits, all of it."""
        assert frames is not None
        expected = [(position, number) for position, number, _ in client.due[client.read :]]
        assert [unframed(frame) for frame in frames] == expected

    def teardown(self) -> None:
        """Give the files back."""
        if hasattr(self, "log"):
            self.log.close()
            self.folder.cleanup()


class BoundedStreams(Streams):
    """With a log that holds little, it is all or nothing."""

    keep = 60.0
    limit = 2000
    size = 100

    def check(self, client: _Client, frames: list[bytes] | None) -> None:
        """Nothing only if some of it is too old, or the log was full; each start begins a file."""
        if frames is not None:
            super().check(client, frames)
            return
        missed = client.due[client.read :]
        since = missed[0][0] if missed else 0
        after = {d[0] for each in self.clients.values() for d in each.due if d[0] >= since}
        assert missed
        full = len(after) * 170 + self.kills * 400 > self.limit // 4
        assert missed[0][2] < self.time - self.keep + 2 or full


TestStreams = Streams.TestCase
TestBoundedStreams = BoundedStreams.TestCase
TestStreams.settings = TestBoundedStreams.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


STORED = {
    msg.CallbackTaken,
    msg.CallbackReleased,
    msg.CallbackClotured,
    msg.CallbackRequestUpdated,
    msg.CallbackStarted,
    msg.UserQueueDefaultMembership,
    msg.UsersQueueDefaultMembership,
}
"""Of the store, which is compared at the start: `callbacks.known`, `default_memberships`."""

FIGURES = {msg.AgentStatistics, msg.QueueStatistics, msg.QueueCalls}
"""Told in any case: `xucd/publishing/differences.py`."""

CONFIGURED = {
    msg.RightProfile,
    msg.UsersStatuses,
    msg.UserConfigUpdate,
    msg.LineConfig,
    msg.QueueConfig,
}
"""When they are others, nobody resumes."""

ANSWERS = {
    msg.LoggedOn,
    msg.Error,
    msg.CommandResult,
    msg.AgentError,
    msg.CurrentCallsPhoneEvents,
    msg.AgentList,
    msg.AgentDirectory,
    msg.AgentGroupList,
    msg.QueueMemberList,
    msg.QueueList,
    msg.GetQueueStatistics,
    msg.CallbackLists,
    msg.PreferredCallbackPeriodList,
    msg.FindCallbackResponseWithId,
}
"""What a client has asked for; the changes of it are other messages."""

MOMENTS = {msg.LinkStatus, msg.Sheet}
"""Something that happens; `LinkStatus` is told anew at each start."""


def test_what_the_log_loses_is_freed() -> None:
    """Messages refer to topics, which refer to them, and the garbage collector does not look."""
    for lose in (StreamLog.end_all, StreamLog.lose_messages):
        log = StreamLog(lambda: 1.0)
        stream = log.open(Owner(1, b"rights"), SIGN_IN)
        for number, topic in enumerate(TOPICS):
            log.subscribe(stream, topic)
            body = AgentListen(started=True, phone_number="", agent_id=number)
            log.publish([topic], [topic], body, encode(body))
            log.send(stream, encode(body))
        kept = [weakref.ref(topic.entries) for topic in log._topics.values()]
        lose(log)
        gc.collect()
        assert [entries() for entries in kept] == [None] * len(TOPICS)


def test_of_every_message_it_is_known_how_its_changes_are_told_over_a_restart() -> None:
    kinds: list[type] = [*told._ABOUT, *STORED, *FIGURES, *CONFIGURED, *ANSWERS, *MOMENTS]
    assert sorted(kind.__name__ for kind in kinds) == sorted(msg.MESSAGES)


def test_topics_are_written_alike_in_every_process_and_read_back() -> None:
    for topic in (
        "everybody",
        ("everybody", None),
        ("agent states", "agent 8"),
        ("callback lists", frozenset({300, 2, 1})),
        ("agent configurations", Rights(8, frozenset({5, 1, 300}), None, supervisor=True)),
    ):
        assert decode_topic(encode_topic(topic)) == topic
    one = ("callback lists", frozenset([8, 16, 1]))
    other = ("callback lists", frozenset([16, 1, 8]))
    encode_topic.cache_clear()
    first = encode_topic(one)
    encode_topic.cache_clear()
    assert encode_topic(other) == first
