"""Two versions of xucd, an edge and an owner, understand each other during an upgrade."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.later_version import Novelty, longer
from tests.relay_world import RelayWorld
from tests.test_relay import a_world
from tests.test_relay_refusals import errors
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.center.visitors import Visitor
from xucd.cluster import packets as pk
from xucd.cluster import schema
from xucd.cluster import visit_items as vi
from xucd.cti.commands import Command, PauseAgent
from xucd.publishing import differences

FEEDS = Path(__file__).parent / "data" / "feeds"
"""What each schema has: the kinds of items with their values."""


def begins_as(world: RelayWorld, oldest: int, newest: int) -> list[Any]:
    """Have the edge begin a feed as a version that speaks these; returns what was logged."""
    world.edge.lost()
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr(schema, "OLDEST", oldest)
        patch.setattr(schema, "SCHEMA", newest)
        world.wait()
        patch.undo()
        world.deliver_all()
    return logs


def schema_of(logs: list[Any]) -> int:
    """The number with which the edge has found the owner."""
    (number,) = [each["schema"] for each in logs if each["event"] == "the PBX's owner is there"]
    return int(number)


@pytest.mark.parametrize(
    ("of_edge", "of_owner", "number"),
    [((1, 2), (1, 1), 1), ((1, 1), (1, 2), 1), ((1, 3), (2, 5), 3), ((2, 3), (1, 2), 2)],
)
def test_two_versions_speak_the_highest_schema_that_both_know(
    of_edge: tuple[int, int],
    of_owner: tuple[int, int],
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with a_world() as world:
        client = world.client(1)
        monkeypatch.setattr(schema, "OLDEST", of_owner[0])
        monkeypatch.setattr(schema, "SCHEMA", of_owner[1])
        assert schema_of(begins_as(world, *of_edge)) == number
        assert client.link == "current"


@pytest.mark.parametrize(
    ("of_edge", "of_owner", "told"),
    [
        ((1, 1), (2, 3), "schema 1, {} schemas 2 to 3"),
        ((4, 5), (1, 3), "schemas 4 to 5, {} schemas 1 to 3"),
    ],
)
def test_without_a_schema_that_both_know_an_edge_is_refused_with_all_numbers(
    of_edge: tuple[int, int],
    of_owner: tuple[int, int],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with a_world() as world:
        client = world.client(1)
        monkeypatch.setattr(schema, "OLDEST", of_owner[0])
        monkeypatch.setattr(schema, "SCHEMA", of_owner[1])
        logs = begins_as(world, *of_edge)
        numbers = told.format("the owner of the PBX")
        reason = f"the edge speaks {numbers}: run the same version of xucd on both"
        assert [text for _, text in errors(logs)] == [reason, reason]
        assert client.link == "lost"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Both sides send what only later versions know: other kinds, and more values of each."""
    packets, said = pk.Sending.packets, list[str]()

    def with_more(self: pk.Sending, items: list[Any]) -> Iterator[bytes]:
        said.extend(type(item).__name__ for item in items)
        return packets(self, longer(items))

    monkeypatch.setattr(pk.Sending, "packets", with_more)
    yield said


def test_what_only_a_later_version_knows_is_passed_over_by_both_sides(later: list[str]) -> None:
    with a_world() as world:
        client = world.client(1)
        world.set_member(1, 1, 3)
        world.ask(client)
        asked = world.ask(client, PauseAgent(agent_id=1, reason="lunch"))
        request = world.request(b"abc")
        world.deliver_all()
        assert client.members == world.center.members == {(1, 1): 3}
        assert (asked.result(), world.center.done) == ("PhoneUnreachable", ["lunch"])
        assert request.result() == b"cba"
        world.set_phone(1, 8)
        world.edge.lost()
        world.settle()
        assert (client.phone, client.link) == (8, "current")
        assert {"Hello", "SessionsBefore", "CommandAsked", "RequestAsked"} <= set(later)
        assert {"Beat", "ShowMessage", "PublishMessage", "SendMessage", "Settled"} <= set(later)


