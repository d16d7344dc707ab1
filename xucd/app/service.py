"""The loop of the contact centre, between Asterisk, the centre, the store and the clients.

Events go into the centre; its changes go to clients and store, its intents to Asterisk.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from xucd.ami.caller_order import CallerOrder
from xucd.ami.connection import AmiSettings, Connection
from xucd.ami.errors import AmiError
from xucd.ami.protocol import always
from xucd.ami.queue_watch import QueueWatch
from xucd.app.agi_address import AgiAddress
from xucd.app.asterisk_clock import dated, watch_clock
from xucd.app.catching_up import catch_up
from xucd.app.clock import Clock
from xucd.app.currentness import Currentness
from xucd.app.gaps import Gaps
from xucd.app.held import apply_held
from xucd.app.homes import HomesFollowed
from xucd.app.own_requests import OwnRequests
from xucd.app.own_sending import send_own
from xucd.app.relisting import Relisting
from xucd.app.ticks import Ticks
from xucd.app.unprepared import log_unprepared
from xucd.app.visiting import Visiting
from xucd.callbacks.service import Callbacks
from xucd.center.center import Center
from xucd.center.directory import User
from xucd.center.events import Event
from xucd.center.inheriting import inherit
from xucd.center.intents import (
    Intent,
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
from xucd.center.snapshot import Snapshot
from xucd.commands.asterisk import UNANSWERED
from xucd.commands.context import Context
from xucd.cti.commands import Command
from xucd.cti.session import Session
from xucd.publishing import differences
from xucd.publishing.changes import Publisher
from xucd.publishing.opening import send_opening, subscribe_to_own
from xucd.store import resuming
from xucd.store.pulse import Heard

log = structlog.get_logger()

CarryOut = Callable[[Command, Session], Awaitable[str | None]]
"""Carries out a client's command; returns the code of a warning, if any, or raises `Refused`."""


class Pbx(NamedTuple):
    """Asterisk's address, the clock that knows Asterisk's, and the gaps in what was heard of it.

    `is_ours` says whether this node owns it at this moment; `agi` is the address that its dialplan
    is told for FastAGI, "" where there is one node and the dialplan knows.
    """

    ami: AmiSettings
    clock: Clock
    gaps: Gaps
    is_ours: Callable[[], bool] = always
    agi: str = ""


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
        self.connection = Connection(pbx.ami, self, may_write=pbx.is_ours)
        self._caller_order = CallerOrder(self.connection.query, self._crowded, self.on_event)
        self._queue_watch = QueueWatch(
            self.connection.query, self._has_other_members, self.relist_members, self._is_listing
        )
        self._agi_address = AgiAddress(pbx.agi, self.connection.query) if pbx.agi else None
        self._carry_out = carry_out
        self._strict_rights = strict_rights
        self._publisher = Publisher(context)
        self._ticks = Ticks(context, self.publish_changes)
        # The configuration by which users sign in; the centre follows it.
        self.directory = context.center.directory
        self._tasks: set[asyncio.Task[None]] = set()
        self._own_requests = OwnRequests(
            lambda intent: send_own(self.connection, intent, self._relisting.doubt),
            self._start,
            lambda intent: renewed(self.context.center, intent),
        )
        self._relisting = Relisting(self._look_again, self._start)
        self._currentness = Currentness(
            context, self._start, lambda: self.connection.connected, self._relisting.is_current
        )
        self.homes = HomesFollowed(context, self._start, self.relist_members)
        self.visiting: Visiting | None = None  # in a centre of several nodes
        self._polls: list[asyncio.Task[None]] = []
        context.asterisk.relist_members = lambda: asyncio.shield(self.relist_members())
        context.asterisk.catch_up = lambda: catch_up(self.connection, self._relisting.listing)
        metrics = context.hub.metrics
        metrics.ami_connections.set_function(lambda: self.connection.connections)
        metrics.ami_undecodable.set_function(lambda: self.connection.undecodable)

    def start(self) -> None:
        """Connect to Asterisk, and stay connected."""
        self.connection.start()
        self._ticks.schedule()
        self._polls = [
            asyncio.create_task(self._queue_watch.watch()),
            asyncio.create_task(watch_clock(self.connection, self.clock)),
        ]
        if self._agi_address is not None:
            self._polls.append(asyncio.create_task(self._agi_address.watch()))

    async def close(self) -> None:
        """Disconnect from Asterisk and cancel all that is under way."""
        self._ticks.close()
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
        self._currentness.restored(sessions)

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
            log_unprepared(self.context.center.directory, changes)
            self.context.journal.write_changes(changes)
            self._publisher.publish(changes)
            self.callbacks.apply_changes(changes)
            self.homes.apply_changes(changes)
            if self.visiting is not None:
                self.visiting.apply_changes(changes)
            self._ticks.schedule()
            if self.connection.connected:
                self._caller_order.check()
        self.context.asterisk.check_waiting(self.context.center.take_touched())

    # -- for the connection to Asterisk

    def on_event(self, event: Event) -> None:
        """Apply one event."""
        self.context.hub.metrics.events.count(event)
        apply(self.context.center, event, self.context.now())
        self.publish_changes()
        if self.visiting is not None:
            self.visiting.heard(event)

    def on_up(self, snapshot: Snapshot, held: list[Event]) -> None:
        """Rebuild the centre from a snapshot, then apply the events held meanwhile."""
        if self._agi_address is not None:
            self._start(self._agi_address.announce())
        self.clock.heard_of_pbx(snapshot.pbx_time)
        self.correct_clock()
        self._note_gap()
        now, loop = self.context.now(), asyncio.get_running_loop()
        rebuild(self.context.center, dated(snapshot, self.clock), now, self.gaps.heard_until)
        apply_held(self.context.center, held, now, self.context.asterisk.check_waiting)
        self.publish_changes()
        self.gaps.heard(now - (loop.time() - self.connection.heard_from), self.publish_changes)
        self.callbacks.end_missing_calls()
        self._currentness.await_corrections([*self._tasks, self._own_requests.answered()])

    def on_down(self) -> None:
        """Tell clients that what they see is no longer current."""
        self._own_requests.forget()
        self._note_gap()
        self._currentness.lost()

    def _note_gap(self) -> None:
        """Begin a gap if a connection has been lost, also while the state was read anew."""
        connection = self.connection
        if connection.missed and connection.heard_until:
            silent = asyncio.get_running_loop().time() - connection.heard_until
            self.gaps.lost(self.context.now() - silent)

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
            rebuild_members(self.context.center, dated(seen, self.clock), now, again=True)
        finally:
            apply_held(self.context.center, held, now, self.context.asterisk.check_waiting)
            self.publish_changes()

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
            lambda: self.context.center, self.clock.reading, self._heard
        )

    def _heard(self) -> Heard:
        until, told = self.gaps.heard_until, self.connection.told_until
        if until is None:
            until = self.context.now()
            if told is not None:
                until -= asyncio.get_running_loop().time() - told
        return Heard(until, self.gaps.heard_since, self.gaps.pbx)

    def correct_clock(self) -> None:
        """Follow the system's clock, if it was set: every moment that is kept moves with it."""
        seconds = self.clock.correct()
        if not seconds:
            return
        context = self.context
        context.center.shift(seconds)
        self.callbacks.shift(seconds)
        self.gaps.shift(seconds)
        context.journal.later(resuming.shift, self.gaps.pbx, self.clock.reading())
        self._currentness.shift(seconds)
        self.publish_changes()
        self._ticks.schedule()
