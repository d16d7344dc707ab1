"""Callbacks: requests to be called, and who may do what with them.

A *list* belongs to a queue and holds *requests*. A request is open or closed ("clotured"), and an
open one is free or taken by one agent. Each call makes a *ticket*, which records its outcome:

- a user with an agent may take a free request of a queue that it sees;
- its taker, or a supervisor of its queue, may release it, call, and fill in the ticket;
- the ticket status ``Callback`` opens the request again for everybody, perhaps for another day;
  any other status closes it.

Nothing here touches the database. The store calls the checks inside the transaction that changes
the request.
"""

import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from xucd.center.callee import KEYS, Callee
from xucd.center.directory import MAIN
from xucd.center.refused import Refused
from xucd.center.rights import Rights

TicketStatus = Literal["NoAnswer", "Answered", "Fax", "Email", "Callback"]
"""The outcome of a call; all but ``Callback`` close the request."""


class Period(msgspec.Struct, frozen=True):
    """A part of the day in which people like to be called, in local time."""

    uuid: UUID
    name: str
    start: datetime.time
    end: datetime.time
    default: bool = False


ANY_TIME = Period(
    UUID(int=0),
    "Any time",
    datetime.time.min,
    datetime.time.fromisoformat("23:59:59"),
    default=True,
)
"""The default period where none is configured: clients rely on every request having one."""


class CallbackListRow(msgspec.Struct, frozen=True):
    """A list of requests. `caller_id` is the number shown to the callee, None for the queue's."""

    uuid: UUID
    name: str
    queue_id: int
    caller_id: str | None = None


class NewRequest(Callee[str, str, str], frozen=True, kw_only=True):
    """A request to be called, as it comes in: its values have been validated.

    One of the two numbers has to be there. `due_date` None is today, `period_uuid` None the default
    period. `voice_message_ref` names the recording of a message that was left.
    """

    due_date: datetime.date | None = None
    period_uuid: UUID | None = None
    voice_message_ref: str | None = None


class Request(Callee[str, str, str], frozen=True, kw_only=True):
    """A request to be called, as it is stored. `agent_id` is its taker's, None while it is free.

    `queue_id` is that of its list; `created` is in epoch seconds, None where it is not known.
    `ticket_uuid` is of the last call that its taker made and has not yet filled in, if any.
    """

    uuid: UUID
    list_uuid: UUID
    queue_id: int
    agent_id: int | None
    due_date: datetime.date
    period: Period
    clotured: bool
    voice_message_ref: str | None
    created: float | None
    ticket_uuid: UUID | None = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to call. All times are epoch seconds; `duration` is that of the talk, in s.

    `agent_id` is who called, None for a supervisor that is no agent. `answered` is None when the
    customer did not answer, `ended` while the call lasts, `duration` when it is not known.
    `failure` is the code of what went wrong with the call, None when nothing did. `status` is None
    until the agent has filled the ticket in; `due_date` and `period_uuid` are what was filled in.
    `pbx` is the PBX on which it is called.
    """

    uuid: UUID
    request_uuid: UUID
    list_uuid: UUID
    queue_id: int
    agent_id: int | None
    phone_number: str
    started: float
    answered: float | None = None
    ended: float | None = None
    duration: float | None = None
    failure: str | None = None
    status: TicketStatus | None = None
    comment: str | None = None
    due_date: datetime.date | None = None
    period_uuid: UUID | None = None
    pbx: str = MAIN


class TicketUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent fills in. Date and period are for ``Callback``, None to leave them as they are.

    They are validated whatever the status.
    """

    status: TicketStatus
    comment: str | None = None
    due_date: datetime.date | None = None
    period_uuid: UUID | None = None

    def is_in(self, ticket: Ticket) -> bool:
        """Whether the ticket says this already."""
        current = (ticket.status, ticket.comment, ticket.due_date, ticket.period_uuid)
        return current == (self.status, self.comment, self.due_date, self.period_uuid)


