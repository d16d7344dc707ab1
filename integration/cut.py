"""What a user may see of what an Admin is told, written anew from agent-api.txt.

"Security considerations" there: a list of queues filters what is told of queues, a list of groups
what is told of agents. This module says it once more, knows nothing of xucd's own rights, and is
what the frames of each profile are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Body = Any


@dataclass(frozen=True)
class Viewer:
    """A user's lists, None for all; and its own agent, which it sees in any case.

    `phones` are those whose hints it gets: all but for who has no profile under `strict_rights`.
    `line` is the number of its own phone.
    """

    queues: frozenset[int] | None = None
    groups: frozenset[int] | None = None
    own_agent: int | None = None
    phones: frozenset[str] | None = None
    line: str | None = None

    def queue(self, queue_id: int) -> bool:
        return self.queues is None or queue_id in self.queues


@dataclass
class Known:
    """What is needed to cut, read off an Admin's frames as they come.

    `groups` are the agents' groups, `agents` the users' agents, `lists` the queues of callback
    lists, `requests` those of requests. `defaults` are the users' default memberships, `before`
    what they were before they changed last.
    """

    groups: dict[int, int] = field(default_factory=dict)
    agents: dict[int, int] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    defaults: dict[int, Body] = field(default_factory=dict)
    before: dict[int, Body] = field(default_factory=dict)

    def learn(self, kind: str, body: Body) -> None:
        """Take in an Admin's frame."""
        if kind == "AgentList":
            self.groups |= {each["id"]: each["groupId"] for each in body}
            self.agents |= {each["userId"]: each["id"] for each in body}
        elif kind == "AgentConfig":
            self.groups[body["id"]] = body["numgroup"]
        elif kind == "UsersQueueDefaultMembership":
            self.defaults |= {each["userId"]: each for each in body["memberships"]}
        elif kind == "UserQueueDefaultMembership":
            self.before[body["userId"]] = self.defaults[body["userId"]]
            self.defaults[body["userId"]] = body
        elif kind == "CallbackLists":
            for each in body:
                self.lists[each["uuid"]] = each["queueId"]
                for request in each["callbacks"]:
                    self.requests[request["uuid"]] = each["queueId"]
        elif kind == "CallbackRequestUpdated":
            request = body["request"]
            self.requests[request["uuid"]] = self.lists[request["listUuid"]]


def cut(frames: Iterable[tuple[str, Body]], viewer: Viewer, known: Known) -> list[tuple[str, Body]]:
    """An Admin's frames as a viewer gets them, in their order."""
    found = []
    for kind, body in frames:
        known.learn(kind, body)
        if kind in LISTS or kind in MESSAGES:
            seen = _cut(kind, body, viewer, known)
            if seen is not None:
                found.append((kind, seen))
    return found


def not_own(frames: Iterable[tuple[str, Body]], viewer: Viewer) -> list[tuple[str, Body]]:
    """Messages about a user itself, among a viewer's frames, that say they are of another."""
    return [(kind, body) for kind, body in frames if kind in OWN and not OWN[kind](body, viewer)]


def too_many(frames: Sequence[tuple[str, Body]], viewer: Viewer) -> list[tuple[str, Body]]:
    """Messages about a user itself that do not say of whom they are, beyond the viewer's own.

    Each of its own comes with a message of another kind, to which the viewer has subscribed.
    """
    found = []
    for kind, comes_with in NAMELESS.items():
        told = [frame for frame in frames if frame[0] == kind]
        found += told[sum(comes_with(*frame, viewer) for frame in frames) :]
    return found


def _cut(kind: str, body: Body, viewer: Viewer, known: Known) -> Body | None:
    """One frame as a viewer gets it, None when it gets none."""
    sees = Sees(viewer, known)
    if kind in LISTS:
        return LISTS[kind](body, sees)
    return body if MESSAGES[kind](body, sees) else None


class Sees:
    """What a viewer sees, by what is known."""

    def __init__(self, viewer: Viewer, known: Known) -> None:
        self.known = known
        self.queue = viewer.queue
        self._viewer = viewer

    def group(self, group_id: int) -> bool:
        return self._viewer.groups is None or group_id in self._viewer.groups

    def agent(self, agent_id: int) -> bool:
        return agent_id == self._viewer.own_agent or self.group(self.known.groups[agent_id])

    def user(self, user_id: int) -> bool:
        return self.agent(self.known.agents[user_id])

    def member(self, agent_id: int, queue_id: int) -> bool:
        """One's own agent is seen whole."""
        return self.queue(queue_id) or agent_id == self._viewer.own_agent

    def phone(self, number: str) -> bool:
        return self._viewer.phones is None or number in self._viewer.phones

    def request(self, uuid: str) -> bool:
        return self.queue(self.known.requests[uuid])


def _state(body: Body, sees: Sees) -> Body:
    queues = [each for each in body["queues"] if sees.member(body["agentId"], each)]
    return {**body, "queues": queues}


def _default(body: Body, sees: Sees) -> Body:
    kept = [each for each in body["membership"] if sees.queue(each["queueId"])]
    return {**body, "membership": kept}


