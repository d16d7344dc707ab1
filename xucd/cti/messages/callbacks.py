"""The messages about callbacks."""

from msgspec import UNSET, UnsetType, field

from xucd.center.callee import Callee
from xucd.cti.messages.base import ArrayMessage, Echo, Message, Name, Number, Part, Text, Time, Word


class CallbackPeriod(Part, kw_only=True):
    """A part of the day in which callbacks can be wanted; times are local, ``HH:MM:SS``."""

    uuid: Word
    name: Name
    period_start: Time
    period_end: Time
    default: bool


class _RequestIds(Callee[Number, Name, Text], frozen=True):
    """Keeps the ids first in the JSON, ahead of the columns of whoever is to be called."""

    uuid: Word
    list_uuid: Word


class CallbackRequest(_RequestIds, frozen=True, kw_only=True):
    """A callback: whoever is to be called, and when. `dueDate` is ``YYYY-MM-DD``.

    `voiceMessageRef` is there only if the caller left a message, `ticketUuid` only while the ticket
    of the taker's last call is not filled in, `clotured` only for a closed request.
    """

    agent_id: int | None
    due_date: Time
    preferred_period: CallbackPeriod
    voice_message_ref: Word | UnsetType = UNSET
    ticket_uuid: Word | UnsetType = UNSET
    clotured: bool | UnsetType = UNSET


class CallbackList(Part, kw_only=True):
    """A list of callbacks with its open requests. It belongs to a queue."""

    uuid: Word
    name: Name
    queue_id: int
    callbacks: list[CallbackRequest]


class CallbackLists(ArrayMessage, kw_only=True):
    """All lists of callbacks that the user sees, each with its open requests."""

    items: list[CallbackList]


class PreferredCallbackPeriodList(ArrayMessage, kw_only=True):
    """All periods in which a callback can be wanted."""

    items: list[CallbackPeriod]


class CallbackPage(Part, kw_only=True):
    """A page of the callbacks that a search found; `total` counts all that it found."""

    total: int
    found: list[CallbackRequest] = field(name="list")


class FindCallbackResponseWithId(Message, kw_only=True):
    """The answer to `findCallbackRequest`; `id` is the one that the client sent."""

    id: Echo | int
    response: CallbackPage


class CallbackTaken(Message, kw_only=True):
    """An agent has taken a callback."""

    uuid: Word
    agent_id: int


class CallbackStarted(Message, kw_only=True):
    """A callback is being called; `ticketUuid` is the ticket that records the call's outcome."""

    request_uuid: Word
    ticket_uuid: Word


class CallbackClotured(Message, kw_only=True):
    """A callback was closed or removed."""

    uuid: Word


class CallbackReleased(Message, kw_only=True):
    """A callback is free again: every agent of its queue can take it."""

    uuid: Word


class CallbackRequestUpdated(Message, kw_only=True):
    """A callback is new, was changed, or is open again."""

    request: CallbackRequest