Operator = Literal["=", "like", "<", ">"]
SEARCH_FIELDS: Final[dict[str, type]] = {
    "uuid": UUID,
    "listUuid": UUID,
    "listName": str,
    "queueId": int,
    **dict.fromkeys(KEYS.values(), str),
    "agentId": int,
    "dueDate": datetime.date,
    "preferredPeriodUuid": UUID,
    "preferredPeriod": str,
    "voiceMessageRef": str,
    "clotured": bool,
    "created": float,
}
"""The fields of a search, each with the type of its values.

``preferredPeriod`` is a period's name, ``created`` is in epoch seconds.
"""

Value = str | int | float | bool | datetime.date | UUID | None


class Condition(msgspec.Struct, frozen=True):
    """A condition of a search. `field` is one of `SEARCH_FIELDS`, `value` of that field's type.

    The value of ``like`` is a pattern: ``%`` stands for any text and ``_`` for any character, case
    is ignored, and a pattern without ``%`` may match anywhere. ``=`` with None finds empty fields.
    """

    field: str
    operator: Operator
    value: Value


class Order(msgspec.Struct, frozen=True):
    """How to sort what was found. `field` is one of `SEARCH_FIELDS`."""

    field: str
    descending: bool = False


class Search(msgspec.Struct, frozen=True):
    """A search for requests: all conditions have to hold; then a page of what was found.

    Closed requests are found only by a condition on ``clotured``.
    """

    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = ()
    offset: int = 0
    limit: int = 100


class Found(msgspec.Struct, frozen=True):
    """A page of a search; `total` counts all that were found."""

    total: int
    requests: list[Request]


def check_take(request: Request, rights: Rights) -> None:
    """Raise `Refused` unless the user's agent may take the request, if it is free.

    With `AgentUnknown` for a user without an agent, `NotAuthorized` or `CallbackClotured`.
    """
    if rights.own_agent_id is None:
        raise Refused("AgentUnknown", "Only an agent can take a callback.")
    if not rights.queue(request.queue_id):
        raise _not_authorized()
    check_open(request)


def check_work(request: Request, rights: Rights) -> None:
    """Raise `Refused` unless the user may work on the request, which has to be taken.

    With `NotAuthorized`, `CallbackClotured` or `NotTaken`.
    """
    is_taker = request.agent_id is not None and request.agent_id == rights.own_agent_id
    if not is_taker and (request.agent_id is not None or not rights.queue(request.queue_id)):
        check_supervises(request.queue_id, rights)
    check_open(request)
    if request.agent_id is None:
        raise Refused("NotTaken", "Nobody has taken this callback.", silent=True)


def check_open(request: Request) -> None:
    """Raise `Refused` with `CallbackClotured` for a closed request."""
    if request.clotured:
        raise Refused("CallbackClotured", "This callback is closed.")


def check_edit(request: Request, rights: Rights) -> None:
    """Raise `Refused` with `NotAuthorized` unless the user may change or remove the request.

    A free request may be changed by every user who sees it, a taken one by its taker and the
    queue's supervisors.
    """
    if request.agent_id is None:
        check_queue(request.queue_id, rights)
    elif request.agent_id != rights.own_agent_id:
        check_supervises(request.queue_id, rights)


def check_queue(queue_id: int, rights: Rights) -> None:
    """Raise `Refused` with `NotAuthorized` for a queue that the user does not see."""
    if not rights.queue(queue_id):
        raise _not_authorized()


def check_supervises(queue_id: int, rights: Rights) -> None:
    """Raise `Refused` with `NotAuthorized` unless the user supervises the queue."""
    if not rights.supervises(queue_id):
        raise _not_authorized()


def check_date(due_date: datetime.date | None, today: datetime.date) -> None:
    """Raise `Refused` with `DateInPast` for a day before `today`."""
    if due_date is not None and due_date < today:
        raise Refused("DateInPast", "The date is in the past.")


def taken_by(request: Request) -> Refused:
    """The refusal for a callback that another agent has taken; `agentId` is that agent."""
    text = "Another agent has taken this callback."
    return Refused("CallbackTaken", text, uuid=str(request.uuid), agentId=request.agent_id or 0)


def unknown(what: Literal["Callback", "List", "Period", "Ticket"]) -> Refused:
    """The refusal for a uuid that does not exist."""
    return Refused(f"{what}Unknown", f"There is no such {what.lower()}.")


def _not_authorized() -> Refused:
    return Refused("NotAuthorized", "The user's profile does not allow this.")
