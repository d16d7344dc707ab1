"""Telling clients of callbacks: those who subscribed, as far as their rights go, and who is meant.

Whoever works on a callback hears what becomes of it, subscribed or not; nobody hears a thing twice.
"""

from collections.abc import Iterable
from uuid import UUID

from xucd.center.callbacks import CallbackListRow, Request, Ticket
from xucd.center.directory import User
from xucd.center.rights import Rights
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.cti.session import Session
from xucd.views import callbacks as callback_views
from xucd.views import topics
from xucd.views.topics import Topic

AT_ONCE = 20
"""How many new requests are told one by one; more are told as whole lists."""


class CallbackTeller:
    """One for the whole daemon."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen_with: dict[Topic, Rights] = {}

    def subscribe(self, who: Session, rights: Rights) -> None:
        """From now on tell a client of all callbacks that its rights let through."""
        whole = topics.callback_lists_heard(rights)
        self._seen_with[whole] = rights
        for topic in (whole, *topics.queues_heard(topics.CALLBACKS, rights)):
            self._context.hub.subscribe(who, topic)

    def anybody(self) -> bool:
        """Whether anybody has subscribed."""
        return self._context.hub.heard(self._seen_with)

    def taken(self, request: Request) -> None:
        """An agent has taken a request."""
        assert request.agent_id is not None
        body = msg.CallbackTaken(uuid=str(request.uuid), agent_id=request.agent_id)
        self._tell(request.queue_id, body, request.agent_id)

    def released(self, request_uuid: UUID, queue_id: int, *agent_ids: int | None) -> None:
        """A request is free again; these agents had to do with it."""
        self._tell(queue_id, msg.CallbackReleased(uuid=str(request_uuid)), *agent_ids)

    def started(self, ticket: Ticket, user: User) -> None:
        """A request is being called by a user."""
        body = msg.CallbackStarted(
            request_uuid=str(ticket.request_uuid), ticket_uuid=str(ticket.uuid)
        )
        own = topics.own_phone(user.id)
        self._context.hub.publish([*_told(ticket.queue_id), own], body)

    def failed(self, ticket: Ticket, code: str, user_id: int | None) -> None:
        """A call reached nobody: told to the user who made it, else to its agent's."""
        body = msg.AgentError(
            error=code, uuid=str(ticket.request_uuid), ticket_uuid=str(ticket.uuid)
        )
        if user_id is not None:
            self._context.hub.publish([topics.own_phone(user_id)], body)
        elif ticket.agent_id is not None:
            self._context.hub.publish([topics.own_agent(ticket.agent_id)], body)

    def updated(self, request: Request, *agent_ids: int | None) -> None:
        """A request is new, or open again, or another."""
        body = msg.CallbackRequestUpdated(request=callback_views.request_view(request))
        self._tell(request.queue_id, body, *agent_ids)

    def clotured(self, request: Request, *agent_ids: int | None) -> None:
        """A request is done with, or gone."""
        body = msg.CallbackClotured(uuid=str(request.uuid))
        self._tell(request.queue_id, body, *agent_ids)

    def lists(self, lists: Iterable[CallbackListRow], requests: Iterable[Request]) -> None:
        """Everything anew, to each subscriber what its rights let through."""
        lists, requests = list(lists), list(requests)
        for topic, rights in list(self._seen_with.items()):
            if not self._context.hub.heard([topic]):
                del self._seen_with[topic]
                continue
            mine = [one for one in lists if rights.queue(one.queue_id)]
            seen = [one for one in requests if rights.queue(one.queue_id)]
            self._context.hub.publish([topic], callback_views.lists_view(mine, seen))

    def _tell(self, queue_id: int, body: msg.Message, *agent_ids: int | None) -> None:
        own = [topics.own_agent(one) for one in set(agent_ids) if one is not None]
        self._context.hub.publish([*_told(queue_id), *own], body)


def _told(queue_id: int) -> list[Topic]:
    return topics.queue_told(topics.CALLBACKS, queue_id)
