"""Agents made of queue members that are none, and what is told of those that are none."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.conftest import TODAY
from tests.scene import SUPPORT, Scene
from tests.test_discovery import found, member
from tests.test_members_found import joins, seen
from xucd.app.adopting import Adopter
from xucd.center import events as ev
from xucd.center.audit import Actor, Kind
from xucd.center.directory import Group, Line, Queue
from xucd.center.intents import LOGOUT_REASON
from xucd.config import center_file, writing
from xucd.config.plan import Person, Plan, PlannedAgent
from xucd.store import AsyncStore, Store, audit
from xucd.store.apply import apply
from xucd.store.directory_users import DirectoryUser, admit
from xucd.store.export import export
from xucd.store.extending import StoredCenter, extend
from xucd.tools.adoption import NotAdoptable, adopting, adoption
from xucd.tools.dialplan import Dialplan, Hint
from xucd.tools.discovery import FoundMember, FoundPbx, FoundPhone, FoundQueue
from xucd.tools.proposal import propose

LOCAL = "Local/204@from-queue/n"
PRESENT = Plan(
    groups=(Group(1, "default"),), queues=(Queue(1, "sales", "Sales", "500"),), lines=(), agents=()
)


def pbx() -> FoundPbx:
    """FreePBX-like, with another member and another phone beside."""
    return found(
        member(LOCAL, "Dan Ericson", 3, "hint:204@ext-local"),
        member("Local/205@from-queue/n", "Eve", 0, "PJSIP/205"),
        phones=(FoundPhone("PJSIP/204", context="from-internal"), FoundPhone("PJSIP/205")),
        plan=Dialplan(hints=(Hint("204", "ext-local", ("PJSIP/204",)),)),
    )


def test_one_member_becomes_an_agent_with_its_line_phone_and_queues_and_no_other_does() -> None:
    plan = adoption(pbx(), StoredCenter(PRESENT), LOCAL).plan
    (line,) = plan.lines
    assert (line.number, line.interface, line.device) == ("204", LOCAL, "PJSIP/204")
    (agent,) = plan.agents
    assert (agent.login, dict(agent.queues or {})) == ("dan.ericson", {1: 3})
    assert plan.people[0].line_id == line.id


def test_a_line_that_is_there_is_taken_for_the_phone() -> None:
    there = Plan(groups=PRESENT.groups, queues=PRESENT.queues, lines=(Line(7, "204", "PJSIP/204"),))
    plan = adoption(pbx(), StoredCenter(there), LOCAL).plan
    assert plan.lines == there.lines
    assert plan.people[0].line_id == there.lines[0].id


@pytest.mark.parametrize("first", ["PJSIP/201", "PJSIP/bob"])
def test_a_number_is_kept_for_the_phone_for_which_it_is_certain(first: str) -> None:
    """Whoever of two on one hint is made an agent first."""
    hint = Hint("201", "in", ("PJSIP/201", "PJSIP/bob"))
    both = found(
        member("PJSIP/201", "Anna Berg"),
        member("PJSIP/bob", "Bob Cole"),
        phones=(
            FoundPhone("PJSIP/201", number="201", hint_context="in"),
            FoundPhone("PJSIP/bob", number="201", hint_context="in", guess="a hint of two"),
            FoundPhone("PJSIP/205", number="205", hint_context="in"),
        ),
        plan=Dialplan(hints=(hint,)),
    )
    plan = PRESENT
    for interface in (first, ({"PJSIP/201", "PJSIP/bob"} - {first}).pop()):
        plan = adoption(both, StoredCenter(plan), interface).plan
    assert {line.number: line.phone for line in plan.lines} == {
        "201": "PJSIP/201", "bob": "PJSIP/bob",
    }  # fmt: skip


@pytest.mark.parametrize("interface", ["PJSIP/999", "PJSIP/204"])
def test_what_is_no_member_is_not_made_an_agent(interface: str) -> None:
    with pytest.raises(NotAdoptable) as refused:
        adoption(pbx(), StoredCenter(PRESENT), interface)
    assert refused.value.code == "MemberUnknown"


def test_a_phone_has_one_agent() -> None:
    there = Plan(
        groups=PRESENT.groups,
        queues=PRESENT.queues,
        lines=(Line(7, "204", "PJSIP/204"),),
        agents=(PlannedAgent(1, "2501", "bruce", 1, {}),),
        people=(Person("bruce", "Bruce", "Wail", 1, 7),),
    )
    with pytest.raises(NotAdoptable, match="an agent's already"):
        adoption(pbx(), StoredCenter(there), LOCAL)


@pytest.mark.parametrize("interface", ["PJSIP/anna berg", "Custom:x"])
def test_of_a_member_that_no_line_can_hold_the_reason_is_said(interface: str) -> None:
    with pytest.raises(NotAdoptable, match="has to look like PJSIP/1001") as refused:
        adoption(found(member(interface, "Anna")), StoredCenter(PRESENT), interface)
    assert refused.value.code == "NotAdoptable"


def test_nor_where_the_centre_itself_cannot_be_written_down() -> None:
    odd = msgspec.structs.replace(PRESENT, lines=(Line(7, "207", "PJSIP/anna berg"),))
    with pytest.raises(NotAdoptable, match=r"lines\[0\]\.interface"):
        adoption(pbx(), StoredCenter(odd), LOCAL)


def dynamic(interface: str, name: str = "Dan") -> FoundMember:
    return FoundMember(interface, name, 0, interface, "dynamic")


def test_a_member_of_another_program_is_not_made_an_agent_and_it_is_said_what_to_do() -> None:
    with pytest.raises(NotAdoptable) as refused:
        adoption(found(dynamic("PJSIP/204")), StoredCenter(PRESENT), "PJSIP/204")
    assert refused.value.code == "NotAdoptable"
    for said in ("AddQueueMember", "xucd discover", "queue remove member PJSIP/204 from sales"):
        assert said in str(refused.value)
    ours = adoption(
        found(dynamic("PJSIP/204", "Agent/2504")), StoredCenter(PRESENT), "PJSIP/204"
    ).plan
    assert [agent.number for agent in ours.agents] == ["2504"]


def test_an_agent_is_in_the_queues_that_configure_the_member_and_not_where_it_was_added() -> None:
    (sales,), support = pbx().queues, FoundQueue("support", "ringall", (dynamic(LOCAL),))
    queues = (*PRESENT.queues, Queue(2, "support", "Support", "501"))
    both = msgspec.structs.replace(pbx(), queues=(sales, support))
    plan = adoption(both, StoredCenter(msgspec.structs.replace(PRESENT, queues=queues)), LOCAL).plan
    assert [agent.queues for agent in plan.agents] == [{1: 3}]


HINTED = member(LOCAL, "Dan", 3, "hint:204@ext-local")


@pytest.mark.parametrize(
    ("here", "there", "adopted"),
    [
        (HINTED, member("PJSIP/204", "Dan", 1), LOCAL),
        (HINTED, member("PJSIP/204", "Dan", 1), "PJSIP/204"),
        (member(LOCAL, "Dan", 3, "PJSIP/204"), member(LOCAL, "Dan", 1), LOCAL),  # without a hint
        (member(LOCAL, "Dan", 3), member(LOCAL, "Dan", 1, "PJSIP/204"), LOCAL),
    ],
)
def test_an_agent_is_in_all_queues_that_ring_its_phone_as_setup_proposes_it(
    here: FoundMember, there: FoundMember, adopted: str
) -> None:
    queues = (FoundQueue("sales", "", (here,)), FoundQueue("support", "", (there,)))
    hints = pbx().dialplan if here is HINTED else Dialplan()
    asterisk = FoundPbx(queues, (FoundPhone("PJSIP/204", name="Dan"),), hints)
    both = (*PRESENT.queues, Queue(2, "support", "Support", "501"))
    present = msgspec.structs.replace(PRESENT, queues=both)
    plan = adoption(asterisk, StoredCenter(present), adopted).plan
    assert [agent.queues for agent in plan.agents] == [{1: 3, 2: 1}]
    assert [line.phone for line in plan.lines] == ["PJSIP/204"]
    fresh = propose(asterisk, msgspec.structs.replace(PRESENT, queues=())).plan
    assert [(agent.queues, len(fresh.lines)) for agent in fresh.agents] == [({1: 3, 2: 1}, 1)]
    assert fresh.lines[0].phone == "PJSIP/204"


def test_nobody_gets_the_login_of_a_directorys_user(store: Store) -> None:
    apply(store, PRESENT)
    dan = DirectoryUser(
        login="dan.ericson", first_name="Dan", last_name="Ericson", origin="ldap", granted=None,
        is_member=True,
    )  # fmt: skip
    admit(store, dan, "192.0.2.1", 1.0, create=True)
    added = extend(store, adopting(pbx(), LOCAL))
    assert added.plan.agents[-1].login == "dan.ericson-204"
    assert "dan.ericson" not in store.configured().user_by_login
    assert store.directory().user_by_login["dan.ericson"].agent_id is None


def test_nor_does_the_administrator_that_is_proposed() -> None:
    plan = propose(pbx(), PRESENT, ["Admin", "dan.ericson"], admin=True).plan
    assert {person.login for person in plan.people} == {"admin-2", "dan.ericson-204", "eve"}


async def test_two_adoptions_at_once_make_two_agents(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def discovered(query: Any) -> FoundPbx:
        return pbx()

    async def reload() -> None:
        """Nobody is there to go on with it."""

    monkeypatch.setattr("xucd.tools.discovery.discover", discovered)
    apply(store, PRESENT)
    ahead = AsyncStore(store)
    link: Any = SimpleNamespace(query=None)
    adopter, ada = Adopter(link, ahead, reload), Actor("ada", 7, "192.0.2.1")
    both = (LOCAL, "Local/205@from-queue/n")
    made = await asyncio.gather(*(adopter.adopt(each, ada, lambda: None) for each in both))
    stored = (await ahead.run(Store.directory)).user_by_login
    assert {each.login: each.agent_id for each in made} == {
        login: stored[login].agent_id for login in ("dan.ericson", "eve")
    }
    await ahead.close()


def test_an_adoption_is_in_the_audit_trail_as_who_did_it(store: Store) -> None:
    apply(store, PRESENT)
    ada = Actor("ada", 7, "192.0.2.1")
    added = extend(store, adopting(pbx(), LOCAL), actor=ada)
    assert "added line 204" in added.changes
    entry = audit.read(store, audit.AuditSearch(kind=Kind.CONFIGURE, newest_first=True))[0].entry
    assert (entry.actor, "osUser" in entry.detail) == (ada, False)
    assert (
        center_file.parse(writing.write(export(store)), "x", TODAY).plan.agents == added.plan.agents
    )


def test_who_is_no_agent_is_told_with_its_calls_until_midnight() -> None:
    scene = Scene()
    scene.happens(joins("PJSIP/1004", "Panel"), joins("PJSIP/1001", "Agent/2501", "sales"))
    assert [each.interface for _, each in scene.center.owners.others()] == ["PJSIP/1004"]
    for _ in range(2):
        caller = scene.caller_waits()
        scene.happens(ev.AgentConnected("support", caller, "phone", 3, "PJSIP/1004"))
    assert scene.center.calls_of_others[SUPPORT, "PJSIP/1004"] == len(range(2))
    scene.passes(86_400)
    assert not scene.center.calls_of_others


def test_a_call_through_another_programs_member_is_the_agents_who_is_logged_in_there() -> None:
    scene = Scene()
    panel = "Local/1001@default/n"
    scene.happens(joins(panel, "Panel"))
    connected = ev.AgentConnected("support", scene.caller_waits(), "phone", 3, panel)
    scene.happens(connected)
    assert scene.center.calls_of_others[SUPPORT, panel] == 1
    scene.logs_in()
    scene.happens(connected)
    assert scene.center.calls_of_others[SUPPORT, panel] == 1


def test_a_configured_member_is_told_as_such_until_its_agent_is_there_or_has_shelved_it() -> None:
    scene = Scene()
    dan = seen("Local/1001@default/n", "Dan", dynamic=False)
    scene.happens(joins(dan.interface, dan.member, dynamic=False))
    assert scene.center.owners.is_other(dan)
    shelved = ev.MemberPaused("support", dan.interface, dan.member, True, LOGOUT_REASON)
    scene.happens(shelved)
    assert scene.center.owners.others() == []
    scene.logs_in()
    assert not scene.center.owners.is_other(dan)
