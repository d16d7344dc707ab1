"""Topics: what a client can subscribe to, and where a message is published.

A topic is a kind and a key. The key None stands for everything of the kind; a user with bounded
rights subscribes to each group or queue on its lists instead, and every user to its own topics. A
message is published to each topic that may have a subscriber, so its cost grows with the number of
its recipients, not with the number of open links.
"""

from collections.abc import Hashable
from typing import Final, Literal

from xucd.center.directory import Agent
from xucd.center.rights import Rights

Topic = tuple[str, Hashable]

EVERYBODY: Topic = ("everybody", None)
AGENT_STATES: Final = "agent states"
AGENT_STATS: Final = "agent statistics"
AGENT_CONFIGS: Final = "agent configurations"
DEFAULT_MEMBERSHIPS: Final = "default memberships"
QUEUE_MEMBERS: Final = "queue members"
QUEUE_CONFIGS: Final = "queue configurations"
QUEUE_STATS: Final = "queue statistics"
CALLBACKS: Final = "callbacks"

AgentKind = Literal["agent states", "agent statistics"]
QueueKind = Literal["queue members", "queue statistics", "queue configurations", "callbacks"]


def own_agent(agent_id: int) -> Topic:
    """Everything that concerns an agent, for its own user."""
    return ("own agent", agent_id)


def own_phone(user_id: int) -> Topic:
    """Everything that concerns a user's phone, for that user."""
    return ("own phone", user_id)


def phone_hint(number: str) -> Topic:
    """The state of a line's phone."""
    return ("phone hint", number)


def is_phone_hint(topic: Hashable) -> bool:
    """Whether a topic was made by `phone_hint`."""
    return isinstance(topic, tuple) and topic[0] == "phone hint"


def agent_subscriptions(kind: AgentKind, rights: Rights) -> list[Topic]:
    """The topics of all agents that the rights let through."""
    if rights.group_ids is None:
        return [(kind, None)]
    topics: list[Topic] = [(kind, group_id) for group_id in rights.group_ids]
    if rights.own_agent_id is not None:
        topics.append((kind, f"agent {rights.own_agent_id}"))
    return topics


def agent_topics(kind: AgentKind, agent: Agent) -> list[Topic]:
    """The topics to which a message about an agent is published."""
    return [(kind, None), (kind, agent.group_id), (kind, f"agent {agent.id}")]


def queue_subscriptions(kind: QueueKind, rights: Rights) -> list[Topic]:
    """The topics of all queues that the rights let through."""
    if rights.queue_ids is None:
        return [(kind, None)]
    return [(kind, queue_id) for queue_id in rights.queue_ids]


def queue_topics(kind: QueueKind, queue_id: int) -> list[Topic]:
    """The topics to which a message about a queue, or about a member of it, is published."""
    return [(kind, None), (kind, queue_id)]


def queue_calls(queue_id: int) -> Topic:
    """The calls that wait in a queue."""
    return ("queue calls", queue_id)


def config_subscription(rights: Rights) -> Topic:
    """The topic of agents' configurations, of which users with bounded rights see a part."""
    return (AGENT_CONFIGS, _whole_or_part(rights))


def default_membership_subscription(rights: Rights) -> Topic:
    """The topic of default memberships, of which users with bounded rights see a part."""
    return (DEFAULT_MEMBERSHIPS, _whole_or_part(rights))


def _whole_or_part(rights: Rights) -> Rights | None:
    return None if rights.group_ids is None and rights.queue_ids is None else rights


def callback_list_subscription(rights: Rights) -> Topic:
    """The topic of whole callback lists, of which users with bounded rights see a part."""
    return ("callback lists", rights.queue_ids)
