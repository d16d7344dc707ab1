"""Who may see and do what: agent-api.txt, "Security considerations", and protocol.md, section 5.

A user without a profile is told ``NoRight`` and is treated as an Admin, unless `strict` limits it
to its own agent. A Supervisor sees and commands the queues and groups on its lists, and nothing
else; an empty list lets nothing through. Everybody sees and commands its own agent.
"""

from typing import Literal, Protocol

import msgspec

from xucd.center.directory import Agent, User


class Rights(msgspec.Struct, frozen=True):
    """What one user may see and do. `queue_ids` and `group_ids` are None when all are allowed.

    `supervisor` is set by a profile only: without one a user sees everything and yet has no say in
    a callback that another has taken.
    """

    own_agent_id: int | None
    queue_ids: frozenset[int] | None
    group_ids: frozenset[int] | None
    supervisor: bool = False

    def agent(self, agent: Agent) -> bool:
        """Whether the agent's states and figures may be seen, and the agent commanded."""
        return agent.id == self.own_agent_id or self.group(agent.group_id)

    def group(self, group_id: int) -> bool:
        """Whether a group of agents may be seen and used."""
        return self.group_ids is None or group_id in self.group_ids

    def queue(self, queue_id: int) -> bool:
        """Whether a queue, its members and figures may be seen, and its members changed."""
        return self.queue_ids is None or queue_id in self.queue_ids

    def member(self, agent_id: int, queue_id: int) -> bool:
        """Whether an agent may be seen to be in a queue: one's own agent in all, others in these.

        Of its own agent a user sees the queues that its list does not have, too: that it is in
        them, not who waits there.
        """
        return agent_id == self.own_agent_id or self.queue(queue_id)

    def supervises(self, queue_id: int) -> bool:
        """Whether the user may act upon what another has taken in hand for a queue."""
        return self.supervisor and self.queue(queue_id)


class Asker(Protocol):
    """Whoever asks for something to be done: a client's session, or a request over HTTP."""

    @property
    def rights(self) -> Rights:
        """Its rights at this moment. Raises once they have ended: ask again after each wait."""


_NOTHING: frozenset[int] = frozenset()


def rights_of(user: User, *, strict: bool) -> Rights:
    """The rights of a user; `strict` is the setting `strict_rights`."""
    if user.profile == "Supervisor":
        return Rights(user.agent_id, user.queue_ids, user.group_ids, supervisor=True)
    if user.profile is None and strict:
        return Rights(user.agent_id, _NOTHING, _NOTHING)
    return Rights(user.agent_id, None, None, supervisor=user.profile == "Admin")


def shown_profile(user: User) -> Literal["Supervisor", "Admin", "NoRight"]:
    """The profile as `RightProfile` names it."""
    return user.profile or "NoRight"
