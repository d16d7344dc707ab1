"""How a centre of a new configuration goes on where the one before it left off."""

from msgspec.structs import replace

from xucd.center.agent import Fact, Stance
from xucd.center.center import Center
from xucd.center.changes import (
    AgentCameHome,
    AgentConfigChanged,
    QueueConfigChanged,
    QueueStatsChanged,
)
from xucd.center.live import AgentRecord, LiveAgent


def inherit(center: Center, before: Center, now: float) -> None:
    """Let a centre go on where one of an older configuration left off, and tell what is different.

    What is live comes with the snapshot that is to follow; here it is what clients have been shown,
    the figures of the day, and since when.
    """
    queues = center.directory.queues
    center.members.inherit(before.members)
    center.channels.inherit(before.channels)
    center.phone_calls.inherit(before.phone_calls)
    center.queue_stats.inherit(before.queue_stats)
    center.sheets = before.sheets
    center.listeners = before.listeners
    center.presence = before.presence
    center.visitors.inherit(before.visitors)
    center.under_way.inherit(before.under_way)
    center.recalls = before.recalls
    center.reservations = before.reservations
    center.continue_day(before)
    center.doubted = before.doubted
    center.unprepared = before.unprepared & queues.keys()
    center.calls_of_others = before.calls_of_others
    for gone in before.agents.keys() - center.agents.keys():
        center.presence.forget(gone)
        day = before.agents[gone].day(min(now, center.today_until))
        center.under_way.gone[gone] = (center.today_until, day)
    for live in center.agent_records():
        agent = live.agent
        old = before.agents.get(agent.id)
        if old is None:
            if center.at_home is not None:
                center.changes.append(AgentCameHome(agent.id, center.at_home[agent.id]))
            center.changes += (
                AgentConfigChanged(agent.id, agent.group_id),
                center.state_change(live),
            )
            center.stats_changed(live)
            continue
        live.inherit(old, now, center.directory.all_queues)
        _go_on_with_wrapup(live, old)
        if live.stance is Stance.WRAPPING:
            center.wrapup_ends.go_on(live, before.wrapup_ends)
        station = center.stations.get(agent.id)
        others = old.queues != live.queues or _is_renamed(center, before, live)
        if station is not None and others:
            # Whatever was remembered since they were configured, Asterisk has the old ones.
            center.expect_station(replace(station, settled=False))
            live.settle(False)
        told = live.told
        center.report_memberships(live)
        configured = (agent, live.queues, live.elsewhere)
        if live.told == told and (old.agent, old.queues, old.elsewhere) != configured:
            center.changes.append(AgentConfigChanged(agent.id, agent.group_id))
    center.changes.extend(QueueStatsChanged(queue_id) for queue_id in queues)
    center.changes.extend(
        QueueConfigChanged(queue.id)
        for queue in queues.values()
        if before.directory.queues.get(queue.id) != queue
    )


def _is_renamed(center: Center, before: Center, live: AgentRecord) -> bool:
    """Whether one of an agent's queues is another of Asterisk's by now, which lacks the agent."""
    now, then = center.directory, before.directory.queues
    return any(
        now.queue_by_name.get(then[queue_id].name) is not now.queues.get(queue_id)
        for queue_id in live.queues
        if queue_id in then
    )


def _go_on_with_wrapup(live: AgentRecord, before: LiveAgent) -> None:
    """Let an agent that is logged in be in the wrap-up that it was in, or is to have."""
    if live.stance is Stance.READY and before.stance is Stance.WRAPPING:
        live.change_stance(Fact.PAUSED_FOR_WRAPUP, "")
    live.set_wrapup(before.wrapup_s)
    if before.owes_wrapup:
        live.owe_wrapup()
