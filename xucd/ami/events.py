"""From AMI event blocks to the centre's typed events, for all versions of Asterisk.

`DECODERS` has one row for each AMI event that xucd reads; all others are ignored by their name,
without being parsed. Where Asterisk 16 and 22 differ, the decoder accepts both.
"""

from collections.abc import Callable

from xucd.ami.errors import DecodeError
from xucd.ami.escaping import text_of
from xucd.ami.framing import Fields, Headers, name_of
from xucd.center import events, grammar
from xucd.center.arguments import first_argument
from xucd.center.channels import Party
from xucd.center.events import ChannelState, DeviceStatus, Event
from xucd.center.grammar import number_of
from xucd.center.parties import party

UNKNOWN = frozenset({"", "<unknown>", "unknown", "<null>", "none"})
"""What Asterisk writes for a missing value; decoded as "". `unknown` is app_queue's spelling."""

_STATES = {str(int(state)): state for state in ChannelState}
_STATUSES = {str(int(status)): status for status in DeviceStatus}


def decode(raw: bytes) -> Event | None:
    """The typed event of a raw block; None for a block that xucd does not read.

    Raises `DecodeError` when a field is missing or malformed.
    """
    name = name_of(raw)
    decoder = DECODERS.get(name)
    if decoder is None:
        return None
    try:
        return decoder(Fields(raw))
    except KeyError as error:
        raise DecodeError(name.decode("ascii", "replace"), f"no field {error}") from None
    except ValueError as error:
        raise DecodeError(name.decode("ascii", "replace"), str(error)) from None


def known(value: str) -> str:
    """A value, or "" for Asterisk's words for a missing one."""
    return "" if value in UNKNOWN else value


def count_of(number: str) -> int:
    """A number of people or seconds. Raises `ValueError`, also beyond what Asterisk counts with."""
    return _within(number, 1 << 31)


def seconds_of(number: str) -> int:
    """How long something has lasted, in seconds; raises as `count_of` does.

    0 for what has begun later than now, by Asterisk's clock that was set back.
    """
    return max(0, count_of(number))


def moment_of(number: str) -> int:
    """An epoch second. Raises `ValueError`, also beyond what a date can hold."""
    return _within(number, 1 << 37)


def _within(number: str, limit: int) -> int:
    value = int(number)
    if not -limit <= value < limit:
        raise ValueError("a number is out of range")
    return value


def state_of(number: str) -> ChannelState:
    """The channel state of a `ChannelState` number. Raises `ValueError`."""
    state = _STATES.get(number)
    if state is None:
        raise ValueError("unknown ChannelState")
    return state


def status_of(number: str) -> DeviceStatus:
    """A queue member's `Status` number. Raises `ValueError`."""
    status = _STATUSES.get(number)
    return DeviceStatus(int(number)) if status is None else status


def reason_of(block: Headers) -> str:
    """A member's pause reason, as clients may be told it; "" when it is not paused.

    Asterisk 22 has only `PausedReason`, also for a reason given on an unpause; 16 adds `Reason` to
    the event of a pause.
    """
    if block["Paused"] != "1":
        return ""
    return grammar.reason_of(block.get("PausedReason", "") or block.get("Reason", ""))


def caller_of(block: Headers, event: str) -> Party:
    """Number and name of a channel's own party, as clients may be told them."""
    return party(known(block["CallerIDNum"]), known(text_of(block, event, "CallerIDName")))


def connected_of(block: Headers, event: str) -> Party:
    """Number and name of the party that Asterisk names as a channel's other end."""
    number, name = block["ConnectedLineNum"], text_of(block, event, "ConnectedLineName")
    return party(known(number), known(name))


def is_dynamic(block: Headers) -> bool:
    """Whether a member may be removed; those of queues.conf and of a database may not."""
    return block["Membership"] == "dynamic"


def _member_added(block: Headers) -> Event:
    return events.MemberAdded(
        block["Queue"],
        block["Interface"],
        block["MemberName"],
        count_of(block["Penalty"]),
        block["Paused"] == "1",
        reason_of(block),
        status_of(block["Status"]),
        block["StateInterface"],
        is_dynamic(block),
    )


def _member_removed(block: Headers) -> Event:
    return events.MemberRemoved(block["Queue"], block["Interface"], block["MemberName"])


