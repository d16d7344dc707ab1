"""Commands about users: their status, their own phone, and the phones that they watch."""

from typing import Annotated

from msgspec import Meta

from xucd.cti.commands.base import Command, Id, Name, Number, Variables


class UserStatusUpdateCommand(Command, kw_only=True, tag="userStatusUpdate"):
    """Choose the user's status, by its name in `UsersStatuses`, and do what it stands for.

    A status may pause the user's agent or make it ready. Followed by a `UserStatusUpdate`. Refused
    with `StatusUnknown`, or as `pauseAgent` and `unpauseAgent` are.
    """

    status: Name


class SubscribeToPhoneHints(Command, kw_only=True, tag="subscribeToPhoneHints"):
    """Receive a `PhoneHintStatusEvent` for each of these phones, now and whenever it changes.

    A number that is no line's is reported once, as a phone that does not exist.
    """

    phone_numbers: Annotated[list[Number], Meta(max_length=1000)]


class UnsubscribeFromAllPhoneHints(Command, tag="unsubscribeFromAllPhoneHints"):
    """Stop receiving `PhoneHintStatusEvent` for any phone. Idempotent."""


class GetCurrentCallsPhoneEvents(Command, tag="getCurrentCallsPhoneEvents"):
    """Get the present calls of the user's phone, as one `CurrentCallsPhoneEvents`."""


class Dial(Command, kw_only=True, tag="dial"):
    """Ring the user's phone, and dial the destination once it is answered.

    Each of the `variables` shows in the `userData` of the call's `PhoneEvent`. Followed by
    `PhoneEvent`. Refused with `FeatureDisabled`, `DestinationNotAllowed`, `LineUnknown`,
    `PhoneUnreachable`, `NumberUnknown`, `VariablesTooLarge` or `TooManyCalls`.
    """

    destination: Number
    variables: Variables | None = None


class DialFromQueue(Command, kw_only=True, tag="dialFromQueue"):
    """Ring a free agent of a queue, and dial the destination once an agent has answered.

    Both sides see the given caller id (`callerId` as ``"Name" <number>``, or name and number
    apart), or else the queue's name and number. Refused with `FeatureDisabled`, `QueueUnknown`,
    `NotAuthorized`, `DestinationNotAllowed`, `InvalidCallerId`, `VariablesTooLarge` or
    `TooManyCalls`.
    """

    destination: Number
    queue_id: Id
    caller_id: Name | None = None
    caller_id_name: Name | None = None
    caller_id_number: Number | None = None
    variables: Variables | None = None


class Hangup(Command, kw_only=True, tag="hangup"):
    """Hang up a call of the user's phone: the one with this `uniqueId`, or else the only one.

    Of several without a `uniqueId`, the one that is not on hold, or else the consultation that the
    user has placed. Followed by a `PhoneEvent` of the type `EventReleased`. Refused with
    `LineUnknown`, `NoCall` or, if two calls fit, `AmbiguousCall`.
    """

    unique_id: Name | None = None


class Answer(Command, kw_only=True, tag="answer"):
    """Answer a ringing call of the user's phone. Not supported yet.

    Always refused with `NotSupported`.
    """

    unique_id: Name | None = None


class DirectTransfer(Command, kw_only=True, tag="directTransfer"):
    """Transfer the other party of a call of the user's phone to another number, without asking.

    It is the call with this `uniqueId`, or else the only one that has been answered; of several,
    the one that is not on hold. Followed by a `PhoneEvent` of the type `EventReleased`. Refused
    with `DestinationNotAllowed`, `LineUnknown`, `NoCall`, `NumberUnknown` (the dialplan does not
    have the destination: the call goes on) or, if two calls fit, `AmbiguousCall`.
    """

    destination: Number
    unique_id: Name | None = None
