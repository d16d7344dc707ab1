"""What belongs to the recording of a queue's call.

Only the recording of a call that an agent answered through a queue may be paused, also after the
call was transferred. What a restarted xucd has to know is marked on the channels, since Asterisk
tells neither that a recording is muted, nor that it was stopped, nor where a caller came from.
"""

from xucd.center import events as ev
from xucd.center.arguments import first_argument
from xucd.center.center import Center
from xucd.center.channels import Channel, Channels
from xucd.center.intents import HANDED_ON, MarkRecording
from xucd.center.snapshot import Snapshot


def came_from_queue(channels: Channels, channel: Channel) -> bool:
    """Whether an agent answered the call of this channel through a queue."""
    return any(found.queue or found.from_queue for found in channels.talk(channel))


def recorded(channels: Channels, channel: Channel) -> list[Channel]:
    """The channels on which the call of this channel is being recorded."""
    return [found for found in channels.talk(channel) if found.muted is not None]


def rebuild_recordings(center: Center, snapshot: Snapshot) -> None:
    """Find through which queues the callers came, whose channels have been rebuilt already."""
    for listed in snapshot.channels:
        channel = center.channels.by_id[listed.unique_id]
        mark = snapshot.queued.get(listed.unique_id, "")
        channel.transferred = mark.endswith(HANDED_ON)
        if listed.application == "Queue" and listed.bridge:
            channel.from_queue = first_argument(listed.application_data)
        elif mark:
            channel.from_queue = mark.removesuffix(HANDED_ON)


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
