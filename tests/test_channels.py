"""The one model of channels: its indexes agree, and what a phone does is read off it."""

from typing import Any

import msgspec
import pytest

from tests.scene import directory
from xucd.center.agent import Phone
from xucd.center.channels import DIAL_ID, Channel, Channels, interface_of
from xucd.center.events import ChannelState
from xucd.center.phone_calls import PhoneCalls
from xucd.center.snapshot import ChannelSeen
from xucd.center.waiting import Waiting


def channel(
    unique_id: str, state: ChannelState, *, interface: str = "PJSIP/1001", call: str = ""
) -> Channel:
    return Channel(
        name=f"{interface}-{len(unique_id):08x}",
        unique_id=unique_id,
        linked_id=call or unique_id,
        state=state,
        own=("1001", ""),
        exten="",
        since=0.0,
        called=state in (ChannelState.DOWN, ChannelState.RINGING),
    )


def channels(*added: Channel) -> Channels:
    model = Channels()
    for each in added:
        model.add(each)
    return model


def calls(model: Channels) -> PhoneCalls:
    """The calls of phones that are read off the model."""
    found = PhoneCalls(directory(), model, Waiting())
    for each in model.by_id.values():
        found.update(each.name, each.interface, None)
    return found


def ids(found: object) -> list[str]:
    return [each.unique_id for each in found]  # type: ignore[attr-defined]


def talking(model: Channels) -> Channel | None:
    leg = calls(model).talking("PJSIP/1001")
    return leg.channel if leg is not None else None


def internal_of(model: Channels, mine: Channel) -> bool:
    return calls(model).legs[mine.name].internal


RINGING, DIALING, UP = ChannelState.RINGING, ChannelState.RING, ChannelState.UP


@pytest.mark.parametrize(
    ("states", "phone"),
    [
        ([], Phone.IDLE),
        ([ChannelState.DOWN], Phone.IDLE),
        ([RINGING], Phone.RINGING),
        ([DIALING], Phone.DIALING),
        ([RINGING, DIALING], Phone.DIALING),
        ([DIALING, RINGING], Phone.DIALING),
        ([DIALING, UP], Phone.TALKING),
        ([UP, RINGING], Phone.TALKING),
    ],
)
def test_talking_hides_dialing_and_dialing_hides_ringing(
    states: list[ChannelState], phone: Phone
) -> None:
    named = (channel("9" * (n + 1), state, call="caller") for n, state in enumerate(states))
    model = channels(*named)
    assert calls(model).phone("PJSIP/1001") is phone
    assert calls(model).phone("PJSIP/1002") is Phone.IDLE


def test_a_phone_that_xucd_rings_to_dial_is_dialing_from_the_start() -> None:
    ringing = channel(f"{DIAL_ID}1", RINGING)
    assert calls(channels(ringing)).phone("PJSIP/1001") is Phone.DIALING


def test_the_call_that_a_phone_talks_in_is_the_one_answered_last() -> None:
    first, second = channel("a", UP), channel("bb", UP)
    first.answered, second.answered = 9.0, 5.0
    assert talking(channels(first, second)) is first
    unseen = channel("ddd", UP)  # nobody saw when it was answered
    second.answered = 0.5
    assert talking(channels(unseen, second)) is second
    assert talking(channels(channel("c", RINGING))) is None


def test_a_channel_is_in_one_bridge_at_a_time() -> None:
    mine, other = channel("a", UP), channel("b", UP, interface="PJSIP/trunk")
    model = channels(mine, other)
    for each in (mine, other):
        model.enter_bridge(each, "x")
    assert ids(model.in_bridge("x")) == ["a", "b"]
    model.enter_bridge(mine, "y")
    assert (ids(model.in_bridge("x")), ids(model.in_bridge("y"))) == (["b"], ["a"])
    model.leave_bridge(mine, "x")  # told late: it is in another by now
    assert (mine.bridge, ids(model.in_bridge("y"))) == ("y", ["a"])
    model.leave_bridge(mine, "y")
    assert (mine.bridge, ids(model.in_bridge("y"))) == ("", [])


def test_a_channel_that_is_removed_is_in_no_index_any_more() -> None:
    mine = channel("a", UP)
    model = channels(mine)
    model.enter_bridge(mine, "x")
    assert model.remove("a") is mine
    assert model.remove("a") is None
    assert ids(model.on("PJSIP/1001")) == ids(model.in_call("a")) == ids(model.in_bridge("x")) == []


def test_a_channel_that_is_renamed_or_relinked_is_found_where_it_went_alone() -> None:
    mine = channel("a", UP)
    model = channels(mine)
    model.enter_bridge(mine, "x")
    model.rename("a", "PJSIP/1002-00000001")
    model.relink(mine, "b")
    assert ids(model.on("PJSIP/1001")) == ids(model.in_call("a")) == []
    assert (
        ids(model.on("PJSIP/1002")) == ids(model.in_call("b")) == ids(model.in_bridge("x")) == ["a"]
    )


def test_a_channel_that_is_known_already_is_left_as_it_is() -> None:
    first = channel("a", UP)
    model = channels(first)
    model.add(channel("a", RINGING))
    assert model.by_id["a"] is first


def test_another_configuration_goes_on_with_the_same_channels() -> None:
    before = channels(channel("a", UP))
    model = channels()
    model.inherit(before)
    assert ids(model.on("PJSIP/1001")) == ["a"]


def test_entering_a_bridge_again_or_being_renamed_keeps_the_place_in_it() -> None:
    first, second = channel("a", UP), channel("b", UP, interface="PJSIP/trunk")
    model = channels(first, second)
    for each in (first, second, first):
        model.enter_bridge(each, "x")
    model.rename("a", "PJSIP/1002-00000001")
    assert ids(model.in_bridge("x")) == ["a", "b"]


