"""Messages that callers leave: what names one, and when its caller is due to be called."""

import datetime
import uuid

import pytest

from xucd.ami.actions import for_intent
from xucd.ami.errors import InvalidValue
from xucd.center.callbacks import Period
from xucd.center.channels import Channels, created_channel
from xucd.center.events import ChannelCreated, ChannelState
from xucd.center.intents import PlayMessage
from xucd.center.voice_messages import channel_id, due_date, is_hearing, is_reference

REFERENCE = "0123456789abcdef0123456789abcdef"
TODAY, TOMORROW = datetime.date(2026, 12, 31), datetime.date(2027, 1, 1)


def period(start: int, end: int) -> Period:
    return Period(uuid.uuid4(), "a period", datetime.time(start), datetime.time(end))


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ((0, 0), TODAY),
        ((13, 0), TODAY),
        ((17, 0), TODAY),
        ((17, 1), TOMORROW),
        ((23, 59), TOMORROW),
    ],
)
def test_a_call_is_due_today_unless_the_last_period_is_over(
    moment: tuple[int, int], due: datetime.date
) -> None:
    periods = [period(14, 17), period(9, 12)]
    assert due_date(periods, datetime.datetime.combine(TODAY, datetime.time(*moment))) == due


def test_without_periods_a_call_is_due_today() -> None:
    assert due_date([], datetime.datetime.combine(TODAY, datetime.time.max)) == TODAY


@pytest.mark.parametrize(
    "text", ["", "../x", REFERENCE[:-1], REFERENCE + "0", REFERENCE + "\n", REFERENCE.upper()]
)
def test_only_32_hexadecimal_digits_are_a_reference_and_nothing_else_is_played(text: str) -> None:
    assert is_reference(REFERENCE)
    assert not is_reference(text)
    with pytest.raises(InvalidValue):
        for_intent(PlayMessage("PJSIP/1001", text, "0230210082", "id"))


def test_a_phone_hears_a_message_from_its_first_ring_on_and_that_one_alone() -> None:
    channels = Channels()
    playing = channel_id(REFERENCE, "t")
    assert not is_hearing(channels, "PJSIP/1001", REFERENCE)
    down = ChannelState.DOWN
    event = ChannelCreated("PJSIP/1001-1", playing, playing, down, "1001", "", "")
    channels.add(created_channel(event, 0.0))
    assert is_hearing(channels, "PJSIP/1001", REFERENCE)
    assert not is_hearing(channels, "PJSIP/1002", REFERENCE)
    assert not is_hearing(channels, "PJSIP/1001", REFERENCE[::-1])
