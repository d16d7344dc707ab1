"""What clients are told about callbacks."""

from msgspec import UNSET, UnsetType, field

from xucd.cti.messages.base import ArrayMessage, Message, Part


class CallbackPeriod(Part, kw_only=True):
    """A time of day for callbacks: ``HH:MM:SS``."""

    uuid: str
    name: str
    period_start: str
    period_end: str
    default: bool


class CallbackRequest(Part, kw_only=True):
    """Somebody who wants to be called. `due_date` is ``YYYY-MM-DD``.

    The last three are there only for one with a message, for one that its taker has called and has
    not filled the ticket in, and for one that is done with.
    """

    uuid: str
    list_uuid: str
    phone_number: str | None
    mobile_phone_number: str | None
    first_name: str | None
    last_name: str | None
    company: str | None
    description: str | None
    agent_id: int | None
    due_date: str
    preferred_period: CallbackPeriod
    voice_message_ref: str | UnsetType = UNSET
    ticket_uuid: str | UnsetType = UNSET
    clotured: bool | UnsetType = UNSET


class CallbackList(Part, kw_only=True):
    """A list of callbacks, which belongs to a queue."""

    uuid: str
    name: str
    queue_id: int
    callbacks: list[CallbackRequest]


class CallbackLists(ArrayMessage, kw_only=True):
    """All lists of callbacks the client may see."""

    items: list[CallbackList]


class PreferredCallbackPeriodList(ArrayMessage, kw_only=True):
    """All periods a callback can be moved to."""

    items: list[CallbackPeriod]


class CallbackPage(Part, kw_only=True):
    """A page of found callbacks; `total` counts all that were found."""

    total: int
    found: list[CallbackRequest] = field(name="list")


class FindCallbackResponseWithId(Message, kw_only=True):
    """The answer to a search; `id` is the client's."""

    id: str | int
    response: CallbackPage


class CallbackTaken(Message, kw_only=True):
    """An agent has taken a callback."""

    uuid: str
    agent_id: int


class CallbackStarted(Message, kw_only=True):
    """A callback is being dialled; what comes of it goes into the ticket."""

    request_uuid: str
    ticket_uuid: str


class CallbackClotured(Message, kw_only=True):
    """A callback is done with."""

    uuid: str


class CallbackReleased(Message, kw_only=True):
    """An agent has given a callback back."""

    uuid: str


class CallbackRequestUpdated(Message, kw_only=True):
    """A callback has another date or period."""

    request: CallbackRequest
