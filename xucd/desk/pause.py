"""Pausing agents and making them ready.

A pause concerns all of the agent's queues at once. During a queue call with wrap-up, ready means
ready after the wrap-up: the pause that the dialplan set as the agent answered is put back.
"""

from xucd.center.agent import Stance
from xucd.center.intents import WRAPUP_REASON, SetPause
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.cti.asks import PauseAgent, UnpauseAgent
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk


@carries_out(PauseAgent)
async def pause(desk: Desk, ask: PauseAgent, who: Session) -> None:
    """Pause an agent, for a reason or for none; for the same reason again is no error.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `AgentNotLoggedIn`, `InvalidReason` or
    `AsteriskUnavailable`.
    """
    await pause_agent(desk, desk.agent(ask.agent_id, who), ask.reason or "")


@carries_out(UnpauseAgent)
async def unpause(desk: Desk, ask: UnpauseAgent, who: Session) -> None:
    """Make an agent ready, ending a wrap-up early; one that is ready already is no error."""
    await unpause_agent(desk, desk.agent(ask.agent_id, who))


async def pause_agent(desk: Desk, live: LiveAgent, reason: str) -> None:
    """Pause one agent. Raises as `pause` does."""
    if reason == WRAPUP_REASON:
        raise Refused("InvalidReason", "This reason is kept for the wrap-up.")
    interface = _interface(live)
    if live.stance is Stance.PAUSED and live.reason == reason:
        return
    if not live.members:
        desk.center.pause_without_queues(live.agent.id, True, reason, desk.now())
        desk.publish()
        return
    await desk.bring_about(
        lambda: live.stance is Stance.PAUSED and live.reason == reason,
        SetPause(interface, True, reason),
    )


async def unpause_agent(desk: Desk, live: LiveAgent) -> None:
    """Make one agent ready. Raises as `unpause` does."""
    interface = _interface(live)
    if live.stance is Stance.READY:
        return
    if not live.members:
        desk.center.pause_without_queues(live.agent.id, False, "", desk.now())
        desk.publish()
    elif _wrapup_is_due(desk, live, interface):
        if live.stance is Stance.PAUSED:
            await desk.bring_about(
                lambda: live.stance is Stance.WRAPPING,
                SetPause(interface, False),
                SetPause(interface, True, WRAPUP_REASON),
            )
    else:
        await desk.bring_about(
            lambda: live.stance in (Stance.READY, Stance.OUT), SetPause(interface, False)
        )


def _interface(live: LiveAgent) -> str:
    if live.stance is Stance.OUT or live.line is None:
        raise Refused("AgentNotLoggedIn", "The agent is not logged in.")
    return live.line.interface


def _wrapup_is_due(desk: Desk, live: LiveAgent, interface: str) -> bool:
    channel = desk.center.calls.talking(interface)
    queue = desk.center.directory.queue_by_name.get(channel.queue) if channel is not None else None
    return queue is not None and queue.wrapup > 0
