"""Commands about queues: their members, figures and waiting calls."""

from xucd.cti.commands.base import Command, Id, Penalty, Seconds


class SetAgentQueue(Command, kw_only=True, tag="setAgentQueue"):
    """Add an agent to a queue, or change its penalty there.

    Followed by a `QueueMember`. Refused with `AgentUnknown`, `QueueUnknown` or `NotAuthorized`.
    """

    agent_id: Id | None = None
    queue_id: Id
    penalty: Penalty


class RemoveAgentFromQueue(Command, kw_only=True, tag="removeAgentFromQueue"):
    """Remove an agent from a queue.

    Followed by a `QueueMember` with the penalty -1. Refused with `AgentUnknown`, `QueueUnknown`,
    `NotAuthorized` or `NotMember`.
    """

    agent_id: Id | None = None
    queue_id: Id


class _BetweenQueues(Command, kw_only=True):
    group_id: Id
    from_queue_id: Id
    from_penalty: Penalty
    to_queue_id: Id
    to_penalty: Penalty


class MoveAgentsInGroup(_BetweenQueues, tag="moveAgentsInGroup"):
    """Move a group's agents with a given penalty from one queue to another.

    Followed by a `QueueMember` for each change. Refused with `GroupUnknown`, `QueueUnknown`
    or `NotAuthorized`.
    """


class AddAgentsInGroup(_BetweenQueues, tag="addAgentsInGroup"):
    """Add a group's agents with a given penalty in one queue to another queue as well.

    Followed by a `QueueMember` for each change. Refused with `GroupUnknown`, `QueueUnknown`
    or `NotAuthorized`.
    """


class _GroupInQueue(Command, kw_only=True):
    group_id: Id
    queue_id: Id
    penalty: Penalty


class RemoveAgentGroupFromQueueGroup(_GroupInQueue, tag="removeAgentGroupFromQueueGroup"):
    """Remove a group's agents with a given penalty from a queue.

    Followed by a `QueueMember` for each change. Refused with `GroupUnknown`, `QueueUnknown` or
    `NotAuthorized`.
    """


class AddAgentsNotInQueueFromGroupTo(_GroupInQueue, tag="addAgentsNotInQueueFromGroupTo"):
    """Add those of a group's agents that are not yet in a queue to it, with a given penalty.

    Followed by a `QueueMember` for each change. Refused with `GroupUnknown`, `QueueUnknown` or
    `NotAuthorized`.
    """


class SubscribeToQueueStats(Command, tag="subscribeToQueueStats"):
    """Receive every visible queue's `QueueStatistics`, now and whenever they change."""


class GetQueueStatisticsCommand(Command, kw_only=True, tag="getQueueStatistics"):
    """Get a queue's figures over the last `window` seconds, as `GetQueueStatistics`.

    `xqos`, in seconds, replaces the 15 s before which a call counts as answered in time. Refused
    with `QueueUnknown` or `NotAuthorized`.
    """

    queue_id: Id
    window: Seconds
    xqos: Seconds


class SubscribeToQueueCalls(Command, kw_only=True, tag="subscribeToQueueCalls"):
    """Receive a queue's waiting calls as `QueueCalls`, now and whenever they change.

    Refused with `QueueUnknown` or `NotAuthorized`.
    """

    queue_id: Id


class UnsubscribeFromQueueCalls(Command, kw_only=True, tag="unSubscribeToQueueCalls"):
    """Stop receiving a queue's waiting calls.

    Idempotent. Refused with `QueueUnknown` or `NotAuthorized`.
    """

    queue_id: Id
