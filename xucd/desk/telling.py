"""Passing on what became different: from the centre's changes to messages, each to its audience.

A message is made once, whoever hears it, and not at all when nobody does. The one exception is an
agent's configuration, which lists queues: those whose rights are bounded get their own version.
"""

from collections.abc import Callable, Iterable
from typing import Any

from xucd.center import changes as ch
from xucd.cti import messages as msg
from xucd.cti import topics, views
from xucd.desk.desk import Desk
from xucd.desk.statuses import status_of


class Teller:
    """Tells clients. It remembers the status each agent was last shown in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._statuses: dict[int, str] = {}
        self._ways: dict[type, Callable[[Any], None]] = {
            ch.AgentChanged: self._agent,
            ch.AgentStatsChanged: self._statistics,
            ch.MembershipChanged: self._membership,
            ch.AgentConfigChanged: self._config,
            ch.PhoneChanged: self._phone,
        }

    def tell(self, changes: Iterable[ch.Change]) -> None:
        """Tell whoever listens."""
        for change in changes:
            way = self._ways.get(type(change))
            if way is not None:
                way(change)

    def _agent(self, change: ch.AgentChanged) -> None:
        desk = self._desk
        live = desk.center.agents[change.agent_id]
        own = topics.own_agent(change.agent_id)
        desk.hub.publish(
            [*topics.agent_told(topics.AGENT_STATES, live.agent), own],
            views.agent_state(change, desk.now()),
        )
        status = status_of(desk.statuses, live)
        if self._statuses.get(change.agent_id, status) != status:
            desk.hub.publish([own], msg.UserStatusUpdate(status=status))
        self._statuses[change.agent_id] = status

    def _statistics(self, change: ch.AgentStatsChanged) -> None:
        desk = self._desk
        live = desk.center.agents[change.agent_id]
        told = topics.agent_told(topics.AGENT_STATS, live.agent)
        if desk.hub.heard(told):
            desk.hub.publish(told, views.agent_statistics(live, desk.now()))

    def _membership(self, change: ch.MembershipChanged) -> None:
        self._desk.hub.publish(
            topics.member_told(change.queue_id),
            msg.QueueMember(
                agent_id=change.agent_id, queue_id=change.queue_id, penalty=change.penalty
            ),
        )

    def _config(self, change: ch.AgentConfigChanged) -> None:
        desk = self._desk
        live = desk.center.agents[change.agent_id]
        seen_with = {topics.configs_heard(rights): rights for rights in desk.seen_with}
        for topic, rights in seen_with.items():
            if rights.agent(live.agent) and desk.hub.heard([topic]):
                desk.hub.publish([topic], views.agent_config(desk.center, live, rights))

    def _phone(self, change: ch.PhoneChanged) -> None:
        body = msg.PhoneStatusUpdate(status=views.phone_status(change.state))
        self._desk.hub.publish([topics.own_line(change.line_id)], body)
