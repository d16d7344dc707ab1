"""What became different: plain values that leave the centre in order, for clients and the store.

Each says whom it concerns, so that whoever passes it on knows whose rights to look at. A change
holds what is needed to tell of it; nothing refers back into the live state.
"""

import msgspec

from xucd.center.agent import AgentShown
from xucd.center.day import AgentDay
from xucd.center.seat import Seat


class _Change(msgspec.Struct, frozen=True, tag=True):
    pass


class AgentChanged(_Change, frozen=True):
    """An agent's shown state is another. `since` is the epoch second at which it began."""

    agent_id: int
    group_id: int
    shown: AgentShown
    since: float
    queue_ids: tuple[int, ...]


class AgentStatsChanged(_Change, frozen=True):
    """An agent's figures of the day moved."""

    agent_id: int
    group_id: int


class MembershipChanged(_Change, frozen=True):
    """An agent's penalty in a queue is another; -1 when it is no longer in it."""

    agent_id: int
    queue_id: int
    penalty: int


class AgentConfigChanged(_Change, frozen=True):
    """An agent's group or memberships are others."""

    agent_id: int
    group_id: int


class SeatChanged(_Change, frozen=True):
    """An agent logged in or out, or its pause changed: for the store."""

    seat: Seat


class PhoneChanged(_Change, frozen=True):
    """A line's phone is in another state, one of Asterisk's device states (``NOT_INUSE``, …)."""

    line_id: int
    state: str


class DayEnded(_Change, frozen=True):
    """Local midnight, `at` this epoch second, passed: the final figures by agent id."""

    at: float
    figures: dict[int, AgentDay]


Change = (
    AgentChanged
    | AgentStatsChanged
    | MembershipChanged
    | AgentConfigChanged
    | SeatChanged
    | PhoneChanged
    | DayEnded
)
