"""Listening to an agent: the user's own phone rings, and whoever answers it hears the agent's call.

It is the call of this moment, by its exact channel: the listener is hung up with it and never
moves on to the agent's next.
"""

import secrets

from xucd.center.channels import Channel
from xucd.center.intents import Listen
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rules.listening import is_listening, listening_id
from xucd.commands.context import Context
from xucd.commands.own_phone import check_in_reach, own_line
from xucd.cti.commands import ListenAgent
from xucd.cti.session import Session


async def listen(context: Context, command: ListenAgent, who: Session) -> None:
    """Ring the user's own phone to listen to an agent; while it does already is no error.

    Raises `Refused` with `FeatureDisabled`, `AgentUnknown`, `NotAuthorized`, `LineUnknown`,
    `PhoneUnreachable`, `CannotListenToOneself`, `AgentNotOnCall` or `AsteriskUnavailable`.
    """
    if not context.features.listen:
        raise Refused("FeatureDisabled", "Listening is switched off in the settings.")
    live = context.agent(command.agent_id, who)
    line = own_line(context, who)
    if live.agent.id == who.user.agent_id or live.line is line:
        raise Refused("CannotListenToOneself", "Nobody can listen to himself.")
    channel = _present_call(context, live)
    if is_listening(context.center, line.interface, channel):
        return
    check_in_reach(context, line)
    unique_id = listening_id(channel, secrets.token_hex(4))
    number = live.line.number if live.line is not None else ""
    calls = context.center.channels
    await context.bring_about(
        lambda: unique_id in calls.by_id,
        Listen(line.interface, channel.name, number, unique_id),
    )


def _present_call(context: Context, live: LiveAgent) -> Channel:
    """The channel by which an agent talks; one that listens itself has nothing to be heard."""
    channel = None
    if live.line is not None and context.center.on_interface.get(live.line.interface) is live:
        channel = context.center.channels.talking(live.line.interface)
    if channel is None or channel.unique_id in context.center.listeners:
        raise Refused("AgentNotOnCall", "The agent has no call.")
    return channel