def _member_penalty(block: Headers) -> Event:
    return events.MemberPenalty(
        block["Queue"], block["Interface"], block["MemberName"], count_of(block["Penalty"])
    )


def _member_paused(block: Headers) -> Event:
    return events.MemberPaused(
        block["Queue"],
        block["Interface"],
        block["MemberName"],
        block["Paused"] == "1",
        reason_of(block),
    )


def _member_status(block: Headers) -> Event:
    return events.MemberStatus(
        block["Queue"], block["Interface"], block["MemberName"], status_of(block["Status"])
    )


def _caller_joined(block: Headers) -> Event:
    return events.CallerJoined(
        block["Queue"],
        block["Channel"],
        block["Uniqueid"],
        count_of(block["Position"]),
        *caller_of(block, "QueueCallerJoin"),
        at=_place(block),
    )


def _place(block: Headers) -> str:
    """Where a caller's channel is in the dialplan, or is to go on; "" when it is not told."""
    return ",".join(block.get(name, "") for name in ("Context", "Exten", "Priority")).strip(",")


def _caller_sent(block: Headers) -> Event | None:
    if block["Application"] != "Queue":
        return None
    return events.CallerSent(first_argument(block["AppData"]), block["Uniqueid"])


def _caller_left(block: Headers) -> Event:
    return events.CallerLeft(block["Queue"], block["Uniqueid"], _place(block))


def _caller_abandoned(block: Headers) -> Event:
    return events.CallerAbandoned(
        block["Queue"], block["Uniqueid"], seconds_of(block["HoldTime"]), _place(block)
    )


# In the Agent events, Asterisk omits the fields of a channel that has hung up already.


def _agent_called(block: Headers) -> Event:
    return events.AgentCalled(
        block["Queue"], block.get("Uniqueid", ""), block.get("DestUniqueid", "")
    )


def _agent_connected(block: Headers) -> Event:
    return events.AgentConnected(
        block["Queue"],
        block.get("Uniqueid", ""),
        block.get("DestUniqueid", ""),
        seconds_of(block["HoldTime"]),
        block["Interface"],
    )


def _agent_rang_no_answer(block: Headers) -> Event:
    return events.AgentRangNoAnswer(block.get("Uniqueid", ""))


def _channel_created(block: Headers) -> Event:
    return events.ChannelCreated(
        block["Channel"],
        block["Uniqueid"],
        block["Linkedid"],
        state_of(block["ChannelState"]),
        *caller_of(block, "Newchannel"),
        block["Exten"],
    )


def _channel_moved(block: Headers) -> Event:
    return events.ChannelMoved(
        block["Uniqueid"],
        block["Linkedid"],
        state_of(block["ChannelState"]),
        *caller_of(block, "Newstate"),
        *connected_of(block, "Newstate"),
        block.get("Exten", ""),
    )


def _channel_renamed(block: Headers) -> Event:
    return events.ChannelRenamed(block["Uniqueid"], block["Channel"], block["Newname"])


def _channel_gone(block: Headers) -> Event:
    return events.ChannelGone(block["Channel"], block["Uniqueid"])


def _hangup_requested(block: Headers) -> Event:
    return events.HangupRequested(block["Uniqueid"])


def _picked_up(block: Headers) -> Event:
    return events.PickedUp(block["Uniqueid"], block["TargetUniqueid"])


def _dial_ended(block: Headers) -> Event:
    return events.DialEnded(block.get("Uniqueid", ""), block["DestUniqueid"], block["DialStatus"])


def _bridge_entered(block: Headers) -> Event:
    return events.BridgeEntered(
        block["BridgeUniqueid"],
        block["Uniqueid"],
        block["Linkedid"],
        block["BridgeTechnology"] == HOLDING,
        block["BridgeType"] != "basic",
    )


HOLDING = "holding_bridge"
"""The technology of bridges in which nobody talks: parking, music on hold."""


def _bridge_left(block: Headers) -> Event:
    return events.BridgeLeft(block["BridgeUniqueid"], block["Uniqueid"])


def _blind_transfer(block: Headers) -> Event | None:
    if block["Result"] != "Success":
        return None
    return events.Transferred(block["TransfererUniqueid"], _ids(block, "TransfereeUniqueid"))


def _attended_transfer(block: Headers) -> Event | None:
    if block["Result"] != "Success":
        return None
    into_application = block.get("DestType", "") == "App"
    return events.Transferred(
        block["OrigTransfererUniqueid"],
        _ids(block, "TransfereeUniqueid", "TransferTargetUniqueid"),
        block.get("SecondTransfererUniqueid", "") if into_application else "",
    )


