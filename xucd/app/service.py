"""The loop of the contact centre, between Asterisk, the centre, the store and the clients.

Events go into the centre; its changes go to clients and store, its intents to Asterisk. The state
counts as current once a snapshot has been applied and Asterisk has answered all corrections that
the snapshot called for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog
from prometheus_client import Counter

from xucd.ami import actions
from xucd.ami.actions import for_intent
from xucd.ami.caller_order import CallerOrder
from xucd.ami.connection import AmiSettings, Connection
from xucd.ami.errors import AmiError
from xucd.ami.queue_watch import QueueWatch
from xucd.ami.resync import pbx_time
from xucd.app.clock import Clock
from xucd.app.gaps import Gaps
from xucd.app.held import apply_held
from xucd.app.own_requests import OwnRequests
from xucd.app.relisting import Relisting
from xucd.callbacks.service import Callbacks
from xucd.center.center import Center
from xucd.center.changes import Change, QueueUnprepared
from xucd.center.directory import User
from xucd.center.events import Event
from xucd.center.inheriting import inherit
from xucd.center.intents import (
    Intent,
    Nudge,
    RelistMembers,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.refused import Refused
from xucd.center.rights import Rights, rights_of
from xucd.center.rules import strangers
from xucd.center.rules.rebuild import rebuild, rebuild_members
from xucd.center.rules.table import apply
from xucd.center.rules.waited import renewed
from xucd.center.snapshot import MemberSeen, QueuesSeen, Snapshot
from xucd.commands.asterisk import UNANSWERED
from xucd.commands.context import Context
from xucd.cti.commands import Command
from xucd.cti.session import Session
from xucd.publishing import differences
from xucd.publishing.changes import Publisher
from xucd.publishing.link_status import link_status
from xucd.publishing.opening import send_opening, subscribe_to_own
from xucd.store import figures
from xucd.views import topics

log = structlog.get_logger()

Seen = TypeVar("Seen", Snapshot, QueuesSeen)

PREPARE = (
    "xucd pauses them for their wrap-up itself, once Asterisk tells it of the answer: a call of "
    "less than some 50 ms can let the next one through. To rule that out, add to queues.conf below "
    "the queue: [NAME](+) with setinterfacevar = yes, membergosub = xucd-sub-wrap, wrapuptime = 0"
)
"""What is logged once of a queue without our dialplan's pause."""

PBX_CLOCK_S = 2.0
"""How often Asterisk is asked for its clock, in seconds."""

OWN_S = 30.0
"""How long Asterisk has for what xucd asks of it by itself, in seconds: once it has restarted, all
members are put back. The state is current no earlier, so no command waits behind them."""

CATCH_UP_S = 2.0
"""For how long a command whose time is up waits for events that have come already, in seconds."""

CarryOut = Callable[[Command, Session], Awaitable[str | None]]
"""Carries out a client's command; returns the code of a warning, if any, or raises `Refused`."""


class Pbx(NamedTuple):
    """Asterisk's address, the clock that knows Asterisk's, and the gaps in what was heard of it."""

    ami: AmiSettings
    clock: Clock
    gaps: Gaps


