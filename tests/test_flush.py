"""What is published and sent in a turn reaches each client once, whole and in order, by one write.

A machine publishes, sends, subscribes and closes in any order, beside a model that has a list for
each client. tests/test_ws_socket_writer.py does some of it on real sockets.
"""

from __future__ import annotations

from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from xucd.cti.audiences import Audiences
from xucd.cti.flush import FEW, Flush, _Audience, _by_members, _by_sets

CLIENTS = range(4 * FEW)
TOPICS = ("everybody", "states", "members", "calls", "statistics", "own")


class Loop:
    """A loop that only remembers whether it is to flush."""

    due = False

    def call_soon(self, _callback: object) -> None:
        self.due = True


class Writer:
    """A client's socket writer; `room` is how much its socket takes of a write."""

    def __init__(self) -> None:
        self.queued: list[bytes] = []
        self.written: list[bytes] = []
        self.room = 1 << 30
        self.kept = 0

    def take(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        self.written.append(data[: self.room])
        return len(self.written[-1])

    def keep(self, rest: bytes) -> None:
        self.written.append(rest)
        self.kept += 1

    def push(self, data: bytes) -> None:
        self.written.append(data)


class Turns(RuleBasedStateMachine):
    """Any order of what can happen in a turn."""

    @initialize()
    def begin(self) -> None:
        """At first each client subscribes to all topics, of which each has its own audience."""
        self.loop, self.number, self.before = Loop(), 0, 0
        self.flush = Flush(cast(Any, self.loop), before=self.count)
        self.audiences = Audiences(self.flush.uses)
        self.writers: list[Any] = [Writer() for _ in CLIENTS]
        self.subscribed: dict[str, set[int]] = {topic: set() for topic in TOPICS}
        for topic in TOPICS:
            self.subscribe(topic, set(CLIENTS))
        self.due: list[list[bytes]] = [[] for _ in CLIENTS]

    def count(self) -> None:
        self.before += 1

    def frame(self) -> bytes:
        self.number += 1
        return b"<%d>" % self.number

    @rule(topic=st.sampled_from(TOPICS), clients=st.sets(st.sampled_from(CLIENTS)))
    def subscribe(self, topic: str, clients: set[int]) -> None:
        """Some clients subscribe to a topic."""
        for client in clients:
            self.audiences.add(topic, self.writers[client])
        self.subscribed[topic] |= clients

    @rule(topic=st.sampled_from(TOPICS), clients=st.sets(st.sampled_from(CLIENTS)))
    def unsubscribe(self, topic: str, clients: set[int]) -> None:
        """Some end their subscriptions."""
        for client in clients:
            self.audiences.discard(topic, self.writers[client])
        self.subscribed[topic] -= clients

    @rule(topics=st.lists(st.sampled_from(TOPICS), min_size=1, unique=True))
    def publish(self, topics: list[str]) -> None:
        """A message to all who subscribe to any of some topics."""
        frame = self.frame()
        for audience in self.audiences.of(topics):
            self.flush.publish(audience, frame)
        for client in set().union(*(self.subscribed[topic] for topic in topics)):
            self.due[client].append(frame)

    @rule(client=st.sampled_from(CLIENTS))
    def send(self, client: int) -> None:
        """A message to one client."""
        frame = self.frame()
        self.flush.send(self.writers[client], frame)
        self.due[client].append(frame)

    @rule(client=st.sampled_from(CLIENTS))
    def close(self, client: int) -> None:
        """A client's link ends: what is due to it is written at once."""
        assert self.flush.withdraw(self.writers[client]) == self.due[client]
        for topic in TOPICS:
            self.audiences.discard(topic, self.writers[client])
            self.subscribed[topic].discard(client)
        self.writers[client] = Writer()
        self.due[client] = []

    @rule(client=st.sampled_from(CLIENTS), room=st.sampled_from((0, 1, 1 << 30)))
    def has_room(self, client: int, room: int) -> None:
        """A socket takes less, or all again."""
        self.writers[client].room = room

    @rule()
    def end_of_turn(self) -> None:
        """All is written."""
        before, self.loop.due = self.before, False
        self.flush.run()
        assert self.before == before + 1
        for writer, due in zip(self.writers, self.due, strict=True):
            assert b"".join(writer.written) == b"".join(due)
            assert len(writer.written) - writer.kept <= 1
            writer.written, writer.kept = [], 0
            due.clear()
        assert self.flush.idle

    @invariant()
    def a_flush_is_scheduled(self) -> None:
        """As long as anything is due."""
        if hasattr(self, "due") and any(self.due):
            assert self.loop.due

    @invariant()
    def only_who_subscribes_is_in_an_audience(self) -> None:
        """Nobody is forgotten, or left behind."""
        if hasattr(self, "subscribed"):
            for topic, clients in self.subscribed.items():
                found = self.audiences.of([topic])
                members = found[0] if found else set()
                assert members == {self.writers[client] for client in clients}


TestTurns = Turns.TestCase
TestTurns.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(audiences=st.lists(st.sets(st.sampled_from(CLIENTS))))
def test_a_turn_is_divided_alike_by_whole_sets_and_member_by_member(
    audiences: list[Any],
) -> None:
    of = [_Audience(members) for members in audiences]
    assert {who: members for who, members in _by_sets(of).items() if members} == _by_members(of)
