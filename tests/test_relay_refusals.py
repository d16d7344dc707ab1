"""Edges that an owner does not serve: it says so once, and what is to be done."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.relay_world import NODE, USERS, RelayWorld
from tests.test_relay import a_world
from xucd.center.directory import MAIN
from xucd.center.rights import rights_of
from xucd.cluster import schema
from xucd.cluster.edge import Edge, FeedParts, FeedPath
from xucd.cti.hub import Hub


def errors(logs: list[Any]) -> list[tuple[str, str]]:
    return [(each["event"], each["reason"]) for each in logs if each["log_level"] == "error"]


def test_an_edge_of_another_version_is_told_once_with_both_numbers_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with a_world() as world, capture_logs() as logs:
        client = world.client(1)
        for _ in range(10):
            with monkeypatch.context() as patch:
                patch.setattr(schema, "OLDEST", 7)
                patch.setattr(schema, "SCHEMA", 7)
                world.edge.lost()
                world.wait()
            world.deliver_all()
        reason = (
            f"the edge speaks schema 7, the owner of the PBX schema {schema.SCHEMA}: "
            "run the same version of xucd on both"
        )
        assert errors(logs) == [
            ("an edge is refused", reason),
            ("the PBX's owner refuses this edge", reason),
        ]
        assert client.link == "lost"
        world.settle()
        assert client.link == "current"


class Rival:
    """Another edge of the same name."""

    def __init__(self, world: RelayWorld) -> None:
        self.world = world
        self.times_there = 0
        self.hellos = 0  # of both
        self.edge = Edge(
            FeedPath(NODE, MAIN),
            Hub(world.loop),
            FeedParts(
                rights_of=lambda user: rights_of(user, strict=False),
                stale=lambda session: None,
                dismiss=lambda session: None,
                at_home=lambda agent_id, number: None,
                heard=lambda topics, message: None,
                settled=self._settled,
            ),
            world.send_to_owner,
            world.loop,
        )

    def _settled(self) -> None:
        self.times_there += 1

    def go_on(self, seconds: float) -> None:
        """Time goes on for both: what the owner sends to their name comes to both."""
        for _ in range(int(seconds * 2)):
            self.world.wait()
            self.edge.tick()
            self.world.run()
            self.hellos += b"".join(self.world.to_owner).count(b"Hello")
            while self.world.to_owner or self.world.to_edge:
                if self.world.to_edge:
                    self.edge.receive(self.world.to_edge[0])
                self.world.deliver(self.world.to_edge or self.world.to_owner)


def test_of_two_edges_of_one_name_the_later_one_is_served_and_both_are_named_once() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        with capture_logs() as logs:
            rival = Rival(world)
            rival.go_on(30.0)
        told = errors(logs)
        assert [event for event, _ in told] == [
            "an edge is refused",
            "the PBX's owner refuses this edge",
        ]
        for _, reason in told:
            assert reason.startswith(f"two edges are called {NODE}, on ")
            assert reason.endswith(": give each a cluster.node of its own")
        assert (rival.edge.has_owner, rival.times_there) == (True, 1)
        assert rival.hellos < 20
        assert client.link == "lost"
        world.settle()  # the other one has ended, and is heard no more
        assert client.link == "current"


def test_an_edge_that_is_started_again_is_served_at_once() -> None:
    with a_world() as world, capture_logs() as logs:
        for user_id in USERS:
            world.start_edge()
            client = world.client(user_id)
            world.wait()
            world.deliver_all()
            assert client.phone == 0
        assert errors(logs) == []
