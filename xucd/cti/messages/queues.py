"""Messages about queues, their members, their figures and their waiting calls."""

from msgspec import UNSET, UnsetType

from xucd.cti.messages.base import ArrayMessage, Message, Name, Number, Part, Time, Word
from xucd.cti.messages.statistics import QueueStatistic, WindowStatistic


class QueueMember(Message, kw_only=True):
    """An agent's membership in a queue; the penalty -1 says that it is no longer a member.

    It is what Asterisk has of an agent that is logged in. `configuredPenalty`, which is what the
    next login gives, is sent where it is another (-1 for none): another program has changed the
    membership, or with the penalty -1 has ended it. `missing` is sent, and true, where the agent is
    configured for the queue and is not in it yet.
    """

    agent_id: int
    queue_id: int
    penalty: int
    configured_penalty: int | UnsetType = UNSET
    missing: bool | UnsetType = UNSET


class QueueMemberList(ArrayMessage, kw_only=True):
    """All members of the queues that the user may see.

    A `QueueMember` follows it for each membership that another program has ended.
    """

    items: list[QueueMember]


class QueueConfig(Message, kw_only=True):
    """A queue's configuration: its names, and the number that callers dial.

    In a centre with several PBXs `pbx` names the one that has it.
    """

    id: int
    context: Word
    name: Name
    display_name: Name
    number: Number
    pbx: Word | UnsetType = UNSET


class QueueList(ArrayMessage, kw_only=True):
    """All queues that the user may see."""

    items: list[QueueConfig]


class Counter(Part, kw_only=True):
    """One figure of a queue; times are in seconds."""

    stat_name: QueueStatistic
    value: int | float


class QueueStatistics(Message, kw_only=True):
    """A queue's figures since midnight, local time, and its present state."""

    queue_id: int
    counters: list[Counter]


class WindowCounter(Part, kw_only=True):
    """One figure of a queue over a window; times are in seconds."""

    stat_name: WindowStatistic
    value: int | float


class GetQueueStatistics(Message, kw_only=True):
    """A queue's figures over the window that the client asked for, and its present state."""

    queue_id: int
    counters: list[WindowCounter]


class QueueCall(Part, kw_only=True):
    """A call that waits in a queue; `queueTime` (RFC 3339, UTC) is when its wait began."""

    position: int
    name: Name
    number: Number
    queue_time: Time


class QueueCalls(Message, kw_only=True):
    """All calls that wait in a queue, in the queue's order."""

    queue_id: int
    calls: list[QueueCall]


class QueuePenalty(Part, kw_only=True):
    """A queue of a default membership, with the agent's penalty there."""

    queue_id: int
    penalty: int


class UserQueueDefaultMembership(Message, kw_only=True):
    """One user's default queue memberships: those that `applyUsersDefaultMembership` restores."""

    user_id: int
    membership: list[QueuePenalty]


class UsersQueueDefaultMembership(Message, kw_only=True):
    """The default queue memberships of all users that the user may see."""

    memberships: list[UserQueueDefaultMembership]
