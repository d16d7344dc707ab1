"""Starting anew from what Asterisk lists after a (re)connection."""

from typing import Any

import msgspec
import pytest

from tests.scene import ALICE, BILLING, BRUCE, SALES, SUPPORT, Scene
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.changes import MembershipChanged, PhoneChanged
from xucd.center.directory import QueuesByName
from xucd.center.events import ChannelState
from xucd.center.intents import WRAPUP_REASON, AddMember, RemoveMember, SetPause, SetPenalty
from xucd.center.rules import commanded
from xucd.center.snapshot import ChannelSeen, MemberSeen, Snapshot
from xucd.center.station import Station

QUEUES = frozenset({"support", "sales", "billing"})
PENALTY = {"support": 0, "sales": 1, "billing": 2}


def member(queue: str, *, last_call: float = 0, **fields: Any) -> MemberSeen:
    """Bruce's place in a queue, with these fields of `MemberSeen`."""
    at = int(last_call)
    seen = MemberSeen(queue, "PJSIP/1001", "Agent/2501", PENALTY[queue], False, "", at, at)
    return msgspec.structs.replace(seen, **fields)


def snapshot(*members: MemberSeen, channels: tuple[ChannelSeen, ...] = ()) -> Snapshot:
    return Snapshot(QUEUES, members, (), channels, {"PJSIP/1001": "NOT_INUSE"})


def station(
    *, logged_in: bool = True, settled: bool = True, reason: str = "", since: float = 0.0
) -> Station:
    return Station(BRUCE, 1, logged_in, since, bool(reason), reason, settled)


def everywhere(**fields: Any) -> list[MemberSeen]:
    return [member(queue, **fields) for queue in PENALTY]


def test_an_agent_that_asterisk_has_is_logged_in_and_nothing_is_asked() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere()))
    assert scene.agent().shown.state is AgentState.READY
    assert scene.asked == []
    assert scene.memberships() == []


def test_before_asterisk_was_asked_an_agent_is_shown_as_it_was_last_known() -> None:
    scene = Scene([station(reason="lunch")])
    assert scene.agent().shown.state is AgentState.ON_PAUSE
    assert (scene.agent().shown.cause, scene.agent().shown.phone_number) == ("lunch", "1001")


def test_a_pause_is_dated_by_asterisk_when_nobody_remembers_it() -> None:
    scene = Scene([station(reason="lunch")])
    paused = everywhere(paused=True, reason="lunch", last_call=scene.now - 300)
    scene.rebuilds(snapshot(*paused))
    assert scene.agent().since == scene.now - 300


def test_a_call_keeps_its_figures_over_a_rebuild_in_the_middle() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere()))
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(10)
    channel = scene.center.channels.by_id[phone]
    ringing = ChannelSeen(
        channel.name,
        phone,
        caller,
        ChannelState.RINGING,
        "1001",
        "",
        "0230210082",
        "",
        "",
        "AppQueue",
        "(Outgoing Line)",
        "",
        10,
    )
    scene.rebuilds(snapshot(*everywhere(), channels=(ringing,)))
    scene.answers(caller, phone, gosub=False)
    scene.passes(1)
    scene.hangs_up(phone)
    day = scene.agent().day(scene.now)
    assert (day.inbound_calls, day.inbound_answered) == (1, 1)
    assert (day.inbound_ring_s, day.inbound_talk_s) == (10, 1)


def test_rebuilding_twice_tells_nothing_new() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere(paused=True, reason="lunch")))
    scene.forget()
    scene.passes(60)
    since = scene.agent().since
    scene.rebuilds(snapshot(*everywhere(paused=True, reason="lunch")))
    assert scene.told == []
    assert scene.agent().since == since


def test_an_agent_whose_members_asterisk_lost_is_put_back_paused_as_it_was() -> None:
    scene = Scene([station(reason="lunch")])
    scene.rebuilds(snapshot())
    assert scene.asked == [
        *(
            AddMember(queue, "PJSIP/1001", "Agent/2501", PENALTY[queue], True)
            for queue in ("support", "sales", "billing")
        ),
        SetPause("PJSIP/1001", True, "lunch"),
    ]
    assert scene.agent().shown.state is AgentState.ON_PAUSE
    assert scene.agent().shown.cause == "lunch"


def test_a_queue_that_asterisk_no_longer_has_is_not_asked_for() -> None:
    scene = Scene([station()])
    scene.rebuilds(Snapshot(frozenset({"sales"}), (), (), (), {}))
    assert scene.asked == [AddMember("sales", "PJSIP/1001", "Agent/2501", 1, False)]


