"""From callbacks as they are kept to what clients are told of them."""

from collections.abc import Iterable
from uuid import UUID

from xucd.center.callbacks import CallbackListRow, Period, Request
from xucd.cti import messages as msg


def period_view(period: Period) -> msg.CallbackPeriod:
    """A period."""
    return msg.CallbackPeriod(
        uuid=str(period.uuid),
        name=period.name,
        period_start=period.start.isoformat(timespec="seconds"),
        period_end=period.end.isoformat(timespec="seconds"),
        default=period.default,
    )


def request_view(request: Request) -> msg.CallbackRequest:
    """A request, with the period in which its customer likes to be called."""
    view = msg.CallbackRequest(
        uuid=str(request.uuid),
        list_uuid=str(request.list_uuid),
        phone_number=request.phone_number,
        mobile_phone_number=request.mobile_phone_number,
        first_name=request.first_name,
        last_name=request.last_name,
        company=request.company,
        description=request.description,
        agent_id=request.agent_id,
        due_date=request.due_date.isoformat(),
        preferred_period=period_view(request.period),
    )
    if request.voice_message_ref is not None:
        view.voice_message_ref = request.voice_message_ref
    if request.ticket_uuid is not None:
        view.ticket_uuid = str(request.ticket_uuid)
    if request.clotured:
        view.clotured = True
    return view


def lists_view(lists: Iterable[CallbackListRow], requests: Iterable[Request]) -> msg.CallbackLists:
    """Whole lists, each with those of the requests that are its own, in their order."""
    inside: dict[UUID, list[msg.CallbackRequest]] = {}
    for request in requests:
        inside.setdefault(request.list_uuid, []).append(request_view(request))
    return msg.CallbackLists(
        items=[
            msg.CallbackList(
                uuid=str(one.uuid),
                name=one.name,
                queue_id=one.queue_id,
                callbacks=inside.get(one.uuid, []),
            )
            for one in lists
        ]
    )
