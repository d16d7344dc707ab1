"""What the user of a line is told of its phone's calls, by the rules alone."""

import msgspec
import pytest

from tests.scene import ALICE, DAY, Scene
from xucd.center import events as ev
from xucd.center.agent import AgentState
from xucd.center.center import Center
from xucd.center.changes import PhoneCall, PhoneCallChanged, Stage
from xucd.center.channels import DIAL_ID, Channel
from xucd.center.directory import Directory, Line
from xucd.center.events import ChannelState
from xucd.center.inheriting import inherit
from xucd.center.intents import WRAPUP_REASON, MarkCaller, SetPause
from xucd.center.leg import DIALLED, talks
from xucd.center.phone_calls import PhoneCalls
from xucd.center.snapshot import ChannelSeen, Snapshot

DOWN, RING, RINGING, UP = (
    ChannelState.DOWN,
    ChannelState.RING,
    ChannelState.RINGING,
    ChannelState.UP,
)
TRUNK = "PJSIP/trunk-00000001"


def told(scene: Scene, line_id: int = 1) -> list[PhoneCall]:
    return [
        one.call
        for one in scene.told
        if isinstance(one, PhoneCallChanged) and one.line_id == line_id
    ]


def stages(scene: Scene, line_id: int = 1) -> list[Stage]:
    return [call.stage for call in told(scene, line_id)]


def outside_caller(unique_id: str = "c") -> ev.ChannelCreated:
    return ev.ChannelCreated(TRUNK, unique_id, unique_id, RING, "0230", "Ann", "1001")


def ring(number: str, unique_id: str, linked_id: str = "c") -> tuple[ev.Event, ...]:
    channel = f"PJSIP/{number}-{unique_id}"
    return (
        ev.ChannelCreated(channel, unique_id, linked_id, DOWN, number, "", ""),
        ev.ChannelMoved(unique_id, linked_id, RINGING, number, "", "0230", "Ann"),
    )


def answer(number: str, unique_id: str, linked_id: str = "c") -> tuple[ev.Event, ...]:
    return (
        ev.ChannelMoved(unique_id, linked_id, UP, number, "", "0230", "Ann"),
        ev.ChannelMoved("c", "c", UP, "0230", "Ann", number, ""),
        ev.BridgeEntered("b", unique_id, linked_id),
        ev.BridgeEntered("b", "c", "c"),
    )


def test_each_stage_is_told_once_however_many_events_tell_it() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *ring("1001", "a")[1:])
    scene.happens(*answer("1001", "a"), *answer("1001", "a"))
    scene.happens(ev.ChannelGone("PJSIP/1001-a", "a"))
    assert stages(scene) == [Stage.RINGING, Stage.ESTABLISHED, Stage.RELEASED]
    assert {(call.number, call.name, call.incoming) for call in told(scene)} == {
        ("0230", "Ann", True)
    }


def test_a_call_that_never_rang_the_phone_is_not_told() -> None:
    scene = Scene()
    scene.happens(outside_caller(), ring("1001", "a")[0])
    scene.happens(ev.ChannelGone("PJSIP/1001-a", "a"))
    assert told(scene) == []


def test_the_variables_of_any_channel_of_the_call_are_the_calls() -> None:
    scene = Scene()
    scene.happens(outside_caller(), ev.VariableSet("c", "__USR_a", "1, 2"))
    ringing = ring("1001", "a")
    scene.happens(ringing[0], ev.VariableSet("a", "_USR_b", "3"))
    scene.happens(ev.VariableSet("a", "XUCD_T", "9"), ringing[1])
    assert [call.variables for call in told(scene)] == [{"USR_a": "1, 2", "USR_b": "3"}]


def test_variables_that_come_in_mid_call_are_told_with_the_next_event_not_by_themselves() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"))
    scene.happens(ev.VariableSet("c", "USR_a", "1"), ev.VariableSet("c", "USR_b", ""))
    assert len(told(scene)) == 1
    scene.happens(*answer("1001", "a"))
    assert told(scene)[-1].variables == {"USR_a": "1", "USR_b": ""}


def test_variables_alone_are_told_when_the_call_goes_on_to_another_channel() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"))
    scene.happens(ev.VariableSet("c", "USR_a", "1"), ring("1002", "d")[0])
    assert [call.variables for call in told(scene)] == [{}, {"USR_a": "1"}]
    assert stages(scene) == [Stage.RINGING, Stage.RINGING]


