"""Messages about lines, phones and calls."""

from typing import Literal

from msgspec import UNSET, UnsetType, field

from xucd.cti.messages.base import Extension, Interface, Message, Name, Number, Text, Word

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
    """The user's line and the interface by which Asterisk rings it."""

    id: Word
    name: Number
    context: Word
    phone_number: Number
    interface: Interface
    web_rtc: bool = False


class PhoneStatusUpdate(Message, kw_only=True):
    """The state of the user's own phone."""

    status: PhoneStatus


class PhoneHintStatusEvent(Message, kw_only=True):
    """The state of a phone that the client subscribed to, by the number of its line.

    `status` is 0 (available), 1 (calling), 2 (busy), 4 (not reachable), 8 (ringing), 9 (busy and
    ringing), 16 (on hold), -1 (deactivated), -2 (no such line) or -99 (error).
    """

    number: Extension
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
"""The `status` of a `PhoneHintStatusEvent`."""


PhoneEventType = Literal[
    "EventRinging", "EventDialing", "EventEstablished", "EventOnHold", "EventReleased"
]


class PhoneEvent(Message, kw_only=True):
    """A call of the user's own phone has entered another stage.

    `DN` is the user's number, `otherDN` and `otherDName` are the other party's number and name. A
    number holds dialable characters or is empty; a name is one line without ``<`` and ``>``.
    `queueName` is there if the caller came through a queue; `userData` holds the call's ``USR_``
    variables.
    """

    event_type: PhoneEventType
    number: Number = field(name="DN")
    other_number: Number = field(name="otherDN")
    other_name: Name = field(name="otherDName")
    linked_id: Name
    unique_id: Name
    call_direction: Literal["Incoming", "Outgoing"]
    user_data: dict[Name, Text]
    username: Word
    queue_name: Name | UnsetType = UNSET


class CurrentCallsPhoneEvents(Message, kw_only=True):
    """The present calls of the user's phone, each as its last `PhoneEvent`."""

    events: list[PhoneEvent]
