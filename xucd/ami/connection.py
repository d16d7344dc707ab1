"""The connection to Asterisk's manager, made anew whenever it is lost.

Each TCP connection goes through the same steps:

    connect -> log in -> wait for FullyBooted -> take a snapshot, holding back events
    -> on_up(snapshot, held events) -> on_event(event) ... -> lost -> on_down() -> back off, repeat

After a refused login or a refused list the next attempt waits a minute, because only a change of
the configuration helps. `ask` and `query` reach Asterisk between `on_up` and `on_down` only.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

from xucd.ami import actions
from xucd.ami.actions import Action, for_intent
from xucd.ami.backoff import Backoff
from xucd.ami.contacts import everywhere
from xucd.ami.errors import AmiError, ConnectionLost, DecodeError, LoginRefused, Rejected
from xucd.ami.events import decode
from xucd.ami.framing import Block, name_of
from xucd.ami.numbers import check_number
from xucd.ami.protocol import NOT_OURS, Lists, ManagerProtocol, always, connect
from xucd.ami.resync import list_queues, take_snapshot
from xucd.center.events import Event
from xucd.center.intents import DialOut, FindNumber, Intent
from xucd.center.snapshot import QueuesSeen, Snapshot

log = structlog.get_logger()

PING_AFTER = 5.0
"""Seconds without a byte from Asterisk after which it is pinged."""

LOST_AFTER = 12.0
"""Seconds without a byte from Asterisk after which the connection counts as lost."""

BOOT_TIMEOUT = 30.0
"""Seconds to wait for `FullyBooted`, which comes at once unless Asterisk is still starting."""

LIST_TIMEOUT = 30.0
"""Seconds to wait for each answer of a snapshot; a list of a thousand channels takes long."""

NOT_OURS_S = 0.25
"""How often it is looked whether this node may connect, in seconds."""

REFUSED_DELAY = 60.0
"""Seconds until the next attempt after Asterisk has refused a login or a list."""


class AmiSettings(Protocol):
    """Asterisk's address, and the manager user to log in as. `action_timeout` is in seconds."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def secret(self) -> str: ...
    @property
    def action_timeout(self) -> float: ...


class Listener(Protocol):
    """What a connection reports to. It is called from the event loop and must not raise."""

    def on_up(self, snapshot: Snapshot, held: list[Event]) -> None:
        """The connection is up; `held` are the events that came during the snapshot, in order."""

    def on_event(self, event: Event) -> None:
        """An event has arrived."""

    def on_down(self) -> None:
        """The connection of the last `on_up` is lost or closed, or a new snapshot is taken.

        A connection that is lost meanwhile is told of once more.
        """