def test_a_queue_is_known_at_the_ring_before_its_own_event_has_come() -> None:
    scene = Scene()
    scene.happens(outside_caller(), ev.CallerJoined("sales", TRUNK, "c", 1, "0230", "Ann"))
    scene.happens(*ring("1001", "a"))
    scene.happens(ev.AgentCalled("sales", "c", "a"))
    assert [call.queue for call in told(scene)] == ["sales"]


def test_the_transferer_is_released_while_its_channel_still_lives() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    scene.happens(ev.Transferred("a"), ev.BridgeLeft("b", "a"))
    assert stages(scene)[-1] is Stage.RELEASED
    assert scene.center.phone_calls.of("PJSIP/1001") == []
    scene.happens(ev.ChannelGone("PJSIP/1001-a", "a"))
    assert stages(scene).count(Stage.RELEASED) == 1


def test_who_transferred_a_call_and_is_joined_again_has_a_call_again() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    scene.happens(ev.Transferred("a"), ev.BridgeLeft("b", "a"))
    scene.happens(ev.BridgeEntered("b", "a", "c"))
    assert stages(scene)[-2:] == [Stage.RELEASED, Stage.ESTABLISHED]
    scene.happens(ev.ChannelGone("PJSIP/1001-a", "a"))
    assert stages(scene)[-1] is Stage.RELEASED


def test_who_remains_after_a_transfer_is_told_the_new_party_under_the_same_id() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    scene.happens(ev.BridgeLeft("b", "c"))
    assert told(scene)[-1].number == "0230"
    scene.happens(
        *ring("1002", "d", "x"),
        ev.BridgeEntered("b", "d", "x"),
    )
    assert (told(scene)[-1].stage, told(scene)[-1].number) == (Stage.ESTABLISHED, "1002")
    assert {call.unique_id for call in told(scene)} == {"a"}


def test_what_xucd_dials_for_a_user_is_dialing_until_somebody_is_there() -> None:
    scene = Scene()
    unique_id = f"{DIAL_ID}1"
    channel = "PJSIP/1001-a"
    scene.happens(
        ev.ChannelCreated(channel, unique_id, unique_id, DOWN, "1001", "", "s"),
        ev.VariableSet(unique_id, DIALLED, "0123"),
        ev.ChannelMoved(unique_id, unique_id, RINGING, "1001", "", "1001", ""),
        ev.ChannelMoved(unique_id, unique_id, UP, "1001", "", "1001", ""),
    )
    assert stages(scene) == [Stage.DIALING]
    scene.happens(
        ev.ChannelCreated(TRUNK, "t", unique_id, DOWN, "", "", ""),
        ev.ChannelMoved("t", unique_id, UP, "0123", "", "1001", ""),
        ev.BridgeEntered("b", unique_id, unique_id),
        ev.BridgeEntered("b", "t", unique_id),
    )
    assert stages(scene) == [Stage.DIALING, Stage.ESTABLISHED]
    assert {(call.number, call.incoming) for call in told(scene)} == {("0123", False)}


def test_an_agent_for_whom_xucd_dials_is_dialing_and_its_call_is_outgoing() -> None:
    scene = Scene()
    scene.logs_in()
    unique_id = f"{DIAL_ID}1"
    channel = "PJSIP/1001-a"
    scene.happens(
        ev.ChannelCreated(channel, unique_id, unique_id, DOWN, "1001", "", "s"),
        ev.VariableSet(unique_id, DIALLED, "1002"),
        ev.ChannelMoved(unique_id, unique_id, RINGING, "1001", "", "1001", ""),
    )
    assert scene.agent().shown.state is AgentState.DIALING
    scene.happens(ev.ChannelMoved(unique_id, unique_id, UP, "1001", "", "1001", ""))
    live = scene.agent()
    assert live.shown.state is AgentState.ON_CALL
    assert live.shown.call is not None
    assert (live.shown.call.incoming, live.shown.call.internal) == (False, True)
    assert (live.day(scene.now).outbound_calls, live.day(scene.now).inbound_calls) == (1, 0)


