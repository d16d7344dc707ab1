"""What clients are told about queues and who belongs to them."""

from xucd.cti.messages.base import ArrayMessage, Message, Part


class QueueMember(Message, kw_only=True):
    """An agent's place in a queue. `penalty` -1 says that it has left the queue."""

    agent_id: int
    queue_id: int
    penalty: int


class QueueMemberList(ArrayMessage, kw_only=True):
    """All live members of the queues the client may see."""

    items: list[QueueMember]


class QueueConfig(Message, kw_only=True):
    """A queue's configuration."""

    id: int
    context: str
    name: str
    display_name: str
    number: str


class QueueList(ArrayMessage, kw_only=True):
    """All queues the client may see."""

    items: list[QueueConfig]


class Counter(Part, kw_only=True):
    """One figure of a queue."""

    stat_name: str
    value: int | float


class QueueStatistics(Message, kw_only=True):
    """Figures of a queue for the day."""

    queue_id: int
    counters: list[Counter]


class GetQueueStatistics(QueueStatistics, kw_only=True):
    """Figures of a queue over a window that the client asked for."""


class QueueCall(Part, kw_only=True):
    """A caller who waits. `queue_time` is when the wait began, RFC 3339."""

    position: int
    name: str
    number: str
    queue_time: str


class QueueCalls(Message, kw_only=True):
    """All callers who wait in a queue, in their order."""

    queue_id: int
    calls: list[QueueCall]


class QueuePenalty(Part, kw_only=True):
    """One queue of a default membership."""

    queue_id: int
    penalty: int


class UserQueueDefaultMembership(Message, kw_only=True):
    """The queues a user's agent is in when nothing else is said."""

    user_id: int
    membership: list[QueuePenalty]


class UsersQueueDefaultMembership(Message, kw_only=True):
    """The default memberships of all users the client may see."""

    memberships: list[UserQueueDefaultMembership]
