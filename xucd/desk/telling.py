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
from xucd.desk.hints import hint
from xucd.desk.own_phone import line_of, phone_event, users_of
from xucd.desk.queue_telling import QueueTeller
from xucd.desk.sheets import sheet_view
from xucd.desk.statuses import status_of


class Teller:
    """Tells clients. It remembers the status each agent was last shown in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._statuses = {
            agent_id: status_of(desk.statuses, live)
            for agent_id, live in desk.center.agents.items()
        }
        self._phones: dict[int, int] = {}  # the line that was each agent's last
        queues = QueueTeller(desk)
        self._ways: dict[type, Callable[[Any], None]] = {
            ch.AgentChanged: self._agent,
            ch.AgentStatsChanged: self._statistics,
            ch.MembershipChanged: self._membership,
            ch.AgentConfigChanged: self._config,
            ch.PhoneChanged: self._phone,
            ch.QueueConfigChanged: self._queue_config,
            ch.SheetShown: self._sheet,
            ch.AgentListened: self._listened,
            ch.PhoneCallChanged: self._phone_call,
            ch.SeatChanged: self._seat,
            ch.QueueCounted: queues.note,
            ch.QueueStatsChanged: queues.note,
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
        self._status(change.agent_id)

    def _status(self, agent_id: int) -> None:
        desk = self._desk
        status = status_of(desk.statuses, desk.center.agents[agent_id])
        if self._statuses.get(agent_id, status_of(desk.statuses, None)) != status:
            desk.hub.publish([topics.own_agent(agent_id)], msg.UserStatusUpdate(status=status))
        self._statuses[agent_id] = status

    def _statistics(self, change: ch.AgentStatsChanged) -> None:
        desk = self._desk
        live = desk.center.agents[change.agent_id]
        told = topics.agent_told(topics.AGENT_STATS, live.agent)
        if desk.hub.heard(told):
            desk.hub.publish(told, views.agent_statistics(live, desk.now()))

    def _membership(self, change: ch.MembershipChanged) -> None:
        self._desk.hub.publish(
            topics.queue_told(topics.QUEUE_MEMBERS, change.queue_id),
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

    def _listened(self, change: ch.AgentListened) -> None:
        desk = self._desk
        told = [topics.own_agent(change.agent_id)]
        line = desk.center.directory.lines.get(change.line_id or 0)
        if line is not None:
            told += [topics.own_phone(user.id) for user in users_of(desk.center, line)]
        body = msg.AgentListen(
            started=change.started, phone_number=change.phone_number, agent_id=change.agent_id
        )
        desk.hub.publish(told, body)

    def _queue_config(self, change: ch.QueueConfigChanged) -> None:
        queue = self._desk.center.directory.queues[change.queue_id]
        told = topics.queue_told(topics.QUEUE_CONFIGS, queue.id)
        self._desk.hub.publish(told, views.queue_config(queue))

    def _phone(self, change: ch.PhoneChanged) -> None:
        desk = self._desk
        line = desk.center.directory.lines[change.line_id]
        told = [topics.own_phone(user.id) for user in users_of(desk.center, line)]
        if desk.hub.heard(told):
            status = views.phone_status(change.state)
            desk.hub.publish(told, msg.PhoneStatusUpdate(status=status))
        wanted = [topics.phone_hint(line.number)]
        if desk.hub.heard(wanted):
            desk.hub.publish(wanted, hint(line.number, change.state))

    def _phone_call(self, change: ch.PhoneCallChanged) -> None:
        desk = self._desk
        line = desk.center.directory.lines[change.line_id]
        for user in users_of(desk.center, line):
            told = [topics.own_phone(user.id)]
            if desk.hub.heard(told):
                desk.hub.publish(told, phone_event(line, user, change.call))

    def _seat(self, change: ch.SeatChanged) -> None:
        """A pause in mid-call is a status at once, and another seat is another phone."""
        desk = self._desk
        self._status(change.seat.agent_id)
        agent = desk.center.directory.agents[change.seat.agent_id]
        user = desk.center.directory.users.get(agent.user_id)
        line = line_of(desk.center, user) if user is not None else None
        if user is None or line is None:
            return
        if self._phones.get(agent.id, user.line_id) != line.id:
            status = views.phone_status(desk.center.devices.get(line.interface))
            desk.hub.publish([topics.own_phone(user.id)], msg.PhoneStatusUpdate(status=status))
        self._phones[agent.id] = line.id

    def _sheet(self, change: ch.SheetShown) -> None:
        desk = self._desk
        line = desk.center.directory.lines[change.line_id]
        told = [topics.own_phone(user.id) for user in users_of(desk.center, line)]
        if desk.hub.heard(told):
            desk.hub.publish(told, sheet_view(change, desk.now()))