def test_a_hold_is_told_and_taken_back() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    scene.happens(ev.Held("a", True), ev.Held("a", True))
    scene.happens(ev.Held("a", False))
    assert stages(scene)[-2:] == [Stage.ON_HOLD, Stage.ESTABLISHED]


def test_after_a_reconnection_only_what_is_different_is_told() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"), *ring("1002", "d"))
    scene.happens(ev.VariableSet("c", "USR_a", "1"), ev.Held("a", True))
    scene.forget()
    seen = ChannelSeen(TRUNK, "c", "c", UP, "0230", "Ann", "1001", "", "1001", "Dial", "", "b", 9)
    own = msgspec.structs.replace(
        seen,
        channel="PJSIP/1001-a",
        unique_id="a",
        number="1001",
        name="",
        connected_number="0230",
        connected_name="Ann",
        application="AppDial",
    )
    scene.rebuilds(Snapshot(frozenset(), (), (), (seen, own), {}))
    assert told(scene) == []
    assert stages(scene, line_id=2) == [Stage.RELEASED]
    leg = scene.center.phone_calls.of("PJSIP/1001")[0]
    assert leg.sent is not None
    assert (leg.sent.stage, leg.sent.variables) == (Stage.ON_HOLD, {"USR_a": "1"})


def test_nothing_is_kept_of_calls_that_are_over() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    scene.happens(ev.VariableSet("c", "USR_a", "1"))
    scene.happens(
        ev.BridgeLeft("b", "c"),
        ev.ChannelGone("PJSIP/1001-a", "a"),
        ev.ChannelGone(TRUNK, "c"),
    )
    kept = vars(scene.center.phone_calls)
    assert {
        name: held for name, held in kept.items() if held and isinstance(held, (dict, set))
    } == {}


def test_a_phone_that_rings_for_a_queue_is_told_the_queue_once_it_is_known() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"))
    assert [call.queue for call in told(scene)] == [""]
    scene.happens(ev.AgentCalled("support", "c", "a"))
    assert [call.queue for call in told(scene)] == ["", "support"]


def test_another_linked_id_alone_is_not_told() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    before = len(told(scene))
    scene.happens(ev.ChannelMoved("a", "z", UP, "1001", "", "0230", "Ann"))
    assert len(told(scene)) == before


@pytest.mark.parametrize("prefix", ["", "_", "__"])
def test_a_number_to_dial_makes_a_ringing_phones_call_an_outgoing_one(prefix: str) -> None:
    scene = Scene()
    scene.happens(
        ev.ChannelCreated("PJSIP/1001-a", "a", "a", DOWN, "1001", "", "s"),
        ev.VariableSet("a", f"{prefix}{DIALLED}", "0123"),
        ev.ChannelMoved("a", "a", RINGING, "1001", "", "1001", ""),
    )
    assert [(call.stage, call.number, call.incoming) for call in told(scene)] == [
        (Stage.DIALING, "0123", False)
    ]


def test_a_call_that_moves_to_another_phone_is_over_on_the_first_and_told_on_the_other() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    scene.forget()
    scene.happens(ev.ChannelRenamed("a", "PJSIP/1001-a", "PJSIP/1002-a"))
    assert (stages(scene, 1), stages(scene, 2)) == ([Stage.RELEASED], [Stage.ESTABLISHED])


def test_what_asterisk_could_not_begin_to_dial_is_known_by_its_id() -> None:
    scene = Scene()
    for number in (1, 2):
        scene.center.phone_calls.expect(f"{DIAL_ID}{number}")
    scene.happens(
        ev.OriginateAnswered(f"{DIAL_ID}1", False),
        ev.OriginateAnswered(f"{DIAL_ID}3", False),  # nobody waits for it
        ev.OriginateAnswered(f"{DIAL_ID}2", True),
        ev.OriginateAnswered("somebody else's", False),
    )
    calls = scene.center.phone_calls
    ids = (f"{DIAL_ID}1", f"{DIAL_ID}2", f"{DIAL_ID}3", "somebody else's")
    assert [calls.is_refused(unique_id) for unique_id in ids] == [True, False, False, False]
    for _ in range(2):
        calls.drop_refusal(f"{DIAL_ID}1")
    assert not calls.is_refused(f"{DIAL_ID}1")