def test_a_member_of_an_agent_that_logged_out_is_taken_away() -> None:
    scene = Scene([station(logged_in=False)])
    scene.rebuilds(snapshot(member("support")))
    assert scene.asked == [RemoveMember("support", "PJSIP/1001")]
    scene.happens(ev.MemberRemoved("support", "PJSIP/1001", "Agent/2501"))
    assert scene.states() == []
    assert scene.agent().queues == {SUPPORT: 0, SALES: 1, BILLING: 2}


CONFIGURED = {SUPPORT: 0, SALES: 1, BILLING: 2}


def test_a_member_of_an_agent_that_xucd_never_saw_is_taken_over() -> None:
    scene = Scene()
    scene.rebuilds(snapshot(member("support")))
    assert scene.states() == [AgentState.READY]
    assert scene.asked == []
    assert scene.agent().queues == CONFIGURED
    missing = [change for change in scene.told if isinstance(change, MembershipChanged)]
    assert missing == [
        MembershipChanged(BRUCE, SALES, 1, missing=True),
        MembershipChanged(BRUCE, BILLING, 2, missing=True),
    ]


def test_a_queue_missing_after_a_settled_login_was_left_and_is_told_so() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(member("support"), member("sales")))
    assert scene.memberships() == [(BRUCE, BILLING, -1)]
    assert scene.asked == []
    assert scene.agent().queues == CONFIGURED


def test_a_login_that_was_cut_short_is_completed() -> None:
    scene = Scene([station(settled=False)])
    scene.rebuilds(snapshot(member("support")))
    assert scene.asked == [
        AddMember("sales", "PJSIP/1001", "Agent/2501", 1, False),
        AddMember("billing", "PJSIP/1001", "Agent/2501", 2, False),
    ]
    assert scene.memberships() == []


def test_queues_that_were_configured_anew_are_brought_about() -> None:
    scene = Scene([Station(ALICE, 2, True, 0.0, settled=False)])
    support, sales = (
        MemberSeen(queue, "PJSIP/1002", "Agent/2502", 7, False, "", 0, 0)
        for queue in ("support", "sales")
    )
    scene.rebuilds(snapshot(support, sales))
    assert scene.asked == [
        SetPenalty("support", "PJSIP/1002", 0),
        RemoveMember("sales", "PJSIP/1002"),
    ]
    scene.happens(ev.MemberPenalty("support", "PJSIP/1002", "Agent/2502", 0))
    assert scene.memberships() == []
    assert scene.center.stations[ALICE].settled


def test_the_line_asterisk_has_an_agent_on_wins_over_the_remembered_one() -> None:
    scene = Scene([station(since=500.0)])
    scene.rebuilds(snapshot(*everywhere(interface="PJSIP/1004")))
    assert scene.agent().shown.phone_number == "1004"
    assert scene.center.stations[BRUCE].since == 500.0
    assert scene.agent().day(scene.now).login_at == 500.0


def test_an_agent_on_two_lines_is_taken_off_the_one_it_did_not_log_in_on() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere(), member("sales", interface="PJSIP/1004")))
    assert scene.asked == [RemoveMember("sales", "PJSIP/1004")]
    assert scene.agent().shown.phone_number == "1001"


@pytest.mark.parametrize(("ago", "left"), [(2, 3), (60, 0)])
def test_a_wrapup_goes_on_where_it_was_and_ends_at_once_if_it_is_over(ago: int, left: int) -> None:
    scene = Scene([station()])
    members = everywhere(paused=True, reason=WRAPUP_REASON, last_call=scene.now - ago)
    scene.rebuilds(snapshot(members[0], *everywhere(paused=True, reason=WRAPUP_REASON)[1:]))
    assert scene.agent().stance is Stance.WRAPPING
    scene.passes(left)
    assert scene.asked == [SetPause("PJSIP/1001", False)]


def queue_call() -> tuple[ChannelSeen, ...]:
    up, number = ChannelState.UP, "0230210082"
    return (
        ChannelSeen(
            "PJSIP/trunk-1",
            "c",
            "c",
            up,
            number,
            "",
            "1001",
            "",
            "3000",
            "Queue",
            "support,,,",
            "b",
            40,
        ),
        ChannelSeen(
            "PJSIP/1001-2",
            "m",
            "c",
            up,
            "1001",
            "",
            number,
            "",
            "",
            "AppQueue",
            "(Outgoing Line)",
            "b",
            38,
        ),
    )


def test_a_queue_call_in_progress_is_found_again_with_its_wrapup() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere(paused=True, reason=WRAPUP_REASON), channels=queue_call()))
    call = scene.agent().shown.call
    assert call is not None
    assert (call.acd, call.incoming, call.internal) == (True, True, False)
    assert scene.agent().since == scene.now - 38
    scene.hangs_up("m", "c")
    scene.passes(4)
    assert scene.asked == []
    scene.passes(1)
    assert scene.asked == [SetPause("PJSIP/1001", False)]
    assert scene.states() == [AgentState.ON_CALL, AgentState.ON_WRAPUP]


