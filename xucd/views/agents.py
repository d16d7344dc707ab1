"""Messages about agents, and about what is configured: plain functions from the centre's state.

Ages are in whole seconds up to `now`, an epoch second.
"""

import datetime
from collections.abc import Mapping
from typing import TypeVar

from msgspec import UNSET, UnsetType

from xucd.center.agent import AgentShown, AgentState
from xucd.center.center import Center
from xucd.center.changes import AgentChanged, MembershipChanged
from xucd.center.day import AgentDay
from xucd.center.directory import Agent, Directory, Queue, User
from xucd.center.live import LiveAgent, MembershipShown
from xucd.center.rights import Rights
from xucd.cti import messages as msg
from xucd.cti.messages import AgentStatistic

T = TypeVar("T")


def agent_state(
    change: AgentChanged, now: float, rights: Rights, pbx: str | None
) -> msg.AgentStateEvent:
    """An agent's state, for how long it has lasted, and those of its queues that may be seen.

    `pbx` is the one that it is told by, of several.
    """
    seen_in = [each for each in change.queue_ids if rights.member(change.agent_id, each)]
    return agent_state_in(change, now, seen_in, pbx)


def agent_state_in(
    change: AgentChanged, now: float, queues: list[int], pbx: str | None
) -> msg.AgentStateEvent:
    """An agent's state, and for how long it has lasted, with these of its queues."""
    seen: AgentShown = change.shown
    body = msg.AgentStateEvent(
        name=seen.state,
        agent_id=change.agent_id,
        phone_number=seen.phone_number,
        since=max(0, int(now - change.since)),
        queues=queues,
        pbx=_unless_none(pbx),
    )
    if seen.state is AgentState.READY:
        body.cause = "available"
    elif seen.state is AgentState.ON_PAUSE:
        body.cause = seen.cause
    if seen.call is not None:
        body.acd = seen.call.acd
        body.direction = "Incoming" if seen.call.incoming else "Outgoing"
        body.call_type = "Internal" if seen.call.internal else "External"
        body.monitor_state = seen.call.recording
    return body


def agent_entry(agent: Agent) -> msg.ListedAgent:
    """An agent's entry in a list."""
    return msg.ListedAgent(
        id=agent.id,
        first_name=agent.first_name,
        last_name=agent.last_name,
        number=agent.number,
        context=agent.context,
        group_id=agent.group_id,
        user_id=agent.user_id,
    )


def agent_config(center: Center, live: LiveAgent, rights: Rights) -> msg.AgentConfig:
    """An agent's configuration, with those of its queues that may be seen."""
    agent = live.agent
    queues = center.directory.all_queues
    removed = [
        msg.RemovedMembership(
            queue_name=queues[queue_id].name, queue_id=queue_id, configured_penalty=shown.configured
        )
        for queue_id, shown in sorted(live.told.items())
        if shown.penalty < 0 and shown.configured is not None and rights.member(agent.id, queue_id)
    ]
    return msg.AgentConfig(
        id=agent.id,
        number=agent.number,
        context=agent.context,
        first_name=agent.first_name,
        last_name=agent.last_name,
        group_id=agent.group_id,
        user_id=agent.user_id,
        member=[
            msg.AgentMembership(
                queue_name=queues[queue_id].name,
                queue_id=queue_id,
                interface=agent.member_name,
                penalty=shown.penalty,
                userid=agent.user_id,
                configured_penalty=_unless_none(shown.configured),
                missing=shown.missing or UNSET,
            )
            for queue_id, shown in sorted(live.told.items())
            if shown.penalty >= 0 and rights.member(agent.id, queue_id)
        ],
        removed=removed or UNSET,
    )


def agent_statistics(live: LiveAgent, now: float) -> msg.AgentStatistics:
    """An agent's figures of the day, including the time in its present state."""
    day: AgentDay = live.day(now)
    ended = day.inbound_answered + day.inbound_unanswered
    figures: dict[AgentStatistic, int | str] = {
        AgentStatistic.PAUSED_TIME: int(day.paused_s),
        AgentStatistic.WRAPUP_TIME: int(day.wrapup_s),
        AgentStatistic.READY_TIME: int(day.ready_s),
        AgentStatistic.INBOUND_CALLS: day.inbound_calls,
        AgentStatistic.INBOUND_ANSWERED: day.inbound_answered,
        AgentStatistic.INBOUND_UNANSWERED: day.inbound_unanswered,
        AgentStatistic.INBOUND_CALL_TIME: int(day.inbound_talk_s),
        AgentStatistic.INBOUND_RING_TIME: round(day.inbound_ring_s / ended) if ended else 0,
        AgentStatistic.OUTBOUND_CALLS: day.outbound_calls,
        AgentStatistic.OUTBOUND_CALL_TIME: int(day.outbound_talk_s),
    }
    if day.login_at is not None:
        figures[AgentStatistic.LOGIN_AT] = _moment(day.login_at)
    if day.logout_at is not None:
        figures[AgentStatistic.LOGOUT_AT] = _moment(day.logout_at)
    return msg.AgentStatistics(
        id=live.agent.id,
        statistics=[msg.Statistic(name=name, value=value) for name, value in figures.items()],
    )


