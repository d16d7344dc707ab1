"""Commands about callbacks: customers who want to be called back."""

import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, field

from xucd.cti.commands.base import Command, Name, Number, Text


class GetCallbackLists(Command, tag="getCallbackLists"):
    """Get all visible callback lists with their open callbacks, and receive their changes.

    Answered by `CallbackLists`. Changes come as `CallbackTaken`, `CallbackReleased`,
    `CallbackStarted`, `CallbackClotured` and `CallbackRequestUpdated`.
    """


class GetCallbackPreferredPeriods(Command, tag="getCallbackPreferredPeriods"):
    """Get the times of day at which a callback can be wanted.

    Answered by `PreferredCallbackPeriodList`.
    """


class CallbackFilter(msgspec.Struct):
    """One condition of a search for callbacks: a field, an operator, and a value.

    The operator is ``=``, ``like``, ``<`` or ``>``. With an `order` (``ASC`` or ``DESC``) the
    result is also sorted by the field. Without an operator only the order counts.
    """

    field: Name
    operator: Name | None = None
    value: Name | int | float | bool | None = None
    order: Name | None = None


class CallbackOrder(msgspec.Struct):
    """A field to sort callbacks by, and the direction: ``ASC`` or ``DESC``."""

    field: Name
    order: Name = "ASC"


class CallbackSearch(msgspec.Struct):
    """A search for callbacks: conditions, which all have to hold, an order, and a page.

    An `order` as text is a list of fields separated by commas, each optionally followed by
    ``DESC``. Without a `limit` a page holds 100 callbacks.
    """

    filters: Annotated[list[CallbackFilter], Meta(max_length=20)] = []
    # No pattern: msgspec corrupts its memory over a union of a string with one and a list.
    order: (
        Annotated[str, Meta(max_length=80)]
        | Annotated[list[CallbackOrder], Meta(max_length=20)]
        | None
    ) = None
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    limit: Annotated[int, Meta(ge=0, le=1000)] | None = None


class FindCallbackRequest(Command, kw_only=True, tag="findCallbackRequest"):
    """Search for callbacks, open and closed.

    Answered by a `FindCallbackResponseWithId` with the same `id`. Refused with `FilterInvalid`.
    """

    id: Name | int
    request: CallbackSearch


class TakeCallback(Command, kw_only=True, tag="takeCallback"):
    """Reserve a callback for the user's own agent.

    Followed by `CallbackTaken`. Idempotent. Refused with `CallbackUnknown`, `AgentUnknown` (the
    user has no agent), `NotAuthorized`, `CallbackClotured`, or `CallbackTaken` with the `agentId`
    of the agent that has it.
    """

    uuid: UUID


class ReleaseCallback(Command, kw_only=True, tag="releaseCallback"):
    """Give a taken callback back, so that any agent can take it.

    Followed by `CallbackReleased`. Refused with `CallbackUnknown`, `NotAuthorized`,
    `CallbackClotured` or `NotTaken`.
    """

    uuid: UUID


class StartCallback(Command, kw_only=True, tag="startCallback"):
    """Ring the user's phone, and dial the customer's number once it is answered.

    Answered by `CallbackStarted`, which names the ticket. If the call reaches nobody, an
    `AgentError` with the callback's `uuid` and its `ticketUuid` follows. Refused with
    `FeatureDisabled`, `CallbackUnknown`, `NotAuthorized`, `NotTaken`, `CallbackClotured`,
    `CallbackInCall`, `DestinationNotAllowed`, `LineUnknown` or `PhoneUnreachable`.
    """

    request_uuid: UUID = field(name="uuid")
    number: Number


class UpdateCallbackTicket(Command, kw_only=True, tag="updateCallbackTicket"):
    """Record the outcome of a callback's call in its ticket.

    The status ``Callback`` opens the callback again, for another `dueDate` or `periodUuid` if
    given, and is followed by `CallbackRequestUpdated`; any other status closes it and is followed
    by `CallbackClotured`. Idempotent. Refused with `TicketUnknown`, `CallbackUnknown`,
    `NotAuthorized`, `NotTaken`, `CallbackClotured`, `PeriodUnknown` or `DateInPast`.
    """

    ticket_uuid: UUID = field(name="uuid")
    status: Literal["NoAnswer", "Answered", "Fax", "Email", "Callback"]
    comment: Text | None = None
    due_date: datetime.date | None = None
    period_uuid: UUID | None = None


class ListenCallbackMessage(Command, kw_only=True, tag="listenCallbackMessage"):
    """Ring the user's phone and play the voice message that a caller left with a callback.

    The message is named by its reference, or by the `uuid` of its callback. Idempotent while it
    lasts. Refused with `FeatureDisabled`, `MessageUnknown`, `NotAuthorized`, `LineUnknown` or
    `PhoneUnreachable`.
    """

    voice_message_ref: Name
