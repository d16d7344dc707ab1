"""What clients are told about lines, phones and calls."""

from typing import Literal

from msgspec import UNSET, UnsetType, field

from xucd.cti.messages.base import Message

PhoneStatus = Literal[
    "AVAILABLE",
    "CALLING",
    "RINGING",
    "BUSY",
    "ONHOLD",
    "BUSY_AND_RINGING",
    "INDISPONIBLE",
    "DEACTIVATED",
    "UNEXISTING",
    "ERROR",
]


class LineConfig(Message, kw_only=True):
    """The user's line. `id` is never ``"-"``."""

    id: str
    name: str
    context: str
    phone_number: str
    interface: str
    web_rtc: bool = False


class PhoneStatusUpdate(Message, kw_only=True):
    """What the user's own phone does."""

    status: PhoneStatus


class PhoneHintStatusEvent(Message, kw_only=True):
    """What somebody's phone does: one of `PHONE_HINT`."""

    number: str
    status: int


PHONE_HINT: dict[PhoneStatus, int] = {
    "AVAILABLE": 0,
    "CALLING": 1,
    "BUSY": 2,
    "INDISPONIBLE": 4,
    "RINGING": 8,
    "BUSY_AND_RINGING": 9,
    "ONHOLD": 16,
    "DEACTIVATED": -1,
    "UNEXISTING": -2,
    "ERROR": -99,
}


PhoneEventType = Literal[
    "EventRinging", "EventDialing", "EventEstablished", "EventOnHold", "EventReleased"
]


class PhoneEvent(Message, kw_only=True):
    """What happens on the user's own phone."""

    event_type: PhoneEventType
    number: str = field(name="DN")
    other_number: str = field(name="otherDN")
    other_name: str = field(name="otherDName")
    linked_id: str
    unique_id: str
    call_direction: Literal["Incoming", "Outgoing"]
    user_data: dict[str, str]
    username: str
    queue_name: str | UnsetType = UNSET


class CurrentCallsPhoneEvents(Message, kw_only=True):
    """The calls that the user's phone has now."""

    events: list[PhoneEvent]
