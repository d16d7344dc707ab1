"""Messages about lines, phones and their calls."""

from xucd.center.changes import PhoneCall, Stage
from xucd.center.directory import Line, User
from xucd.center.grammar import name_of
from xucd.cti import messages as msg

_PHONE_STATUS: dict[str, msg.PhoneStatus] = {
    "NOT_INUSE": "AVAILABLE",
    "INUSE": "CALLING",
    "BUSY": "BUSY",
    "INVALID": "UNEXISTING",
    "UNAVAILABLE": "INDISPONIBLE",
    "UNKNOWN": "AVAILABLE",  # as for Asterisk's hints: drivers such as DAHDI's tell no more
    "RINGING": "RINGING",
    "RINGINUSE": "BUSY_AND_RINGING",
    "ONHOLD": "ONHOLD",
}


def phone_status(device_state: str | None) -> msg.PhoneStatus:
    """The name that clients use for one of Asterisk's device states."""
    return _PHONE_STATUS.get(device_state or "INVALID", "ERROR")


_EVENTS: dict[Stage, msg.PhoneEventType] = {
    Stage.RINGING: "EventRinging",
    Stage.DIALING: "EventDialing",
    Stage.ESTABLISHED: "EventEstablished",
    Stage.ON_HOLD: "EventOnHold",
    Stage.RELEASED: "EventReleased",
}


def line_config(line: Line) -> msg.LineConfig:
    """A user's line."""
    return msg.LineConfig(
        id=str(line.id),
        name=line.number,
        context=line.context,
        phone_number=line.number,
        interface=line.dial_string,
    )


def hint(number: str, state: str | None) -> msg.PhoneHintStatusEvent:
    """A phone's state, by Asterisk's device state; None if there is no such line."""
    return msg.PhoneHintStatusEvent(number=number, status=msg.PHONE_HINT[phone_status(state)])


def phone_event(line: Line, user: User, call: PhoneCall) -> msg.PhoneEvent:
    """A stage of a call, as its user receives it."""
    event = msg.PhoneEvent(
        event_type=_EVENTS[call.stage],
        number=line.number,
        other_number=call.number,
        other_name=call.name,
        linked_id=name_of(call.linked_id),
        unique_id=name_of(call.unique_id),
        call_direction="Incoming" if call.incoming else "Outgoing",
        user_data=call.variables,
        username=user.login,
    )
    if call.queue:
        event.queue_name = name_of(call.queue)  # it may be none of ours
    return event
