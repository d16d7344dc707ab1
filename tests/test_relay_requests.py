"""Requests over HTTP between an edge and a PBX's owner, over a road that loses and delays."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.relay_world import NODE, RelayWorld
from xucd.center.refused import Refused
from xucd.cluster import packets as pk
from xucd.cluster import requests


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[RelayWorld]:
    monkeypatch.setattr(requests, "PART", 10)
    world = RelayWorld()
    try:
        world.settle()
        yield world
    finally:
        world.close()


def refusal(task: asyncio.Task[Any]) -> str:
    assert task.done()
    error = task.exception()
    assert isinstance(error, Refused)
    return f"{error.code} {'perhaps done' if error.partly else 'not done'}"


@pytest.mark.parametrize("length", [0, 1, 10, 11, 95])
def test_requests_and_answers_of_any_length_arrive_whole(world: RelayWorld, length: int) -> None:
    request = bytes(range(length))
    task = world.request(request)
    world.deliver_all()
    assert task.result() == request[::-1]
    assert world.center.served == [(pk.RequestSender(1, "s", "g", "192.0.2.1"), request)]


def test_of_a_long_request_one_part_is_on_the_road_at_a_time(world: RelayWorld) -> None:
    task = world.request(b"long" * 30)
    client = world.client(1)
    asked = world.ask(client)
    most = 0
    while not task.done():
        most = max(most, *(sum(len(each) for each in road) for road in (world.to_owner, [b""])))
        world.deliver(world.to_owner or world.to_edge)
        if not asked.done():
            # What another asks for is not behind all of it.
            assert world.center.served == []
    assert asked.done()
    assert most < 400
    assert task.result() == (b"long" * 30)[::-1]


def test_a_request_is_refused_at_once_while_the_owner_is_away(world: RelayWorld) -> None:
    world.cut = True
    for _ in range(8):
        world.wait()
    assert refusal(world.request(b"x")) == "PbxUnavailable not done"


def test_a_request_whose_owner_is_lost_before_all_of_it_was_sent_is_not_begun(
    world: RelayWorld,
) -> None:
    task = world.request(b"long" * 30)
    world.deliver(world.to_owner)
    world.deliver(world.to_edge)
    world.start_owner()
    world.settle()
    assert refusal(task) == "PbxUnavailable not done"
    assert world.center.served == []


def test_a_request_that_comes_too_late_is_not_begun_and_is_refused(world: RelayWorld) -> None:
    task = world.request(b"late")
    (packet,) = world.to_owner
    world.to_owner.clear()
    for _ in range(12):
        # The owner is heard, and the road to it is slow.
        world.loop.now += 0.5
        world.owner.beat()
        world.deliver_all()
    assert refusal(task) == "PbxUnavailable not done"
    world.owner.receive(NODE, packet)
    world.run()
    assert world.center.served == []


def test_a_request_whose_owner_is_lost_between_two_parts_of_the_answer_may_have_been_done(
    world: RelayWorld,
) -> None:
    task = world.request(b"answered in parts")
    while not world.center.served:
        world.deliver(world.to_owner or world.to_edge)
    world.run()
    while world.to_edge:
        world.edge.receive(world.to_edge.pop(0))
    world.edge.lost()
    world.run()
    assert refusal(task) == "PbxUnavailable perhaps done"


def test_a_request_whose_owner_is_lost_within_the_answer_may_have_been_done(
    world: RelayWorld,
) -> None:
    task = world.request(b"long" * 30)
    while not world.center.served:
        world.deliver(world.to_owner or world.to_edge)
    world.deliver(world.to_edge)
    world.start_owner()
    world.settle()
    assert refusal(task) == "PbxUnavailable perhaps done"


def test_whatever_the_road_delays_a_request_is_begun_in_time_and_once_or_not_at_all(
    world: RelayWorld,
) -> None:
    for seed in range(40):
        chance = random.Random(seed)
        world.center.begun.clear()
        asked = world.loop.now
        task = world.request(b"x")
        for _ in range(chance.randrange(30)):
            world.wait(chance.choice((0.2, 0.5, 1.0)))
            if chance.random() < 0.5:
                world.deliver_all()
        world.settle()
        assert task.done()
        assert all(begun <= asked + 5.0 for begun in world.center.begun), seed
        assert len(world.center.begun) <= 1, seed
        if task.exception() is not None and refusal(task).endswith("not done"):
            assert world.center.begun == [], seed
