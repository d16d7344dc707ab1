"""Who may see and do what: agent-api.txt, "Security considerations", and protocol.md, section 5.

A user without a profile is told ``NoRight``. For the Agent API it is treated as an Admin, unless
`strict` limits it to its own agent. That fallback covers the Agent API alone: what else there is
takes a profile that is set, and `LEAST_PROFILE` says which. A Supervisor sees and commands the
queues and groups on its lists, and nothing else; an empty list lets nothing through. Everybody sees
and commands its own agent.
"""

from enum import Enum
from typing import Final, Literal, Protocol

import msgspec

from xucd.center.directory import Agent, Profile, User


class Task(Enum):
    """What is not of the Agent API and may not be done by everybody who has signed in."""

    SET_GROUPS = "move agents to another group"
    SET_DEFAULT_MEMBERSHIPS = "set and apply default memberships"
    CHANGE_CALLBACKS = "change or delete callback requests by REST"
    READ_TICKETS = "read the tickets of callbacks"
    READ_AUDIT = "read the audit trail"
    HANDLE_PERSONS = "find, export and erase the data of a person"
    ADMINISTER = "change the configuration, and make keys for programs"
    SEE_OTHER_MEMBERS = "see the queues' members that are no agents"
    ADOPT_MEMBERS = "make agents of the queues' members that are none"
    # No command and no route is for these yet; whatever comes will need a profile that is set.
    READ_HISTORY = "read the calls of others"
    HEAR_RECORDINGS = "find, hear and download recordings"
    TALK_TO_AGENTS = "whisper to an agent, or barge into its call"


LEAST_PROFILE: Final[dict[Task, Profile]] = {
    # A supervisor does these within its lists. A group decides which supervisors see an agent; a
    # default membership is configuration, and outlasts the shift; a request that is changed or
    # deleted takes what somebody else has entered; tickets and calls are other people's work.
    Task.SET_GROUPS: "Supervisor",
    Task.SET_DEFAULT_MEMBERSHIPS: "Supervisor",
    Task.CHANGE_CALLBACKS: "Supervisor",
    Task.READ_TICKETS: "Supervisor",
    Task.SEE_OTHER_MEMBERS: "Supervisor",
    Task.READ_HISTORY: "Supervisor",
    Task.HEAR_RECORDINGS: "Supervisor",
    Task.TALK_TO_AGENTS: "Supervisor",
    # These have no lists that could bound them.
    Task.ADMINISTER: "Admin",
    Task.ADOPT_MEMBERS: "Admin",
    Task.READ_AUDIT: "Admin",
    Task.HANDLE_PERSONS: "Admin",
}
"""The least profile for each task; an Admin may do what a Supervisor may."""


class Rights(msgspec.Struct, frozen=True):
    """What one user may see and do. `queue_ids` and `group_ids` are None when all are allowed.

    `supervisor` and `administrator` are set by a profile only: without one a user sees everything
    that the Agent API shows, yet has no say in a callback that another has taken, and may do
    nothing that is in `LEAST_PROFILE`. An Admin is both.
    """

    own_agent_id: int | None
    queue_ids: frozenset[int] | None
    group_ids: frozenset[int] | None
    supervisor: bool = False
    administrator: bool = False

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

    def may(self, task: Task) -> bool:
        """Whether the user's profile allows a task, within its lists."""
        return self.administrator if LEAST_PROFILE[task] == "Admin" else self.supervisor


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
    if user.profile == "Admin":
        return Rights(user.agent_id, None, None, supervisor=True, administrator=True)
    if strict:
        return Rights(user.agent_id, _NOTHING, _NOTHING)
    return Rights(user.agent_id, None, None)


def shown_profile(user: User) -> Literal["Supervisor", "Admin", "NoRight"]:
    """The profile as `RightProfile` names it."""
    return user.profile or "NoRight"
