"""Pausing the recording of a call that an agent answered through a queue, and going on with it.

Paused is what Asterisk has confirmed. The mark that a later xucd reads never claims a pause that is
not: it is set after the pause, and taken away before the recording goes on.
"""

from xucd.center.agent import Stance
from xucd.center.channels import Channel
from xucd.center.events import ChannelState
from xucd.center.intents import Intent, Mark, MarkRecording, Mute
from xucd.center.refused import Refused
from xucd.center.rules.recording import came_from_queue, recorded
from xucd.commands.context import Context
from xucd.cti.commands import MonitorPause, MonitorUnpause
from xucd.cti.session import Session


async def monitor(context: Context, command: MonitorPause | MonitorUnpause, who: Session) -> None:
    """Pause the recording of an agent's call, or go on with it; again is no error.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `AgentNotOnCall`, `NotQueueCall`,
    `NotRecorded` or `AsteriskUnavailable`.
    """
    muted = isinstance(command, MonitorPause)
    recorded_on = _recorded(context, command.agent_id, who)
    channels = [channel for channel in recorded_on if channel.muted is not muted]
    intents: list[Intent] = []
    for channel in channels:
        mark: Mark = "1" if muted else "0"
        pair: list[Intent] = [Mute(channel.name, muted), MarkRecording(channel.name, mark)]
        intents += pair if muted else reversed(pair)
    await context.bring_about(
        lambda: all(
            channel.muted in (muted, None) or channel.unique_id not in context.center.channels.by_id
            for channel in channels
        ),
        *intents,
    )


def _recorded(context: Context, agent_id: int | None, who: Session) -> list[Channel]:
    """The channels with the recordings of an agent's calls from a queue; never none."""
    live, calls = context.agent(agent_id, who), context.center.channels
    on_line = calls.on(live.line.interface) if live.line and live.stance is not Stance.OUT else ()
    talking = [one for one in on_line if one.state is ChannelState.UP]
    if not talking:
        raise Refused("AgentNotOnCall", "The agent has no call.")
    from_queue = [one for one in talking if came_from_queue(calls, one)]
    if not from_queue:
        raise Refused("NotQueueCall", "The agent's call did not come through a queue.")
    # Keyed, since an agent who joins two of its channels is in one call with both.
    found = {one.unique_id: one for own in from_queue for one in recorded(calls, own)}
    if not found:
        raise Refused("NotRecorded", "The agent's call is not being recorded.")
    return list(found.values())