def _ids(block: Headers, *fields: str) -> tuple[str, ...]:
    return tuple(known for field in fields if (known := block.get(field, "")))


def _hold(block: Headers) -> Event:
    return events.Held(block["Uniqueid"], True)


def _unhold(block: Headers) -> Event:
    return events.Held(block["Uniqueid"], False)


def _recording_started(block: Headers) -> Event:
    return events.RecordingStarted(block["Channel"], block["Uniqueid"])


def _recording_stopped(block: Headers) -> Event:
    return events.RecordingStopped(block["Channel"], block["Uniqueid"])


def _recording_muted(block: Headers) -> Event:
    return events.RecordingMuted(block["Uniqueid"], block["State"] == "1")


def _spy_started(block: Headers) -> Event:
    return events.SpyStarted(block["SpyerUniqueid"], block["SpyeeUniqueid"])


def _spy_stopped(block: Headers) -> Event:
    return events.SpyStopped(block["SpyerUniqueid"])


def _device_changed(block: Headers) -> Event | None:
    device = block["Device"]
    # Not phones, but app_queue's own device states, several for each pause.
    return None if device.startswith("Queue:") else events.DeviceChanged(device, block["State"])


def _variable_set(block: Headers) -> Event:
    value = text_of(block, "VarSet", "Value")
    return events.VariableSet(known(block["Uniqueid"]), block["Variable"], value)


def _modules_changed(block: Headers) -> Event:
    return events.ModulesChanged(block["Module"])


def _originate_answered(block: Headers) -> Event:
    ok = block["Response"] == "Success"
    number = block.get("Exten", "")
    if block.get("Application", "") == "Dial":
        number = _dialled(block.get("Data", ""))
    return events.OriginateAnswered(
        block.get("ActionID", ""), ok, known(block.get("Uniqueid", "")), number_of(number)
    )


def _dialled(data: str) -> str:
    """The number in the data of `Dial`, "" where it is not plain.

    ``PJSIP/0123@trunk,60``, ``PJSIP/trunk/sip:0123@host``, ``SIP/trunk/0123``, ``DAHDI/1/0123``,
    ``Local/0123@context/n``: the last part behind the technology that can be dialled.
    """
    parts = data.partition(",")[0].partition("&")[0].split("/")[:0:-1]
    numbers = (number_of(part.removeprefix("sip:").partition("@")[0]) for part in parts)
    return next((number for number in numbers if number), "")


DECODERS: dict[bytes, Callable[[Headers], Event | None]] = {
    b"QueueMemberAdded": _member_added,
    b"QueueMemberRemoved": _member_removed,
    b"QueueMemberPenalty": _member_penalty,
    b"QueueMemberPause": _member_paused,
    b"QueueMemberStatus": _member_status,
    b"QueueCallerJoin": _caller_joined,
    b"QueueCallerLeave": _caller_left,
    b"Newexten": _caller_sent,
    b"QueueCallerAbandon": _caller_abandoned,
    b"AgentCalled": _agent_called,
    b"AgentConnect": _agent_connected,
    b"AgentRingNoAnswer": _agent_rang_no_answer,
    b"Newchannel": _channel_created,
    b"Newstate": _channel_moved,
    b"Rename": _channel_renamed,
    b"Hangup": _channel_gone,
    b"HangupRequest": _hangup_requested,
    b"SoftHangupRequest": _hangup_requested,
    b"Pickup": _picked_up,
    b"DialEnd": _dial_ended,
    b"BridgeEnter": _bridge_entered,
    b"BridgeLeave": _bridge_left,
    b"BlindTransfer": _blind_transfer,
    b"AttendedTransfer": _attended_transfer,
    b"Hold": _hold,
    b"Unhold": _unhold,
    b"MixMonitorStart": _recording_started,
    b"MixMonitorStop": _recording_stopped,
    b"MixMonitorMute": _recording_muted,
    b"ChanSpyStart": _spy_started,
    b"ChanSpyStop": _spy_stopped,
    b"DeviceStateChange": _device_changed,
    b"VarSet": _variable_set,
    b"Load": _modules_changed,
    b"Unload": _modules_changed,
    b"Reload": _modules_changed,
    b"OriginateResponse": _originate_answered,
}
