"""From the centre's changes to messages for the clients that have subscribed.

A message is encoded once for all its recipients, and not at all when it has none. Where it lists an
agent's queues, recipients see those that their rights let through: a state is encoded once for each
list of queues that comes of it, a configuration once for each set of rights.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from xucd.center import changes as ch
from xucd.center.changes import PhoneCall, Stage
from xucd.center.directory import Line, User
from xucd.center.lines import line_of, users_of
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.publishing.hints import phone_watchers, publish_watched
from xucd.publishing.listeners import listening
from xucd.publishing.queues import QueuePublisher
from xucd.publishing.state_views import Views
from xucd.views import agents as agent_views
from xucd.views import topics
from xucd.views.phones import hint, phone_event, phone_status
from xucd.views.sheets import sheet_view
from xucd.views.statuses import status_of


class Publisher:
    """Publishes changes. It remembers the status that each agent's user was last shown, and calls.

    A change that is not in its table concerns no client.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._statuses = {
            agent_id: status_of(context.options.statuses, live)
            for agent_id, live in context.center.agents.items()
        }
        self._lines = {user.id: line_of(context.center, user) for user in _agents_users(context)}
        self._calls: dict[int, dict[str, tuple[Line, PhoneCall]]] = {}  # of users, by unique id
        self._views = Views(context)
        queues = QueuePublisher(context)
        self._publish_by_kind: dict[type[ch.Change], Callable[[Any], None]] = {
            ch.AgentChanged: self._agent_changed,
            ch.AgentStatsChanged: self._statistics_changed,
            ch.MembershipChanged: self._membership_changed,
            ch.AgentConfigChanged: self._config_changed,
            ch.AgentCameHome: self._came_home,
            ch.PhoneChanged: self._phone_changed,
            ch.QueueConfigChanged: self._queue_config_changed,
            ch.SheetShown: self._sheet_shown,
            ch.AgentListened: self._listening_changed,
            ch.PhoneCallChanged: self._phone_call_changed,
            ch.StationChanged: self._station_changed,
            ch.QueueCounted: queues.schedule,
            ch.QueueStatsChanged: queues.schedule,
        }

    def publish(self, changes: Iterable[ch.Change]) -> None:
        """Send every change to the clients that have subscribed to it."""
        for change in changes:
            publish = self._publish_by_kind.get(type(change))
            if publish is not None:
                publish(change)

    def _agent_changed(self, change: ch.AgentChanged) -> None:
        context = self._context
        for audience, body in self._views.messages(change):
            context.hub.publish(audience, body)
        self._publish_status(change.agent_id)

    def _publish_status(self, agent_id: int) -> None:
        context = self._context
        status = status_of(context.options.statuses, context.center.agents[agent_id])
        before = self._statuses.get(agent_id)
        if before is None:
            before = status_of(context.options.statuses, None)
        if before != status:
            context.hub.publish([topics.own_agent(agent_id)], msg.UserStatusUpdate(status=status))
        self._statuses[agent_id] = status

    def _statistics_changed(self, change: ch.AgentStatsChanged) -> None:
        context = self._context
        live = context.center.agents[change.agent_id]
        audience = topics.statistics_topics(live.agent)
        if context.hub.has_subscribers(audience):
            context.hub.publish(audience, agent_views.agent_statistics(live, context.now()))

    def _membership_changed(self, change: ch.MembershipChanged) -> None:
        self._context.hub.publish(
            topics.member_topics(change.agent_id, change.queue_id),
            agent_views.queue_member(change.agent_id, change.queue_id, change),
        )

    def _config_changed(self, change: ch.AgentConfigChanged) -> None:
        context = self._context
        live = context.center.agents[change.agent_id]
        rights_by_topic = {
            topics.config_subscription(rights): rights for rights in context.rights_in_use
        }
        for topic, rights in rights_by_topic.items():
            # Without subscribers, too, what clients knew of it is out of date.
            concerns = context.hub.has_subscribers([topic]) or context.hub.streams.told
            if rights.agent(live.agent) and concerns:
                context.hub.publish([topic], agent_views.agent_config(context.center, live, rights))

    def _came_home(self, change: ch.AgentCameHome) -> None:
        """Tell of an agent's user and its phone what its former home told, once the nodes know."""
        context, agent_id = self._context, change.agent_id
        context.hub.announce_home(agent_id, change.number)
        status = self._statuses[agent_id] = status_of(
            context.options.statuses, context.center.agents[agent_id]
        )
        context.hub.publish([topics.own_agent(agent_id)], msg.UserStatusUpdate(status=status))
        directory = context.center.directory
        user = directory.users.get(directory.agents[agent_id].user_id)
        if user is not None:
            self._calls.pop(user.id, None)
            line = self._lines[user.id] = line_of(context.center, user)
            self._phone_replaced(user, line)

    def _listening_changed(self, change: ch.AgentListened) -> None:
        self._context.hub.publish(*listening(self._context, change))

    def _queue_config_changed(self, change: ch.QueueConfigChanged) -> None:
        directory = self._context.center.directory
        queue = directory.queues[change.queue_id]
        audience = topics.queue_topics(topics.QUEUE_CONFIGS, queue.id)
        self._context.hub.publish(audience, agent_views.queue_config(queue, directory.pbx))

    def _phone_changed(self, change: ch.PhoneChanged) -> None:
        context = self._context
        line = context.center.directory.lines[change.line_id]
        status = msg.PhoneStatusUpdate(status=phone_status(change.state))
        for user in users_of(context.center, line):
            context.hub.publish([topics.own_phone(user.id)], status)
        context.hub.publish(phone_watchers(context, line), hint(line.number, change.state))

    def _phone_call_changed(self, change: ch.PhoneCallChanged) -> None:
        line = self._context.center.directory.lines[change.line_id]
        for user in users_of(self._context.center, line):
            self._tell_call(user, line, change.call)

    def _tell_call(self, user: User, line: Line, call: PhoneCall) -> None:
        """Send a user a stage of a call, and remember the call until it is released."""
        told = self._calls.setdefault(user.id, {})
        if call.stage is Stage.RELEASED:
            told.pop(call.unique_id, None)
        else:
            told[call.unique_id] = (line, call)
        self._context.hub.publish([topics.own_phone(user.id)], phone_event(line, user, call))

    def _station_changed(self, change: ch.StationChanged) -> None:
        """A pause during a call changes the user's status at once; a new line is another phone."""
        self._publish_status(change.station.agent_id)
        center = self._context.center
        user = center.directory.users.get(center.directory.agents[change.station.agent_id].user_id)
        if user is not None:
            line, before = line_of(center, user), self._lines.get(user.id)
            self._lines[user.id] = line
            if (line and line.id) != (before and before.id):
                self._phone_replaced(user, line)
                agent = center.directory.agents[change.station.agent_id]
                publish_watched(self._context, agent, before, line)

    def _phone_replaced(self, user: User, line: Line | None) -> None:
        """Tell a user of another phone: the calls of the one left are over for it."""
        context = self._context
        for left, call in list(self._calls.get(user.id, {}).values()):
            self._tell_call(user, left, msgspec.structs.replace(call, stage=Stage.RELEASED))
        device = context.center.devices.get(line.phone) if line is not None else None
        context.hub.publish(
            [topics.own_phone(user.id)], msg.PhoneStatusUpdate(status=phone_status(device))
        )
        if line is not None:
            for leg in context.center.phone_calls.of(line.phone):
                if leg.sent is not None:
                    self._tell_call(user, line, leg.sent)

    def _sheet_shown(self, change: ch.SheetShown) -> None:
        context = self._context
        line = context.center.directory.lines[change.line_id]
        audience = [topics.own_phone(user.id) for user in users_of(context.center, line)]
        if context.hub.has_subscribers(audience):
            context.hub.publish(audience, sheet_view(change, context.now()))


def _agents_users(context: Context) -> Iterable[User]:
    directory = context.center.directory
    return [user for user in directory.users.values() if user.agent_id in directory.agents]
