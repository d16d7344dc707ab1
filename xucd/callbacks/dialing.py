"""The calls of callbacks: ringing the user's phone, dialling, and recording the outcome.

The ticket is written before Asterisk is asked, so that none is lost if xucd dies in between. After
a restart the call is found by its id, and the ticket is completed from the call's state at that
time. A call that ended meanwhile leaves its ticket without a duration.
"""

from collections.abc import Iterable
from uuid import UUID

from xucd.center import changes as ch
from xucd.center.callback_calls import CallbackCall, call_id
from xucd.center.callbacks import CallbackListRow, Ticket
from xucd.center.directory import Line, User
from xucd.center.intents import DialOut
from xucd.center.lines import line_of
from xucd.center.refused import Refused
from xucd.center.rights import Asker
from xucd.commands.context import Context
from xucd.commands.lookup import not_authorized
from xucd.commands.own_phone import check_in_reach
from xucd.publishing.callbacks import CallbackPublisher
from xucd.store import callback_writing


class CallbackDialing:
    """The calls of callbacks that have not ended, by the unique id of the phone's channel."""

    def __init__(self, context: Context, publisher: CallbackPublisher) -> None:
        self._context = context
        self._publisher = publisher
        self._calls: dict[str, CallbackCall] = {}
        self._callers: dict[str, int] = {}  # the id of the user who made the call
        self._ringing: set[str] = set()  # those for which Asterisk has not yet answered

    def ticket_of(self, request_uuid: UUID) -> Ticket | None:
        """The ticket of the current call of a request, if any."""
        tickets = (call.ticket for call in self._calls.values())
        return next((ticket for ticket in tickets if ticket.request_uuid == request_uuid), None)

    def phone_of(self, user: User) -> Line:
        """The line of a user's phone. Raises `LineUnknown`, `PhoneUnreachable`."""
        line = line_of(self._context.center, user)
        if line is None:
            raise Refused("LineUnknown", "The user has no phone.")
        check_in_reach(self._context, line)
        return line

    def track(self, ticket: Ticket, user: User | None = None) -> None:
        """Track the call of a ticket from now on; `user` is who makes it."""
        call = CallbackCall(ticket)
        self._calls[call.unique_id] = call
        if user is not None:
            self._callers[call.unique_id] = user.id
            self._ringing.add(call.unique_id)

    async def ring(self, ticket: Ticket, line: Line, from_list: CallbackListRow, by: Asker) -> None:
        """Ring the phone of a ticket that is tracked, which then dials the ticket's number.

        The list's caller id is shown, else the queue's number. Raises `Refused` with
        `NotAuthorized`, `PhoneUnreachable`, or as asking Asterisk does; then there is no call.
        """
        context = self._context
        call = self._calls[call_id(ticket.uuid)]
        phone_calls = context.center.phone_calls
        queue = context.center.directory.queues.get(from_list.queue_id)
        phone_calls.expect(call.unique_id)
        number = from_list.caller_id or (queue.number if queue is not None else line.number)
        try:
            if by.rights.own_agent_id != ticket.agent_id:
                raise not_authorized()
            await context.asterisk.bring_about(
                lambda: (
                    call.ended is not None
                    or call.unique_id in context.center.channels.by_id
                    or phone_calls.is_refused(call.unique_id)
                ),
                DialOut(
                    line.dial_string, line.context, ticket.phone_number, number, call.unique_id
                ),
            )
            if call.ended is not None or phone_calls.is_refused(call.unique_id):
                raise Refused(call.failure or "PhoneUnreachable", "The phone cannot be rung.")
        except Refused:
            self._forget(call)
            raise
        finally:
            self._ringing.discard(call.unique_id)
            phone_calls.drop_refusal(call.unique_id)

    def apply_changes(self, changes: Iterable[ch.Change]) -> None:
        """Update the calls by what the centre reports."""
        if not self._calls:
            return
        for change in changes:
            if isinstance(change, ch.DialOutcome):
                if (call := self._calls.get(change.unique_id)) is not None:
                    call.apply_dial_outcome(change, self._context.now())
                    if call.ended is not None:
                        self._end(call)
            elif (
                isinstance(change, ch.PhoneCallChanged)
                and (call := self._calls.get(change.call.unique_id)) is not None
            ):
                self._apply_phone_call(call, change.call)

    def shift(self, seconds: float) -> None:
        """The clock was set: the moments of all calls are so much later by it."""
        for call in self._calls.values():
            call.shift(seconds)

    def end_missing_calls(self) -> None:
        """End the calls that Asterisk no longer has, after the centre was rebuilt."""
        center = self._context.center
        there = {
            *center.channels.by_id,
            *(leg.unique_id for leg in center.phone_calls.legs.values()),
        }
        for call in list(self._calls.values()):
            if call.unique_id not in there and call.unique_id not in self._ringing:
                self._end(call)

    def _apply_phone_call(self, call: CallbackCall, phone_call: ch.PhoneCall) -> None:
        answered_before = call.answered
        call.apply_phone_call(phone_call, self._context.now())
        if call.answered is not None and answered_before is None:
            self._context.journal.later(
                callback_writing.record_answered, call.ticket.uuid, call.answered
            )
        if call.ended is not None:
            self._end(call)

    def _end(self, call: CallbackCall) -> None:
        context = self._context
        ended = call.ended if call.ended is not None else context.now()
        context.journal.later(
            callback_writing.record_ended, call.ticket.uuid, ended, call.duration, call.failure
        )
        if call.failure is not None and call.unique_id not in self._ringing:
            self._publisher.failed(call.ticket, call.failure, self._callers.get(call.unique_id))
        if call.unique_id not in self._ringing:
            context.center.phone_calls.drop_refusal(call.unique_id)
        self._forget(call)

    def _forget(self, call: CallbackCall) -> None:
        self._calls.pop(call.unique_id, None)
        self._callers.pop(call.unique_id, None)
