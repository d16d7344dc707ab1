"""The commands about callbacks: agent-api.txt, "Callback Methods", and searching among them."""

import datetime
from typing import Any, get_args
from uuid import UUID

import msgspec

from xucd.callbacks.service import Callbacks
from xucd.center.callbacks import Condition, Field, Operator, Order, Search, TicketUpdate
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

# What a field of a search holds, where it is not text.
_KINDS: dict[str, Any] = {
    "uuid": UUID,
    "listUuid": UUID,
    "queueId": int,
    "agentId": int,
    "dueDate": datetime.date,
    "preferredPeriodUuid": UUID,
    "clotured": bool,
    "created": float,
}
_LARGEST = 2**31 - 1


async def get_callback_lists(callbacks: Callbacks, command: GetCallbackLists, who: Session) -> None:
    """Send all lists with their open requests, and from now on what becomes of them."""
    await callbacks.subscribe(who, who.rights)


async def get_periods(
    callbacks: Callbacks, command: GetCallbackPreferredPeriods, who: Session
) -> None:
    """Send all periods."""
    periods = await callbacks.periods()
    who.send(
        msg.PreferredCallbackPeriodList(items=[callback_views.period_view(one) for one in periods])
    )


async def find_callbacks(callbacks: Callbacks, command: FindCallbackRequest, who: Session) -> None:
    """Send a page of what a search finds. Raises `Refused` with `FilterInvalid`."""
    found = await callbacks.find(search(command.request), who.rights)
    page = msg.CallbackPage(
        total=found.total, found=[callback_views.request_view(one) for one in found.requests]
    )
    who.send(msg.FindCallbackResponseWithId(id=command.id, response=page))


async def take_callback(callbacks: Callbacks, command: TakeCallback, who: Session) -> None:
    """Let the user's agent have a callback. Raises as `Callbacks.take` does."""
    await callbacks.take(command.uuid, who.rights)


async def release_callback(callbacks: Callbacks, command: ReleaseCallback, who: Session) -> None:
    """Give a callback back. Raises as `Callbacks.release` does."""
    await callbacks.release(command.uuid, who.rights)


async def start_callback(callbacks: Callbacks, command: StartCallback, who: Session) -> None:
    """Ring the user's phone, then dial. Raises as `Callbacks.start` does."""
    await callbacks.start(command.request_uuid, command.number, who.user, who.rights)


async def update_ticket(callbacks: Callbacks, command: UpdateCallbackTicket, who: Session) -> None:
    """Fill in what came of a call. Raises as `Callbacks.update_ticket` does."""
    update = TicketUpdate(
        status=command.status,
        comment=command.comment,
        due_date=command.due_date,
        period_uuid=command.period_uuid,
    )
    await callbacks.update_ticket(command.ticket_uuid, update, who.rights)


def search(asked: CallbackSearch) -> Search:
    """The search that a client asks for. Raises `Refused` with `FilterInvalid`.

    An order may stand with a filter, as clients in the field send it, or by itself.
    """
    orders = [
        Order(_field(one.field), _descending(one.order))
        for one in asked.filters
        if one.order is not None
    ]
    return Search(
        conditions=tuple(_condition(one) for one in asked.filters if one.operator is not None),
        orders=(*orders, *(_order(one) for one in _orders(asked.order))),
        offset=asked.offset or 0,
        limit=100 if asked.limit is None else asked.limit,
    )


def _condition(asked: CallbackFilter) -> Condition:
    field, operator = _field(asked.field), (asked.operator or "").strip().lower()
    if operator not in get_args(Operator):
        raise _invalid(f"The operators are {', '.join(get_args(Operator))}.")
    if asked.value is None:
        if operator != "=":
            raise _invalid("Only = can be used without a value.")
        return Condition(field, "=", None)
    if operator == "like":
        if field == "clotured":
            raise _invalid("clotured is either true or false.")
        return Condition(field, "like", str(asked.value))
    kind = _KINDS.get(field, str)
    value: Any = asked.value
    if kind is str:
        return Condition(field, operator, str(value))  # type: ignore[arg-type]  # one of them
    try:
        value = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        raise _invalid(f"What {field} is compared with is of another kind.") from None
    if kind is int and not -_LARGEST <= value <= _LARGEST:
        raise _invalid(f"No {field} is as large as that.")
    return Condition(field, operator, value)  # type: ignore[arg-type]  # one of them


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
        raise _invalid("An order is ASC or DESC.")
    return word.upper() == "DESC"


def _field(name: str) -> Field:
    for known in get_args(Field):
        if known == name:
            found: Field = known
            return found
    raise _invalid(f"The fields are {', '.join(get_args(Field))}.")


def _invalid(text: str) -> Refused:
    return Refused("FilterInvalid", text)
