"""The actions that xucd sends to Asterisk. Every value is checked when the action is constructed.

To Asterisk, a line end in a value is the end of the header: a pause reason with one in it could
inject a second action. `Action`'s constructor refuses such values; they are never repaired.
"""

import msgspec

from xucd.ami.errors import InvalidValue
from xucd.center.intents import (
    HANDED_ON,
    MUTED_MARK,
    QUEUE_MARK,
    AddMember,
    DialFromQueueIntent,
    DialOut,
    FindNumber,
    HangUp,
    Intent,
    Listen,
    MarkCaller,
    MarkRecording,
    Mute,
    Nudge,
    PlayMessage,
    RemoveMember,
    SendOn,
    SetDeviceState,
    SetPause,
    SetPenalty,
)
from xucd.center.leg import DIALLED
from xucd.center.voice_messages import is_reference

AGI_CONTEXT = "xucd-agi"
AGI_VARIABLE = "XUCD_AGI"
"""The dialplan context that asks the owner of the PBX by FastAGI, and the global variable where."""

DIAL_CONTEXT = "xucd-dial"
"""The dialplan context that fetches a call's variables and then dials."""

EVENT_CLASSES = "system,call,agent,dialplan"
"""The event mask of the login: the read classes that xucd needs."""

LINE_LIMIT = 1024
"""Maximum bytes of a header line with its CR LF: the size of Asterisk's line buffer."""

_FORBIDDEN = frozenset("\r\n\0")


class Action(msgspec.Struct, frozen=True):
    """One AMI action: its name and its headers, in order.

    Raises `InvalidValue` for a value with CR, LF or NUL, one that UTF-8 cannot encode, or one whose
    line is longer than `LINE_LIMIT`. The value itself is never in the error.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _check("Action", self.name)
        for key, value in self.headers:
            _check(key, value)

    def as_dict(self) -> dict[str, str]:
        """The action as panoramisk takes it."""
        return {"Action": self.name, **dict(self.headers)}


def _check(key: str, value: str) -> None:
    if not _FORBIDDEN.isdisjoint(value):
        raise InvalidValue(f"{key} must not contain a line end or a NUL")
    try:
        size = len(f"{key}: {value}\r\n".encode())
    except UnicodeEncodeError:
        raise InvalidValue(f"{key} contains a character that UTF-8 cannot encode") from None
    if size > LINE_LIMIT:
        raise InvalidValue(f"{key} is longer than Asterisk accepts")


def for_intent(intent: Intent) -> Action:
    """The action that carries out an intent. Raises `InvalidValue`."""
    match intent:
        case AddMember(queue, interface, member, penalty, paused, state_interface):
            headers = [
                ("Queue", queue),
                ("Interface", interface),
                ("MemberName", member),
                ("Penalty", str(penalty)),
                ("Paused", _flag(paused)),
            ]
            if state_interface:
                headers.append(("StateInterface", state_interface))
            return Action("QueueAdd", tuple(headers))
        case RemoveMember(queue, interface):
            return Action("QueueRemove", (("Queue", queue), ("Interface", interface)))
        case SetPenalty(queue, interface, penalty):
            return Action(
                "QueuePenalty",
                (("Queue", queue), ("Interface", interface), ("Penalty", str(penalty))),
            )
        case SetPause():
            return _pause(intent)
        case SetDeviceState(device, state):
            variable = f"DEVICE_STATE({device})"
            return Action("Setvar", (("Variable", variable), ("Value", state)))
        case Nudge(channel):
            # A digit that the caller's side receives wakes app_queue's wait; D has no other effect.
            return Action("PlayDTMF", (("Channel", channel), ("Digit", "D"), ("Receive", "true")))
        case FindNumber(context, number):
            return getvar(f"DIALPLAN_EXISTS({context},{number},1)")
        case _:
            return _for_call(intent)


def _mark(intent: MarkRecording | MarkCaller) -> Action:
    variable, value = (
        (MUTED_MARK, intent.mark)
        if isinstance(intent, MarkRecording)
        else (QUEUE_MARK, intent.queue + (HANDED_ON if intent.transferred else ""))
    )
    return Action("Setvar", (("Channel", intent.channel), ("Variable", variable), ("Value", value)))


def _for_call(
    intent: Mute
    | MarkRecording
    | MarkCaller
    | Listen
    | PlayMessage
    | DialOut
    | DialFromQueueIntent
    | HangUp
    | SendOn,
) -> Action:
    match intent:
        case Mute(channel, muted):
            return Action(
                "MixMonitorMute",
                (("Channel", channel), ("Direction", "both"), ("State", "1" if muted else "0")),
            )
        case MarkRecording() | MarkCaller():
            return _mark(intent)
        case Listen():
            return _listen(intent)
        case PlayMessage():
            return _play_message(intent)
        case DialOut():
            return _dial_out(intent)
        case DialFromQueueIntent():
            return _dial_from_queue(intent)
        case HangUp(channel):
            return Action("Hangup", (("Channel", channel),))
        case SendOn(channel, context, destination):
            return Action(
                "BlindTransfer",
                (("Channel", channel), ("Context", context), ("Exten", destination)),
            )


def _pause(intent: SetPause) -> Action:
    if intent.reason and not intent.paused:
        raise InvalidValue("Reason must be empty on an unpause")
    headers = [("Interface", intent.interface), ("Paused", _flag(intent.paused))]
    if intent.queue is not None:
        headers.append(("Queue", intent.queue))
    if intent.reason:
        headers.append(("Reason", intent.reason))
    return Action("QueuePause", tuple(headers))


LISTEN_TIMEOUT = 30_000
"""How long the listener's phone rings, in ms."""