def test_an_item_that_is_known_and_wrong_ends_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_world() as world, capture_logs() as logs:
        client = world.client(1)
        world.deliver_all()
        packets = pk.Sending.packets
        wrong: list[Any] = [Novelty("a"), ["KnowThing", 1, None]]
        with monkeypatch.context() as patch:
            patch.setattr(
                pk.Sending, "packets", lambda self, items: packets(self, [*items, *wrong])
            )
            world.owner.beat()
        world.deliver_all()
        assert "the PBX's owner is lost" in [each["event"] for each in logs]
        world.settle()
        assert client.link == "current"


class Juggle(Command, tag="juggle"):
    """A command that a later version has."""


def test_a_command_that_only_the_edge_knows_is_not_supported() -> None:
    with a_world() as world:
        client = world.client(1)
        session = world.clients[client]
        asked = world.loop.create_task(world.edge.carry_out(session, Juggle()))
        world.deliver_all()
        with pytest.raises(Refused) as refused:
            asked.result()
        assert refused.value.code == "NotSupported"
        assert world.edge.has_owner


def test_sessions_of_a_version_that_knows_users_otherwise_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    otherwise = SimpleNamespace(rights=b"other")
    with a_world() as world:
        with monkeypatch.context() as patch:
            patch.setattr("xucd.cluster.edge.OWNERS", b"of a later version")
            patch.setattr("xucd.cluster.edge.owner_of", lambda user, rights: otherwise)
            before = world.client(1)
            world.edge.lost()
            world.wait()
            world.deliver_all()
            after = world.client(2)
            world.deliver_all()
        assert not world.dismissed
        assert (before.phone, after.phone) == (0, 0)


def test_a_call_of_which_a_later_version_has_told_keeps_no_snapshot_from_its_end() -> None:
    value = b'{"msgType":"PhoneEvent","ctiMessage":{"eventType":"EventTransmogrified"}}'
    context: Any = SimpleNamespace(center=SimpleNamespace(directory=None))
    assert list(differences.gone(context, b"PhoneEvent x", value)) == []


# -- what is to stay


def fields(kind: Any) -> dict[str, str]:
    """The values of an item, with their types; those that may be lacking end in `= …`."""
    return {
        each.name: f"{each.type}{'' if each.required else ' = …'}"
        for each in msgspec.structs.fields(kind)
    }


def present() -> dict[str, dict[str, str]]:
    """What is sent now."""
    sides = (pk.FromEdge, pk.FromOwner, vi.FromHost, vi.FromHome)
    kinds = [kind for side in sides for kind in get_args(side)]
    parts = (pk.Packet, pk.SessionBefore, pk.RequestSender, Visitor, Rights)
    return {kind.__name__: fields(kind) for kind in (*kinds, *parts)}


def unlike(then: dict[str, dict[str, str]]) -> list[str]:
    """What a version that knows these kinds would misunderstand of those that there are now."""
    now, found = present(), []
    for kind, values in then.items():
        had, has = list(values.items()), list(now.get(kind, {}).items())
        more = [type for _, type in has[len(had) :]]
        needed = [type for type in more if not type.endswith(" = …")]
        # Rights are parts of topics, which are understood as a whole.
        if has[: len(had)] != had or needed or (more and kind == Rights.__name__):
            found.append(kind)
    return found


def test_what_older_versions_know_is_sent_as_they_know_it() -> None:
    """See `xucd.cluster.schema`. After an addition to the newest schema write its file anew."""
    for number in range(schema.OLDEST, schema.SCHEMA + 1):
        then = json.loads((FEEDS / f"{number}.json").read_text("utf-8"))
        assert unlike(then) == [], f"this needs a new schema: an xucd of {number} misunderstands it"
    assert then == present(), f"write to {FEEDS / f'{schema.SCHEMA}.json'}: {json.dumps(present())}"