def test_the_name_of_an_interface_may_hold_dashes() -> None:
    assert interface_of("PJSIP/front-desk-0000002a") == "PJSIP/front-desk"
    assert interface_of("Console") == "Console"


@pytest.mark.parametrize(
    ("origin", "connected", "internal"),
    [
        ("PJSIP/1002", ("anonymous", ""), True),
        ("PJSIP/trunk", ("1002", ""), False),  # a trunk may send any number
        ("", ("1002", ""), True),
        ("", ("0230", "1002"), False),
    ],
)
def test_an_incoming_call_is_internal_by_the_phone_it_came_from_else_by_its_number(
    origin: str, connected: tuple[str, str], internal: bool
) -> None:
    mine = channel("a", RINGING, call="c" if origin else "a")
    mine.connected = connected
    model = channels(mine)
    if origin:
        model.add(channel("c", DIALING, interface=origin))
    assert internal_of(model, mine) is internal


@pytest.mark.parametrize(
    ("dialled", "internal"), [("1002", True), ("3001", True), ("0230", False), ("", False)]
)
def test_a_call_to_one_of_our_lines_or_queues_is_internal(dialled: str, internal: bool) -> None:
    mine = channel("a", DIALING)
    mine.exten = dialled
    assert internal_of(channels(mine), mine) is internal


def test_a_recording_is_shown_paused_only_while_all_of_the_call_is() -> None:
    mine, other = channel("a", UP, call="c"), channel("b", UP, call="c", interface="PJSIP/trunk")
    model = channels(mine, other)
    assert model.recording(mine) == "DISABLED"
    mine.muted, other.muted = True, False
    assert model.recording(mine) == "ACTIVE"
    other.muted = True
    assert model.recording(mine) == "PAUSED"


NOW = 1000.0
CALLER = ChannelSeen(
    "PJSIP/trunk-1", "c", "c", UP, "0230", "Ann", "1001", "", "3000", "Queue", "sales,tT,,", "b", 40
)
MEMBER = ChannelSeen(
    "PJSIP/1001-2", "m", "c", UP, "1001", "", "0230", "Ann", "", "AppQueue", "(Outgoing)", "b", 30
)


def listed(*seen: ChannelSeen, before: Channels | None = None, **recorded: bool) -> Channels:
    """The model after Asterisk listed these channels."""
    model = before or channels()
    model.rebuild(iter(seen), recorded, {}, NOW)
    return model


def seen(unique_id: str, state: ChannelState, **fields: Any) -> ChannelSeen:
    return msgspec.structs.replace(MEMBER, unique_id=unique_id, state=state, **fields)


def test_a_listed_channel_is_found_by_interface_call_and_bridge_with_all_that_is_listed() -> None:
    model = listed(CALLER, MEMBER, m=True)
    assert ids(model.on("PJSIP/1001")) == ["m"]
    assert ids(model.in_call("c")) == ids(model.in_bridge("b")) == ["c", "m"]
    mine, caller = model.by_id["m"], model.by_id["c"]
    assert (mine.own, mine.connected, mine.since) == (("1001", ""), ("0230", "Ann"), NOW - 30)
    assert (mine.state, mine.muted, mine.queue) == (UP, True, "sales")
    assert (caller.exten, caller.muted, caller.queue) == ("3000", None, "")


def test_the_queue_of_a_phone_that_it_rang_may_stand_in_quotes() -> None:
    caller = msgspec.structs.replace(CALLER, application_data='"Vertrieb Süd",t')
    assert listed(caller, MEMBER).by_id["m"].queue == "Vertrieb Süd"


def test_a_phone_that_a_queue_rang_whose_caller_is_not_listed_has_no_queue() -> None:
    assert listed(MEMBER).by_id["m"].queue == ""


@pytest.mark.parametrize(
    ("application", "called"), [("AppQueue", True), ("AppDial", True), ("Dial", False)]
)
def test_whether_a_channel_that_is_up_was_called_is_read_off_its_application(
    application: str, called: bool
) -> None:
    model = listed(seen("m", UP, application=application))
    assert model.by_id["m"].called is called


def test_when_a_listed_channel_rang_and_was_answered_is_guessed_by_its_age() -> None:
    model = listed(seen("up", UP), seen("ringing", RINGING), seen("down", ChannelState.DOWN))
    times = {key: (found.rang, found.answered) for key, found in model.by_id.items()}
    assert times == {"up": (None, NOW - 30), "ringing": (NOW - 30, None), "down": (None, None)}


def test_when_a_known_channel_rang_and_was_answered_is_kept() -> None:
    before = channels(*(channel(key, RINGING) for key in ("ringing", "up", "now up")))
    for known in before.by_id.values():
        known.rang = 900.0
    before.by_id["up"].answered = 950.0
    model = listed(seen("ringing", RINGING), seen("up", UP), seen("now up", UP), before=before)
    times = {key: (found.rang, found.answered) for key, found in model.by_id.items()}
    assert times == {"ringing": (900.0, None), "up": (900.0, 950.0), "now up": (900.0, NOW)}


def test_what_no_list_tells_of_a_known_channel_is_kept_and_the_rest_is_forgotten() -> None:
    before = channels(channel("m", UP), channel("gone", UP))
    known = before.by_id["m"]
    known.variables, known.from_queue, known.stopped = {"USR_a": "1"}, "sales", True
    before.enter_bridge(known, "old")
    model = listed(MEMBER, before=before)
    mine = model.by_id["m"]
    assert (mine.variables, mine.from_queue, mine.stopped) == ({"USR_a": "1"}, "sales", True)
    assert ids(model.on("PJSIP/1001")) == ["m"]
    assert ids(model.in_call("gone")) == ids(model.in_bridge("old")) == []
