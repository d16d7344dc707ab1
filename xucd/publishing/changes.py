"""Passing on what became different: from the centre's changes to messages, each to its audience.

A message is made once, whoever hears it, and not at all when nobody does. The one exception is an
agent's configuration, which lists queues: those whose rights are bounded get their own version.
"""

from collections.abc import Callable, Iterable
from typing import Any

from xucd.center import changes as ch
from xucd.center.lines import line_of, users_of
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.publishing.queues import QueueTeller
from xucd.views import agents as agent_views
from xucd.views import topics
from xucd.views.phones import hint, phone_event, phone_status
from xucd.views.sheets import sheet_view
from xucd.views.statuses import status_of


class Teller:
    """Tells clients. It remembers the status each agent was last shown in."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._statuses = {
            agent_id: status_of(context.statuses, live)
            for agent_id, live in context.center.agents.items()
        }
        self._phones: dict[int, int] = {}  # the line that was each agent's last
        queues = QueueTeller(context)
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
            ch.StationChanged: self._station,
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
        context = self._context
        live = context.center.agents[change.agent_id]
        own = topics.own_agent(change.agent_id)
        context.hub.publish(
            [*topics.agent_told(topics.AGENT_STATES, live.agent), own],
            agent_views.agent_state(change, context.now()),
        )
        self._status(change.agent_id)

    def _status(self, agent_id: int) -> None:
        context = self._context
        status = status_of(context.statuses, context.center.agents[agent_id])
        if self._statuses.get(agent_id, status_of(context.statuses, None)) != status:
            context.hub.publish([topics.own_agent(agent_id)], msg.UserStatusUpdate(status=status))
        self._statuses[agent_id] = status

    def _statistics(self, change: ch.AgentStatsChanged) -> None:
        context = self._context
        live = context.center.agents[change.agent_id]
        told = topics.agent_told(topics.AGENT_STATS, live.agent)
        if context.hub.heard(told):
            context.hub.publish(told, agent_views.agent_statistics(live, context.now()))

    def _membership(self, change: ch.MembershipChanged) -> None:
        self._context.hub.publish(
            topics.queue_told(topics.QUEUE_MEMBERS, change.queue_id),
            msg.QueueMember(
                agent_id=change.agent_id, queue_id=change.queue_id, penalty=change.penalty
            ),
        )

    def _config(self, change: ch.AgentConfigChanged) -> None:
        context = self._context
        live = context.center.agents[change.agent_id]
        seen_with = {topics.configs_heard(rights): rights for rights in context.seen_with}
        for topic, rights in seen_with.items():
            if rights.agent(live.agent) and context.hub.heard([topic]):
                context.hub.publish([topic], agent_views.agent_config(context.center, live, rights))

    def _listened(self, change: ch.AgentListened) -> None:
        context = self._context
        told = [topics.own_agent(change.agent_id)]
        line = context.center.directory.lines.get(change.line_id or 0)
        if line is not None:
            told += [topics.own_phone(user.id) for user in users_of(context.center, line)]
        body = msg.AgentListen(
            started=change.started, phone_number=change.phone_number, agent_id=change.agent_id
        )
        context.hub.publish(told, body)

    def _queue_config(self, change: ch.QueueConfigChanged) -> None:
        queue = self._context.center.directory.queues[change.queue_id]
        told = topics.queue_told(topics.QUEUE_CONFIGS, queue.id)
        self._context.hub.publish(told, agent_views.queue_config(queue))

    def _phone(self, change: ch.PhoneChanged) -> None:
        context = self._context
        line = context.center.directory.lines[change.line_id]
        told = [topics.own_phone(user.id) for user in users_of(context.center, line)]
        if context.hub.heard(told):
            status = phone_status(change.state)
            context.hub.publish(told, msg.PhoneStatusUpdate(status=status))
        wanted = [topics.phone_hint(line.number)]
        if context.hub.heard(wanted):
            context.hub.publish(wanted, hint(line.number, change.state))

    def _phone_call(self, change: ch.PhoneCallChanged) -> None:
        context = self._context
        line = context.center.directory.lines[change.line_id]
        for user in users_of(context.center, line):
            told = [topics.own_phone(user.id)]
            if context.hub.heard(told):
                context.hub.publish(told, phone_event(line, user, change.call))

    def _station(self, change: ch.StationChanged) -> None:
        """A pause in mid-call is a status at once, and another station is another phone."""
        context = self._context
        self._status(change.station.agent_id)
        agent = context.center.directory.agents[change.station.agent_id]
        user = context.center.directory.users.get(agent.user_id)
        line = line_of(context.center, user) if user is not None else None
        if user is None or line is None:
            return
        if self._phones.get(agent.id, user.line_id) != line.id:
            status = phone_status(context.center.devices.get(line.interface))
            context.hub.publish([topics.own_phone(user.id)], msg.PhoneStatusUpdate(status=status))
        self._phones[agent.id] = line.id

    def _sheet(self, change: ch.SheetShown) -> None:
        context = self._context
        line = context.center.directory.lines[change.line_id]
        told = [topics.own_phone(user.id) for user in users_of(context.center, line)]
        if context.hub.heard(told):
            context.hub.publish(told, sheet_view(change, context.now()))