def test_a_hold_and_a_transfer_of_no_lines_phone_tell_nothing() -> None:
    scene = Scene()
    scene.happens(outside_caller(), ev.Held("c", True), ev.Transferred("c"))
    scene.happens(ev.Held("unheard of", True), ev.Transferred("unheard of"))
    assert scene.told == []


def dialing(dialled: str, connected: tuple[str, str] = ("", "")) -> tuple[ev.Event, ...]:
    """The line 1001 dials a number."""
    return (
        ev.ChannelCreated("PJSIP/1001-o", "o", "o", RING, "1001", "", dialled),
        ev.ChannelMoved("o", "o", RING, "1001", "", *connected),
    )


def rung(unique_id: str, state: ChannelState, own: tuple[str, str]) -> tuple[ev.Event, ...]:
    """A channel of a trunk that was rung in the call of `dialing`."""
    return (
        ev.ChannelCreated(f"PJSIP/trunk-{unique_id}", unique_id, "o", DOWN, "", "", ""),
        ev.ChannelMoved(unique_id, "o", state, *own, "1001", ""),
    )


def up(*connected: str) -> ev.ChannelMoved:
    return ev.ChannelMoved("o", "o", UP, "1001", "", *connected)


def party(scene: Scene) -> tuple[str, str]:
    return told(scene)[-1].number, told(scene)[-1].name


@pytest.mark.parametrize(
    ("dialled", "connected", "shown"),
    [
        ("0611", ("0230", "Ann"), ("0611", "")),
        ("", ("0230", "Ann"), ("0230", "Ann")),
        ("s", ("0230", "Ann"), ("0230", "Ann")),
    ],
)
def test_a_phone_that_dials_is_told_the_number_or_else_whom_asterisk_names(
    dialled: str, connected: tuple[str, str], shown: tuple[str, str]
) -> None:
    scene = Scene()
    scene.happens(*dialing(dialled, connected))
    assert (told(scene)[-1].stage, party(scene)) == (Stage.DIALING, shown)


def test_whom_a_phone_dialled_is_told_once_both_are_up_before_a_bridge_joins_them() -> None:
    scene = Scene()
    scene.happens(*dialing("00611"), *rung("t", UP, ("0611", "Bob")))
    assert (told(scene)[-1].stage, party(scene)) == (Stage.DIALING, ("00611", ""))
    scene.happens(up("0611", "Bob"))
    assert (told(scene)[-1].stage, party(scene)) == (Stage.ESTABLISHED, ("0611", "Bob"))
    assert not told(scene)[-1].incoming


def test_while_two_whom_a_phone_rang_are_up_neither_is_told_as_the_other_party() -> None:
    scene = Scene()
    scene.happens(*dialing("00611"), *rung("t", UP, ("0611", "Bob")))
    scene.happens(*rung("u", UP, ("0622", "Cid")), up("0611", "Bob"))
    assert party(scene) == ("00611", "")


def test_a_call_that_was_joined_keeps_its_party_until_another_enters_the_bridge() -> None:
    scene = Scene()
    scene.happens(*dialing("00611"), *rung("t", UP, ("0611", "")), up("0611", ""))
    scene.happens(ev.BridgeEntered("b", "o", "o"), ev.BridgeEntered("b", "t", "o"))
    assert party(scene) == ("0611", "")
    scene.happens(ev.ChannelGone("PJSIP/trunk-t", "t"), *rung("u", UP, ("0622", "Cid")))
    scene.happens(ev.Held("o", True))
    assert (told(scene)[-1].stage, party(scene)) == (Stage.ON_HOLD, ("0611", ""))
    scene.happens(ev.BridgeEntered("b", "u", "o"))
    assert party(scene) == ("0622", "Cid")


def test_an_outgoing_call_stays_one_when_it_is_joined_to_somebody_who_called() -> None:
    scene = Scene()
    scene.happens(*dialing("0611"), *rung("t", UP, ("0611", "")), up("0611", ""))
    scene.happens(ev.BridgeEntered("b", "o", "o"), ev.BridgeEntered("b", "t", "o"))
    scene.happens(ev.BridgeLeft("b", "t"), outside_caller(), ev.BridgeEntered("b", "c", "o"))
    assert (party(scene), told(scene)[-1].incoming) == (("0230", "Ann"), False)


