"""Listening to an agent: the user's own phone rings, and whoever answers it hears the agent's call.

It is the call of this moment, by its exact channel: the listener is hung up with it and never
moves on to the agent's next.
"""

import secrets

from xucd.center.calls import Channel
from xucd.center.intents import Listen
from xucd.center.listening import is_listening, listening_id
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.cti.asks import ListenAgent
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk
from xucd.desk.own_phone import check_in_reach, own_line


@carries_out(ListenAgent)
async def listen(desk: Desk, ask: ListenAgent, who: Session) -> None:
    """Ring the user's own phone to listen to an agent; while it does already is no error.

    Raises `Refused` with `FeatureDisabled`, `AgentUnknown`, `NotAuthorized`, `LineUnknown`,
    `PhoneUnreachable`, `CannotListenToOneself`, `AgentNotOnCall` or `AsteriskUnavailable`.
    """
    if not desk.features.listen:
        raise Refused("FeatureDisabled", "Listening is switched off in the settings.")
    live = desk.agent(ask.agent_id, who)
    line = own_line(desk, who)
    if live.agent.id == who.user.agent_id or live.line is line:
        raise Refused("CannotListenToOneself", "Nobody can listen to himself.")
    channel = _present_call(desk, live)
    if is_listening(desk.center, line.interface, channel):
        return
    check_in_reach(desk, line)
    unique_id = listening_id(channel, secrets.token_hex(4))
    number = live.line.number if live.line is not None else ""
    calls = desk.center.calls
    await desk.bring_about(
        lambda: unique_id in calls.channels,
        Listen(line.interface, channel.name, number, unique_id),
    )


def _present_call(desk: Desk, live: LiveAgent) -> Channel:
    """The channel by which an agent talks; one that listens itself has nothing to be heard."""
    channel = None
    if live.line is not None and desk.center.on_interface.get(live.line.interface) is live:
        channel = desk.center.calls.talking(live.line.interface)
    if channel is None or channel.unique_id in desk.center.listeners:
        raise Refused("AgentNotOnCall", "The agent has no call.")
    return channel