class Connection:
    """Keeps a connection to Asterisk, and carries actions and events.

    `on_raw` gets the greeting of each TCP connection and every block that arrives, for recording.
    While `may_write` says no, there is no connection; it is asked before each write.
    """

    def __init__(
        self,
        settings: AmiSettings,
        listener: Listener,
        *,
        on_raw: Callable[[bytes], None] | None = None,
        backoff: Backoff | None = None,
        may_write: Callable[[], bool] = always,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._on_raw = on_raw
        self._may_write = may_write
        self._backoff = backoff or Backoff(0.5, 30.0)
        self._task: asyncio.Task[None] | None = None
        self._manager: ManagerProtocol | None = None
        self._up = False
        self._holding = True
        self._held_since = 0.0
        self._held: list[Event] = []
        self._booted = asyncio.Event()
        self._snapshots = 0
        self.last_event_at: float | None = None
        """The event loop's time of the last event; None before the first."""
        self.heard_from = 0.0
        """The event loop's time since which no event of this connection has been missed."""
        self.heard_until = 0.0
        """What `told_until` was when a connection was lost; 0 if none was."""
        self.missed = True
        """Whether events may have been missed before this connection; False once it is up."""
        self.logged_in = False
        """Whether Asterisk has let this in, and was not lost since: before it is `connected`."""
        self.connections = 0
        """Number of TCP connections that have been up."""
        self.undecodable = 0
        """Number of events that could not be decoded."""

    @property
    def connected(self) -> bool:
        """Whether the connection is up, and what it reports current."""
        return self._up

    @property
    def told_until(self) -> float | None:
        """The event loop's time until which the listener knows all; None without a connection.

        That of the last byte that is processed or, while events are held, of the first that may be.
        """
        if self._manager is None:
            return None
        return self._held_since if self._holding else self._manager.processed_at

    def start(self) -> None:
        """Begin to connect, and stay connected until `close`."""
        self._task = asyncio.create_task(self._stay_connected())
        self._task.add_done_callback(_log_failure)

    async def close(self) -> None:
        """Close and stay closed. Actions without an answer fail with `ConnectionLost`."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def ask(self, intent: Intent) -> None:
        """Have Asterisk carry out an intent; return once it has confirmed the action.

        Raises `InvalidValue`, `ConnectionLost`, `Deadline`, or `Rejected` with the code of
        Asterisk's refusal.
        """
        self.hurry()
        if isinstance(intent, DialOut):
            intent = await everywhere(intent, self.query)
        (answer, *_) = await self.query(for_intent(intent))
        if isinstance(intent, FindNumber):
            await check_number(intent, answer, self.query)

    async def query(self, action: Action) -> list[Block]:
        """Send an action and return its answer's blocks. Raises as `ask` does."""
        return await self.begin(action)

    def hurry(self) -> None:
        """A user waits: what Asterisk tells next is read at once, also under load."""
        if self._manager is not None:
            self._manager.hurry()

    def begin(
        self, action: Action, timeout: float | None = None
    ) -> Coroutine[Any, Any, list[Block]]:
        """Send an action now, in this turn of the loop; what is returned waits for its answer.

        It waits for `timeout` seconds, for `action_timeout` if none are given. Raises
        `ConnectionLost`.
        """
        if not self._up or self._manager is None:
            raise ConnectionLost("no connection to Asterisk")
        return self._manager.begin(action, timeout or self._settings.action_timeout)

    async def resynchronise(self) -> None:
        """Take a new snapshot, as after a reconnection: `on_down`, then `on_up`.

        Does nothing while there is no connection, since the next one takes its own snapshot.
        Raises `AmiError` when the connection is lost meanwhile.
        """
        if not self._up or self._manager is None:
            return
        self._up = False
        self._hold()
        self._listener.on_down()
        manager = self._manager
        try:
            await self._synchronise(manager)
        except AmiError as error:
            manager.drop(error)  # else events would be held for ever
            raise

    async def relist_members(self) -> tuple[QueuesSeen, list[Event]]:
        """List the queues and members; returns them, and the events that came meanwhile.

        Actions go on to be carried. Raises `ConnectionLost` when the connection is not up, and
        otherwise drops it with what it raises, since the events are lost then.
        """
        manager = self._manager
        if not self._up or self._holding or manager is None:
            raise ConnectionLost("no connection to Asterisk")
        self._hold()
        try:
            seen = await list_queues(Lists(manager, LIST_TIMEOUT))
        except AmiError as error:
            manager.drop(error)
            raise
        if manager.lost.done():
            raise ConnectionLost("the connection to Asterisk was lost")
        self._holding = False
        held, self._held = self._held, []
        return seen, held

    async def _stay_connected(self) -> None:
        while True:
            if not self._may_write():
                await asyncio.sleep(NOT_OURS_S)  # a lease that is renewed is no event
                continue
            try:
                lost = await self._connect_once()
                delay = self._backoff()
                log.warning(
                    "lost the connection to Asterisk", reason=str(lost), delay=round(delay, 1)
                )
            except LoginRefused as error:
                delay = REFUSED_DELAY
                log.error("Asterisk refused the login", reason=error.text, delay=round(delay, 1))
            except Rejected as error:
                delay = REFUSED_DELAY
                log.error(
                    "Asterisk refused a list that xucd needs; run xucd check",
                    action=error.action,
                    reason=error.text,
                    delay=round(delay, 1),
                )
            except AmiError as error:
                delay = self._backoff()
                log.warning("cannot connect to Asterisk", reason=error.text, delay=round(delay, 1))
            await asyncio.sleep(delay)

    async def _connect_once(self) -> AmiError | None:
        """One TCP connection; returns why it was lost. Raises `AmiError` if it never came up."""
        settings = self._settings
        self._hold()
        self._held.clear()
        self._booted.clear()
        manager = await connect(settings, self._receive, self._on_raw, self._may_write)
        heartbeat = asyncio.create_task(_keep_alive(manager, self._may_write))
        try:
            await self._come_up(manager)
            return await asyncio.shield(manager.lost)
        finally:
            self.logged_in = False
            heartbeat.cancel()
            manager.close()
            heard, self._manager = self.told_until, None
            if heard is not None and not self.missed:
                self.heard_until, self.missed = heard, True
                self._up = False
                self._listener.on_down()

    async def _come_up(self, manager: ManagerProtocol) -> None:
        await log_in(manager, self._settings)
        self.logged_in = True
        self.heard_from = asyncio.get_running_loop().time()
        await self._until_booted(manager)
        await self._synchronise(manager)
        self.connections += 1
        self._backoff.reset()
        log.info("connected to Asterisk", version=manager.greeting)

    async def _synchronise(self, manager: ManagerProtocol) -> None:
        """Take a snapshot, and report it with the events held meanwhile."""
        self._snapshots += 1
        snapshot = await take_snapshot(self._snapshots, Lists(manager, LIST_TIMEOUT))
        if manager.lost.done():
            raise ConnectionLost("the connection to Asterisk was lost")
        held, self._held = self._held, []
        self._manager = manager
        self._up = True
        self._holding = False
        self._listener.on_up(snapshot, held)
        self.missed = False

    def _hold(self) -> None:
        self._holding, self._held_since = True, asyncio.get_running_loop().time()

    async def _until_booted(self, manager: ManagerProtocol) -> None:
        booted = asyncio.create_task(self._booted.wait())
        try:
            await asyncio.wait(
                (booted, manager.lost),
                timeout=BOOT_TIMEOUT,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not booted.done() and not manager.lost.done():
                log.warning(
                    "Asterisk sent no FullyBooted: check that the manager user has read=system"
                    " and that its eventfilter lets FullyBooted pass",
                    timeout=BOOT_TIMEOUT,
                )
        finally:
            booted.cancel()

    def _receive(self, raw: bytes) -> None:
        """Handle a block that answers no action: an event, or an answer that came too late."""
        try:
            event = decode(raw)
        except DecodeError as error:
            self.undecodable += 1
            log.error("cannot decode an event", reason=error.text)
            return
        self.last_event_at = asyncio.get_running_loop().time()
        if event is None:
            if name_of(raw) == b"FullyBooted":
                self._booted.set()
        elif self._holding:
            self._held.append(event)
        else:
            self._listener.on_event(event)


async def log_in(manager: ManagerProtocol, settings: AmiSettings) -> None:
    """Log in. Raises `LoginRefused`, `ConnectionLost` or `Deadline`; no error holds the secret."""
    try:
        await manager.query(
            actions.login(settings.username, settings.secret), settings.action_timeout
        )
    except Rejected as error:
        raise LoginRefused(
            f"Asterisk refused the manager user {settings.username!r} ({error.text}):"
            " check ami.username and ami.secret, and permit= in manager.conf"
        ) from None


async def _keep_alive(manager: ManagerProtocol, may_write: Callable[[], bool]) -> None:
    """Ping a silent Asterisk, and drop the connection when it stays silent, or is not ours.

    TCP alone would take hours to notice.
    """
    loop = asyncio.get_running_loop()
    manager.received_at = loop.time()
    while True:
        await asyncio.sleep(PING_AFTER / 2)
        if manager.lost.done():
            return
        if not may_write():
            manager.drop(ConnectionLost(NOT_OURS))
            return
        silence = loop.time() - manager.received_at
        if silence >= LOST_AFTER:
            manager.drop(ConnectionLost(f"Asterisk has been silent for {silence:.0f} s"))
        elif silence >= PING_AFTER:
            manager.send(actions.ping()).future.add_done_callback(_ignore_outcome)


def _ignore_outcome(answer: "asyncio.Future[object]") -> None:
    """Retrieve a ping's exception, else asyncio logs it; the lost connection is logged anyway."""
    if not answer.cancelled():
        answer.exception()


def _log_failure(task: "asyncio.Task[None]") -> None:
    """Log an exception that ended the connection's task, which only `close` should end."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("the task of the connection to Asterisk has failed", exc_info=error)