def _moment(at: float) -> str:
    """A moment in local time with its offset, to the millisecond."""
    local = datetime.datetime.fromtimestamp(at, datetime.UTC).astimezone()
    return local.isoformat(timespec="milliseconds")


def queue_config(queue: Queue, pbx: str | None) -> msg.QueueConfig:
    """A queue's configuration; `pbx` is the one that has it, of several."""
    return msg.QueueConfig(
        id=queue.id,
        context=queue.context,
        name=queue.name,
        display_name=queue.display_name,
        number=queue.number,
        pbx=_unless_none(pbx),
    )


def queue_members(live: LiveAgent, rights: Rights) -> list[msg.QueueMember]:
    """An agent's memberships in the queues that the rights let through; one's own in all."""
    return [
        queue_member(live.agent.id, queue_id, shown)
        for queue_id, shown in sorted(live.told.items())
        if shown.penalty >= 0 and rights.member(live.agent.id, queue_id)
    ]


def removed_members(live: LiveAgent, rights: Rights) -> list[msg.QueueMember]:
    """The memberships of an agent that other programs have ended, as far as they may be seen.

    They are no part of the list: clients would take them for live ones.
    """
    return [
        queue_member(live.agent.id, queue_id, shown)
        for queue_id, shown in sorted(live.told.items())
        if shown.penalty < 0 and rights.member(live.agent.id, queue_id)
    ]


def queue_member(
    agent_id: int, queue_id: int, shown: MembershipShown | MembershipChanged
) -> msg.QueueMember:
    """An agent's membership in a queue."""
    return msg.QueueMember(
        agent_id=agent_id,
        queue_id=queue_id,
        penalty=shown.penalty,
        configured_penalty=_unless_none(shown.configured),
        missing=shown.missing or UNSET,
    )


def _unless_none(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def user_config(user: User) -> msg.UserConfigUpdate:
    """A user's own configuration."""
    return msg.UserConfigUpdate(
        user_id=user.id,
        first_name=user.first_name,
        last_name=user.last_name,
        full_name=f"{user.first_name} {user.last_name}".strip(),
        agent_id=user.agent_id,
        line_ids=[user.line_id] if user.line_id is not None else [],
        mobile_number=user.mobile_number,
    )


def visible_agents(center: Center, rights: Rights) -> list[LiveAgent]:
    """The agents that the rights let through, as far as they are at home here."""
    return [live for live in center.agents.values() if rights.agent(live.agent)]


def groups(directory: Directory, rights: Rights) -> msg.AgentGroupList:
    """The groups that the rights let through."""
    return msg.AgentGroupList(
        items=[
            msg.AgentGroup(id=group.id, name=group.name)
            for group in directory.groups.values()
            if rights.group(group.id)
        ]
    )


def default_memberships(
    directory: Directory, defaults: Mapping[int, Mapping[int, int]], rights: Rights
) -> msg.UsersQueueDefaultMembership:
    """The default memberships, {user id: {queue id: penalty}}, that the rights let through."""
    return msg.UsersQueueDefaultMembership(
        memberships=[
            default_membership(agent.user_id, defaults, rights)
            for agent in directory.agents.values()
            if rights.agent(agent)
        ]
    )


def default_membership(
    user_id: int, defaults: Mapping[int, Mapping[int, int]], rights: Rights
) -> msg.UserQueueDefaultMembership:
    """One user's default membership, with those of its queues that the rights let through."""
    return msg.UserQueueDefaultMembership(
        user_id=user_id,
        membership=[
            msg.QueuePenalty(queue_id=queue_id, penalty=penalty)
            for queue_id, penalty in sorted(defaults.get(user_id, {}).items())
            if rights.queue(queue_id)
        ],
    )
