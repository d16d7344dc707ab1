"""What belongs to the recording of a queue's call.

Only the recording of a call that an agent answered through a queue may be paused, also after the
call was transferred. What a restarted xucd has to know is marked on the recorded channel, since
Asterisk tells neither that a recording is muted nor that it was stopped.
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
    return any(found.from_queue for found in channels.in_call(channel.linked_id))


def recorded(channels: Channels, channel: Channel) -> list[Channel]:
    """The channels on which the call of this channel is being recorded."""
    return [found for found in channels.in_call(channel.linked_id) if found.muted is not None]


def agent_connected(center: Center, event: ev.AgentConnected, now: float) -> None:
    """Record of a caller that an agent answered it through a queue."""
    caller = center.channels.by_id.get(event.unique_id)
    if caller is not None:
        caller.from_queue = True


def transferred(center: Center, event: ev.Transferred, now: float) -> None:
    """Mark the caller, which is in no queue any more, as one whose recording may be paused."""
    transferer = center.channels.by_id.get(event.transferer_unique_id)
    if transferer is not None:
        for channel in recorded(center.channels, transferer):
            if channel.from_queue:
                center.intents.append(MarkRecording(channel.name, "1" if channel.muted else "0"))


def rebuild_recordings(center: Center, snapshot: Snapshot) -> None:
    """Find which of the channels, which have been rebuilt already, came from a queue."""
    for listed in snapshot.channels:
        # Of a call that was transferred, only the mark left on it tells.
        queued = listed.application == "Queue" and listed.bridge
        if queued or listed.unique_id in snapshot.marked:
            center.channels.by_id[listed.unique_id].from_queue = True


def stopped(center: Center, event: ev.RecordingStopped, now: float) -> None:
    """Mark a channel whose recording was stopped for good."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None and not channel.stopped:
        channel.stopped = True
        center.intents.append(MarkRecording(event.channel, "stopped"))


def started(center: Center, event: ev.RecordingStarted, now: float) -> None:
    """Take back the mark of a channel that is recorded again."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None and channel.stopped:
        channel.stopped = False
        center.intents.append(MarkRecording(event.channel, "0"))
