"""Topics: what a client can subscribe to, and where a message is published.

A topic is a kind and a key. The key None stands for everything of the kind; a user with bounded
rights subscribes to each group or queue on its lists instead, and every user to its own topics. A
message is published to each topic that may have a subscriber, so its cost grows with the number of
its recipients, not with the number of open links.
"""

from collections.abc import Hashable, Iterable
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

QueueKind = Literal["queue members", "queue statistics", "queue configurations", "callbacks"]


def own_agent(agent_id: int) -> Topic:
    """Everything that concerns an agent, for its own user."""
    return ("own agent", agent_id)


def own_phone(user_id: int) -> Topic:
    """Everything that concerns a user's phone, for that user."""
    return ("own phone", user_id)


def phone_hint(number: str) -> Topic:
    """The state of a line's phone, for who may see any."""
    return ("phone hint", number)


def agents_phone_hints(number: str, rights: Rights) -> list[Topic]:
    """The state of a line's phone while it is an agent's whom bounded rights let through."""
    keys: list[Hashable] = [*(rights.group_ids or ())]
    if rights.own_agent_id is not None:
        keys.append(f"agent {rights.own_agent_id}")
    return [("phone hint", (number, key)) for key in keys]


def phone_hint_topics(number: str, agents: Iterable[Agent]) -> list[Topic]:
    """The topics to which the state of a line's phone is published; its agents are these."""
    keys = {key for agent in agents for key in (agent.group_id, f"agent {agent.id}")}
    return [phone_hint(number), *(("phone hint", (number, key)) for key in keys)]


def is_phone_hint(topic: Hashable) -> bool:
    """Whether a topic is of the state of a line's phone."""
    return isinstance(topic, tuple) and topic[0] == "phone hint"


View = tuple[frozenset[int], int | None]
"""Which part of others' states a user with bounded rights sees: its queues, and not its own agent.

Its own agent's states come with `own_agent`, whole.
"""


def state_subscriptions(rights: Rights) -> list[Topic]:
    """The topics of the states of all agents that the rights let through, but for one's own."""
    if rights.group_ids is None:
        return [(AGENT_STATES, None)]
    view = view_of(rights)
    return [(AGENT_STATES, (group_id, view)) for group_id in rights.group_ids]


def whole_state_topics(agent: Agent) -> list[Topic]:
    """The topics of an agent's states with all of its queues."""
    return [(AGENT_STATES, None), own_agent(agent.id)]


def cut_state_topic(agent: Agent, view: View) -> Topic:
    """The topic of an agent's states with those of its queues that a view has."""
    return (AGENT_STATES, (agent.group_id, view))


def view_of(rights: Rights) -> View | None:
    """What bounded rights show of agents' queues; None when they show all."""
    return None if rights.queue_ids is None else (rights.queue_ids, rights.own_agent_id)


def statistics_subscriptions(rights: Rights) -> list[Topic]:
    """The topics of the figures of all agents that the rights let through."""
    if rights.group_ids is None:
        return [(AGENT_STATS, None)]
    topics: list[Topic] = [(AGENT_STATS, group_id) for group_id in rights.group_ids]
    if rights.own_agent_id is not None:
        topics.append((AGENT_STATS, f"agent {rights.own_agent_id}"))
    return topics


def statistics_topics(agent: Agent) -> list[Topic]:
    """The topics to which an agent's figures are published."""
    return [(AGENT_STATS, None), (AGENT_STATS, agent.group_id), (AGENT_STATS, f"agent {agent.id}")]


def queue_subscriptions(kind: QueueKind, rights: Rights) -> list[Topic]:
    """The topics of all queues that the rights let through."""
    if rights.queue_ids is None:
        return [(kind, None)]
    return [(kind, queue_id) for queue_id in rights.queue_ids]


def queue_topics(kind: QueueKind, queue_id: int) -> list[Topic]:
    """The topics to which a message about a queue is published."""
    return [(kind, None), (kind, queue_id)]


def member_subscriptions(rights: Rights) -> list[Topic]:
    """The topics of the members of all queues that the rights let through, and of one's own."""
    topics = queue_subscriptions(QUEUE_MEMBERS, rights)
    if rights.queue_ids is not None and rights.own_agent_id is not None:
        topics.append((QUEUE_MEMBERS, f"agent {rights.own_agent_id}"))
    return topics


def member_topics(agent_id: int, queue_id: int) -> list[Topic]:
    """The topics to which an agent's membership in a queue is published."""
    return [*queue_topics(QUEUE_MEMBERS, queue_id), (QUEUE_MEMBERS, f"agent {agent_id}")]


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
