"""From AMI event blocks to the centre's typed events, for all versions of Asterisk.

`DECODERS` has one row for each AMI event that xucd reads; all others are ignored by their name,
without being parsed. Where Asterisk 16 and 22 differ, the decoder accepts both.
"""

import re
from collections.abc import Callable

from xucd.ami.errors import DecodeError
from xucd.ami.framing import Fields, Headers, name_of
from xucd.center import events
from xucd.center.events import ChannelState, DeviceStatus, Event

UNKNOWN = frozenset({"", "<unknown>", "unknown", "<null>", "none"})
"""What Asterisk writes for a missing value; decoded as "". `unknown` is app_queue's spelling."""

_STATES = {str(int(state)): state for state in ChannelState}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


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


def state_of(number: str) -> ChannelState:
    """The channel state of a `ChannelState` number. Raises `ValueError`."""
    state = _STATES.get(number)
    if state is None:
        raise ValueError("unknown ChannelState")
    return state


def status_of(number: str) -> DeviceStatus:
    """A queue member's `Status` number. Raises `ValueError`."""
    return DeviceStatus(int(number))


def reason_of(block: Headers) -> str:
    """A member's pause reason, "" when it is not paused.

    Asterisk 22 has only `PausedReason`, also for a reason given on an unpause; 16 adds `Reason` to
    the event of a pause.
    """
    if block["Paused"] != "1":
        return ""
    return block.get("PausedReason", "") or block.get("Reason", "")


def is_dynamic(block: Headers) -> bool:
    """Whether a member may be removed; those of queues.conf and of a database may not."""
    return block["Membership"] == "dynamic"


def unescape(value: str) -> str:
    """Undo the C escapes in a `VarSet` event's value."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value)


def _member_added(block: Headers) -> Event:
    return events.MemberAdded(
        block["Queue"],
        block["Interface"],
        block["MemberName"],
        int(block["Penalty"]),
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
        block["Queue"], block["Interface"], block["MemberName"], int(block["Penalty"])
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
        int(block["Position"]),
        known(block["CallerIDNum"]),
        known(block["CallerIDName"]),
    )


def _caller_sent(block: Headers) -> Event | None:
    if block["Application"] != "Queue":
        return None
    return events.CallerSent(block["AppData"].partition(",")[0], block["Uniqueid"])


def _caller_left(block: Headers) -> Event:
    return events.CallerLeft(block["Queue"], block["Uniqueid"])


def _caller_abandoned(block: Headers) -> Event:
    return events.CallerAbandoned(block["Queue"], block["Uniqueid"], int(block["HoldTime"]))


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
        int(block["HoldTime"]),
    )


def _agent_rang_no_answer(block: Headers) -> Event:
    return events.AgentRangNoAnswer(block.get("Uniqueid", ""))


def _channel_created(block: Headers) -> Event:
    return events.ChannelCreated(
        block["Channel"],
        block["Uniqueid"],
        block["Linkedid"],
        state_of(block["ChannelState"]),
        known(block["CallerIDNum"]),
        known(block["CallerIDName"]),
        block["Exten"],
    )


def _channel_moved(block: Headers) -> Event:
    return events.ChannelMoved(
        block["Uniqueid"],
        block["Linkedid"],
        state_of(block["ChannelState"]),
        known(block["CallerIDNum"]),
        known(block["CallerIDName"]),
        known(block["ConnectedLineNum"]),
        known(block["ConnectedLineName"]),
    )


def _channel_renamed(block: Headers) -> Event:
    return events.ChannelRenamed(block["Uniqueid"], block["Channel"], block["Newname"])


def _channel_gone(block: Headers) -> Event:
    return events.ChannelGone(block["Channel"], block["Uniqueid"])


def _dial_ended(block: Headers) -> Event:
    return events.DialEnded(block.get("Uniqueid", ""), block["DestUniqueid"], block["DialStatus"])


def _bridge_entered(block: Headers) -> Event:
    return events.BridgeEntered(block["BridgeUniqueid"], block["Uniqueid"], block["Linkedid"])


def _bridge_left(block: Headers) -> Event:
    return events.BridgeLeft(block["BridgeUniqueid"], block["Uniqueid"])


def _blind_transfer(block: Headers) -> Event | None:
    if block["Result"] != "Success":
        return None
    return events.Transferred(block["TransfererUniqueid"])


def _attended_transfer(block: Headers) -> Event | None:
    if block["Result"] != "Success":
        return None
    return events.Transferred(block["OrigTransfererUniqueid"])


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
    return events.VariableSet(known(block["Uniqueid"]), block["Variable"], unescape(block["Value"]))


def _modules_changed(block: Headers) -> Event:
    return events.ModulesChanged(block["Module"])


def _originate_answered(block: Headers) -> Event:
    return events.OriginateAnswered(block.get("ActionID", ""), block["Response"] == "Success")


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