def test_a_call_that_ended_while_nobody_looked_is_gone() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere(), channels=queue_call()))
    scene.rebuilds(snapshot(*everywhere()))
    assert scene.states() == [AgentState.ON_CALL, AgentState.READY]


def test_waiting_callers_are_those_of_the_snapshot() -> None:
    scene = Scene([station()])
    scene.caller_waits()
    waiting = ev.CallerJoined("sales", "PJSIP/trunk-7", "x", 1, "0230210082", "")
    scene.rebuilds(Snapshot(QUEUES, (), (waiting,), (), {}))
    assert scene.center.waiting.calls("support") == []
    assert [call.unique_id for call in scene.center.waiting.calls("sales")] == ["x"]


def test_two_agents_that_were_on_one_line_do_not_share_it_after_a_rebuild() -> None:
    scene = Scene([station(logged_in=False), Station(ALICE, 1, True, 0.0)])
    scene.rebuilds(snapshot(member("sales"), member("support", member="Agent/2502")))
    assert scene.asked == [RemoveMember("sales", "PJSIP/1001")]
    assert scene.agent(BRUCE).shown.state is AgentState.LOGGED_OUT
    assert scene.agent(ALICE).shown.state is AgentState.READY


def test_an_agent_put_back_into_a_lost_queue_while_wrapping_up_is_put_back_paused() -> None:
    scene = Scene([station(settled=False)])
    wrapping = [
        member(queue, paused=True, reason=WRAPUP_REASON, last_call=scene.now)
        for queue in ("support", "sales")
    ]
    scene.rebuilds(snapshot(*wrapping))
    assert scene.agent().stance is Stance.WRAPPING
    assert scene.asked == [
        AddMember("billing", "PJSIP/1001", "Agent/2501", 2, True),
        SetPause("PJSIP/1001", True, WRAPUP_REASON, "billing"),
    ]


def test_a_lines_phone_that_asterisk_does_not_list_is_told_as_invalid() -> None:
    scene = Scene()
    for _ in range(2):
        scene.rebuilds(snapshot())
    told = [change for change in scene.told if isinstance(change, PhoneChanged)]
    assert told == [
        PhoneChanged(1, "NOT_INUSE"),
        *(PhoneChanged(line_id, "INVALID") for line_id in (2, 3, 4)),
    ]


def test_members_of_other_peoples_phones_and_queues_are_passed_over() -> None:
    scene = Scene([station()])
    strange = [
        member("support", interface="Local/55@x"),
        msgspec.structs.replace(member("support"), queue="doctors"),
    ]
    scene.rebuilds(snapshot(*strange, *everywhere()))
    assert scene.agent().members.keys() == {SUPPORT, SALES, BILLING}
    assert (scene.asked, scene.memberships()) == ([], [])


def test_a_member_left_behind_by_an_agent_that_is_configured_no_more_is_taken_away() -> None:
    scene = Scene()
    left = member("support", member="Agent/2999")
    scene.rebuilds(
        snapshot(
            left,
            msgspec.structs.replace(left, queue="doctors"),
            member("sales", member="PJSIP/1001"),
            member("support", member="Agent/2999", interface="Local/55@x"),
        )
    )
    assert scene.asked == [RemoveMember("support", "PJSIP/1001")]


def test_an_agent_that_is_found_paused_is_told_so_at_once_and_not_as_ready_first() -> None:
    scene = Scene()
    scene.rebuilds(snapshot(*everywhere(paused=True, reason="lunch")))
    assert scene.states() == [AgentState.ON_PAUSE]


def test_an_agent_found_paused_for_several_reasons_is_shown_the_first_that_is_listed() -> None:
    reasons = [f"reason {number}" for number in range(3)]
    for turn in range(8):
        scene = Scene()
        seen = [
            member(queue, paused=True, reason=f"{reason}, {turn}")
            for queue, reason in zip(PENALTY, reasons, strict=True)
        ]
        scene.rebuilds(snapshot(*seen))
        assert scene.agent().shown.cause == f"reason 0, {turn}"


def test_a_paused_agent_found_on_another_line_in_no_queue_of_its_own_keeps_its_reason() -> None:
    scene = Scene([Station(ALICE, 2, True, 0.0, paused=True, reason="lunch", settled=False)])
    elsewhere = MemberSeen("sales", "PJSIP/1004", "Agent/2502", 0, False, "", 0, 0)
    scene.rebuilds(snapshot(elsewhere))
    assert scene.agent(ALICE).shown.cause == "lunch"
    assert scene.asked == [
        RemoveMember("sales", "PJSIP/1004"),
        AddMember("support", "PJSIP/1004", "Agent/2502", 0, True),
        SetPause("PJSIP/1004", True, "lunch"),
    ]