def test_a_call_that_is_picked_up_is_incoming_from_the_caller_it_is_joined_to() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *dialing("*8"), up("", ""))
    assert (party(scene), told(scene)[-1].incoming) == (("*8", ""), False)
    scene.happens(ev.BridgeEntered("b", "o", "c"), ev.BridgeEntered("b", "c", "c"))
    assert (party(scene), told(scene)[-1].incoming) == (("0230", "Ann"), True)


def test_a_parked_phone_that_is_found_after_a_restart_has_no_call_to_pick_up() -> None:
    scene = Scene()
    parked = ChannelSeen(
        "PJSIP/1001-o", "o", "x", UP, "1001", "", "1002", "", "701", "", "", "", 9, "701"
    )
    scene.rebuilds(Snapshot(frozenset(), (), (), (parked,), {}))
    assert stages(scene) == [Stage.ESTABLISHED]


@pytest.mark.parametrize(
    ("state", "connected", "alone", "picked_up"),
    [
        (UP, "0230", True, True),
        (UP, "", True, False),
        (UP, "*8", True, False),
        (UP, "0230", False, False),
        (RING, "0230", True, False),
    ],
)
def test_a_phone_that_picks_up_is_dialing_until_it_is_joined(
    state: ChannelState, connected: str, alone: bool, picked_up: bool
) -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(*dialing("*8"))
    if not alone:
        scene.happens(*rung("t", RINGING, ("0611", "")))
    scene.happens(ev.ChannelMoved("o", "o", state, "1001", "", connected, ""))
    waits = picked_up or state is RING
    assert told(scene)[-1].stage is (Stage.DIALING if waits else Stage.ESTABLISHED)
    assert told(scene)[-1].incoming is False
    shown = scene.agent().shown.state
    assert shown is (AgentState.DIALING if waits else AgentState.ON_CALL)


@pytest.mark.parametrize(
    ("own", "shown"), [(("1002", "Alice"), ("1002", "Alice")), (("0230", "Ann"), ("1002", ""))]
)
def test_a_party_on_one_of_our_lines_is_told_by_its_number_and_never_by_anothers_name(
    own: tuple[str, str], shown: tuple[str, str]
) -> None:
    scene = Scene()
    scene.happens(*dialing("1002"), up("", ""))
    scene.happens(
        ev.ChannelCreated("PJSIP/1002-d", "d", "o", DOWN, "1002", "", ""),
        ev.ChannelMoved("d", "o", RINGING, *own, "1001", ""),
        ev.BridgeEntered("b", "d", "o"),
        ev.BridgeEntered("b", "o", "o"),
    )
    assert party(scene) == shown


def test_a_phone_that_waits_in_a_queue_itself_is_not_told_as_rung_by_it() -> None:
    scene = Scene()
    scene.happens(
        *dialing("3000"),
        ev.CallerJoined("support", "PJSIP/1001-o", "o", 1, "1001", ""),
        up("", ""),
    )
    assert [call.queue for call in told(scene)] == ["", ""]


def test_a_phone_talks_while_somebody_else_is_in_its_bridge() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"))
    (leg,) = scene.center.phone_calls.of("PJSIP/1001")
    talking = [talks(scene.center.channels, leg)]
    for event in (
        ev.BridgeEntered("b", "a", "c"),
        ev.BridgeEntered("b", "c", "c"),
        ev.BridgeLeft("b", "c"),
    ):
        scene.happens(event)
        talking.append(talks(scene.center.channels, leg))
    assert talking == [False, False, True, False]


def parties(scene: Scene, line_id: int = 1) -> list[tuple[str, str, bool]]:
    return [(call.stage.value, call.number, call.incoming) for call in told(scene, line_id)]


def test_two_registrations_of_a_phone_that_ring_are_one_call_whichever_answers() -> None:
    scene = Scene()
    scene.logs_in()
    scene.forget()
    scene.happens(outside_caller(), *ring("1001", "a"), *ring("1001", "aa"))
    scene.happens(*answer("1001", "aa"), ev.ChannelGone("PJSIP/1001-a", "a"))
    scene.passes(7)
    scene.happens(ev.ChannelGone("PJSIP/1001-aa", "aa"))
    assert stages(scene) == [Stage.RINGING, Stage.ESTABLISHED, Stage.RELEASED]
    assert {call.unique_id for call in told(scene)} == {"a"}
    assert scene.states() == [AgentState.RINGING, AgentState.ON_CALL, AgentState.READY]
    day = scene.agent().day(scene.now)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (1, 1, 0)
    assert day.inbound_talk_s == 7


