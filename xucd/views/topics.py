"""What a client can listen to, and what a message is filed under.

A topic is a kind and a key. The key None stands for everything of the kind; somebody whose rights
are bounded listens to each group or queue on its lists instead, and everybody to what is its own.
A message goes out under each topic that somebody might listen to, so what it costs grows with
those who receive it, not with those who are connected.
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
    """What an agent's own user is always told."""
    return ("own agent", agent_id)


def own_phone(user_id: int) -> Topic:
    """What a user is always told of its phone."""
    return ("own phone", user_id)


def phone_hint(number: str) -> Topic:
    """What a line's phone does, for whoever wants to see it."""
    return ("phone hint", number)


def is_phone_hint(topic: Hashable) -> bool:
    """Whether a topic is one of `phone_hint`."""
    return isinstance(topic, tuple) and topic[0] == "phone hint"


def agents_heard(kind: AgentKind, rights: Rights) -> list[Topic]:
    """What to listen to for all agents that the rights let through."""
    if rights.group_ids is None:
        return [(kind, None)]
    heard: list[Topic] = [(kind, group_id) for group_id in rights.group_ids]
    if rights.own_agent_id is not None:
        heard.append((kind, f"agent {rights.own_agent_id}"))
    return heard


def agent_told(kind: AgentKind, agent: Agent) -> list[Topic]:
    """What a message about an agent is filed under."""
    return [(kind, None), (kind, agent.group_id), (kind, f"agent {agent.id}")]


def queues_heard(kind: QueueKind, rights: Rights) -> list[Topic]:
    """What to listen to for all queues that the rights let through."""
    if rights.queue_ids is None:
        return [(kind, None)]
    return [(kind, queue_id) for queue_id in rights.queue_ids]


def queue_told(kind: QueueKind, queue_id: int) -> list[Topic]:
    """What a message about a queue, or about a member of it, is filed under."""
    return [(kind, None), (kind, queue_id)]


def queue_calls(queue_id: int) -> Topic:
    """Who waits in a queue, for whoever wants to see it."""
    return ("queue calls", queue_id)


def configs_heard(rights: Rights) -> Topic:
    """What to listen to for agents' configurations, which those of bounded rights see in part."""
    return (AGENT_CONFIGS, _whole_or_part(rights))


def default_memberships_heard(rights: Rights) -> Topic:
    """What to listen to for default memberships, which those of bounded rights see in part."""
    return (DEFAULT_MEMBERSHIPS, _whole_or_part(rights))


def _whole_or_part(rights: Rights) -> Rights | None:
    return None if rights.group_ids is None and rights.queue_ids is None else rights


def callback_lists_heard(rights: Rights) -> Topic:
    """What to listen to for whole lists of callbacks, which those of bounded rights see in part."""
    return ("callback lists", rights.queue_ids)
