"""Sending clients what changes in callbacks.

A change goes to the subscribers whose rights include the callback's queue, and to the agents who
work on the callback, subscribed or not. No client gets the same change twice.
"""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

from xucd.center.callbacks import CallbackListRow, Request, Ticket
from xucd.center.directory import User
from xucd.center.rights import Rights
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.cti.hub import Broadcaster
from xucd.cti.session import Session
from xucd.views import callbacks as callback_views
from xucd.views import topics
from xucd.views.topics import Topic

MAX_SINGLE_UPDATES = 20
"""Up to this many new requests are sent one by one; more are sent as whole lists."""


class CallbackPublisher:
    """Sends the messages about callbacks. There is one for the whole daemon."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rights_of_topic: dict[Topic, Rights] = {}

    def subscribe(self, who: Session, rights: Rights) -> None:
        """From now on send a client the changes of all callbacks that its rights include."""
        lists_topic = topics.callback_list_subscription(rights)
        self._rights_of_topic[lists_topic] = rights
        for topic in (lists_topic, *topics.queue_subscriptions(topics.CALLBACKS, rights)):
            self._context.hub.subscribe(who, topic)

    def restore(self, sessions: Iterable[Session]) -> None:
        """Take in sessions that were resumed over a restart, with their subscriptions."""
        for session in sessions:
            topic = topics.callback_list_subscription(session.rights)
            if topic in session.topics:
                self._rights_of_topic[topic] = session.rights

    def gone(self, request_uuid: UUID, queue_id: int, *agent_ids: int | None) -> None:
        """A request was closed or removed while xucd was away."""
        self._publish(queue_id, msg.CallbackClotured(uuid=str(request_uuid)), *agent_ids)

    def has_subscribers(self) -> bool:
        """Whether any client has subscribed."""
        return self._context.hub.has_subscribers(self._rights_of_topic)

    def taken(self, request: Request) -> None:
        """An agent has taken a request."""
        assert request.agent_id is not None
        body = msg.CallbackTaken(uuid=str(request.uuid), agent_id=request.agent_id)
        self._publish(request.queue_id, body, request.agent_id)

    def released(self, request_uuid: UUID, queue_id: int, *agent_ids: int | None) -> None:
        """A request is free again; these agents worked on it."""
        self._publish(queue_id, msg.CallbackReleased(uuid=str(request_uuid)), *agent_ids)

    def started(self, ticket: Ticket, user: User) -> None:
        """A request is being called by a user."""
        body = msg.CallbackStarted(
            request_uuid=str(ticket.request_uuid), ticket_uuid=str(ticket.uuid)
        )
        own = topics.own_phone(user.id)
        self._context.hub.publish([*_subscribed(ticket.queue_id), own], body)

    def failed(self, ticket: Ticket, code: str, user_id: int | None) -> None:
        """A call reached nobody: sent to the user who made it, else to the agent's user."""
        body = msg.AgentError(
            error=code, uuid=str(ticket.request_uuid), ticket_uuid=str(ticket.uuid)
        )
        if user_id is not None:
            self._context.hub.publish([topics.own_phone(user_id)], body)
        elif ticket.agent_id is not None:
            self._context.hub.publish([topics.own_agent(ticket.agent_id)], body)

    def updated(self, request: Request, *agent_ids: int | None) -> None:
        """A request is new, was changed, or is open again."""
        body = msg.CallbackRequestUpdated(request=callback_views.request_view(request))
        self._publish(request.queue_id, body, *agent_ids)

    def clotured(self, request: Request, *agent_ids: int | None) -> None:
        """A request was closed or removed."""
        body = msg.CallbackClotured(uuid=str(request.uuid))
        self._publish(request.queue_id, body, *agent_ids)

    async def lists(
        self, lists: Sequence[CallbackListRow], requests: Sequence[Request], to: Broadcaster
    ) -> None:
        """Send subscribers all lists and requests that their rights include."""
        for topic, rights in list(self._rights_of_topic.items()):
            if not self._context.hub.has_subscribers([topic]):
                del self._rights_of_topic[topic]
            elif to.has_subscribers([topic]):
                # In a thread: there may be tens of thousands.
                body = await asyncio.to_thread(_visible_lists, rights, lists, requests)
                to.publish([topic], body)

    def _publish(self, queue_id: int, body: msg.Message, *agent_ids: int | None) -> None:
        own = [topics.own_agent(agent_id) for agent_id in set(agent_ids) if agent_id is not None]
        self._context.hub.publish([*_subscribed(queue_id), *own], body)


def _visible_lists(
    rights: Rights, lists: Iterable[CallbackListRow], requests: Iterable[Request]
) -> msg.CallbackLists:
    return callback_views.lists_view(
        [row for row in lists if rights.queue(row.queue_id)],
        [request for request in requests if rights.queue(request.queue_id)],
    )


def _subscribed(queue_id: int) -> list[Topic]:
    return topics.queue_topics(topics.CALLBACKS, queue_id)
