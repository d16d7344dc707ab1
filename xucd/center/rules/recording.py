"""What belongs to the recording of a queue's call.

Which calls may be paused: those that an agent answered through a queue, also after they were
transferred. And what is noted on the recorded channel for a later xucd, since Asterisk tells
neither that a recording is muted nor that it was stopped.
"""

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.channels import Channel, Channels
from xucd.center.intents import MarkRecording
from xucd.center.snapshot import Snapshot


def came_from_queue(channels: Channels, channel: Channel) -> bool:
    """Whether an agent answered the call of this channel through a queue."""
    if channel.queue:
        return True
    return any(one.from_queue for one in channels.in_call(channel.linked_id))


def recorded(channels: Channels, channel: Channel) -> list[Channel]:
    """The channels on which the call of this channel is being recorded."""
    return [one for one in channels.in_call(channel.linked_id) if one.muted is not None]


def agent_connected(center: Center, event: ev.AgentConnected, now: float) -> None:
    caller = center.channels.by_id.get(event.unique_id)
    if caller is not None:
        caller.from_queue = True


def transferred(center: Center, event: ev.Transferred, now: float) -> None:
    """Note on the caller, whom no queue has any more, that its recording may be paused."""
    transferer = center.channels.by_id.get(event.transferer_unique_id)
    if transferer is not None:
        for one in recorded(center.channels, transferer):
            if one.from_queue:
                center.intents.append(MarkRecording(one.name, "1" if one.muted else "0"))


def rebuild_recordings(center: Center, snapshot: Snapshot) -> None:
    """See which of the channels, taken in already, came from a queue."""
    for one in snapshot.channels:
        # Of a call that was transferred, only what was noted on it tells.
        if one.unique_id in snapshot.marked or (one.application == "Queue" and one.bridge):
            center.channels.by_id[one.unique_id].from_queue = True


def stopped(center: Center, event: ev.RecordingStopped, now: float) -> None:
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None and not channel.stopped:
        channel.stopped = True
        center.intents.append(MarkRecording(event.channel, "stopped"))


def started(center: Center, event: ev.RecordingStarted, now: float) -> None:
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None and channel.stopped:
        channel.stopped = False
        center.intents.append(MarkRecording(event.channel, "0"))