def test_two_registrations_of_a_phone_that_nobody_answers_are_one_call_missed() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(outside_caller(), *ring("1001", "a"), *ring("1001", "aa"))
    scene.happens(ev.ChannelGone("PJSIP/1001-aa", "aa"), ev.ChannelGone("PJSIP/1001-a", "a"))
    assert stages(scene) == [Stage.RINGING, Stage.RELEASED]
    day = scene.agent().day(scene.now)
    assert (day.inbound_calls, day.inbound_unanswered) == (1, 1)


def test_a_call_goes_on_at_the_registrations_of_a_phone_that_still_ring() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(outside_caller())
    for registration in ("a", "aa", "aaa"):
        scene.happens(*ring("1001", registration))
    scene.happens(ev.ChannelGone("PJSIP/1001-a", "a"))
    assert (stages(scene), scene.states()[-1]) == ([Stage.RINGING], AgentState.RINGING)
    scene.happens(*answer("1001", "aaa"), ev.ChannelGone("PJSIP/1001-aa", "aa"))
    scene.happens(ev.ChannelGone("PJSIP/1001-aaa", "aaa"))
    assert stages(scene) == [Stage.RINGING, Stage.ESTABLISHED, Stage.RELEASED]
    assert {call.unique_id for call in told(scene)} == {"a"}
    day = scene.agent().day(scene.now)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (1, 1, 0)


def test_a_call_that_turns_out_to_be_picked_up_counts_as_inbound_alone() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(outside_caller(), *dialing("*8"))
    assert scene.agent().day(scene.now).outbound_calls == 1
    scene.happens(up("", ""), ev.BridgeEntered("b", "o", "o"), ev.BridgeEntered("b", "c", "c"))
    scene.passes(4)
    scene.happens(ev.ChannelGone("PJSIP/1001-o", "o"))
    day = scene.agent().day(scene.now)
    assert (day.outbound_calls, day.outbound_talk_s) == (0, 0)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_talk_s) == (1, 1, 4)


def test_a_phone_that_is_rung_so_that_it_dials_counts_once_it_is_picked_up() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(
        ev.ChannelCreated("PJSIP/1001-a", "a", "a", DOWN, "1001", "", "s"),
        ev.ChannelMoved("a", "a", RINGING, "1001", "", "1001", "CRM"),
    )
    assert scene.agent().day(scene.now).outbound_calls == 0
    assert parties(scene) == [("dialing", "", False)]
    scene.happens(ev.ChannelMoved("a", "a", UP, "1001", "", "1001", "CRM"))
    scene.happens(ev.OriginateAnswered("", True, "a", "0611"))
    day = scene.agent().day(scene.now)
    assert (day.outbound_calls, day.inbound_calls) == (1, 0)
    assert parties(scene)[-1] == ("dialing", "0611", False)


def joins(first: str, second: str, linked_id: str) -> tuple[ev.Event, ...]:
    """Two channels enter a bridge; Asterisk tells the older linked id of the second only."""
    return ev.BridgeEntered("b", first, first), ev.BridgeEntered("b", second, linked_id)


@pytest.mark.parametrize(
    ("peer", "state", "earlier", "incoming"),
    [
        ("PJSIP/trunk", RING, True, True),  # picked up, or taken back from parking
        ("PJSIP/trunk", RING, False, True),  # a stranger whom a program joined to a waiting phone
        ("PJSIP/1002", RING, True, True),
        ("PJSIP/1002", RING, False, False),  # a colleague who came to the phone
        ("PJSIP/trunk", DOWN, True, True),  # a dialler, or a colleague, had dialled it
        ("PJSIP/trunk", DOWN, False, False),  # dialled for the phone
    ],
)
def test_the_direction_of_a_placed_call_is_decided_by_whom_it_is_joined_to(
    peer: str, state: ChannelState, *, earlier: bool, incoming: bool
) -> None:
    scene = Scene()
    other = ev.ChannelCreated(f"{peer}-p", "p", "p", state, "0230", "", "")
    mine = dialing("777")
    for event in (other, *mine) if earlier else (*mine, other):
        scene.happens(event)
    scene.happens(*joins("o", "p", "p"), up("", ""))
    assert told(scene)[-1].incoming is incoming


