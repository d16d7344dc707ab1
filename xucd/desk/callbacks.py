"""The commands about callbacks: agent-api.txt, "Callback Methods", and searching among them."""

import datetime
from typing import Any, get_args
from uuid import UUID

import msgspec

from xucd.center.callbacks import Condition, Field, Operator, Order, Search, TicketUpdate
from xucd.center.refused import Refused
from xucd.cti import callback_views as views
from xucd.cti import messages as msg
from xucd.cti.asks import (
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
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk, rights

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


@carries_out(GetCallbackLists)
async def get_callback_lists(desk: Desk, ask: GetCallbackLists, who: Session) -> None:
    """Send all lists with their open requests, and from now on what becomes of them."""
    await desk.callbacks.subscribe(who, rights(who))


@carries_out(GetCallbackPreferredPeriods)
async def get_periods(desk: Desk, ask: GetCallbackPreferredPeriods, who: Session) -> None:
    """Send all periods."""
    periods = await desk.callbacks.periods()
    who.send(msg.PreferredCallbackPeriodList(items=[views.period_view(one) for one in periods]))


@carries_out(FindCallbackRequest)
async def find_callbacks(desk: Desk, ask: FindCallbackRequest, who: Session) -> None:
    """Send a page of what a search finds. Raises `Refused` with `FilterInvalid`."""
    found = await desk.callbacks.find(search(ask.request), rights(who))
    page = msg.CallbackPage(
        total=found.total, found=[views.request_view(one) for one in found.requests]
    )
    who.send(msg.FindCallbackResponseWithId(id=ask.id, response=page))


@carries_out(TakeCallback)
async def take_callback(desk: Desk, ask: TakeCallback, who: Session) -> None:
    """Let the user's agent have a callback. Raises as `Callbacks.take` does."""
    await desk.callbacks.take(ask.uuid, rights(who))


@carries_out(ReleaseCallback)
async def release_callback(desk: Desk, ask: ReleaseCallback, who: Session) -> None:
    """Give a callback back. Raises as `Callbacks.release` does."""
    await desk.callbacks.release(ask.uuid, rights(who))


@carries_out(StartCallback)
async def start_callback(desk: Desk, ask: StartCallback, who: Session) -> None:
    """Ring the user's phone, then dial. Raises as `Callbacks.start` does."""
    await desk.callbacks.start(ask.request_uuid, ask.number, who.user, rights(who))


@carries_out(UpdateCallbackTicket)
async def update_ticket(desk: Desk, ask: UpdateCallbackTicket, who: Session) -> None:
    """Fill in what came of a call. Raises as `Callbacks.update_ticket` does."""
    update = TicketUpdate(
        status=ask.status,
        comment=ask.comment,
        due_date=ask.due_date,
        period_uuid=ask.period_uuid,
    )
    await desk.callbacks.update_ticket(ask.ticket_uuid, update, rights(who))


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
