"""Pausing agents and making them ready.

A pause applies to all of the agent's queues. During a queue call with wrap-up, an agent made ready
becomes ready after the wrap-up: the pause that the dialplan set at the answer is restored. One made
ready during the wrap-up ends that alone: what others paused in one queue stays paused there.
"""

from collections.abc import Callable, Sequence

from xucd.center.agent import UNREACHABLE, Stance
from xucd.center.grammar import is_reason
from xucd.center.intents import LOGOUT_REASON, WRAPUP_REASON, SetPause
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rules import commanded, strangers
from xucd.commands.context import Context
from xucd.commands.lookup import find_agent, warning_of_reach
from xucd.commands.members import NO_SUCH_MEMBER
from xucd.cti.commands import PauseAgent, UnpauseAgent
from xucd.cti.session import Session

RESERVED = frozenset({WRAPUP_REASON, LOGOUT_REASON, UNREACHABLE})
"""Reasons that nobody can choose: what a person chose lasts until a person ends it, while these end
by themselves, with the wrap-up's time, the next login and the phone's return."""


async def pause(context: Context, command: PauseAgent, who: Session) -> None:
    """Pause an agent, with or without a reason; idempotent.

    Raises `Refused` with `AgentUnknown`, `NotAuthorized`, `AgentNotLoggedIn`, `InvalidReason` or
    `AsteriskUnavailable`.
    """
    live = find_agent(context, command.agent_id, who)
    await pause_agent(context, live, command.reason or "", who)


async def unpause(context: Context, command: UnpauseAgent, who: Session) -> str | None:
    """Make an agent ready, ending a wrap-up early; idempotent.

    Returns a warning's code where no queue can ring its phone.
    """
    return await unpause_agent(context, find_agent(context, command.agent_id, who), who)


async def pause_agent(context: Context, live: LiveAgent, reason: str, who: Session) -> None:
    """Pause one agent, for `who`. Raises as `pause` does."""
    reason = reason.strip()  # so does Asterisk
    if reason in RESERVED or not is_reason(reason):
        raise Refused(
            "InvalidReason",
            "The reason is too long, holds a character that reasons do not have, or is reserved.",
        )
    interface = _interface(context, live)
    if live.stance is Stance.PAUSED and live.reason == reason and not context.in_doubt(live):
        return
    # A wrap-up that ends meanwhile must not undo the pause.
    context.center.hold_wrapup(live.agent.id)
    try:
        await _bring_about(
            context,
            live,
            lambda: (
                _current(context, live).stance is Stance.PAUSED
                and _current(context, live).reason == reason
            ),
            (SetPause(interface, True, reason),),
            who,
        )
    finally:
        context.center.resume_wrapup(live.agent.id, context.now())
        context.publish()


async def unpause_agent(context: Context, live: LiveAgent, who: Session) -> str | None:
    """Make one agent ready, for `who`, as `unpause` does."""
    interface = _interface(context, live)
    ready = live.stance is Stance.READY
    paused = any(member.paused for member in live.members.values())
    if ready and not paused and not context.in_doubt(live):
        return warning_of_reach(live)
    if (live.members or live.stance is Stance.WRAPPING) and _wrapup_is_due(context, live):
        if live.stance is Stance.PAUSED:
            await _bring_about(
                context,
                live,
                lambda: _current(context, live).stance is Stance.WRAPPING,
                (SetPause(interface, False), SetPause(interface, True, WRAPUP_REASON)),
                who,
            )
        return warning_of_reach(_current(context, live))
    await _bring_about(
        context,
        live,
        lambda: _current(context, live).stance in (Stance.READY, Stance.OUT),
        (SetPause(interface, False),),
        who,
    )
    return warning_of_reach(_current(context, live))


async def _bring_about(
    context: Context,
    live: LiveAgent,
    done: Callable[[], bool],
    pauses: Sequence[SetPause],
    who: Session,
) -> None:
    """Pause or unpause all members of an agent; `pauses` say how, with its line's interface.

    An agent of which Asterisk has no member is paused here alone. When Asterisk contradicts what is
    held of it, its members are listed anew first.
    """

    async def ask() -> None:
        agent = _current(context, live)
        if agent.members or context.in_doubt(live):
            intents = [
                intent
                for pause in pauses
                for intent in strangers.pauses(context.center, agent, pause.paused, pause.reason)
            ]
            if agent.stance is Stance.WRAPPING and not pauses[-1].paused:
                intents = context.center.wrapup_ends.pauses(agent) or intents
            await context.asterisk.bring_about(done, *intents, agent_id=live.agent.id)
        else:
            pause = pauses[-1]
            commanded.pause_without_queues(
                context.center, agent.agent.id, pause.paused, pause.reason, context.now()
            )
            context.publish()

    try:
        await ask()
    except Refused as refusal:
        if refusal.code not in NO_SUCH_MEMBER:
            raise
        await context.asterisk.relist_members()
        if not done():
            find_agent(context, live.agent.id, who)  # it may be in another group by now
            await ask()


def _current(context: Context, live: LiveAgent) -> LiveAgent:
    """The agent's current object: a reload of the configuration replaces all agents."""
    return context.center.agents.get(live.agent.id, live)


def _interface(context: Context, live: LiveAgent) -> str:
    context.asterisk.check_current()
    if live.stance is Stance.OUT or live.line is None:
        raise Refused("AgentNotLoggedIn", "The agent is not logged in.")
    return live.way_to(live.line).interface


def _wrapup_is_due(context: Context, live: LiveAgent) -> bool:
    leg = context.center.phone_calls.talking(live.line.phone) if live.line is not None else None
    works = leg is not None and leg.works
    queue = context.center.directory.queue_of_call(leg.queue) if leg and works else None
    return queue is not None and queue.wrapup > 0
