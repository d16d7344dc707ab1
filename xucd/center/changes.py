"""What changed: plain values that leave the centre in order, for clients and the store.

Each names the agent, queue or line that it concerns, so that the publisher can check rights. A
change holds all that a message about it needs, and no reference to the live state.
"""

import enum

import msgspec

from xucd.center.agent import AgentShown
from xucd.center.day import AgentDay
from xucd.center.queue_day import QueueDay
from xucd.center.station import Station


class _Change(msgspec.Struct, frozen=True, tag=True):
    pass


class AgentChanged(_Change, frozen=True):
    """An agent's shown state changed. `since` is the epoch second at which it began."""

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
    """An agent's membership in a queue changed; see `MembershipShown` for the last three."""

    agent_id: int
    queue_id: int
    penalty: int
    configured: int | None = None
    missing: bool = False


class AgentConfigChanged(_Change, frozen=True):
    """An agent's group or memberships changed."""

    agent_id: int
    group_id: int


class AgentCameHome(_Change, frozen=True):
    """An agent's home is this PBX, since the change of this number: see `xucd.center.homes`."""

    agent_id: int
    number: int


class AgentLeft(_Change, frozen=True):
    """An agent's home was this PBX, and is another one now."""

    agent_id: int


class AgentFound(_Change, frozen=True):
    """A member by the name of an agent that is away rings a phone of this PBX.

    If the agent is logged out, its home is to be here, and the member logs it in.
    """

    agent_id: int
    line_id: int


class QueueConfigChanged(_Change, frozen=True):
    """A queue's configuration changed, or the queue is new."""

    queue_id: int


class StationChanged(_Change, frozen=True):
    """An agent logged in or out, or its pause changed: for the store, where it is `kept`."""

    station: Station
    kept: bool = True


class PhoneChanged(_Change, frozen=True):
    """A line's phone changed to one of Asterisk's device states (``NOT_INUSE``, …)."""

    line_id: int
    state: str


class Stage(enum.StrEnum):
    """How far a call of a phone has come."""

    RINGING = "ringing"
    DIALING = "dialing"
    ESTABLISHED = "established"
    ON_HOLD = "on hold"
    RELEASED = "released"


class PhoneCall(msgspec.Struct, frozen=True):
    """A call of a line's phone, as it is sent to its user.

    `number` and `name` are the other party's, `queue` the name of the queue through which it came,
    each "" when there is none. `variables` are the call's ``USR_`` variables.
    """

    stage: Stage
    number: str
    name: str
    incoming: bool
    queue: str
    linked_id: str
    unique_id: str
    variables: dict[str, str]


class PhoneCallChanged(_Change, frozen=True):
    """A call of a line's phone began, went on or ended."""

    line_id: int
    call: PhoneCall


class DialOutcome(_Change, frozen=True):
    """What became of ringing a phone in a call that xucd places for a user.

    `unique_id` is that of the user's own channel; `far` says that it was the number which was rung,
    not the user's phone. `status` is Asterisk's: ``ANSWER``, ``BUSY``, ``NOANSWER``, ``CANCEL``, …
    """

    unique_id: str
    far: bool
    status: str


class QueueCounted(_Change, frozen=True):
    """A queue's figures of the day, or who waits in it, changed at this epoch second."""

    queue_id: int
    at: float


class QueueStatsChanged(_Change, frozen=True):
    """A queue's agents changed, or its callers have waited for longer."""

    queue_id: int


class QueueUnprepared(_Change, frozen=True):
    """A queue does not pause its agents for their wrap-up as they answer; told once of each."""

    queue_id: int


class SheetField(msgspec.Struct, frozen=True):
    """One line of a sheet; `type` is ``url``, ``text`` or another word that pages know.

    `value` holds placeholders, such as ``{caller_number}``.
    """

    name: str
    type: str
    order: int
    value: str


class SheetShown(_Change, frozen=True):
    """A call with a sheet rings a line, or was answered there. `channel` is the caller's.

    `known` maps the items' placeholders to their values.
    """

    line_id: int
    channel: str
    items: tuple[SheetField, ...]
    known: dict[str, str]


class AgentListened(_Change, frozen=True):
    """Somebody began or stopped to listen to an agent's call.

    `phone_number` is the listener's, `line_id` its line, None for a phone that is none of ours.
    """

    agent_id: int
    phone_number: str
    line_id: int | None
    started: bool


class DayEnded(_Change, frozen=True):
    """Local midnight, `at` this epoch second, passed: the final figures by agent and queue id."""

    at: float
    figures: dict[int, AgentDay]
    queues: dict[int, QueueDay] = {}


Change = (
    AgentChanged
    | AgentStatsChanged
    | MembershipChanged
    | AgentConfigChanged
    | AgentCameHome
    | AgentLeft
    | AgentFound
    | QueueConfigChanged
    | StationChanged
    | PhoneChanged
    | PhoneCallChanged
    | DialOutcome
    | QueueCounted
    | QueueStatsChanged
    | QueueUnprepared
    | SheetShown
    | AgentListened
    | DayEnded
)
