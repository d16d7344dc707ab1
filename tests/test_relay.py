"""The relay between an edge and a PBX's owner, over a road that loses, repeats and reorders.

In ``make soak``, ``--games 1000 --fuzz-seed N`` plays ten times so many roads that follow from a
seed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from tests.plugin_proofs import Proof
from tests.relay_world import (
    NODE,
    NORTH,
    QUEUES,
    USERS,
    Client,
    RelayWorld,
    Site,
    TwoPbxs,
    cut_off,
    in_small_slices,
)
from xucd.center.directory import MAIN, Directory
from xucd.center.refused import Refused
from xucd.cluster import owner
from xucd.cluster import packets as pk
from xucd.cluster.mirror import Mirror
from xucd.cti.commands import (
    ApplyUsersDefaultMembership,
    PauseAgent,
    SubscribeToAgentEvents,
    SubscribeToQueueCalls,
    UnsubscribeFromAllPhoneHints,
)
from xucd.cti.sign_in import SignInKey
from xucd.views import topics

STEPS = 60
MADE: dict[Callable[[], RelayWorld], str] = {
    RelayWorld: "the owner of a PBX",
    TwoPbxs: "the owners of two PBXs",
}


@contextmanager
def a_world(world: RelayWorld | None = None, *, settled: bool = True) -> Iterator[RelayWorld]:
    world = world or RelayWorld()
    try:
        if settled:
            world.settle()
        yield world
    finally:
        world.close()


def change(world: RelayWorld, chance: random.Random) -> None:
    """Something changes at an owner."""
    if chance.random() < 0.6:
        queue_id, penalty = chance.choice(QUEUES), chance.choice((-1, 0, 1, 2))
        site = world.sites[(queue_id - 1) % len(world.sites)]
        site.set_member(chance.choice(list(site.center.phones)), queue_id, penalty)
    else:
        site = chance.choice(world.sites)
        site.set_phone(chance.choice(list(site.center.phones)), chance.randrange(4))


def use(world: RelayWorld, chance: random.Random) -> None:
    """A client does something."""
    clients = list(world.clients)
    if not clients or (len(clients) < 5 and chance.random() < 0.4):
        world.client(chance.choice(list(USERS)))
    elif chance.random() < 0.8:
        world.ask(chance.choice(clients))
    else:
        world.leave(chance.choice(clients))


def carry(world: RelayWorld, chance: random.Random) -> None:
    """A road does something to what is on it."""
    road = chance.choice(world.roads)
    if not road:
        return
    what = chance.choices(("deliver", "repeat", "reorder", "lose"), (12, 2, 2, 2))[0]
    place = chance.randrange(len(road)) if what == "reorder" else 0
    if what == "repeat":
        road.append(road[0])
    if what == "lose":
        road.pop(place)
    else:
        world.deliver(road, place)


def cut(world: RelayWorld, chance: random.Random) -> None:
    """A road is cut, or is whole again."""
    site = chance.choice(world.sites)
    site.cut = not site.cut


ACTS: dict[Callable[[RelayWorld, random.Random], None], float] = {
    change: 12,
    use: 8,
    carry: 18,
    cut: 1,
    lambda world, _: world.deliver_all(): 4,
    lambda world, _: world.wait(): 6,
    lambda world, _: world.wait(4.0): 1,
    lambda world, chance: chance.choice(world.sites).start_owner(): 1,
    lambda world, _: world.start_edge(): 0.3,
}
"""What can happen, with how likely it is beside the rest."""


def play(seed: int, make: Callable[[], RelayWorld] = RelayWorld) -> None:
    """Some roads, and then good ones: each client knows what the owners do, and nothing else."""
    chance = random.Random(seed)
    with a_world(make(), settled=False) as world:
        for _ in range(STEPS):
            chance.choices(list(ACTS), list(ACTS.values()))[0](world, chance)
            world.run()
        world.settle()
        phones = {user: state for site in world.sites for user, state in site.center.phones.items()}
        members = {key: each for site in world.sites for key, each in site.center.members.items()}
        for client, session in world.clients.items():
            assert client.phone == phones[session.user.id], seed
            assert client.link in (None, "current"), seed
            has_asked = any(kind == "QueueMemberList" for kind, _ in client.got)
            assert client.members == (members if has_asked else {}), seed
        assert all(task.done() for task in world.asked), seed


@pytest.mark.parametrize("make", [RelayWorld, TwoPbxs], ids=["one PBX", "two PBXs"])
def test_whatever_the_road_does_each_client_knows_in_the_end_what_the_owner_knows(
    request: pytest.FixtureRequest,
    proof: Proof,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], RelayWorld],
) -> None:
    games = 10 * request.config.getoption("games")
    first = request.config.getoption("fuzz_seed")
    for seed in range(first, first + games):
        with monkeypatch.context() as patch:
            if seed % 2:
                in_small_slices(patch)
            play(seed, make)
    proof(
        f"roads between an edge and {MADE[make]}: loss, repetition, reordering, restarts",
        times=games,
    )


def test_a_client_of_an_edge_gets_answers_and_events_in_the_order_of_the_owner() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        world.set_member(1, 1, 0)
        world.ask(client)
        world.set_member(2, 1, 0)  # before the owner has got the command
        world.deliver_all()
        world.set_member(1, 1, 3)
        world.deliver_all()
        told = [(kind, body) for kind, body in client.got if kind.startswith("QueueMember")]
        assert [kind for kind, _ in told] == ["QueueMemberList", "QueueMember"]
        assert [each["agentId"] for each in told[0][1]] == [1, 2]
        assert client.members == {(1, 1): 3, (2, 1): 0}


def test_an_edge_is_sent_what_its_clients_hear_and_no_more() -> None:
    with a_world() as world:
        world.client(1)
        world.deliver_all()
        world.set_phone(2, 3)
        world.run()
        sent = b"".join(world.to_edge)
        assert b"PhoneStatusUpdate" not in sent.replace(b"PhoneStatusUpdate ", b"")
        world.set_phone(1, 3)
        world.run()
        assert b'"PhoneStatusUpdate"' in b"".join(world.to_edge)


def test_a_message_to_many_clients_of_an_edge_is_sent_once() -> None:
    with a_world() as world:
        clients = [world.client(1) for _ in range(5)]
        world.deliver_all()
        world.set_phone(1, 2)
        world.run()
        assert b"".join(world.to_edge).count(b'"PhoneStatusUpdate"') == 1
        world.deliver_all()
        assert [client.phone for client in clients] == [2] * 5


def test_after_silence_clients_are_told_that_it_is_stale_and_then_that_it_is_current() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        cut_off(world)
        assert client.link == "lost"
        world.set_phone(1, 4)
        world.settle()
        assert (client.link, client.phone) == ("current", 4)
        assert client.got[-1][0] == "LinkStatus"  # behind all that it says is current


def test_a_membership_that_ended_in_a_gap_is_told_as_ended() -> None:
    with a_world() as world:
        world.set_member(1, 2, 0)  # before anybody on the edge cares
        client = world.client(1)
        world.deliver_all()
        world.ask(client)
        world.deliver_all()
        assert client.members == {(1, 2): 0}
        world.cut = True
        world.wait()
        world.set_member(1, 2, -1)
        world.settle()
        assert client.members == {}


def test_a_membership_that_comes_back_as_the_snapshot_ends_is_not_told_as_ended() -> None:
    with a_world() as world:
        client = world.client(1)
        world.set_member(1, 1, 0)
        world.deliver_all()
        world.ask(client)
        world.deliver_all()
        cut_off(world)
        world.set_member(1, 1, -1)
        world.cut = False
        world.wait()
        while not any(b"ThingsMissing" in packet for packet in world.to_owner):
            world.deliver(world.to_owner or world.to_edge)
        world.set_member(1, 1, 0)
        world.settle()
        assert client.members == {(1, 1): 0}


def test_of_changes_that_no_client_hears_an_edge_is_told_once_that_it_does_not_know() -> None:
    with a_world() as world:
        world.client(1)
        world.deliver_all()
        for state in (1, 2, 3):
            world.set_phone(2, state)
            world.run()
        assert b"".join(world.to_edge).count(b"KnowThing") == 1
        world.client(2)
        world.deliver_all()
        world.set_phone(2, 4)
        world.run()
        assert b"PublishMessage" in b"".join(world.to_edge)


def test_a_view_that_changed_in_a_gap_is_told_though_nobody_hears_the_whole() -> None:
    with a_world() as world:
        world.center.states[2] = "AgentReady"
        client = world.client(1)
        world.deliver_all()
        world.ask(client, SubscribeToAgentEvents())
        world.deliver_all()
        cut_off(world)
        world.center.states[2] = "AgentOnPause"
        world.settle()
        names = [body["name"] for kind, body in client.got if kind == "AgentStateEvent"]
        assert names[-1] == "AgentOnPause"


def test_a_snapshot_that_fails_is_begun_anew() -> None:
    with a_world(settled=False) as world:
        world.center.fails = True
        client = world.client(1)
        for _ in range(6):
            world.wait()
            world.deliver_all()
        assert not world.edge.is_current
        world.center.fails = False
        world.settle()
        assert client.phone == 0


def test_a_session_of_before_a_restart_that_the_owner_never_opened_is_opened_then() -> None:
    with a_world() as world:
        client = world.client(1)
        session = world.clients[client]
        world.start_edge()
        client.hub = world.hub
        world.clients[client] = session
        assert not session.topics
        world.pbxs.restored([session])
        world.settle()
        assert (client.phone, client.link) == (0, "current")


def test_a_client_who_knows_all_is_told_nothing_again_after_a_gap() -> None:
    with a_world() as world:
        client = world.client(1)
        world.set_member(1, 1, 0)
        world.deliver_all()
        world.ask(client)
        world.deliver_all()
        cut_off(world)
        before = len(client.got)
        world.settle()
        assert [kind for kind, _ in client.got[before:]] == ["LinkStatus"]


def test_what_an_owner_reads_as_it_starts_is_not_told_again() -> None:
    with a_world() as world:
        client = world.client(1)
        world.set_member(1, 1, 0)
        world.deliver_all()
        world.set_phone(1, 3)
        world.ask(client)
        world.deliver_all()
        before = len(client.got)
        world.center.reading = asyncio.Event()
        world.start_owner()
        for _ in range(8):
            world.wait()
            world.deliver_all()
        assert client.link == "lost"
        world.set_phone(1, 3)
        world.set_member(1, 1, 0)
        world.center.reading.set()
        world.settle()
        assert [kind for kind, _ in client.got[before:]] == ["LinkStatus", "LinkStatus"]


def test_who_comes_while_the_owner_is_away_is_told_so_and_opened_once_it_is_there() -> None:
    with a_world(settled=False) as world:
        world.cut = True
        client = world.client(1)
        world.run()
        assert [kind for kind, _ in client.got] == ["RightProfile", "LinkStatus"]
        world.settle()
        assert (client.link, client.phone) == ("current", 0)


def refusal(task: object) -> str:
    with pytest.raises(Refused) as refused:
        task.result()  # type: ignore[attr-defined]
    return f"{refused.value.code} {'perhaps done' if refused.value.partly else 'not done'}"


def test_an_owner_that_ends_tells_its_edges_the_last_outcomes_and_that_it_ends() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        task = world.ask(client, PauseAgent(reason="last"))
        world.deliver(world.to_owner)
        world.owner.close()
        while world.to_edge:
            world.deliver(world.to_edge)
        assert task.result() == "PhoneUnreachable"
        assert client.link == "lost"


def test_a_command_waits_until_the_snapshot_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "SLICE", 1)
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        cut_off(world)
        world.cut = False
        world.wait()
        while len(world.to_edge) < 2:
            world.deliver(world.to_owner)
        world.deliver(world.to_edge)
        task = world.ask(client)
        assert not task.done()
        assert not any(b"CommandAsked" in packet for packet in world.to_owner)
        world.settle()
        assert task.done()
        assert "QueueMemberList" in [kind for kind, _ in client.got]


def test_a_command_is_refused_at_once_while_the_owner_is_away() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        cut_off(world)
        assert refusal(world.ask(client)) == "PbxUnavailable not done"


def test_a_command_that_comes_too_late_is_not_begun_and_the_client_is_told_so() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        task = world.ask(client, PauseAgent(reason="late"))
        (packet,) = world.to_owner
        world.to_owner.clear()
        for _ in range(11):
            # The owner is heard, and the road to it is slow.
            world.loop.now += 0.5
            world.owner.beat()
            world.deliver_all()
        assert not task.done() or refusal(task) == "PbxUnavailable not done"
        world.owner.receive(NODE, packet)
        world.run()
        world.wait(1.0)
        world.deliver_all()
        assert refusal(task) == "PbxUnavailable not done"
        assert world.center.done == []


def test_a_command_is_never_begun_after_its_time_whatever_the_road_delays() -> None:
    for seed in range(40):
        chance = random.Random(seed)
        with a_world() as world:
            client = world.client(1)
            world.deliver_all()
            asked = world.loop.now
            world.ask(client, PauseAgent(reason="x"))
            for _ in range(chance.randrange(30)):
                world.wait(chance.choice((0.2, 0.5, 1.0)))
                if chance.random() < 0.5:
                    world.deliver_all()
            world.settle()
            assert all(begun <= asked + 5.0 for begun in world.center.begun), seed
            assert len(world.center.begun) <= 1, seed


def test_a_repeated_packet_does_not_carry_a_command_out_again() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        task = world.ask(client, PauseAgent(reason="once"))
        world.to_owner *= 3
        world.deliver_all()
        assert task.result() == "PhoneUnreachable"
        assert world.center.done == ["once"]


def test_a_command_whose_owner_is_lost_before_the_outcome_may_have_been_done() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        task = world.ask(client, PauseAgent(reason="perhaps"))
        world.deliver(world.to_owner)
        world.to_edge.clear()
        world.start_owner()
        world.settle()
        assert refusal(task) == "PbxUnavailable perhaps done"
        assert world.center.done == ["perhaps"]


def test_a_long_command_is_waited_for_once_it_has_begun() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        world.center.gate = asyncio.Event()
        task = world.ask(client, PauseAgent(reason="long"))
        for _ in range(30):
            world.wait()
            world.deliver_all()
        assert not task.done()
        world.center.gate.set()
        world.deliver_all()
        assert task.result() == "PhoneUnreachable"


@pytest.mark.parametrize("gone", ["edge", "client"])
def test_a_user_who_is_removed_does_nothing_more_though_its_client_is_gone(gone: str) -> None:
    with a_world() as world:
        client, other = world.client(1), world.client(2)
        world.deliver_all()
        world.center.gate = asyncio.Event()
        world.ask(client, PauseAgent(reason="removed"))
        world.ask(other, PauseAgent(reason="still there"))
        world.deliver_all()
        if gone == "client":
            world.leave(client)
            world.leave(other)
            world.deliver_all()
        else:
            world.cut = True
            world.wait(11.0)
            assert world.owner.edges == []
        world.owner.dismiss(lambda user: user.id == 1)
        world.center.gate.set()
        world.run()
        assert world.center.done == ["still there"]


def test_an_owner_knows_the_last_link_and_sign_in_of_a_session() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        world.ask(client)
        world.deliver_all()
        session = world.clients[client]
        session.sign_in, session.address = SignInKey("s", "later"), "192.0.2.7"
        world.hub.changed(session)
        world.ask(client)
        world.deliver_all()
        before, after = SignInKey("s", "g"), SignInKey("s", "later")
        assert world.center.askers == [(before, ""), (after, "192.0.2.7")]


def test_a_session_whose_user_is_another_to_the_owner_is_dismissed() -> None:
    with a_world() as world:
        world.center.users[1] = msgspec.structs.replace(USERS[1], profile="Supervisor")
        world.client(1)
        world.deliver_all()
        assert [session.user.id for session in world.dismissed] == [1]


def test_who_is_dismissed_at_the_owner_does_nothing_more_and_its_link_is_closed() -> None:
    with a_world() as world:
        client, other = world.client(1), world.client(2)
        world.deliver_all()
        task = world.ask(client, PauseAgent(reason="no"))
        world.owner.dismiss(lambda user: user.id == 1)
        world.deliver_all()
        world.settle()
        assert [session.user.id for session in world.dismissed] == [1]
        assert world.center.done == []
        assert refusal(task).startswith("PbxUnavailable")
        world.ask(other)
        world.deliver_all()
        assert other.got[-1][0] == "QueueMemberList"


def test_an_answer_larger_than_a_packet_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pk, "MAX_DATA", 100)
    with a_world() as world:
        for agent_id in USERS:
            for queue_id in QUEUES:
                world.set_member(agent_id, queue_id, 0)
        client = world.client(1)
        world.deliver_all()
        world.ask(client)
        assert len(world.to_owner) >= 1
        world.deliver_all()
        assert client.members == world.center.members


@pytest.mark.parametrize("rubbish", [b"", b"\xc1", b"\x94\xa1x\x00\xc4\x02\x91\x01\xc3", b"{}"])
def test_rubbish_ends_no_more_than_the_feed(rubbish: bytes) -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        world.owner.receive(NODE, rubbish)
        world.edge.receive(rubbish)
        world.settle()
        world.set_phone(1, 4)
        world.deliver_all()
        assert client.phone == 4


def to_owner(world: RelayWorld, item: pk.Item) -> None:
    """The edge says something by its present feed."""
    world.edge._say([item])
    world.deliver_all()


def test_what_an_edge_cannot_mean_ends_its_feed_and_it_begins_anew() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        strange = pk.SessionOpened(9, 1, b"", "", "", "")
        to_owner(world, pk.SessionsBefore([], [pk.SessionBefore(strange, [])], ends=False))
        strange.rights = world.edge._opened_item(1).rights
        to_owner(world, pk.SessionsBefore([], [pk.SessionBefore(strange, [77])], ends=False))
        world.settle()
        to_owner(world, pk.SessionsBefore([b"\xc1"], [], ends=False))
        world.settle()
        world.set_phone(1, 4)
        world.deliver_all()
        assert client.phone == 4


def test_what_an_owner_cannot_mean_ends_its_feed_and_a_snapshot_follows() -> None:
    with a_world() as world:
        client = world.client(1)
        world.deliver_all()
        (feed,) = world.owner_hub.feeds
        feed.add(pk.PublishMessage([77], b"{}", None, None))  # type: ignore[attr-defined]
        world.deliver_all()
        world.settle()
        told = [body["asterisk"] for kind, body in client.got if kind == "LinkStatus"]
        assert told[-2:] == ["lost", "current"]


# -- two PBXs


def lose(world: RelayWorld, site: Site) -> None:
    """Cut the road to one PBX until the edge knows; the other goes on."""
    site.cut = True
    for _ in range(8):
        world.wait()
        world.deliver_all()


def ask_members(world: RelayWorld) -> Client:
    client = world.client(1)
    world.deliver_all()
    world.ask(client)
    world.deliver_all()
    return client


def test_lists_of_two_pbxs_reach_a_client_as_one() -> None:
    with a_world(TwoPbxs()) as world:
        main, north = world.sites
        main.set_member(1, 1, 0)
        north.set_member(2, 2, 3)
        client = ask_members(world)
        assert [kind for kind, _ in client.got].count("QueueMemberList") == 1
        assert client.members == {(1, 1): 0, (2, 2): 3}


def test_while_one_pbx_is_away_the_rest_of_the_centre_is_live_and_its_part_follows() -> None:
    with a_world(TwoPbxs()) as world:
        main, north = world.sites
        north.set_member(2, 2, 3)
        north.cut = True
        for _ in range(8):
            world.wait()
            for road in (main.to_owner, main.to_edge):
                while road:
                    world.deliver(road)
        client = ask_members(world)
        assert client.links[NORTH] == "lost"
        assert client.links.get(MAIN) != "lost"
        assert client.members == {}
        main.set_member(1, 1, 0)
        world.deliver_all()
        assert client.members == {(1, 1): 0}
        world.settle()
        assert client.members == {(1, 1): 0, (2, 2): 3}
        assert client.link == "current"
        main.set_member(1, 1, -1)
        north.set_member(2, 2, 4)
        world.deliver_all()
        assert client.members == {(2, 2): 4}


def test_a_command_is_refused_while_its_pbx_is_away_and_no_other_gets_it() -> None:
    with a_world(TwoPbxs()) as world:
        main, north = world.sites
        client = world.client(1)
        world.deliver_all()
        lose(world, north)
        refused = world.ask(client, SubscribeToQueueCalls(queue_id=2))
        world.deliver_all()
        error = refused.exception()
        assert isinstance(error, Refused)
        assert error.code == "PbxUnavailable"
        world.ask(client, SubscribeToQueueCalls(queue_id=1))
        world.deliver_all()
        assert [len(site.center.begun) for site in (main, north)] == [1, 0]


def test_what_a_pbx_tells_while_the_others_list_is_awaited_is_not_taken_back() -> None:
    with a_world(TwoPbxs()) as world:
        main, north = world.sites
        main.set_member(1, 1, 0)
        client = world.client(1)
        world.deliver_all()
        world.ask(client)
        for road in (main.to_owner, main.to_edge):
            world.deliver(road)
        main.set_member(1, 1, -1)  # the owner's answer is at the edge, the other's is not
        world.run()
        world.deliver(main.to_edge)
        world.deliver_all()
        assert north.center.begun
        assert client.members == {}


def test_a_pbx_that_is_configured_later_is_heard_by_clients_of_before() -> None:
    with a_world(TwoPbxs()) as world:
        whole, world.directory = world.directory, Directory(users=USERS.values())
        world.pbxs.configure()
        client = world.client(2)
        world.settle()
        assert client.phone is None
        world.directory = whole
        world.pbxs.configure()
        world.settle()
        assert client.phone == 0
        assert client.link == "current"


def test_hints_that_a_client_ends_while_a_pbx_is_away_do_not_come_back_with_it() -> None:
    with a_world(TwoPbxs()) as world:
        _, north = world.sites
        client = world.client(1)
        world.deliver_all()
        session = world.clients[client]
        world.hub.subscribe(session, topics.phone_hint("102"))
        lose(world, north)
        world.ask(client, UnsubscribeFromAllPhoneHints())
        world.deliver_all()
        world.settle()
        assert topics.phone_hint("102") not in session.topics
        assert not north.owner_hub.has_subscribers([topics.phone_hint("102")])


def test_what_changes_agents_queues_is_not_repeated_for_a_pbx_that_was_away() -> None:
    with a_world(TwoPbxs()) as world:
        main, north = world.sites
        client = world.client(1)
        world.deliver_all()
        lose(world, north)
        asked = world.ask(client, ApplyUsersDefaultMembership(user_ids=[1]))
        world.deliver_all()
        refused = asked.exception()
        assert isinstance(refused, Refused)
        assert (refused.code, refused.partly) == ("PbxUnavailable", True)
        world.settle()
        assert [len(site.center.begun) for site in (main, north)] == [1, 0]


def test_what_another_pbx_tells_by_now_is_not_missed_in_a_snapshot() -> None:
    mirror = Mirror(lambda *_: None)
    mirror.known = {b"here": b"1", b"gone": b"2"}
    mirror.begin()
    mirror.forget(b"gone")
    assert mirror.missing() == [(b"here", b"1")]
    mirror.settle()
    assert mirror.known == {}


def test_an_agent_is_at_home_where_the_last_change_of_its_home_says() -> None:
    with a_world(TwoPbxs()) as world:
        assert world.pbxs.home(1) == MAIN
        for pbx, number in ((NORTH, 2), (MAIN, 1)):  # which has not heard of the change
            world.site(pbx).owner._edges[NODE].feed.add(pk.AgentAtHome(1, number))
            world.deliver_all()
        assert world.pbxs.home(1) == NORTH
