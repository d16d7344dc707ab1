"""Listening to an agent: the user's own phone rings and, once answered, plays the agent's call.

The listener is attached to the channel of the agent's current call and hung up with it; it never
continues with the agent's next call.
"""

import secrets

from xucd.center.channels import Channel
from xucd.center.directory import Line
from xucd.center.intents import Listen
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rules.listening import is_listening, listening_id
from xucd.commands.context import Context
from xucd.commands.lookup import find_agent
from xucd.commands.own_phone import check_in_reach, own_line
from xucd.cti.commands import ListenAgent
from xucd.cti.session import Session


async def listen(context: Context, command: ListenAgent, who: Session) -> None:
    """Ring the user's own phone to listen to an agent; idempotent while it already listens.

    Raises `Refused` with `FeatureDisabled`, `AgentUnknown`, `NotAuthorized`, `LineUnknown`,
    `PhoneUnreachable`, `CannotListenToOneself`, `AgentNotOnCall`, `StoreUnavailable` or
    `AsteriskUnavailable`.
    """
    wanted = _wanted(context, command, who)
    if wanted is None:
        return
    await context.announce(command, who)
    # Rights and calls may have ended meanwhile.
    wanted = _wanted(context, command, who)
    if wanted is None:
        return
    live, line, channel = wanted
    unique_id = listening_id(channel, secrets.token_hex(4))
    number = live.line.number if live.line is not None else ""
    calls = context.center.channels
    await context.asterisk.bring_about(
        lambda: unique_id in calls.by_id,
        Listen(line.dial_string, channel.name, number, unique_id),
    )


def _wanted(
    context: Context, command: ListenAgent, who: Session
) -> tuple[LiveAgent, Line, Channel] | None:
    """The agent, the line that is to ring, and the call to be heard; None if it is heard already.

    Raises `Refused`.
    """
    if not context.options.features.listen:
        raise Refused("FeatureDisabled", "Listening is switched off in the settings.")
    live = find_agent(context, command.agent_id, who)
    line = own_line(context, who)
    if live.agent.id == who.user.agent_id or live.line is line:
        raise Refused("CannotListenToOneself", "Users cannot listen to their own agent.")
    channel = _current_call(context, live)
    if is_listening(context.center, line.phone, channel):
        return None
    check_in_reach(context, line)
    return live, line, channel


def _current_call(context: Context, live: LiveAgent) -> Channel:
    """The channel on which an agent talks. Raises `Refused`, also when the agent only listens."""
    leg = None
    if live.line is not None and context.center.on_device.get(live.line.phone) is live:
        leg = context.center.phone_calls.talking(live.line.phone)
    if leg is None or leg.channel.unique_id in context.center.listeners:
        raise Refused("AgentNotOnCall", "The agent has no call.")
    return leg.channel
