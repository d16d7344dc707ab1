"""Which rules an event of Asterisk runs, in which order: the only entry point for events.

The order within a row matters, and it is always the same. First the rules of `channels`: they make
channels, bridges and waiting callers what the event says they are. Then `phones.reads` reads anew
the calls of phones that were touched, and tells users and supervisors. Whatever reads these comes
after: the figures of queues, recordings and sheets. A rule may thus rely on all that stands before
it in its row, and on nothing that stands after it.

To see what an event does, read its row; to change what it does, change its row.
"""

from collections.abc import Callable
from typing import Any

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.directory import spelled
from xucd.center.rules import (
    callback_calls,
    channels,
    listening,
    members,
    phones,
    presence,
    queues,
    recording,
    reservations,
    sheets,
    talkers,
)

Rule = Callable[[Center, Any, float], None]
"""``rule(center, event, now)``; `now` is the epoch second at which the event is taken in."""

RULES: dict[type[ev.Event], tuple[Rule, ...]] = {
    # -- members of queues
    # Presence last: it counts what the members have become.
    ev.MemberAdded: (members.added, presence.joined, presence.counted),
    ev.MemberRemoved: (members.removed, presence.counted),
    ev.MemberPenalty: (members.penalty_changed,),
    ev.MemberPaused: (members.paused, presence.counted),
    ev.MemberStatus: (members.status_changed, presence.counted),
    # -- callers of queues
    ev.CallerSent: (queues.caller_sent,),
    ev.CallerJoined: (queues.caller_joined,),
    ev.CallerLeft: (queues.caller_left,),
    ev.CallerAbandoned: (queues.caller_abandoned,),
    ev.CallersListed: (queues.callers_listed,),
    ev.AgentCalled: (channels.agent_called, phones.reads),
    ev.AgentConnected: (talkers.agent_connected, phones.reads, queues.agent_connected),
    ev.AgentRangNoAnswer: (channels.agent_rang_no_answer,),
    # -- channels and what connects them
    ev.ChannelCreated: (channels.created, phones.reads, queues.created, reservations.rung),
    # A sheet is shown last: by then its phone is known to ring, and for which queue.
    ev.ChannelMoved: (channels.moved, phones.reads, sheets.shows),
    ev.ChannelRenamed: (channels.renamed, phones.reads),
    # A channel's end: first who it was, then what hung on it, last what a page shows of it.
    ev.ChannelGone: (
        channels.gone,
        listening.gone,
        phones.reads,
        queues.gone,
        reservations.gone,
        sheets.gone,
    ),
    ev.HangupRequested: (queues.hanging_up,),
    ev.PickedUp: (channels.picked_up, reservations.picked_up),
    ev.DialEnded: (callback_calls.dial_ended, reservations.dial_ended),
    ev.BridgeEntered: (
        channels.bridge_entered,
        phones.joined_again,
        phones.reads,
        queues.bridge_entered,
        sheets.shows,
    ),
    ev.BridgeLeft: (channels.bridge_left, phones.reads),
    ev.Transferred: (
        channels.transferred,
        phones.transferred,
        phones.reads,
        queues.transferred,
    ),
    ev.Held: (channels.held, phones.reads),
    ev.VariableSet: (channels.variable_set, queues.variable_set),
    ev.ModulesChanged: (members.modules_changed,),
    ev.OriginateAnswered: (channels.originate_answered, phones.originate_answered, phones.reads),
    # -- recordings, listeners, devices
    ev.RecordingStarted: (channels.recording_changed, phones.reads, recording.started),
    ev.RecordingStopped: (channels.recording_changed, phones.reads, recording.stopped),
    ev.RecordingMuted: (channels.recording_changed, phones.reads),
    ev.SpyStarted: (listening.started,),
    ev.SpyStopped: (listening.stopped,),
    ev.DeviceChanged: (channels.device_changed,),
}


_OF_QUEUES = frozenset(kind for kind in RULES if "queue" in kind.__struct_fields__)


def apply(center: Center, event: ev.Event, now: float) -> None:
    """Take in one thing that Asterisk did. An event that no rule is about changes nothing."""
    if isinstance(event, ev.ChannelGone):
        for each in channels.implied(center, event):
            apply(center, each, now)
    elif type(event) in _OF_QUEUES:
        event = spelled(center.directory, event)
    for rule in RULES.get(type(event), ()):
        rule(center, event, now)