def _changed_default(body: Body, sees: Sees) -> Body | None:
    """A default membership, for who sees the user and anything of what has changed."""
    changed = _default(body, sees) != _default(sees.known.before[body["userId"]], sees)
    return _default(body, sees) if changed and sees.user(body["userId"]) else None


def _directory(body: Body, sees: Sees) -> Body:
    entries = [each for each in body["directory"] if sees.agent(each["agent"]["id"])]
    return {
        "directory": [{**each, "agentState": _state(each["agentState"], sees)} for each in entries]
    }


def _config(body: Body, sees: Sees) -> Body | None:
    kept = [each for each in body["member"] if sees.member(body["id"], each["queue_id"])]
    return {**body, "member": kept} if sees.agent(body["id"]) else None


def _found(body: Body, sees: Sees) -> Body:
    """A page that has all that was found."""
    found = [each for each in body["response"]["list"] if sees.request(each["uuid"])]
    return {**body, "response": {"total": len(found), "list": found}}


LISTS: dict[str, Callable[[Body, Sees], Body | None]] = {
    # -- by the list of queues
    "QueueList": lambda body, sees: [each for each in body if sees.queue(each["id"])],
    "QueueMemberList": lambda body, sees: [
        each for each in body if sees.member(each["agentId"], each["queueId"])
    ],
    "CallbackLists": lambda body, sees: [each for each in body if sees.queue(each["queueId"])],
    # -- by the list of groups, and what these say of queues by the list of queues
    "AgentList": lambda body, sees: [each for each in body if sees.agent(each["id"])],
    "AgentGroupList": lambda body, sees: [each for each in body if sees.group(each["id"])],
    "AgentStateEvent": lambda body, sees: (
        _state(body, sees) if sees.agent(body["agentId"]) else None
    ),
    "AgentConfig": _config,
    "AgentDirectory": _directory,
    "FindCallbackResponseWithId": _found,
    "UserQueueDefaultMembership": _changed_default,
    "UsersQueueDefaultMembership": lambda body, sees: {
        "memberships": [
            _default(each, sees) for each in body["memberships"] if sees.user(each["userId"])
        ]
    },
}
"""Messages of which a viewer gets a part."""

MESSAGES: dict[str, Callable[[Body, Sees], bool]] = {
    # -- by the list of queues
    "QueueConfig": lambda body, sees: sees.queue(body["id"]),
    "QueueMember": lambda body, sees: sees.member(body["agentId"], body["queueId"]),
    "QueueStatistics": lambda body, sees: sees.queue(body["queueId"]),
    "GetQueueStatistics": lambda body, sees: sees.queue(body["queueId"]),
    "QueueCalls": lambda body, sees: sees.queue(body["queueId"]),
    "CallbackRequestUpdated": lambda body, sees: sees.request(body["request"]["uuid"]),
    "CallbackTaken": lambda body, sees: sees.request(body["uuid"]),
    "CallbackReleased": lambda body, sees: sees.request(body["uuid"]),
    "CallbackClotured": lambda body, sees: sees.request(body["uuid"]),
    "CallbackStarted": lambda body, sees: sees.request(body["requestUuid"]),
    # -- by the list of groups
    "AgentStatistics": lambda body, sees: sees.agent(body["id"]),
    "PhoneHintStatusEvent": lambda body, sees: sees.phone(body["number"]),
    # -- for everybody
    "LinkStatus": lambda body, sees: True,
    "PreferredCallbackPeriodList": lambda body, sees: True,
}
"""Messages that a viewer gets whole, or not at all."""

OWN: dict[str, Callable[[Body, Viewer], bool]] = {
    "PhoneEvent": lambda body, viewer: body["DN"] == viewer.line,
    "AgentListen": lambda body, viewer: (
        body["agentId"] == viewer.own_agent or body["phoneNumber"] == viewer.line
    ),
    "Sheet": lambda body, viewer: viewer.line is not None,
    "PhoneStatusUpdate": lambda body, viewer: viewer.line is not None,
    "UserStatusUpdate": lambda body, viewer: viewer.own_agent is not None,
    "UserConfigUpdate": lambda body, viewer: body["agentId"] == viewer.own_agent,
}
"""Messages about a user itself, and whether one is about a viewer: nobody else gets them."""

NAMELESS: dict[str, Callable[[str, Body, Viewer], bool]] = {
    "PhoneStatusUpdate": lambda kind, body, viewer: (
        kind == "PhoneHintStatusEvent" and body["number"] == viewer.line
    ),
    "UserStatusUpdate": lambda kind, body, viewer: (
        kind == "AgentStateEvent" and body["agentId"] == viewer.own_agent
    ),
    "Sheet": lambda kind, body, viewer: kind == "PhoneEvent" and body["DN"] == viewer.line,
}
"""Those of them that name nobody, and what comes with each."""

ANSWERS = frozenset(
    {"AgentError", "CommandResult", "CurrentCallsPhoneEvents", "Error", "LineConfig"}
)
"""Messages about a user itself that come when it has asked for something."""

OPENING = frozenset({"LoggedOn", "RightProfile", "UsersStatuses"})
"""Messages that open a link, and come at no other time."""