def test_a_local_channel_between_a_phone_and_its_caller_is_nobody() -> None:
    scene = Scene()
    local = "Local/1001@default-00000001"
    scene.happens(
        outside_caller(),
        ev.ChannelCreated(f"{local};1", "l1", "c", DOWN, "", "", "1001"),
        ev.ChannelCreated(f"{local};2", "l2", "c", RING, "", "", "1001"),
        *ring("1001", "a"),
        ev.ChannelMoved("a", "c", UP, "1001", "", "0999", "Wrong"),
        *joins("a", "l2", "c"),
        ev.BridgeEntered("bb", "c", "c"),
        ev.BridgeEntered("bb", "l1", "c"),
    )
    assert parties(scene)[-1] == ("established", "0230", True)
    assert [found.unique_id for found in scene.center.channels.reach(channel_of(scene, "a"))] == [
        "l2",
        "l1",
        "c",
    ]


def channel_of(scene: Scene, unique_id: str) -> Channel:
    return scene.center.channels.by_id[unique_id]


def test_all_in_a_bridge_get_the_linked_id_that_is_told_of_the_last_alone() -> None:
    scene = Scene()
    scene.happens(outside_caller(), ev.VariableSet("c", "USR_a", "1"), *dialing("*8"))
    scene.happens(*joins("o", "c", "c"), up("", ""))
    assert (told(scene)[-1].linked_id, told(scene)[-1].variables) == ("c", {"USR_a": "1"})


def test_who_only_was_rung_is_made_ready_where_its_phone_talks_in_another_call() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(*dialing("0611"), up("0611", ""))
    caller = scene.caller_waits()
    rung_for = scene.rings(caller)
    scene.happens(ev.ChannelGone(channel_of(scene, rung_for).name, rung_for))
    scene.pauses(True, WRAPUP_REASON)
    scene.forget()
    scene.happens(
        ev.ChannelCreated("PJSIP/1002-p", "p", "p", RING, "1002", "", "*8"),
        ev.AgentConnected("support", caller, "p", 3, "PJSIP/1001"),
    )
    assert scene.asked == [SetPause("PJSIP/1001", False)]


def test_a_wrapup_pause_of_an_agent_that_does_not_talk_is_ended_at_once_and_not_shown() -> None:
    scene = Scene()
    scene.logs_in()
    scene.forget()
    scene.happens(ev.MemberPaused("support", "PJSIP/1001", "Agent/2501", True, WRAPUP_REASON))
    assert scene.asked == [SetPause("PJSIP/1001", False, queue="support")]
    assert scene.states() == []


def test_two_who_are_parked_in_one_lot_do_not_talk_with_each_other() -> None:
    scene = Scene()
    scene.logs_in()
    caller = scene.caller_waits("sales")
    scene.answers(caller, scene.rings(caller, "sales"), "sales")
    scene.happens(ev.BridgeEntered("lot", caller, caller, holding=True))
    scene.forget()
    scene.happens(
        ev.VariableSet(caller, "USR_name", "Ann"),
        *ring("1002", "d", "x"),
        ev.ChannelMoved("d", "x", UP, "1002", "", "0611", ""),
        ev.BridgeEntered("lot", "d", "x", holding=True),
    )
    (parked,) = (leg.sent for leg in scene.center.phone_calls.of("PJSIP/1002"))
    assert parked is not None
    assert (parked.number, parked.queue, parked.variables) == ("0611", "", {})
    assert [each for each in scene.asked if isinstance(each, SetPause)] == []


def test_a_phone_that_also_waits_in_a_queue_is_shown_in_the_call_in_which_it_talks() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(outside_caller(), *ring("1001", "a"), *answer("1001", "a"))
    scene.happens(*dialing("3101"), up("", ""))
    call = scene.agent().shown.call
    assert call is not None
    assert call.incoming
    scene.happens(ev.Held("a", True))
    call = scene.agent().shown.call
    assert call is not None
    assert not call.incoming


def test_who_meet_in_a_conference_keep_the_linked_ids_of_their_calls() -> None:
    scene = Scene()
    scene.happens(outside_caller(), ev.VariableSet("c", "USR_a", "1"), *dialing("3910"))
    scene.happens(
        ev.BridgeEntered("room", "c", "c", conference=True),
        ev.BridgeEntered("room", "o", "o", conference=True),
        up("", ""),
    )
    assert (told(scene)[-1].number, told(scene)[-1].variables) == ("0230", {})


