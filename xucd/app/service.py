"""The loop of the contact centre, between Asterisk, the centre, the store and the clients.

Events go into the centre; what comes of them goes to clients and store, and what the centre asks
goes to Asterisk. Nothing is reported as current before a snapshot has been taken in and what it
made us ask for has been answered.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError
from xucd.app.handlers import carry_out
from xucd.callbacks.service import Callbacks
from xucd.center.center import Center
from xucd.center.events import Event
from xucd.center.intents import Intent, Nudge, RemoveMember
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.table import apply
from xucd.center.snapshot import Snapshot
from xucd.commands.context import Context
from xucd.config.settings import Ami, Dialing, Features
from xucd.cti.commands import Command
from xucd.cti.hub import Hub
from xucd.cti.messages import UserStatus
from xucd.cti.session import Session
from xucd.publishing.changes import Teller
from xucd.publishing.opening import listen_to_own, open_for
from xucd.store.journal import Journal
from xucd.views import topics

log = structlog.get_logger()


class Service:
    """One contact centre, running. It is what links of clients talk to.

    `clock` gives epoch seconds and never goes back. `start` begins to connect to Asterisk.
    """

    def __init__(
        self,
        center: Center,
        hub: Hub,
        journal: Journal,
        ami: Ami,
        *,
        clock: Callable[[], float],
        statuses: Sequence[UserStatus],
        strict_rights: bool,
        features: Features | None = None,
        dialing: Dialing | None = None,
    ) -> None:
        self.center = center
        self.hub = hub
        self.journal = journal
        self._clock = clock
        self._strict = strict_rights
        self.link = Connection(ami, self._event, self._up, self._down)
        hub.metrics.ami_connections.set_function(lambda: self.link.connections)
        hub.metrics.ami_undecodable.set_function(lambda: self.link.undecodable)
        self.context = Context(
            center,
            self,
            journal,
            hub,
            clock=clock,
            publish=self.pass_on,
            patience=ami.action_timeout,
            statuses=statuses,
            features=features,
            dialing=dialing,
        )
        self.callbacks = Callbacks(self.context)
        self._teller = Teller(self.context)
        self._tick: asyncio.TimerHandle | None = None
        self._snapshots = 0
        self._asking: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Connect to Asterisk, and stay connected."""
        self.link.start()
        self._arm()

    async def close(self) -> None:
        """Leave Asterisk and cease to act."""
        if self._tick is not None:
            self._tick.cancel()
        for task in self._asking:
            task.cancel()
        await self.link.close()

    async def reconfigure(self, center: Center) -> None:
        """Go on with a centre of another configuration, and look at Asterisk anew."""
        old = self.center
        gone = [
            RemoveMember(old.directory.queues[queue_id].name, line.interface)
            for line, live in ((live.line, live) for live in old.agents.values())
            if line is not None and line.interface not in center.directory.line_by_interface
            for queue_id in live.members
        ]
        await asyncio.gather(*(self._ask_by_itself(intent) for intent in gone))
        center.inherit(self.center, self._clock())
        self.center = self.context.center = center
        self.pass_on()
        try:
            await self.link.look_again()
        except AmiError as error:
            log.warning("lost Asterisk while looking again", code=error.code, text=error.text)

    # -- what links of clients call

    def opened(self, session: Session) -> None:
        """Send a new session its opening."""
        session.rights = rights_of(session.user, strict=self._strict)
        listen_to_own(self.context, session)
        open_for(self.context, session)

    async def asked(self, session: Session, command: Command) -> None:
        """Carry out a command. Raises `Refused`."""
        await carry_out(self.context, self.callbacks, command, session)

    # -- what commands call

    async def ask(self, intent: Intent) -> None:
        """Have Asterisk do it. Raises `Refused` with the link's code."""
        try:
            await self.link.ask(intent)
        except AmiError as error:
            raise Refused(error.code, error.text) from error

    def pass_on(self) -> None:
        """Pass on what has become different: to the store, to clients, and to Asterisk."""
        changes, intents = self.center.drain()
        if changes:
            self.journal.follow(changes)
            self._teller.tell(changes)
            self.callbacks.follow(changes)
            self._arm()
        self.context.moved()
        for intent in intents:
            if not self.link.connected:
                continue  # the snapshot that follows a reconnection decides anew
            task = asyncio.create_task(self._ask_by_itself(intent))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    # -- what the link to Asterisk calls

    def _event(self, event: Event) -> None:
        self.hub.metrics.events.labels(type(event).__name__).inc()
        apply(self.center, event, self._clock())
        self.pass_on()

    def _up(self, snapshot: Snapshot, held: list[Event]) -> None:
        now = self._clock()
        rebuild(self.center, snapshot, now)
        for event in held:
            apply(self.center, event, now)
        self.pass_on()
        self.callbacks.rebuilt()
        self._snapshots += 1
        task = asyncio.create_task(self._become_current(self._snapshots, list(self._asking)))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _become_current(self, snapshot: int, asking: list[asyncio.Task[None]]) -> None:
        """Call the state current once what this snapshot had to put right is answered."""
        await asyncio.gather(*asking, return_exceptions=True)
        if self.link.connected and snapshot == self._snapshots:
            self.context.current = True
            self.hub.publish([topics.EVERYBODY], self.context.link_status())

    def _down(self) -> None:
        if self.context.current:
            self.context.current = False
            self.context.lost_since = self._clock()
            self.hub.publish([topics.EVERYBODY], self.context.link_status())

    async def _ask_by_itself(self, intent: Intent) -> None:
        try:
            await self.link.ask(intent)
        except AmiError as error:
            # A caller that is nudged may be gone by now; anything else ought to have worked.
            level = log.debug if isinstance(intent, Nudge) else log.warning
            level("Asterisk did not do it", intent=repr(intent), code=error.code, text=error.text)

    # -- time

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        if self._tick is not None:
            self._tick.cancel()
        self._tick = loop.call_later(max(0.0, self.center.due() - self._clock()), self._time)

    def _time(self) -> None:
        self.center.tick(self._clock())
        self.pass_on()
        self._arm()