def _listen(intent: Listen) -> Action:
    # q: no beep; E: hang up when the spied channel does; S: or at once if it has gone already.
    if not {",", "|"}.isdisjoint(intent.channel):
        raise InvalidValue("Channel must not contain a separator")
    return Action(
        "Originate",
        (
            ("Channel", intent.interface),
            ("Application", "ChanSpy"),
            ("Data", f"{intent.channel},qES"),
            ("CallerID", f"<{intent.number}>"),
            ("Timeout", str(LISTEN_TIMEOUT)),
            ("Async", "true"),
            ("ChannelId", intent.unique_id),
        ),
    )


MESSAGE_CONTEXT = "xucd-callback-listen"
"""The dialplan context that plays a caller's message."""


def _play_message(intent: PlayMessage) -> Action:
    if not is_reference(intent.reference):
        raise InvalidValue("Variable must be a message's reference")
    return Action(
        "Originate",
        (
            ("Channel", intent.interface),
            ("Context", MESSAGE_CONTEXT),
            ("Exten", "s"),
            ("Priority", "1"),
            ("CallerID", f"<{intent.number}>"),
            ("Timeout", str(LISTEN_TIMEOUT)),
            ("Async", "true"),
            ("ChannelId", intent.unique_id),
            ("Variable", f"XUCD_MESSAGE={intent.reference}"),
        ),
    )


RING_CONTEXT = "xucd-ring"
"""The dialplan context that rings all registrations of a phone."""

DIAL_TIMEOUT = 30_000
"""How long the dialling user's own phone rings, in ms."""


def _dial_out(intent: DialOut) -> Action:
    headers = [
        ("Channel", f"Local/s@{RING_CONTEXT}" if intent.everywhere else intent.interface),
        ("Context", DIAL_CONTEXT if intent.request_id else intent.context),
        ("Exten", intent.destination),
        ("Priority", "1"),
        # Without a name: Asterisk would show it as the dialled party's name, too.
        ("CallerID", f"<{intent.number}>"),
        ("Timeout", str(DIAL_TIMEOUT)),
        ("Async", "true"),
        ("ChannelId", intent.unique_id),
        ("ActionID", intent.unique_id),
    ]
    variables = {DIALLED: intent.destination}
    if intent.request_id:
        variables |= {"XUCD_CONTEXT": intent.context, "__XUCD_REQ": intent.request_id}
    if intent.everywhere:
        variables |= {"XUCD_PHONE": intent.interface.partition("/")[2]}
        headers.append(("OtherChannelId", f"{intent.unique_id}-2"))
    # All in one header, since a second one would replace the first; commas separate them.
    if any("," in value for value in variables.values()):
        raise InvalidValue("Variable must not contain a comma")
    headers.append(("Variable", ",".join(f"{key}={value}" for key, value in variables.items())))
    return Action("Originate", tuple(headers))


FROM_QUEUE_CONTEXT = "xucd-dial-from-queue"
DESTINATION_CONTEXT = "xucd-destination"
"""The dialplan contexts in which the two halves of a `dialFromQueue` call begin."""

ANSWER_GRACE_S = 5
"""Seconds that a `dialFromQueue` call may ring longer than its time in the queue."""


