"""The commands about callbacks: agent-api.txt, "Callback Methods", and searching."""

from typing import Any, get_args

import msgspec

from xucd.callbacks.service import Callbacks
from xucd.center.callbacks import SEARCH_FIELDS, Condition, Operator, Order, Search, TicketUpdate
from xucd.center.refused import Refused
from xucd.cti import messages as msg
from xucd.cti.commands import (
    CallbackFilter,
    CallbackOrder,
    CallbackSearch,
    FindCallbackRequest,
    GetCallbackLists,
    GetCallbackPreferredPeriods,
    ReleaseCallback,
    StartCallback,
    TakeCallback,
    UpdateCallbackTicket,
)
from xucd.cti.session import Session
from xucd.views import callbacks as callback_views

_MAX_INTEGER = 2**31 - 1


async def get_callback_lists(callbacks: Callbacks, command: GetCallbackLists, who: Session) -> None:
    """Send all lists with their open requests, and from now on every change."""
    await callbacks.subscribe(who)


async def get_periods(
    callbacks: Callbacks, command: GetCallbackPreferredPeriods, who: Session
) -> None:
    """Send all periods."""
    periods = await callbacks.periods()
    who.send(
        msg.PreferredCallbackPeriodList(
            items=[callback_views.period_view(period) for period in periods]
        )
    )


async def find_callbacks(callbacks: Callbacks, command: FindCallbackRequest, who: Session) -> None:
    """Send a page of the callbacks that a search finds. Raises `Refused` with `FilterInvalid`."""
    found = await callbacks.find(search(command.request), who)
    page = msg.CallbackPage(
        total=found.total, found=[callback_views.request_view(row) for row in found.requests]
    )
    who.send(msg.FindCallbackResponseWithId(id=command.id, response=page))


async def take_callback(callbacks: Callbacks, command: TakeCallback, who: Session) -> None:
    """Take a callback for the user's agent. Raises as `Callbacks.take` does."""
    await callbacks.take(command.uuid, who)


async def release_callback(callbacks: Callbacks, command: ReleaseCallback, who: Session) -> None:
    """Make a taken callback free again. Raises as `Callbacks.release` does."""
    await callbacks.release(command.uuid, who)


async def start_callback(callbacks: Callbacks, command: StartCallback, who: Session) -> None:
    """Ring the user's phone, then dial the number. Raises as `Callbacks.start` does."""
    await callbacks.start(command.request_uuid, command.number, who.user, who)


async def update_ticket(callbacks: Callbacks, command: UpdateCallbackTicket, who: Session) -> None:
    """Fill in the outcome of a call. Raises as `Callbacks.update_ticket` does."""
    update = TicketUpdate(
        status=command.status,
        comment=command.comment,
        due_date=command.due_date,
        period_uuid=command.period_uuid,
    )
    await callbacks.update_ticket(command.ticket_uuid, update, who)


def search(asked: CallbackSearch) -> Search:
    """The search that a client asks for. Raises `Refused` with `FilterInvalid`.

    An order may stand with a filter, as clients in the field send it, or by itself.
    """
    orders = [
        Order(_field(part.field), _descending(part.order))
        for part in asked.filters
        if part.order is not None
    ]
    return Search(
        conditions=tuple(_condition(part) for part in asked.filters if part.operator is not None),
        orders=(*orders, *(_order(part) for part in _orders(asked.order))),
        offset=asked.offset or 0,
        limit=100 if asked.limit is None else asked.limit,
    )


def _condition(asked: CallbackFilter) -> Condition:
    field, operator = _field(asked.field), (asked.operator or "").strip().lower()
    if operator not in get_args(Operator):
        raise _invalid("A search has no such operator: the documentation of the command has them.")
    if asked.value is None:
        if operator != "=":
            raise _invalid("Only the operator = accepts null.")
        return Condition(field, "=", None)
    if operator == "like":
        if field == "clotured":
            raise _invalid("clotured is true or false, and cannot be searched with like.")
        return Condition(field, "like", str(asked.value))
    kind = SEARCH_FIELDS[field]
    value: Any = asked.value
    if kind is str:
        return Condition(field, operator, str(value))  # type: ignore[arg-type]  # an Operator
    try:
        value = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        raise _invalid(f"{field} is compared with a value of another type.") from None
    if kind is int and not -_MAX_INTEGER <= value <= _MAX_INTEGER:
        raise _invalid(f"The value for {field} is too large.")
    return Condition(field, operator, value)  # type: ignore[arg-type]  # an Operator


def _orders(asked: "str | list[CallbackOrder] | None") -> list[CallbackOrder]:
    if asked is None or isinstance(asked, list):
        return asked or []
    return [
        CallbackOrder(*words[:2])
        for part in asked.split(",")
        if (words := part.split()) and len(words) <= 2
    ]


def _order(asked: CallbackOrder) -> Order:
    return Order(_field(asked.field), _descending(asked.order))


def _descending(word: str) -> bool:
    if word.upper() not in ("ASC", "DESC"):
        raise _invalid("The order is ASC or DESC.")
    return word.upper() == "DESC"


def _field(name: str) -> str:
    if name not in SEARCH_FIELDS:
        raise _invalid(f"The fields of a search are {', '.join(SEARCH_FIELDS)}.")
    return name


def _invalid(text: str) -> Refused:
    return Refused("FilterInvalid", text)