def test_all_registrations_of_a_phone_are_the_forks_of_its_call() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"), *ring("1001", "aa"))
    calls = scene.center.phone_calls
    (leg,) = calls.of("PJSIP/1001")
    assert [fork.channel.unique_id for fork in calls.forks(leg)] == ["a", "aa"]


def test_the_number_that_a_phone_dials_is_known_after_a_reconnection() -> None:
    scene = Scene()
    scene.happens(
        ev.ChannelCreated("PJSIP/1001-a", "a", "a", DOWN, "1001", "", "s"),
        ev.ChannelMoved("a", "a", UP, "1001", "", "1001", "CRM"),
        ev.OriginateAnswered("", True, "a", "0611"),
    )
    listed = ChannelSeen(
        "PJSIP/1001-a", "a", "a", UP, "1001", "", "1001", "", "s", "Dial", "PJSIP/0611@x", "", 3
    )
    scene.rebuilds(Snapshot(frozenset(), (), (), (listed,), {}))
    assert parties(scene)[-1] == ("dialing", "0611", False)


def test_calls_of_a_line_that_is_no_more_are_not_kept() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"))
    others = Directory(groups=[], queues=[], lines=[], agents=[])
    calls = PhoneCalls(others, scene.center.channels, scene.center.waiting)
    calls.inherit(scene.center.phone_calls)
    calls.update("PJSIP/1001-a", "PJSIP/1001", None)
    assert (calls.legs, calls.of("PJSIP/1001")) == ({}, [])


def test_who_only_was_rung_is_made_ready_where_a_stranger_answers_its_forward() -> None:
    scene = Scene()
    scene.logs_in()
    scene.talks()
    caller = scene.caller_waits()
    scene.pauses(True, WRAPUP_REASON)
    scene.forget()
    scene.happens(
        ev.ChannelCreated("PJSIP/trunk-m", "m", caller, DOWN, "0177", "", ""),
        ev.AgentConnected("support", caller, "m", 3, "PJSIP/1001"),
    )
    assert scene.asked == [SetPause("PJSIP/1001", False)]


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after a restart"])
def test_who_is_rung_by_a_transfer_has_no_wrapup(*, again: bool) -> None:
    scene = Scene()
    scene.logs_in()
    scene.logs_in(ALICE)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.happens(ev.Transferred(phone, (caller,)))
    assert scene.marked[-1] == MarkCaller("PJSIP/trunk-00000001", "support", True)
    if again:
        scene.center.channels.by_id[caller].transferred = False
        seen = ChannelSeen(
            "PJSIP/trunk-00000001", caller, caller, UP, "0230", "", "", "", "", "Dial", "", "", 9
        )
        marks = {caller: "support,transferred"}
        scene.rebuilds(Snapshot(frozenset(), (), (), (seen,), {}, queued=marks))
        scene.logs_in(ALICE)
    scene.forget()
    scene.happens(
        ev.ChannelCreated("PJSIP/1002-t", "t", caller, DOWN, "1002", "", ""),
        ev.ChannelMoved("t", caller, UP, "1002", "", "0230", ""),
        ev.BridgeEntered("bb", "t", caller),
        ev.BridgeEntered("bb", caller, caller),
    )
    assert told(scene, 2)[-1].queue == "support"
    assert [one for one in scene.asked if isinstance(one, SetPause) and one.paused] == []


def test_calls_go_on_over_a_reload_and_those_of_a_line_that_it_brings_are_told() -> None:
    scene = Scene()
    scene.happens(outside_caller(), *ring("1001", "a"))
    lines = [Line(5, "1005", "PJSIP/1005"), *scene.center.directory.lines.values()]
    more = Directory(groups=[], queues=[], lines=lines, agents=[])
    reloaded = Center(more, scene.now, lambda at: at + DAY)
    inherit(reloaded, scene.center, scene.now)
    scene.center = reloaded
    scene.happens(*ring("1005", "e"), *answer("1001", "a"))
    assert stages(scene, line_id=5) == [Stage.RINGING]
    assert stages(scene) == [Stage.RINGING, Stage.ESTABLISHED]
