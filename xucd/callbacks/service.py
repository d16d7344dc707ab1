"""All work on callbacks: for commands, for REST, and for messages that callers leave.

Each method decides and writes in one transaction, and publishes the change once it is durable, in
the turn of the loop in which it gets to know. The journal tells outcomes in the order in which it
has written, so clients get changes in that order, though nobody waits for another's. What tells of
many callbacks at once is alone meanwhile: nothing changes between its reading and its telling.

Every method takes who asks; its rights are looked at when something is read or written. What xucd
does by itself is asked for by `XUCD`. Each method raises `Refused`, with `StoreUnavailable` besides
the codes that it names, and whatever the asker's `rights` raise.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

import msgspec

from xucd.callbacks.dialing import CallbackDialing
from xucd.callbacks.known import KnownCallbacks
from xucd.center import callbacks as rules
from xucd.center import changes as ch
from xucd.center.audit import AuditEntry
from xucd.center.callbacks import Found, NewRequest, Request, Search, Ticket, TicketUpdate
from xucd.center.directory import MAIN, User
from xucd.center.numbers import same_line
from xucd.center.refused import Refused
from xucd.center.rights import Asker, Rights, Task
from xucd.commands.context import Context
from xucd.commands.dial_from_queue import check_destination
from xucd.commands.locks import Key, Locks
from xucd.cti.hub import Broadcaster
from xucd.cti.session import Session
from xucd.publishing.callbacks import MAX_SINGLE_UPDATES, CallbackPublisher
from xucd.store import Store, persons
from xucd.store import callback_reading as reading
from xucd.store import callback_writing as writing
from xucd.store.journal import day_of
from xucd.store.persons import PersonData
from xucd.views import callbacks as callback_views

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _Itself:
    """xucd, which may do everything."""

    rights = Rights(None, None, None)


XUCD: Asker = _Itself()


@contextlib.contextmanager
def _refusing_the_unknown() -> Iterator[None]:
    try:
        yield
    except writing.Unknown as unknown:
        raise rules.unknown(unknown.what) from None


class Callbacks:
    """The service. There is one for the whole daemon; `context` is that of its commands.

    `pbx` is the PBX on which it has callbacks called.
    """

    def __init__(self, context: Context, pbx: str = MAIN) -> None:
        self.context = context
        self._pbx = pbx
        self._locks = Locks()
        self._publisher = CallbackPublisher(context)
        self._dialing = CallbackDialing(context, self._publisher)
        # The requests that clients know as taken. A request whose agent was removed from the
        # configuration is free in the database, and is published as released by means of this.
        self._taken: set[UUID] = set()
        self._known = KnownCallbacks(context.hub.streams)

    def restore(
        self,
        requests: Iterable[Request],
        unfinished: Iterable[Ticket],
        sessions: Iterable[Session] = (),
    ) -> None:
        """Resume what was under way when xucd ended. To be called once, before all else.

        `requests` are the open ones, `unfinished` the tickets whose call was not seen to end,
        `sessions` those that began before. They are told what has changed since.
        """
        requests = list(requests)
        self._publisher.restore(sessions)
        changed, gone = self._known.differences(requests)
        for request, agent_before in changed:
            self._publisher.updated(request, request.agent_id, agent_before)
        for one in gone:
            self._publisher.gone(one.uuid, one.queue_id, one.agent_id)
        self._known.replace(requests)
        self._taken = {request.uuid for request in requests if request.agent_id is not None}
        for ticket in unfinished:
            self._dialing.track(ticket)

    def take_in(self, sessions: Iterable[Session]) -> None:
        """Sessions that subscribed before, on another node or link, are to hear of changes."""
        self._publisher.restore(sessions)

    async def publish_reloaded(self) -> None:
        """Publish what a reload of the configuration changed: released requests, and the lists."""
        async with self._locks.alone():
            requests = await self._read(reading.open_requests)
            for request in requests:
                if request.agent_id is None and request.uuid in self._taken:
                    self._publisher.released(request.uuid, request.queue_id)
            self._taken = {request.uuid for request in requests if request.agent_id is not None}
            lists = await self._read(reading.lists)
            await self._publisher.lists(lists, requests, self.context.hub)
            await self._known.replace_in_steps(requests)

    async def show_lists(self, to: Broadcaster) -> None:
        """Publish all lists with their open requests to some, who may have missed a change."""
        async with self._locks.alone():
            requests = await self._read(reading.open_requests)
            await self._publisher.lists(await self._read(reading.lists), requests, to)

    def apply_changes(self, changes: Iterable[ch.Change]) -> None:
        """Update the calls of callbacks by what the centre reports."""
        self._dialing.apply_changes(changes)

    def end_missing_calls(self) -> None:
        """End the calls that Asterisk no longer has; after the centre was rebuilt."""
        self._dialing.end_missing_calls()

    def shift(self, seconds: float) -> None:
        """The clock was set: the moments of calls under way are so much later by it."""
        self._dialing.shift(seconds)

    async def subscribe(self, who: Session) -> None:
        """Send a client all lists with their open requests, and from now on every change."""
        async with self._locks.alone():
            lists = await self._read(reading.lists, who.rights.queue_ids)
            requests = await self._read(reading.open_requests, who.rights.queue_ids)
            who.send(callback_views.lists_view(lists, requests))
            self._publisher.subscribe(who, who.rights)

    # -- reading

    async def lists(self, by: Asker) -> list[rules.CallbackListRow]:
        """The lists of all queues that the user sees, by name."""
        return await self._read(reading.lists, by.rights.queue_ids)

    async def check_list(self, list_uuid: UUID, by: Asker) -> None:
        """Raise `Refused` with `ListUnknown`, or with `NotAuthorized` unless the user sees it."""
        lists = {row.uuid: row for row in await self._read(reading.lists)}
        if list_uuid not in lists:
            raise rules.unknown("List")
        rules.check_queue(lists[list_uuid].queue_id, by.rights)

    async def periods(self) -> list[rules.Period]:
        """All periods, by the time of day."""
        return await self._read(reading.periods)

    async def get(self, request: UUID, by: Asker) -> Request:
        """A request, open or closed. Raises `Refused` with `CallbackUnknown`, `NotAuthorized`."""
        return _visible(await self._read(reading.request, request), by)

    async def with_message(self, voice_message_ref: str, by: Asker) -> Request:
        """The request with this message. Raises `CallbackUnknown`, `NotAuthorized`."""
        return _visible(await self._read(reading.request_with_message, voice_message_ref), by)

    async def find(self, search: Search, by: Asker) -> Found:
        """A page of the requests that a search finds among those that the user sees."""
        return await self._read(reading.search, search, by.rights.queue_ids)

    async def tickets(
        self,
        by: Asker,
        list_uuid: UUID | None = None,
        *,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Ticket]:
        """The tickets of one list, or of all that the user sees, oldest first.

        `since` (included) and `until` bound when the call was started, in epoch seconds. Tickets
        outlive their request. Raises `Refused` with `ListUnknown` or `NotAuthorized`.
        """
        if list_uuid is not None:
            await self.check_list(list_uuid, by)
        await self.context.journal.written()
        return await self._read(reading.tickets, by.rights.queue_ids, list_uuid, since, until)

    # -- changing

    async def create(
        self, list_uuid: UUID, requests: Sequence[NewRequest], by: Asker
    ) -> list[Request]:
        """Add requests to a list, all or none of them.

        A date may be past: such a callback is overdue. The values have been validated, as those of
        `xucd.config.entries.CalleeEntry`, so that `center export` can be read again. Raises
        `Refused` with `ListUnknown`, `PeriodUnknown` or `NotAuthorized`.
        """

        def check(into: rules.CallbackListRow) -> None:
            rules.check_queue(into.queue_id, by.rights)

        if len(requests) > MAX_SINGLE_UPDATES:
            return await self._import(list_uuid, requests, check)
        async with self._locks.command():
            created = await self._now(
                writing.create, list_uuid, requests, check, now=self.context.now()
            )
            for request in created:
                self._publisher.updated(request)
            self._known.add(*created)
            return created

    async def _import(
        self,
        list_uuid: UUID,
        requests: Sequence[NewRequest],
        check: Callable[[rules.CallbackListRow], None],
    ) -> list[Request]:
        """Add many requests, in a transaction of their own, and publish the lists."""
        async with self._locks.alone():
            created = await self._run(
                writing.create, list_uuid, requests, check, now=self.context.now()
            )
            await self._publish_lists()
            await self._known.add_in_steps(created)
            return created

    async def take(self, request: UUID, by: Asker) -> Request:
        """Take a request for the user's own agent. Idempotent.

        Raises `Refused` with `CallbackUnknown`, `AgentUnknown` (the user has no agent),
        `NotAuthorized`, `CallbackClotured`, or `CallbackTaken` with the `agentId` of who has it.
        """
        agent_id = by.rights.own_agent_id

        def check(current: Request) -> None:
            rules.check_take(current, by.rights)

        async with self._locks.command():
            was_free, current = await self._now(writing.take, request, agent_id or 0, check)
            if was_free:
                self._taken.add(current.uuid)
                self._publisher.taken(current)
                self._known.add(current)
            elif current.agent_id != agent_id:
                raise rules.taken_by(current)
            return current

    async def release(self, request: UUID, by: Asker) -> Request:
        """Make a taken request free again.

        Raises `Refused` with `CallbackUnknown`, `NotAuthorized`, `CallbackClotured`, or `NotTaken`
        (silent).
        """
        own = by.rights.own_agent_id
        async with self._locks.command():
            before, after = await self._now(writing.release, request, _may_work(by))
            self._taken.discard(after.uuid)
            self._publisher.released(after.uuid, after.queue_id, before.agent_id, own)
            self._known.add(after)
            return after

    async def start(self, request: UUID, number: str, user: User, by: Asker) -> Ticket:
        """Ring the user's own phone and, once it is answered, dial the number.

        Returns when the phone rings; a later failure is sent to the user as an `AgentError`. While
        the callback's call lasts, the same number returns its ticket again, and another one is
        refused with `CallbackInCall`.

        Raises `Refused` with `FeatureDisabled`, `CallbackUnknown`, `NotAuthorized`, `NotTaken`,
        `CallbackClotured`, `DestinationNotAllowed`, `LineUnknown`, `PhoneUnreachable`, or as asking
        Asterisk does.
        """
        context = self.context
        if not context.options.features.callbacks:
            raise Refused(
                "FeatureDisabled", "Callbacks are disabled in the settings (features.callbacks)."
            )
        check_destination(context, number)
        async with self._locks.command(), self._locks.holding(_key(request)):
            rules.check_work(await self._existing(request), by.rights)
            current = self._dialing.ticket_of(request)
            if current is not None and current.phone_number == number:
                return current
            if current is not None:
                raise Refused("CallbackInCall", "This callback is being called already.")
            line = self._dialing.phone_of(user)
            new = writing.NewTicket(
                uuid=uuid.uuid4(),
                request_uuid=request,
                agent_id=by.rights.own_agent_id,
                phone_number=number,
                started=context.now(),
                pbx=self._pbx,
            )
            ticket, from_list = await self._now(writing.create_ticket, new, _may_work(by))
            self._dialing.track(ticket, user)
        try:
            await self._dialing.ring(ticket, line, from_list, by)
        except Refused:
            context.journal.later(writing.drop_ticket, ticket.uuid)
            raise
        self._publisher.started(ticket, user)
        with contextlib.suppress(Refused):  # it rings; at worst a client is told once more
            self._known.add(await self._existing(request))
        return ticket

    async def update_ticket(self, ticket: UUID, update: TicketUpdate, by: Asker) -> Ticket:
        """Fill in the outcome of a call, and so close the request or open it again. Idempotent.

        Raises `Refused` with `TicketUnknown`, `CallbackUnknown`,
        `NotAuthorized`, `NotTaken`, `CallbackClotured`, `DateInPast` or `PeriodUnknown`.
        """
        rules.check_date(update.due_date, day_of(self.context.now()))
        own = by.rights.own_agent_id

        def check(current: Request) -> None:
            rules.check_work(current, by.rights)
            rules.check_queue(current.queue_id, by.rights)

        async with self._locks.command():
            updated, before, after = await self._now(writing.update_ticket, ticket, update, check)
            if before is None or after is None:
                rules.check_queue(updated.queue_id, by.rights)
                return updated
            self._taken.discard(after.uuid)
            publish = self._publisher.clotured if after.clotured else self._publisher.updated
            publish(after, before.agent_id, own)
            self._known.add(after)
            return updated

    async def change(self, request: UUID, new: NewRequest, by: Asker) -> Request:
        """Change who is to be called, and when; taker and message stay as they are.

        The values have been validated, as for `create`. Raises `Refused` with `CallbackUnknown`,
        `NotAuthorized`, `CallbackClotured` or `PeriodUnknown`.
        """

        def check(current: Request) -> None:
            rules.check_edit(current, by.rights)
            rules.check_open(current)

        async with self._locks.command():
            changed = await self._now(writing.change, request, new, check, now=self.context.now())
            self._publisher.updated(changed, changed.agent_id)
            self._known.add(changed)
            return changed

    async def remove(self, request: UUID, by: Asker) -> None:
        """Delete a request; its tickets stay. Raises `CallbackUnknown` or `NotAuthorized`."""
        own = by.rights.own_agent_id
        async with self._locks.command():
            removed = await self._now(writing.remove, request, _may_edit(by))
            self._taken.discard(removed.uuid)
            if not removed.clotured:
                self._publisher.clotured(removed, removed.agent_id, own)
                self._known.remove(removed)

    # -- the data of a person

    async def find_person(self, number: str, by: Asker) -> PersonData:
        """What is stored of the person with this number, whatever its queue, and live sheets.

        Raises `Refused` with `NotAuthorized`.
        """
        await self.context.journal.written()
        country_code = self.context.options.dialing.country_code
        found = await self._read(persons.find, number, country_code)
        _check_persons(by)
        sheets = self.context.center.sheets.about(same_line(number, country_code))
        return msgspec.structs.replace(found, sheets=tuple(sheets))

    async def erase_person(
        self, number: str, make_entry: persons.MakeEntry, by: Asker
    ) -> PersonData:
        """Erase what is stored of the person with this number; returns what it was.

        `make_entry` makes the entry of the audit trail, which is written in the same transaction.
        Clients that have missed messages cannot resume: those are erased, whoever they are about.
        Raises `Refused` with `NotAuthorized`, or with `StoreUnavailable` also when what was erased
        may still be in the database's files: to be repeated then.
        """
        context, sheets = self.context, self.context.center.sheets
        country_code = context.options.dialing.country_code
        is_persons = same_line(number, country_code)
        about = tuple(sheets.about(is_persons))

        def with_sheets(found: PersonData) -> PersonData:
            return msgspec.structs.replace(found, sheets=about)

        def entry(found: PersonData) -> AuditEntry:
            _check_persons(by)  # what it raises takes the transaction back
            return make_entry(with_sheets(found))

        async with self._locks.alone():
            await context.journal.written()
            erased = await self._run(persons.erase, number, country_code, entry)
            for request in erased.requests:
                self._taken.discard(request.uuid)
                if not request.clotured:
                    self._publisher.clotured(request, request.agent_id)
                    self._known.remove(request)
            sheets.erase(is_persons)
            context.hub.streams.lose_messages()
            await self._run(Store.empty_log)
            return with_sheets(erased)

    # -- helpers

    async def _read(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return await self.context.journal.read(work, *args, **kwargs)

    async def _now(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Write with what else waits."""
        with _refusing_the_unknown():
            return await self.context.journal.now(work, *args, **kwargs)

    async def _run(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Write much, in a transaction of its own."""
        with _refusing_the_unknown():
            return await self.context.journal.run(work, *args, **kwargs)

    async def _existing(self, request: UUID) -> Request:
        found = await self._read(reading.request, request)
        if found is None:
            raise rules.unknown("Callback")
        return found

    async def _publish_lists(self) -> None:
        if self._publisher.has_subscribers():
            lists = await self._read(reading.lists)
            requests = await self._read(reading.open_requests)
            await self._publisher.lists(lists, requests, self.context.hub)


def _key(request: UUID) -> Key:
    return "callback", request.int


def _may_work(by: Asker) -> writing.Check:
    return lambda request: rules.check_work(request, by.rights)


def _may_edit(by: Asker) -> writing.Check:
    return lambda request: rules.check_edit(request, by.rights)


def _check_persons(by: Asker) -> None:
    if not by.rights.may(Task.HANDLE_PERSONS):
        raise Refused("NotAuthorized", "The user's profile does not allow this.")


def _visible(found: Request | None, by: Asker) -> Request:
    if found is None:
        raise rules.unknown("Callback")
    rules.check_queue(found.queue_id, by.rights)
    return found