def _dial_from_queue(intent: DialFromQueueIntent) -> Action:
    if not {",", "/", "@"}.isdisjoint(intent.extension + intent.request_id):
        raise InvalidValue("Channel and Variable must not contain a separator")
    if "," in intent.context:
        raise InvalidValue("Variable must not contain a comma")
    variables = {
        "__XUCD_REQ": intent.request_id,
        "__XUCD_TMO": str(intent.wait),
        "XUCD_CONTEXT": intent.context,
    }
    # Asterisk removes the quotes and the backslashes again.
    name = intent.name.replace("\\", "\\\\").replace('"', '\\"')
    return Action(
        "Originate",
        (
            # /n: else the Local channels are optimised away, and the queue's events name others.
            ("Channel", f"Local/{intent.extension}@{FROM_QUEUE_CONTEXT}/n"),
            ("Context", DESTINATION_CONTEXT),
            ("Exten", intent.destination),
            ("Priority", "1"),
            ("CallerID", f'"{name}" <{intent.number}>'),
            ("Timeout", str((intent.wait + ANSWER_GRACE_S) * 1000)),
            ("Async", "true"),
            ("ChannelId", f"{intent.unique_id}-1"),
            ("OtherChannelId", f"{intent.unique_id}-2"),
            ("Variable", ",".join(f"{key}={value}" for key, value in variables.items())),
        ),
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def login(username: str, secret: str) -> Action:
    """Log in, subscribing to the events of `EVENT_CLASSES`."""
    return Action("Login", (("Username", username), ("Secret", secret), ("Events", EVENT_CLASSES)))


def ping(action_id: str | None = None) -> Action:
    """Check that the connection works."""
    return _named("Ping", action_id)


def queue_status(action_id: str | None = None) -> Action:
    """List all queues with their members and callers."""
    return _named("QueueStatus", action_id)


def queue_callers(queue: str) -> Action:
    """List the callers of one queue, in its order, without its members."""
    return _named("QueueStatus", None, ("Queue", queue), ("Member", "-"))


def queue_summary() -> Action:
    """List the queues with their numbers of members and callers."""
    return Action("QueueSummary")


def core_show_channels(action_id: str | None = None) -> Action:
    """List all channels."""
    return _named("CoreShowChannels", action_id)


def bridge_list(action_id: str | None = None) -> Action:
    """List all bridges with their technology."""
    return _named("BridgeList", action_id)


def channel_variables(action_id: str | None = None) -> Action:
    """List all channels with all their variables."""
    return _named("Status", action_id, ("AllVariables", "true"))


def device_state_list(action_id: str | None = None) -> Action:
    """List all devices with their states."""
    return _named("DeviceStateList", action_id)


def list_commands() -> Action:
    """List the actions that this manager user may run."""
    return Action("ListCommands")


def core_settings() -> Action:
    """Ask for Asterisk's version and main settings."""
    return Action("CoreSettings")


def getvar(variable: str, channel: str | None = None, action_id: str | None = None) -> Action:
    """Read a channel's variable, or without a channel a global one or a function."""
    headers = [("Variable", variable)]
    if channel is not None:
        headers.append(("Channel", channel))
    return _named("Getvar", action_id, *headers)


def extension_state_list() -> Action:
    """List all hints with their states."""
    return Action("ExtensionStateList")


def show_dialplan(context: str = "", number: str = "") -> Action:
    """List the steps of a dialplan context, or those for a number, of included contexts too.

    Without a context, list the whole dialplan. Asterisk rejects it when there is no such context,
    or no such number.
    """
    headers = (("Context", context), ("Extension", number))
    return Action("ShowDialPlan", tuple(header for header in headers if header[1]))


def originate_nowhere() -> Action:
    """Call a number that no dialplan has: no phone rings, but the channels cause events."""
    return Action(
        "Originate",
        (("Channel", "Local/s@xucd-check"), ("Application", "Hangup"), ("Async", "true")),
    )


def originate_end() -> Action:
    """Run what the dialplan does as a caller hangs up who wanted no callback: nothing.

    It causes the events of a channel's hangup, those that come before it included.
    """
    return Action(
        "Originate",
        (("Channel", "Local/h@xucd-callback"), ("Application", "Hangup"), ("Async", "true")),
    )


def setvar(variable: str, value: str) -> Action:
    """Set a global variable or a function."""
    return Action("Setvar", (("Variable", variable), ("Value", value)))


def redirect(channel: str, context: str, extension: str, priority: str) -> Action:
    """Have a channel go on at another step of the dialplan."""
    return Action(
        "Redirect",
        (
            ("Channel", channel),
            ("Context", context),
            ("Exten", extension),
            ("Priority", priority),
        ),
    )


def _named(name: str, action_id: str | None, *headers: tuple[str, str]) -> Action:
    own = () if action_id is None else (("ActionID", action_id),)
    return Action(name, (*headers, *own))