def test_queues_that_an_agent_was_taken_out_of_do_not_hide_those_it_stays_in() -> None:
    scene = Scene([Station(ALICE, 2, True, 0.0, settled=False)])
    sales, support = (
        MemberSeen(queue, "PJSIP/1002", "Agent/2502", 0, False, "", 0, 0)
        for queue in ("sales", "support")
    )
    scene.rebuilds(snapshot(sales, support))
    assert scene.asked == [RemoveMember("sales", "PJSIP/1002")]
    assert scene.agent(ALICE).members.keys() == {SUPPORT}


def test_an_agent_put_back_without_a_member_keeps_since_when_and_has_no_wrapup_to_end() -> None:
    scene = Scene([station(reason="lunch", since=100.0)])
    scene.rebuilds(snapshot())
    assert (scene.agent().since, scene.agent().wrapup_s) == (100.0, 0)


def test_a_call_that_goes_on_keeps_its_beginning_over_a_rebuild() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere(), channels=queue_call()))
    since = scene.agent().since
    scene.passes(60)
    scene.center.channels.by_id["m"].answered = since - 5  # the state's beginning, not the call's
    scene.rebuilds(snapshot(*everywhere(), channels=queue_call()))
    assert scene.agent().since == since


def test_the_end_of_an_earlier_call_says_nothing_of_an_agent_who_is_ready() -> None:
    scene = Scene([station(since=100.0)])
    scene.rebuilds(snapshot(*everywhere(last_call=scene.now - 300)))
    assert scene.agent().since == 100.0


def wrapping_in_sales(wrapup_s: int, ago: int) -> Scene:
    """Bruce is found in sales alone, which has such a wrap-up, after a call that ended then."""
    scene = Scene()
    directory = scene.center.directory
    sales = msgspec.structs.replace(directory.queues[SALES], wrapup=wrapup_s)
    directory.queues[SALES], directory.queue_by_name = sales, QueuesByName([sales])
    last_call = scene.now - ago
    scene.rebuilds(
        snapshot(member("sales", paused=True, reason=WRAPUP_REASON, last_call=last_call))
    )
    return scene


def test_a_wrapup_of_no_length_is_ended_once_and_not_dated_back() -> None:
    scene = wrapping_in_sales(0, ago=9)
    scene.passes(0)
    assert scene.asked == [SetPause("PJSIP/1001", False)]
    assert scene.agent().since == scene.now


def test_a_wrapup_of_one_second_is_over_when_its_call_ended_a_second_ago() -> None:
    scene = wrapping_in_sales(1, ago=1)
    assert scene.agent().since == scene.now - 1
    scene.passes(0)
    assert scene.asked == [SetPause("PJSIP/1001", False)]


def test_agents_that_are_out_and_stay_out_are_neither_told_nor_remembered() -> None:
    scene = Scene()
    scene.rebuilds(snapshot())
    assert [change for change in scene.told if not isinstance(change, PhoneChanged)] == []
    assert scene.center.stations == {}


def test_an_agent_whose_line_is_configured_no_more_is_out_and_on_no_line() -> None:
    scene = Scene([Station(BRUCE, 99, True, 0.0)])
    scene.rebuilds(snapshot())
    assert (scene.agent().stance, scene.agent().shown.phone_number) == (Stance.OUT, "")


def test_a_logout_that_a_reconnection_cut_short_is_no_logout_any_more() -> None:
    scene = Scene([station()])
    scene.rebuilds(snapshot(*everywhere()))
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.rebuilds(snapshot(*everywhere()))
    scene.happens(ev.MemberRemoved("billing", "PJSIP/1001", "Agent/2501"))
    assert scene.memberships() == [(BRUCE, BILLING, -1)]


def test_an_agent_that_was_logged_in_before_the_start_has_that_login_in_its_figures() -> None:
    scene = Scene([station(since=500.0)])
    assert scene.agent().day(scene.now).login_at == 500.0


@pytest.mark.parametrize("logged_in", [True, False])
def test_a_login_or_logout_that_was_begun_is_brought_about_after_a_reconnection(
    logged_in: bool,
) -> None:
    scene = Scene()
    scene.center.expect_station(station(logged_in=logged_in, settled=False))
    scene.rebuilds(snapshot(member("support")))
    completed = [
        AddMember("sales", "PJSIP/1001", "Agent/2501", 1, False),
        AddMember("billing", "PJSIP/1001", "Agent/2501", 2, False),
    ]
    assert scene.asked == (completed if logged_in else [RemoveMember("support", "PJSIP/1001")])
