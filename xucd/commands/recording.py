"""Pausing the recording of a call that an agent answered through a queue, and going on with it.

Paused is what Asterisk has confirmed. The mark that a later xucd reads never claims a pause that is
not: it is set after the pause, and taken away before the recording goes on.
"""

from xucd.center.agent import Stance
from xucd.center.calls import Channel
from xucd.center.events import ChannelState
from xucd.center.intents import Intent, MarkRecording, Mute
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
    calls = context.center.calls
    channels = [one for one in _recorded(context, command.agent_id, who) if one.muted is not muted]
    intents: list[Intent] = []
    for one in channels:
        pair: list[Intent] = [Mute(one.name, muted), MarkRecording(one.name, "1" if muted else "0")]
        intents += pair if muted else reversed(pair)
    await context.bring_about(
        lambda: all(
            one.muted in (muted, None) or one.unique_id not in calls.channels for one in channels
        ),
        *intents,
    )


def _recorded(context: Context, agent_id: int | None, who: Session) -> list[Channel]:
    """The channels with the recordings of an agent's calls from a queue; never none."""
    live, calls = context.agent(agent_id, who), context.center.calls
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