class Service:
    """One contact centre, running: what AMI events and clients' commands arrive at.

    `start` begins to connect to Asterisk.
    """

    def __init__(
        self,
        context: Context,
        callbacks: Callbacks,
        carry_out: CarryOut,
        pbx: Pbx,
        *,
        strict_rights: bool,
    ) -> None:
        self.context = context
        self.callbacks = callbacks
        self.clock = pbx.clock
        self.gaps = pbx.gaps
        self.connection = Connection(pbx.ami, self)
        self._caller_order = CallerOrder(self.connection.query, self._crowded, self.on_event)
        self._queue_watch = QueueWatch(
            self.connection.query, self._has_other_members, self.relist_members, self._is_listing
        )
        self._carry_out = carry_out
        self._strict_rights = strict_rights
        self._publisher = Publisher(context)
        self._timer: asyncio.Handle | None = None
        self._ticks_at = 0.0  # of the timer, by the loop: uvloop's do not all tell
        self._snapshots = 0
        # Clients resume over a restart, and Asterisk was not read yet.
        self._has_differences = False
        # The configuration by which users sign in; the centre follows it.
        self.directory = context.center.directory
        self._tasks: set[asyncio.Task[None]] = set()
        self._own_requests = OwnRequests(
            self._send_own, self._start, lambda intent: renewed(self.context.center, intent)
        )
        self._relisting = Relisting(self._look_again, self._start)
        self._polls: list[asyncio.Task[None]] = []
        self._counters: dict[type[Event], Counter] = {}  # looking one up takes longer than counting
        context.asterisk.relist_members = lambda: asyncio.shield(self.relist_members())
        context.asterisk.catch_up = self._catch_up
        metrics = context.hub.metrics
        metrics.ami_connections.set_function(lambda: self.connection.connections)
        metrics.ami_undecodable.set_function(lambda: self.connection.undecodable)

    def start(self) -> None:
        """Connect to Asterisk, and stay connected."""
        self.connection.start()
        self._set_timer()
        self._polls = [
            asyncio.create_task(self._queue_watch.watch()),
            asyncio.create_task(self._watch_pbx_clock()),
        ]

    async def close(self) -> None:
        """Disconnect from Asterisk and cancel all that is under way."""
        if self._timer is not None:
            self._timer.cancel()
        self._caller_order.close()
        self.gaps.close()
        self._own_requests.forget()
        for task in (*self._tasks, *self._polls):
            task.cancel()
        await self.connection.close()

    async def reconfigure(self, center: Center) -> None:
        """Replace the centre by one of another configuration, and read Asterisk's state anew."""
        old = self.context.center
        intents = strangers.left_behind(old, center.directory)
        inherit(center, old, self.context.now())
        # First, since the old centre would undo what it hears of them.
        self.context.center = center
        self._own_requests.forget()  # those of the old centre: the new one decides anew
        for intent in intents:
            self._own_requests.ask(intent)
        await self._own_requests.answered()
        self.publish_changes()
        try:
            async with self._relisting.listing:
                await self.connection.resynchronise()
        except AmiError as error:
            log.warning(
                "lost the connection while reading Asterisk's state",
                code=error.code,
                reason=error.text,
            )

    # -- for clients' links

    def present(self, user: User) -> User:
        """The user as it is in the present configuration; as given if it was removed from that."""
        return self.directory.users.get(user.id, user)

    def rights_of(self, user: User) -> Rights:
        """What a user may see and do."""
        return rights_of(user, strict=self._strict_rights)

    def opened(self, session: Session) -> None:
        """Send a new session its opening."""
        subscribe_to_own(self.context, session)
        send_opening(self.context, session)
        if session.stream is not None and self.context.hub.streams.told is None:
            differences.remember(self.context)

    def restored(self, sessions: Sequence[Session]) -> None:
        """Sessions that began before xucd's restart can be resumed: tell them what has changed.

        What is in Asterisk is told once it is read. To be called once, before `start`.
        """
        if sessions:
            differences.restore(self.context, sessions)
            self._has_differences = True
            self._publish_link_status()

    async def carry_out(self, session: Session, command: Command) -> str | None:
        """Carry out a command; returns the code of a warning, if any. Raises `Refused`."""
        return await self._carry_out(command, session)

    def _crowded(self) -> list[str]:
        """The queues of ours in which several callers wait."""
        center = self.context.center
        return [
            queue for queue in center.waiting.crowded() if queue in center.directory.queue_by_name
        ]

    # -- for commands

    async def send(self, intent: Intent) -> None:
        """Have Asterisk carry out an intent. Raises `Refused` with the AMI error's code."""
        reachable = self.connection.connected
        if isinstance(intent, SetPause | SetPenalty | RemoveMember):
            self._own_requests.hurry(intent.interface)
        try:
            await self.connection.ask(intent)
        except AmiError as error:
            self._relisting.doubt(intent, error)
            refusal = Refused(error.code, error.text)
            refusal.partly = reachable and error.code in UNANSWERED
            raise refusal from error

    def publish_changes(self) -> None:
        """Pass on what the centre has changed: to the store, to clients, and to Asterisk."""
        changes, intents = self.context.center.drain()
        # First, and sent in this turn: an agent may be free for the next call in milliseconds.
        for intent in intents:
            if not self.connection.connected:
                continue  # the next snapshot decides anew
            if isinstance(intent, RelistMembers):
                self.relist_members()
            else:
                self._own_requests.ask(intent)
        if changes:
            self._log_unprepared(changes)
            self.context.journal.write_changes(changes)
            self._publisher.publish(changes)
            self.callbacks.apply_changes(changes)
            self._set_timer()
            if self.connection.connected:
                self._caller_order.check()
        self.context.asterisk.check_waiting(self.context.center.take_touched())

    def _log_unprepared(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, QueueUnprepared):
                name = self.context.center.directory.queues[change.queue_id].name
                log.info("queue does not pause its agents at the answer", queue=name, hint=PREPARE)

    # -- for the connection to Asterisk

    def on_event(self, event: Event) -> None:
        """Apply one event."""
        self._count(event)
        apply(self.context.center, event, self.context.now())
        self.publish_changes()

    def _count(self, event: Event) -> None:
        kind = type(event)
        counter = self._counters.get(kind)
        if counter is None:
            counter = self.context.hub.metrics.events.labels(kind.__name__)
            self._counters[kind] = counter
        counter.inc()

    def on_up(self, snapshot: Snapshot, held: list[Event]) -> None:
        """Rebuild the centre from a snapshot, then apply the events held meanwhile."""
        self.clock.heard_of_pbx(snapshot.pbx_time)
        self.correct_clock()
        self._note_gap()
        now, loop = self.context.now(), asyncio.get_running_loop()
        rebuild(self.context.center, self._dated(snapshot), now, self.gaps.heard_until)
        apply_held(self.context.center, held, now, self.context.asterisk.check_waiting)
        self.publish_changes()
        self.gaps.heard(now - (loop.time() - self.connection.heard_from), self.publish_changes)
        self.callbacks.end_missing_calls()
        self._snapshots += 1
        corrections = [*self._tasks, self._own_requests.answered()]
        self._start(self._become_current(self._snapshots, corrections))

    def on_down(self) -> None:
        """Tell clients that what they see is no longer current."""
        self._own_requests.forget()
        asterisk = self.context.asterisk
        self._note_gap()
        if asterisk.current:
            asterisk.lost_since = self.context.now()
            self._publish_link_status()

    def _note_gap(self) -> None:
        """Begin a gap if a connection has been lost, also while the state was read anew."""
        connection = self.connection
        if connection.missed and connection.heard_until:
            silent = asyncio.get_running_loop().time() - connection.heard_until
            self.gaps.lost(self.context.now() - silent)

    async def _become_current(
        self, snapshot: int, corrections: Sequence[asyncio.Future[None]]
    ) -> None:
        """Declare the state current once all of a snapshot's corrections are answered."""
        await asyncio.gather(*corrections, return_exceptions=True)
        if self.connection.connected and snapshot == self._snapshots:
            self.context.asterisk.lost_since = None
            self._relisting.is_current()
            if self._has_differences:
                self._has_differences = False
                differences.publish_differences(self.context)
            self._publish_link_status()

    def _publish_link_status(self) -> None:
        self.context.hub.publish([topics.EVERYBODY], link_status(self.context.asterisk))

    def _send_own(self, intent: Intent) -> Coroutine[Any, Any, None]:
        """Send an intent that no command waits for, now; what is returned waits for its answer.

        A failure is only logged.
        """
        try:
            answer: Awaitable[object] = self.connection.begin(for_intent(intent), OWN_S)
        except AmiError as error:
            answer = _failed(error)
        return self._own_answered(intent, answer)

    async def _own_answered(self, intent: Intent, answer: Awaitable[object]) -> None:
        try:
            await answer
        except AmiError as error:
            if isinstance(intent, Nudge) or error.code == "ChannelGone":
                return  # the caller has left the queue, or the call has ended, meanwhile
            self._relisting.doubt(intent, error)
            log.warning(
                "Asterisk did not carry out a request",
                intent=repr(intent),
                code=error.code,
                reason=error.text,
            )

    # -- a second look at Asterisk's members

    def relist_members(self) -> asyncio.Task[None]:
        """List the queues and members anew, at most one list a second; returns the task."""
        return self._relisting.refresh()

    async def _look_again(self) -> None:
        await self._own_requests.sent()
        seen, held = await self.connection.relist_members()
        self.correct_clock()
        now = self.context.now()
        try:
            rebuild_members(self.context.center, self._dated(seen), now, again=True)
        finally:
            apply_held(self.context.center, held, now, self.context.asterisk.check_waiting)
            self.publish_changes()

    async def _catch_up(self) -> None:
        """Take in what Asterisk has told by now, unless that takes long.

        Its events are held back while it is listed, or wait to be read: an answer comes after them.
        """
        with suppress(AmiError, TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                async with self._relisting.listing:
                    pass
                await self.connection.query(actions.ping())

    def _has_other_members(self, summary: Mapping[str, int]) -> bool:
        """Whether Asterisk has other queues of ours, or others in them, than the centre holds."""
        center = self.context.center
        known = center.directory.queue_by_name
        found = {known[name].id: each for name, each in summary.items() if name in known}
        return found != center.members.in_reach()

    def _is_listing(self) -> bool:
        """Whether the state is not current, or is about to be listed anyway."""
        return not self.context.asterisk.current or self._relisting.is_due

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- time

    async def save_figures(self) -> None:
        """Write the figures that have moved. Raises `StoreError`."""
        await self.context.journal.save_figures(
            lambda: self.context.center, self.clock.reading, self._heard_until
        )

    def _heard_until(self) -> float:
        """Until when all that Asterisk told is in the figures."""
        unheard, told = self.gaps.heard_until, self.connection.told_until
        if unheard is not None:
            return unheard
        now = self.context.now()
        return now if told is None else now - (asyncio.get_running_loop().time() - told)

    def correct_clock(self) -> None:
        """Follow the system's clock, if it was set: every moment that is kept moves with it."""
        seconds = self.clock.correct()
        if not seconds:
            return
        context = self.context
        context.center.shift(seconds)
        self.callbacks.shift(seconds)
        self.gaps.shift(seconds)
        context.journal.later(figures.shift, self.clock.reading())
        if context.asterisk.lost_since is not None:
            context.asterisk.lost_since += seconds
            self._publish_link_status()
        self.publish_changes()
        self._set_timer()

    def _dated(self, seen: Seen) -> Seen:
        """What Asterisk lists, with its dates by xucd's clock."""
        return msgspec.structs.replace(seen, members=tuple(map(self._dated_member, seen.members)))

    def _dated_member(self, member: MemberSeen) -> MemberSeen:
        if not (member.last_call or member.last_pause):
            return member
        return msgspec.structs.replace(
            member,
            last_call=self._own(member.last_call),
            last_pause=self._own(member.last_pause),
        )

    def _own(self, date: int) -> int:
        return int(self.clock.own(date)) if date else 0

    async def _watch_pbx_clock(self) -> None:
        """Ask Asterisk for its clock, so that it is known when that was set."""
        while True:
            await asyncio.sleep(PBX_CLOCK_S)
            if self.connection.connected:
                with suppress(AmiError):  # the next connection tells
                    asked = time.monotonic()
                    (pong, *_) = await self.connection.query(actions.ping())
                    self.clock.heard_of_pbx(pbx_time(pong), time.monotonic() - asked)

    def _set_timer(self) -> None:
        """Have the centre ticked when it is due. One that comes sooner sets the next one itself."""
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, self.context.center.due() - self.context.now())
        if self._timer is not None:
            if self._ticks_at <= at:
                return
            self._timer.cancel()
        self._ticks_at = at
        self._timer = loop.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.context.center.tick(self.context.now())
        self.publish_changes()
        self._set_timer()


async def _failed(error: AmiError) -> None:
    raise error
