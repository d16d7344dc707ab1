"""What two owners tell each other of agents in each other's queues, over bad roads."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from tests.plugin_proofs import Proof
from tests.relay_world import Loop
from xucd.center.agent import Recording
from xucd.center.refused import Refused
from xucd.center.visitors import Visitor
from xucd.cluster import packets as pk
from xucd.cluster import visits
from xucd.cluster.visits import CallData, HomeParts, HostParts, VisitsHome, VisitsHost


class World:
    """A home with agents, and a host that has them as visitors, with a road for each way.

    `loses` and `repeats` are the shares of packets that are lost, and that come again later.
    """

    def __init__(self, loop: Loop, chance: random.Random) -> None:
        self.loop, self.chance = loop, chance
        self.agents: dict[int, Visitor] = {}
        self.current = True
        self.seen: dict[int, Visitor] = {}
        self.heard = False
        self.loses = self.repeats = 0.0
        self.roads: tuple[list[bytes], list[bytes]] = [], []
        self.calls: dict[str, CallData] = {}
        self.recordings: dict[str, Recording] = {}  # at the host
        self.here: dict[str, Recording] = {}  # as the home knows them
        self.knows = True  # whether the host knows its Asterisk's state
        self.start_home()
        self.start_host()

    def start_home(self) -> None:
        parts = HomeParts(
            visitors=lambda: list(self.agents.values()),
            calls=lambda: list(self.here),
            is_current=lambda: self.current,
            recorded=self.here.__setitem__,
        )
        self.home = VisitsHome(parts, self._road(0), self.loop)

    def start_host(self) -> None:
        self.seen, self.heard = {}, False
        parts = HostParts(
            told=self._told,
            left=self._left,
            whole=self._whole,
            lost=self._lost,
            call=self._call,
            ways=lambda linked_id: [linked_id] if linked_id in self.recordings else [],
            recording=lambda ways: self.recordings.get(ways[0]) if ways else None,
            pause=self._pause,
            is_current=lambda: self.knows,
        )
        self.host = VisitsHost("north", parts, self._road(1), self.loop)

    def _road(self, way: int) -> Callable[[bytes], bool]:
        def send(packet: bytes) -> bool:
            if self.chance.random() >= self.loses:
                self.roads[way].append(packet)
            if self.chance.random() < self.repeats:
                self.roads[way].insert(0, packet)
            return True

        return send

    def carry(self) -> None:
        """Bring everything where it goes, also what is sent in answer."""
        while self.roads[0] or self.roads[1]:
            while self.roads[0]:
                self.host.receive(self.roads[0].pop(0))
            while self.roads[1]:
                self.home.receive(self.roads[1].pop(0))

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / 0.5)):
            self.loop.now += 0.5
            self.host.tick()
            self.home.tick()
            self.carry()

    def change(self, agent_id: int) -> None:
        if self.chance.random() < 0.3:
            self.agents.pop(agent_id, None)
        else:
            queues = {1: self.chance.randrange(9)}
            paused = self.chance.random() < 0.5
            self.agents[agent_id] = Visitor(agent_id, 0, "2001", queues, paused=paused)
        self.home.send(agent_id, self.agents.get(agent_id))

    def _told(self, visitor: Visitor) -> None:
        self.seen[visitor.agent_id] = visitor

    def _left(self, agent_id: int) -> None:
        self.seen.pop(agent_id, None)

    def _whole(self, agent_ids: set[int]) -> None:
        self.heard = True
        self.seen = {key: each for key, each in self.seen.items() if key in agent_ids}

    def _lost(self) -> None:
        self.heard = False

    async def _pause(self, ways: list[str], paused: bool) -> None:
        if not ways:
            raise Refused("NotRecorded", "It is not.")
        self.recordings[ways[0]] = "PAUSED" if paused else "ACTIVE"
        self.host.send_recordings()

    def _call(self, linked_id: str) -> CallData:
        return self.calls.get(linked_id, CallData({}))


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def world(loop: Loop) -> World:
    return World(loop, random.Random(7))


def test_a_host_hears_all_visitors_and_every_change(world: World) -> None:
    world.change(1)
    world.agents[2] = Visitor(2, 0, "2002", {1: 0})
    world.passes(1)
    assert world.heard
    assert world.seen == world.agents
    world.change(2)
    world.carry()
    assert world.seen == world.agents


def test_what_has_not_changed_is_not_said_again(world: World) -> None:
    world.agents[2] = Visitor(2, 0, "2002", {1: 0})
    world.passes(1)
    world.home.send(2, world.agents[2])
    world.home.send(3, None)
    assert world.roads == ([], [])


def test_a_home_that_is_silent_or_does_not_know_its_asterisk_is_not_heard(world: World) -> None:
    world.passes(1)
    world.current = False
    world.passes(0.5)
    assert not world.heard
    world.current = True
    world.passes(0.5)
    assert world.heard
    world.loses = 1.0
    world.passes(visits.SILENCE_S + 1)
    assert not world.heard
    world.loses = 0.0
    world.passes(2)
    assert world.heard


def test_a_host_that_is_away_is_told_nothing_until_it_asks_again(world: World) -> None:
    world.passes(1)
    world.loses = 1.0
    world.loop.now += visits.GONE_S + 1
    world.home.tick()
    assert world.home._sending is None
    world.loses = 0.0
    world.change(1)
    world.passes(1)
    assert world.seen == world.agents


def test_a_late_packet_of_a_feed_that_is_over_ends_no_other(world: World) -> None:
    world.passes(1)
    world.host.tick()
    late = list(world.roads[1])
    world.roads[1].clear()
    world.start_host()
    world.passes(1)
    for packet in late:
        world.home.receive(packet)
    world.carry()
    world.change(1)
    world.carry()
    assert world.heard
    assert world.seen == world.agents


def test_what_a_host_knows_of_a_call_is_told(world: World) -> None:
    world.calls["17.3"] = CallData({"USR_A": "1"}, "sheet")

    async def ask() -> CallData | None:
        asked = asyncio.ensure_future(world.home.ask("17.3"))
        await asyncio.sleep(0)  # let it begin
        world.carry()
        return await asked

    assert world.loop.run_until_complete(ask()) is None  # there is no feed yet
    world.passes(1)
    assert world.loop.run_until_complete(ask()) == world.calls["17.3"]


def test_a_question_ends_with_the_feed(world: World) -> None:
    world.passes(1)

    async def ask() -> CallData | None:
        asked = asyncio.ensure_future(world.home.ask("17.3"))
        await asyncio.sleep(0)  # let it begin
        world.roads[1].clear()
        world.roads[0].clear()
        world.start_host()
        world.host.tick()
        world.carry()
        return await asked

    assert world.loop.run_until_complete(ask()) is None


def test_a_home_hears_whether_its_calls_are_recorded_also_after_another_feed(world: World) -> None:
    world.recordings.update({"17.3": "ACTIVE", "17.4": "ACTIVE"})
    world.here["17.3"] = "DISABLED"
    world.passes(1.5)
    assert world.here == {"17.3": "ACTIVE"}  # and nothing of a call that is not there
    world.recordings["17.3"] = "PAUSED"
    world.host.send_recordings()
    world.carry()
    assert world.here == {"17.3": "PAUSED"}
    world.start_host()
    world.recordings["17.3"] = "ACTIVE"
    world.passes(1.5)
    assert world.here == {"17.3": "ACTIVE"}
    del world.recordings["17.3"]
    world.host.send_recordings()
    assert world.host._watched == {}


def test_what_a_host_does_not_know_yet_of_a_call_is_told_once_it_does(world: World) -> None:
    world.here["17.3"] = "PAUSED"  # as it was before the host was started anew
    world.knows = False
    world.recordings["17.3"] = "DISABLED"
    world.passes(2)
    assert world.here == {"17.3": "PAUSED"}
    world.recordings["17.3"] = "ACTIVE"
    world.knows = True
    world.host.send_recordings()
    world.carry()
    assert world.here == {"17.3": "ACTIVE"}
    world.here["17.3"] = "PAUSED"  # whatever it was that went wrong
    world.passes(visits.AGAIN / 2 + 1)
    assert world.here == {"17.3": "ACTIVE"}


def test_what_no_change_told_of_a_visitor_is_told_after_a_while(world: World) -> None:
    world.change(1)
    world.passes(1)
    world.agents[2] = Visitor(2, 0, "2002", {1: 0})
    world.passes(visits.AGAIN / 2 + 1)
    assert world.seen == world.agents


def test_a_recording_is_paused_at_the_host_or_it_is_said_why_not(world: World) -> None:
    world.recordings["17.3"] = "ACTIVE"

    async def pause(linked_id: str, *, answered: bool = True) -> str:
        asked = asyncio.ensure_future(world.home.pause(linked_id, paused=True))
        for _ in range(3):
            await asyncio.sleep(0)  # let it begin, and the host pause it
            if answered:
                world.carry()
        if not answered:
            world.home._over()
        try:
            await asked
        except Refused as refused:
            return refused.code
        return ""

    run = world.loop.run_until_complete
    assert run(pause("17.3")) == "PbxUnavailable"
    world.passes(1)
    assert run(pause("17.3")) == ""
    assert world.recordings == {"17.3": "PAUSED"}
    assert run(pause("17.4")) == "NotRecorded"
    assert run(pause("17.3", answered=False)) == "PbxUnavailable"


def test_another_schema_is_refused_in_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "SCHEMA", 9)
    monkeypatch.setattr(visits, "OLDEST", 9)
    world.host.tick()
    monkeypatch.undo()
    world.carry()
    assert "it speaks schema 1, and this one 9" in world.host._refusal
    world.passes(2)
    assert world.heard


@pytest.mark.parametrize("data", [b"", b"\xc1", pk.over("x")], ids=["none", "rubbish", "no feed"])
def test_rubbish_changes_nothing(world: World, data: bytes) -> None:
    world.agents[2] = Visitor(2, 0, "2002", {1: 0})
    world.passes(1)
    world.host.receive(data)
    world.home.receive(data)
    world.passes(1)
    assert world.heard
    assert world.seen == world.agents


def test_whatever_the_roads_do_a_host_has_in_the_end_what_the_home_has(
    loop: Loop, proof: Proof, request: pytest.FixtureRequest
) -> None:
    """In ``make soak``, ``--games 1000 --fuzz-seed N`` plays ten times so many."""
    games = 10 * request.config.getoption("games")
    first = request.config.getoption("fuzz_seed")
    for seed in range(first, first + games):
        chance = random.Random(seed)
        world = World(loop, chance)
        for _ in range(30):
            world.loses, world.repeats = chance.choice((0, 0, 0.2)), chance.choice((0, 0.2))
            match chance.randrange(8):
                case 0:
                    world.start_home()
                case 1:
                    world.start_host()
                case 2:
                    world.passes(chance.choice((0.5, 1, 4, 12)))
                case 3:
                    world.current = not world.current
                case _:
                    world.change(chance.randrange(1, 5))
                    if chance.random() < 0.5:
                        world.carry()
        world.loses = world.repeats = 0.0
        world.current = True
        world.passes(15)
        assert world.heard, seed
        assert world.seen == world.agents, seed
    proof("roads between the owners of two PBXs with agents in each other's queues", times=games)
