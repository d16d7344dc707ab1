"""From stored callbacks to the messages about them."""

from collections.abc import Iterable
from uuid import UUID

from msgspec import UNSET

from xucd.center import callee
from xucd.center.callbacks import CallbackListRow, Period, Request
from xucd.center.callee import NAMES
from xucd.center.grammar import name_of, text_of
from xucd.cti import messages as msg


def period_view(period: Period) -> msg.CallbackPeriod:
    """A period."""
    return msg.CallbackPeriod(
        uuid=str(period.uuid),
        name=name_of(period.name),
        period_start=period.start.isoformat(timespec="seconds"),
        period_end=period.end.isoformat(timespec="seconds"),
        default=period.default,
    )


def request_view(request: Request) -> msg.CallbackRequest:
    """A request, with the period in which its callee likes to be called."""
    return msg.CallbackRequest(
        uuid=str(request.uuid),
        list_uuid=str(request.list_uuid),
        **_told(callee.columns(request)),
        agent_id=request.agent_id,
        due_date=request.due_date.isoformat(),
        preferred_period=period_view(request.period),
        voice_message_ref=request.voice_message_ref or UNSET,
        ticket_uuid=UNSET if request.ticket_uuid is None else str(request.ticket_uuid),
        clotured=request.clotured or UNSET,
    )


def _told(columns: dict[str, str | None]) -> dict[str, str | None]:
    """The columns; what an older version let them hold and pages are not told is left out."""
    told = {name: value and text_of(value) for name, value in columns.items()}
    return told | {name: (value := columns[name]) and name_of(value) for name in NAMES}


def lists_view(lists: Iterable[CallbackListRow], requests: Iterable[Request]) -> msg.CallbackLists:
    """The lists, each with those of the requests that belong to it, in their order."""
    by_list: dict[UUID, list[msg.CallbackRequest]] = {}
    for request in requests:
        by_list.setdefault(request.list_uuid, []).append(request_view(request))
    return msg.CallbackLists(
        items=[
            msg.CallbackList(
                uuid=str(row.uuid),
                name=name_of(row.name),
                queue_id=row.queue_id,
                callbacks=by_list.get(row.uuid, []),
            )
            for row in lists
        ]
    )
