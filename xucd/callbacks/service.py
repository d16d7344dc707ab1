"""All work on callbacks, for whoever asks for it: commands, REST, and messages that callers leave.

What is asked is decided and written in one transaction, and told once it is durable. One thing is
done after another, so that clients hear of changes in the order in which they were written.

Every method takes the rights of who asks; `Rights(None, None, None)` is for what xucd does by
itself. Each raises `Refused`, with `StoreUnavailable` besides the codes that it names.
"""

import asyncio
import datetime
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from xucd.callbacks.dialing import CallbackDialing
from xucd.center import callbacks as rules
from xucd.center import changes as ch
from xucd.center.callbacks import Found, NewRequest, Request, Search, Ticket, TicketUpdate
from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.commands.context import Context
from xucd.commands.dial_from_queue import check_destination
from xucd.cti.session import Session
from xucd.publishing.callbacks import AT_ONCE, CallbackTeller
from xucd.store import Store
from xucd.store import callback_reading as reading
from xucd.store import callback_writing as writing
from xucd.views import callbacks as callback_views

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Callbacks:
    """One for the whole daemon, with the context that its commands work in."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._turn = asyncio.Lock()
        self._teller = CallbackTeller(context)
        self._dialing = CallbackDialing(context, self._teller)
        # What somebody has, as it was last told: what an account that went has left shows by it.
        self._taken: set[UUID] = set()

    def begin(self, requests: Iterable[Request], unfinished: Iterable[Ticket]) -> None:
        """Take up what was under way when xucd ended. To be called once, before all else.

        `requests` are the open ones, `unfinished` the tickets whose call was not seen to end.
        """
        self._taken = {one.uuid for one in requests if one.agent_id is not None}
        for ticket in unfinished:
            self._dialing.expect(ticket)

    async def reloaded(self) -> None:
        """The configuration is another: tell what accounts that went have left, and the lists."""
        async with self._turn:
            requests = await self._run(reading.open_requests)
            for one in requests:
                if one.agent_id is None and one.uuid in self._taken:
                    self._teller.released(one.uuid, one.queue_id)
            self._taken = {one.uuid for one in requests if one.agent_id is not None}
            self._teller.lists(await self._run(reading.lists), requests)

    def follow(self, changes: Iterable[ch.Change]) -> None:
        """Take in what has become of calls."""
        self._dialing.follow(changes)

    def rebuilt(self) -> None:
        """The centre holds all that Asterisk has, after a (re)connection."""
        self._dialing.look()

    async def subscribe(self, who: Session, rights: Rights) -> None:
        """Send a client all lists with their open requests, and from now on every change."""
        async with self._turn:
            lists = await self._run(reading.lists, rights.queue_ids)
            requests = await self._run(reading.open_requests, rights.queue_ids)
            who.send(callback_views.lists_view(lists, requests))
            self._teller.subscribe(who, rights)

    # -- looking

    async def lists(self, rights: Rights) -> list[rules.CallbackListRow]:
        """The lists of all queues that the user sees, by name."""
        return await self._run(reading.lists, rights.queue_ids)

    async def periods(self) -> list[rules.Period]:
        """All periods, by the time of day."""
        return await self._run(reading.periods)

    async def get(self, request: UUID, rights: Rights) -> Request:
        """A request, open or closed. Raises `Refused` with `CallbackUnknown`, `NotAuthorized`."""
        return _seen(await self._run(reading.request, request), rights)

    async def with_message(self, voice_message_ref: str, rights: Rights) -> Request:
        """The request with this message. Raises `CallbackUnknown`, `NotAuthorized`."""
        return _seen(await self._run(reading.request_with_message, voice_message_ref), rights)

    async def find(self, search: Search, rights: Rights) -> Found:
        """A page of the requests that a search finds among those that the user sees."""
        return await self._run(reading.search, search, rights.queue_ids)

    async def tickets(
        self,
        rights: Rights,
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
            await self._check_list(list_uuid, rights)
        await self.context.journal.written()
        return await self._run(reading.tickets, rights.queue_ids, list_uuid, since, until)

    # -- working

    async def create(
        self, list_uuid: UUID, requests: Sequence[NewRequest], rights: Rights
    ) -> list[Request]:
        """Add requests to a list, all or none of them, and tell subscribers.

        A date may be past: such a callback is overdue. Each request has been checked at the edge:
        numbers, names and texts are held to what `xucd.config.entries.CallbackEntry` takes, so that
        `center export` can be read again. Raises `Refused` with `ListUnknown`, `PeriodUnknown` or
        `NotAuthorized`.
        """
        context = self.context

        def judge(into: rules.CallbackListRow) -> None:
            rules.check_queue(into.queue_id, rights)

        async with self._turn:
            made = await self._run(
                writing.create, list_uuid, requests, judge, now=context.now(), today=self._today()
            )
            if len(made) > AT_ONCE:
                await self._tell_lists()
            else:
                for request in made:
                    self._teller.updated(request)
            return made

    async def take(self, request: UUID, rights: Rights) -> Request:
        """Let the user's own agent have a request; again is no error.

        Raises `Refused` with `CallbackUnknown`, `AgentUnknown` (the user has no agent),
        `NotAuthorized`, `CallbackClotured`, or `CallbackTaken` with the `agentId` of who has it.
        """
        agent_id = rights.own_agent_id

        def judge(seen: Request) -> None:
            rules.check_take(seen, rights)

        async with self._turn:
            won, held = await self._run(writing.take, request, agent_id or 0, judge)
            if won:
                self._taken.add(held.uuid)
                self._teller.taken(held)
            elif held.agent_id != agent_id:
                raise rules.taken_by(held)
            return held

    async def release(self, request: UUID, rights: Rights) -> Request:
        """Give a request back to everybody.

        Raises `Refused` with `CallbackUnknown`, `NotAuthorized`, `CallbackClotured`, or `NotTaken`
        (silent).
        """
        async with self._turn:
            before, held = await self._run(writing.release, request, _may_work(rights))
            self._taken.discard(held.uuid)
            self._teller.released(held.uuid, held.queue_id, before.agent_id, rights.own_agent_id)
            return held

    async def start(self, request: UUID, number: str, user: User, rights: Rights) -> Ticket:
        """Ring the user's own phone and, once it is answered, dial the number.

        The list's caller id is shown, else the queue's number. Returns when the phone rings; what
        goes wrong later is told to the user as an `AgentError`. While the callback's call lasts,
        the same again returns its ticket, and another number is refused with `CallbackInCall`.

        Raises `Refused` with `FeatureDisabled`, `CallbackUnknown`, `NotAuthorized`, `NotTaken`,
        `CallbackClotured`, `DestinationNotAllowed`, `LineUnknown`, `PhoneUnreachable`, or as asking
        Asterisk does.
        """
        context = self.context
        if not context.options.features.callbacks:
            raise Refused("FeatureDisabled", "Callbacks are switched off in the settings.")
        check_destination(context, number)
        async with self._turn:
            rules.check_work(await self._any(request), rights)
            running = self._dialing.of(request)
            if running is not None and running.phone_number == number:
                return running
            if running is not None:
                raise Refused("CallbackInCall", "This callback is being called already.")
            line = self._dialing.phone_of(user)
            ticket, into = await self._run(
                writing.begin_ticket,
                uuid.uuid4(),
                request,
                number,
                rights.own_agent_id,
                _may_work(rights),
                now=context.now(),
            )
            self._dialing.expect(ticket, user)
        try:
            await self._dialing.ring(ticket, line, into)
        except Refused:
            context.journal.later(writing.drop_ticket, ticket.uuid)
            raise
        self._teller.started(ticket, user)
        return ticket

    async def update_ticket(self, ticket: UUID, update: TicketUpdate, rights: Rights) -> Ticket:
        """Fill in what came of a call, and so close the request or open it again.

        Saying the same again is no error. Raises `Refused` with `TicketUnknown`, `CallbackUnknown`,
        `NotAuthorized`, `NotTaken`, `CallbackClotured`, `DateInPast` or `PeriodUnknown`, and
        changes nothing then.
        """
        rules.check_date(update.due_date, self._today())
        async with self._turn:
            filled, before, held = await self._run(
                writing.update_ticket, ticket, update, _may_work(rights)
            )
            rules.check_queue(filled.queue_id, rights)
            if before is None or held is None:
                return filled
            self._taken.discard(held.uuid)
            told = self._teller.clotured if held.clotured else self._teller.updated
            told(held, before.agent_id, rights.own_agent_id)
            return filled

    async def change(self, request: UUID, wish: NewRequest, rights: Rights) -> Request:
        """Change who is to be called, and when; taker and message stay as they are.

        Checked at the edge as for `create`. Raises `Refused` with `CallbackUnknown`,
        `NotAuthorized`, `CallbackClotured` or `PeriodUnknown`.
        """

        def judge(seen: Request) -> None:
            rules.check_edit(seen, rights)
            rules.check_open(seen)

        async with self._turn:
            held = await self._run(writing.change, request, wish, judge, today=self._today())
            self._teller.updated(held, held.agent_id)
            return held

    async def remove(self, request: UUID, rights: Rights) -> None:
        """Delete a request; its tickets stay. Raises `CallbackUnknown` or `NotAuthorized`."""
        async with self._turn:
            gone = await self._run(writing.remove, request, _may_edit(rights))
            self._taken.discard(gone.uuid)
            if not gone.clotured:
                self._teller.clotured(gone, gone.agent_id, rights.own_agent_id)

    # -- what these are made of

    async def _run(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        try:
            return await self.context.journal.run(work, *args, **kwargs)
        except writing.Unknown as unknown:
            raise rules.unknown(unknown.what) from None

    async def _any(self, request: UUID) -> Request:
        found = await self._run(reading.request, request)
        if found is None:
            raise rules.unknown("Callback")
        return found

    async def _check_list(self, list_uuid: UUID, rights: Rights) -> None:
        lists = {one.uuid: one for one in await self._run(reading.lists)}
        if list_uuid not in lists:
            raise rules.unknown("List")
        rules.check_queue(lists[list_uuid].queue_id, rights)

    async def _tell_lists(self) -> None:
        if self._teller.anybody():
            lists = await self._run(reading.lists)
            self._teller.lists(lists, await self._run(reading.open_requests))

    def _today(self) -> datetime.date:
        return datetime.datetime.fromtimestamp(self.context.now()).astimezone().date()


def _may_work(rights: Rights) -> writing.Rule:
    return lambda seen: rules.check_work(seen, rights)


def _may_edit(rights: Rights) -> writing.Rule:
    return lambda seen: rules.check_edit(seen, rights)


def _seen(found: Request | None, rights: Rights) -> Request:
    if found is None:
        raise rules.unknown("Callback")
    rules.check_queue(found.queue_id, rights)
    return found
