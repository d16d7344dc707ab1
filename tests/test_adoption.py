"""Agents made of queue members that are none, and what is told of those that are none."""

import pytest

from tests.conftest import TODAY
from tests.scene import SUPPORT, Scene
from tests.test_discovery import found, member
from tests.test_members_found import joins, seen
from xucd.center import events as ev
from xucd.center.audit import Actor, Kind
from xucd.center.directory import Group, Line, Queue
from xucd.center.intents import LOGOUT_REASON
from xucd.config import center_file, writing
from xucd.config.plan import Person, Plan, PlannedAgent
from xucd.store import Store, audit
from xucd.store.apply import apply
from xucd.store.export import export
from xucd.tools.adoption import NotAdoptable, adoption
from xucd.tools.dialplan import Dialplan, Hint
from xucd.tools.discovery import FoundPbx, FoundPhone

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
    plan = adoption(pbx(), PRESENT, LOCAL).plan
    (line,) = plan.lines
    assert (line.number, line.interface, line.device) == ("204", LOCAL, "PJSIP/204")
    (agent,) = plan.agents
    assert (agent.login, dict(agent.queues or {})) == ("dan.ericson", {1: 3})
    assert plan.people[0].line_id == line.id


def test_a_line_that_is_there_is_taken_for_the_phone() -> None:
    there = Plan(groups=PRESENT.groups, queues=PRESENT.queues, lines=(Line(7, "204", "PJSIP/204"),))
    plan = adoption(pbx(), there, LOCAL).plan
    assert plan.lines == there.lines
    assert plan.people[0].line_id == there.lines[0].id


@pytest.mark.parametrize("interface", ["PJSIP/999", "PJSIP/204"])
def test_what_is_no_member_is_not_made_an_agent(interface: str) -> None:
    with pytest.raises(NotAdoptable) as refused:
        adoption(pbx(), PRESENT, interface)
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
        adoption(pbx(), there, LOCAL)


def test_an_adoption_is_in_the_audit_trail_as_who_did_it(store: Store) -> None:
    apply(store, PRESENT)
    ada = Actor("ada", 7, "192.0.2.1")
    plan = adoption(pbx(), export(store), LOCAL).plan
    said = apply(store, plan, actor=ada)
    assert "added line 204" in said
    entry = audit.read(store, audit.AuditSearch(kind=Kind.CONFIGURE, newest_first=True))[0].entry
    assert (entry.actor, "osUser" in entry.detail) == (ada, False)
    assert center_file.parse(writing.write(export(store)), "x", TODAY).plan.agents == plan.agents


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
