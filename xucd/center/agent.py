"""The life of an agent, as its phone and its queues tell it.

An agent is what Asterisk last said about it, never what somebody asked for. Two facts are kept
apart: the *stance* (out, ready, paused, wrapping up), which commands ask to change, and the *line*
(idle, ringing, dialing, talking), which only the phone changes. What a client is shown is read off
both by `shown()`, so that no order of events can leave the two disagreeing.

A stance concerns all of the agent's queues at once. The agent is paused when every one of its
memberships is paused, and ready as soon as one is not: that one would ring its phone.

A ready agent whose phone no queue can ring, since it is not registered or Asterisk does not have
it, is shown as paused by the cause `UNREACHABLE`. Its members are not paused: as soon as the phone
is back, the agent is ready again.

Wrap-up is a pause that the dialplan sets as the agent answers, under a reason of its own. While
the agent talks it is hidden by the call; from the hang-up on it is what clients see, until xucd
unpauses the member or the agent does.
"""

import enum
from typing import Literal

import msgspec

UNREACHABLE = "unreachable"
"""The cause of the pause that an agent is shown in while no queue can ring its phone."""

MISSED = "missed"
"""The reason of a pause that follows a call which the agent did not answer."""

Recording = Literal["ACTIVE", "PAUSED", "DISABLED"]


# Each is a `StrEnum`: to look one up in a table, a plain `Enum` runs Python's code for its hash.


class Stance(enum.StrEnum):
    """What the agent's queue memberships say of it."""

    OUT = "out"
    READY = "ready"
    PAUSED = "paused"
    WRAPPING = "wrapping"


class Phone(enum.StrEnum):
    """What the channels of the agent's phone say of it."""

    IDLE = "idle"
    RINGING = "ringing"
    DIALING = "dialing"
    TALKING = "talking"


class Fact(enum.StrEnum):
    """What can happen to a stance."""

    LOGGED_IN = "logged in"
    LOGGED_OUT = "logged out"
    PAUSED = "paused"
    PAUSED_FOR_WRAPUP = "paused for wrap-up"
    UNPAUSED = "unpaused"


STANCE: dict[tuple[Stance, Fact], Stance] = {
    (Stance.OUT, Fact.LOGGED_IN): Stance.READY,
    (Stance.READY, Fact.PAUSED): Stance.PAUSED,
    (Stance.READY, Fact.PAUSED_FOR_WRAPUP): Stance.WRAPPING,
    (Stance.READY, Fact.LOGGED_OUT): Stance.OUT,
    (Stance.PAUSED, Fact.PAUSED): Stance.PAUSED,  # for another reason
    (Stance.PAUSED, Fact.PAUSED_FOR_WRAPUP): Stance.PAUSED,  # paused while ringing: stays so
    (Stance.PAUSED, Fact.UNPAUSED): Stance.READY,
    (Stance.PAUSED, Fact.LOGGED_OUT): Stance.OUT,
    (Stance.WRAPPING, Fact.PAUSED): Stance.PAUSED,  # chosen during the call or the wrap-up
    (Stance.WRAPPING, Fact.UNPAUSED): Stance.READY,
    (Stance.WRAPPING, Fact.LOGGED_OUT): Stance.OUT,
}
"""Event by state. A pair that is not here changes nothing."""


class AgentState(enum.StrEnum):
    """What clients see, by its name on the wire."""

    LOGIN = "AgentLogin"  # deprecated by agent-api.txt: xucd accepts the name and never sends it
    LOGGED_OUT = "AgentLoggedOut"
    READY = "AgentReady"
    ON_PAUSE = "AgentOnPause"
    ON_WRAPUP = "AgentOnWrapup"
    RINGING = "AgentRinging"
    DIALING = "AgentDialing"
    ON_CALL = "AgentOnCall"


_BY_PHONE = {
    Phone.RINGING: AgentState.RINGING,
    Phone.DIALING: AgentState.DIALING,
    Phone.TALKING: AgentState.ON_CALL,
}
_BY_STANCE = {
    Stance.READY: AgentState.READY,
    Stance.PAUSED: AgentState.ON_PAUSE,
    Stance.WRAPPING: AgentState.ON_WRAPUP,
}


def after(stance: Stance, fact: Fact) -> Stance:
    """The stance that follows `stance` when `fact` happens."""
    return STANCE.get((stance, fact), stance)


def shown(stance: Stance, phone: Phone, *, in_reach: bool = True) -> AgentState:
    """The state a client sees: a live call hides a pause, a pause hides readiness.

    Whoever is logged out is shown so, whatever the phone does. Whoever would be ready and is not
    `in_reach` is shown as paused.
    """
    if stance is Stance.OUT:
        return AgentState.LOGGED_OUT
    if stance is Stance.READY and not in_reach:
        stance = Stance.PAUSED
    return _BY_PHONE.get(phone) or _BY_STANCE[stance]


class CallShown(msgspec.Struct, frozen=True, gc=False):
    """What `AgentOnCall` tells of the call.

    `acd` means that it came through a queue; `recording` is ``DISABLED`` where there is none.
    """

    acd: bool
    incoming: bool
    internal: bool
    recording: Recording


class AgentShown(msgspec.Struct, frozen=True, gc=False):
    """All that a client can see of an agent's state; two that are equal need no second message.

    `phone_number` is the line the agent is on or, logged out, last used or calls its own, "" if it
    has none. `cause` is the reason of a pause.
    """

    state: AgentState
    phone_number: str
    cause: str = ""
    call: CallShown | None = None
