"""The REST routes of members that are no agents. Docstrings are part of the OpenAPI document."""

from typing import Annotated, Literal

from msgspec import Meta

from xucd.center.audit import Kind, Target
from xucd.center.center import Center
from xucd.center.events import DeviceStatus
from xucd.center.refused import Refused
from xucd.center.snapshot import MemberSeen
from xucd.web.rest_bodies import Body
from xucd.web.rest_route import Requester

MemberState = Literal["free", "busy", "ringing", "paused", "unreachable"]

_BUSY = frozenset({DeviceStatus.IN_USE, DeviceStatus.BUSY, DeviceStatus.ON_HOLD})
_RINGING = frozenset({DeviceStatus.RINGING, DeviceStatus.RINGING_IN_USE})


class OtherMember(Body, frozen=True):
    """A member of a queue that xucd did not make: another program, a file or a database did.

    `interface` is Asterisk's, literally. `line` is the number of the line that it rings, `agentId`
    who is logged in there; null where there is none. `configured` says that it stands in Asterisk's
    configuration, which alone can remove it, `adoptable` that it does, and that no agent has its
    line. `reason` is that of its pause. `calls` are those that it has answered today while no agent
    was logged in on its phone, since xucd was started.
    """

    queue_id: int
    interface: str
    name: str
    penalty: int
    state: MemberState
    reason: str
    configured: bool
    adoptable: bool
    calls: int
    line: str | None
    agent_id: int | None


class OtherMembers(Body, frozen=True):
    """The members of queues that are no agents, of the queues that the user sees.

    `unpreparedQueues` are the ids of queues that were seen not to pause their agents at the answer:
    xucd pauses them itself, and docs/agents.md says what would be exact.
    """

    members: list[OtherMember]
    unprepared_queues: list[int]


class AdoptBody(Body, frozen=True, forbid_unknown_fields=True):
    """Which member, by its interface as `GET /other_members` tells it."""

    interface: Annotated[
        str, Meta(min_length=3, max_length=79, pattern=r"\A[^\x00-\x20,;|<>\x7f]+\Z")
    ]


class AdoptedMember(Body, frozen=True):
    """The agent that was made. Its user has no password: ``xucd user passwd LOGIN`` sets one.

    `changes` are what was added to the centre, one sentence each.
    """

    agent_id: int
    login: str
    changes: list[str]


async def get_other_members(requester: Requester) -> OtherMembers:
    """Get the members of queues that are no agents."""
    center, rights = requester.callbacks.context.center, requester.rights
    return OtherMembers(
        members=[
            _other_member(center, queue_id, member)
            for queue_id, member in center.owners.others()
            if rights.queue(queue_id)
        ],
        unprepared_queues=sorted(filter(rights.queue, center.unprepared)),
    )


async def adopt_member(requester: Requester, body: AdoptBody) -> AdoptedMember:
    """Make an agent of a member that is none, with a line and a user.

    It is in the queues in whose configuration the member stands. The member itself is not changed.
    One that another program has added stays that program's: `NotAdoptable`. Pages of other users
    stay connected.
    """
    center = requester.callbacks.context.center
    if all(body.interface != member.interface for _, member in center.owners.others()):
        text = f"No queue has a member {body.interface} that is no agent."
        raise Refused("MemberUnknown", text)
    adopted = await requester.services.adopt(
        body.interface, requester.actor, requester.current_rights
    )
    target = Target("agent", adopted.agent_id, adopted.login)
    await requester.record(Kind.ADOPT_MEMBER, target, detail={"interface": body.interface})
    return AdoptedMember(
        agent_id=adopted.agent_id, login=adopted.login, changes=list(adopted.changes)
    )


def _other_member(center: Center, queue_id: int, member: MemberSeen) -> OtherMember:
    line = center.members.line_of(member)
    live = center.on_device.get(line.phone) if line is not None else None
    return OtherMember(
        queue_id=queue_id,
        interface=member.interface,
        name=member.member,
        penalty=member.penalty,
        state=_state(member),
        reason=member.reason if member.paused else "",
        configured=not member.dynamic,
        adoptable=not member.dynamic
        and (line is None or line.id not in center.directory.agent_ids_by_line),
        calls=center.calls_of_others[queue_id, member.interface],
        line=line.number if line is not None else None,
        agent_id=live.agent.id if live is not None else None,
    )


def _state(member: MemberSeen) -> MemberState:
    """What a member's phone does, else whether it is paused."""
    if member.status in _RINGING:
        return "ringing"
    if member.status in _BUSY:
        return "busy"
    if member.paused:
        return "paused"
    return "free" if member.status.in_reach else "unreachable"
