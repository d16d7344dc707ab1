"""Pausing and resuming the recording of an agent's queue call.

A recording counts as paused once Asterisk has confirmed it. The mark on the channel, which xucd
reads after a restart, never claims a pause that is not there: it is set after the recording is
paused, and cleared before it is resumed.
"""

import asyncio
from collections.abc import Iterable

from xucd.center.agent import Stance
from xucd.center.channels import Channel
from xucd.center.events import ChannelState
from xucd.center.intents import Intent, MarkRecording, Mute
from xucd.center.refused import Refused
from xucd.center.rules.recording import came_from_queue, recorded
from xucd.commands.context import Context
from xucd.commands.lookup import find_agent
from xucd.cti.commands import MonitorPause, MonitorUnpause
from xucd.cti.session import Session


async def monitor(context: Context, command: MonitorPause | MonitorUnpause, who: Session) -> None:
    """Pause or resume the recording of an agent's call; idempotent.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `AgentNotOnCall`, `NotQueueCall`,
    `NotRecorded` or `AsteriskUnavailable`.
    """
    muted = isinstance(command, MonitorPause)
    own = _own(context, command.agent_id, who)
    calls = context.center.channels
    far = {
        (found.far.pbx, found.far.linked_id)
        for channel in own
        for found in calls.talk(channel)
        if found.far is not None
    }
    # By unique id, since an agent who bridges two of its channels is in one call with both.
    here = {channel.unique_id: channel for each in own for channel in recorded(calls, each)}
    asking = [context.pause_elsewhere(pbx, linked_id, muted) for pbx, linked_id in sorted(far)]
    if here or not far:
        asking.append(_set(context, list(here.values()), muted=muted))
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    failed = [each for each in outcomes if isinstance(each, BaseException)]
    for each in failed:
        if not _is_not_recorded(each) or len(failed) == len(outcomes):
            raise each


def _is_not_recorded(outcome: object) -> bool:
    """Whether one of several places is refused that may have a call's recording."""
    return isinstance(outcome, Refused) and outcome.code == "NotRecorded"


async def pause_call(context: Context, ways: Iterable[str], paused: bool) -> None:
    """Pause or resume the recording of a call, for an agent of another PBX who has it.

    `ways` are the unique ids of the channels over which it goes there. Raises `Refused` with
    `NotRecorded` or `AsteriskUnavailable`.
    """
    calls = context.center.channels
    there = [calls.by_id[each] for each in ways if each in calls.by_id]
    found = {channel.unique_id: channel for each in there for channel in recorded(calls, each)}
    await _set(context, list(found.values()), muted=paused)


async def _set(context: Context, recorded: list[Channel], *, muted: bool) -> None:
    if not recorded:
        raise Refused("NotRecorded", "The agent's call is not being recorded.")
    calls = context.center.channels
    channels = [channel for channel in recorded if channel.muted is not muted]
    intents: list[Intent] = []
    for channel in channels:
        mark = MarkRecording(channel.name, "1" if muted else "0")
        pair: list[Intent] = [Mute(channel.name, muted), mark]
        intents += pair if muted else reversed(pair)
    await context.asterisk.bring_about(
        lambda: all(
            channel.muted in (muted, None) or channel.unique_id not in calls.by_id
            for channel in channels
        ),
        *intents,
    )


def _own(context: Context, agent_id: int | None, who: Session) -> list[Channel]:
    """The channels of an agent's phone with queues' calls; at least one. Raises `Refused`."""
    live, calls = find_agent(context, agent_id, who), context.center.channels
    on_line = calls.on(live.line.phone) if live.line and live.stance is not Stance.OUT else ()
    talking = [channel for channel in on_line if channel.state is ChannelState.UP]
    if not talking:
        raise Refused("AgentNotOnCall", "The agent has no call.")
    from_queue = [channel for channel in talking if came_from_queue(calls, channel)]
    if not from_queue:
        raise Refused("NotQueueCall", "The agent's call did not come through a queue.")
    return from_queue
