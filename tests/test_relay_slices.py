"""The beginning of a feed between an edge with many clients and the owner of a large PBX."""

from __future__ import annotations

from typing import Any

import pytest

from tests.relay_world import NODE, QUEUES, USERS, RelayWorld, cut_off, in_small_slices
from tests.test_relay import a_world
from xucd.cluster import owner
from xucd.cti.streams.topics import encode_topic
from xucd.views import topics


def begin_anew(world: RelayWorld) -> None:
    """The edge has lost the owner, and begins another feed: what it says is on the road."""
    cut_off(world)
    world.cut = False
    while not world.to_owner:
        world.wait()


def deliver_to_owner(world: RelayWorld) -> None:
    """All that is on the road to the owner arrives, and nothing that is on the way back."""
    while world.to_owner:
        world.deliver(world.to_owner)


def test_sessions_of_before_name_a_topic_once_and_are_not_told_what_they_get() -> None:
    with a_world() as world:
        clients = [world.client(1) for _ in range(5)]
        world.deliver_all()
        for client in clients:
            world.ask(client)
        world.deliver_all()
        begin_anew(world)
        named = encode_topic((topics.QUEUE_MEMBERS, None))
        assert b"".join(world.to_owner).count(named) == 1
        deliver_to_owner(world)
        told = b"".join(world.to_edge)
        assert b"SnapshotEnds" in told
        assert b"SubscribeSession" not in told
        world.settle()
        world.set_member(1, 1, 0)
        world.deliver_all()
        assert [client.members for client in clients] == [{(1, 1): 0}] * 5


def test_an_owner_takes_a_slice_of_sessions_in_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_slices(monkeypatch)
    with a_world() as world:
        clients = [world.client(user_id) for user_id in USERS]
        world.deliver_all()
        begin_anew(world)
        taken: list[int] = []
        session_of = owner.PbxOwner._session

        def counted(self: Any, edge: Any, item: Any) -> Any:
            taken.append(item.session)
            return session_of(self, edge, item)

        monkeypatch.setattr(owner.PbxOwner, "_session", counted)
        for packet in world.to_owner:
            world.owner.receive(NODE, packet)
        world.to_owner.clear()
        assert taken == [1]
        world.run()
        assert taken == [1, 2, 3]
        world.settle()
        world.set_phone(3, 4)
        world.deliver_all()
        assert clients[2].phone == 4


def test_who_leaves_between_two_slices_of_sessions_is_gone_at_the_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_small_slices(monkeypatch)
    with a_world() as world:
        first, last = world.client(1), world.client(2)
        world.deliver_all()
        begin_anew(world)
        for packet in world.to_owner:
            world.owner.receive(NODE, packet)
        world.to_owner.clear()
        world.leave(last)
        world.leave(first)
        world.owner.receive(NODE, world.to_owner.pop(0))
        world.settle()
        assert not world.owner_hub.has_subscribers([topics.own_phone(1), topics.own_phone(2)])


def test_a_membership_that_ends_between_two_slices_of_sessions_is_told_as_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_small_slices(monkeypatch)
    with a_world() as world:
        world.client(1)
        client = world.client(2)
        world.set_member(1, 1, 0)
        world.deliver_all()
        world.ask(client)
        world.deliver_all()
        begin_anew(world)
        world.deliver(world.to_owner)
        world.deliver(world.to_owner)
        world.set_member(1, 1, -1)
        world.settle()
        assert client.members == {}


def test_an_edge_that_is_slow_to_take_a_snapshot_is_sent_a_few_slices_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_small_slices(monkeypatch)
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        world.ask(client)
        world.deliver_all()
        for agent_id in USERS:
            for queue_id in QUEUES:
                world.set_member(agent_id, queue_id, 0)
        begin_anew(world)
        deliver_to_owner(world)
        told = b"".join(world.to_edge)
        assert told.count(b"SliceShown") == owner.AHEAD + 1
        assert b"SnapshotEnds" not in told
        world.settle()
        assert client.members == world.center.members


def test_an_edge_tells_a_slice_of_its_sessions_in_a_turn_but_not_of_one_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_small_slices(monkeypatch)
    with a_world() as world:
        clients = [world.client(user_id) for user_id in USERS]
        world.deliver_all()
        cut_off(world)
        world.cut = False
        world.loop.now += 1.0
        world.edge.begin()
        assert b"".join(world.to_owner).count(b"SessionsBefore") == 1
        world.leave(clients[1])
        world.settle()
        assert [client.link for client in clients] == ["current", "lost", "current"]


def test_of_a_feed_that_is_over_an_edge_tells_no_further_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_small_slices(monkeypatch)
    with a_world() as world:
        for user_id in USERS:
            world.client(user_id)
        world.deliver_all()
        cut_off(world)
        world.cut = False
        world.loop.now += 1.0
        world.edge.begin()
        world.edge.lost()
        world.to_owner.clear()
        world.loop.now += 1.0
        world.edge.begin()
        world.run()
        assert b"".join(world.to_owner).count(b"SessionsBefore") == len(USERS) + 1
        world.settle()


def test_homes_of_many_agents_are_told_in_slices_and_as_they_are_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_small_slices(monkeypatch)
    told: list[tuple[int, int]] = []
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        world.center.homes.update({agent_id: 0 for agent_id in range(1, 11)})
        monkeypatch.setattr(
            world.pbxs, "_at_home", lambda pbx, agent_id, number: told.append((agent_id, number))
        )
        begin_anew(world)
        deliver_to_owner(world)
        # No more than the edge has taken, and others have their turn.
        assert b"".join(world.to_edge).count(b"AgentAtHome") == owner.AHEAD + 1
        world.center.homes[1] = 7
        world.set_phone(1, 8)
        world.settle()
        assert len(told) == 11
        assert dict(told) == world.center.homes
        assert (client.phone, client.link) == (8, "current")
