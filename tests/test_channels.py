"""The one model of channels: its indexes agree, and what a phone does is read off it."""

import pytest

from tests.scene import directory
from xucd.center.agent import Phone
from xucd.center.channels import DIAL_ID, Channel, Channels
from xucd.center.events import ChannelState


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
    )


def channels(*added: Channel) -> Channels:
    model = Channels(directory())
    for each in added:
        model.add(each)
    return model


def ids(found: object) -> list[str]:
    return [each.unique_id for each in found]  # type: ignore[attr-defined]


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
    model = channels(*(channel(str(number), state) for number, state in enumerate(states)))
    assert model.phone("PJSIP/1001") is phone
    assert model.phone("PJSIP/1002") is Phone.IDLE


def test_a_phone_that_xucd_rings_to_dial_is_dialing_from_the_start() -> None:
    ringing = channel(f"{DIAL_ID}1", RINGING)
    assert not ringing.incoming
    assert channels(ringing).phone("PJSIP/1001") is Phone.DIALING


def test_the_call_that_a_phone_talks_in_is_the_one_answered_last() -> None:
    first, second = channel("a", UP), channel("b", UP)
    first.answered, second.answered = 9.0, 5.0
    assert channels(first, second).talking("PJSIP/1001") is first
    assert channels(channel("c", RINGING)).talking("PJSIP/1001") is None


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
