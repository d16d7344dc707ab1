"""The link to Asterisk: always one connection or the wait for the next.

A connection's life: sign in, wait until Asterisk has booted, take a snapshot while events are
held, report `on_up` with both, then hand on each event until the connection goes, report `on_down`,
wait, and begin anew. A refused login or list waits a minute, because trying again mends nothing.
Between `on_up` and `on_down`, and only then, `ask` and `query` reach Asterisk.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

from xucd.ami import actions
from xucd.ami.actions import Action, for_intent
from xucd.ami.backoff import Backoff
from xucd.ami.errors import AmiError, ConnectionLost, DecodeError, LoginRefused, Rejected
from xucd.ami.events import decode
from xucd.ami.framing import Block, name_of
from xucd.ami.protocol import ManagerProtocol, connect
from xucd.ami.resync import take_snapshot
from xucd.center.events import Event
from xucd.center.intents import Intent
from xucd.center.snapshot import Snapshot

log = logging.getLogger(__name__)

QUIET = 5.0
"""Seconds without a byte after which Asterisk is pinged."""

DEAD = 12.0
"""Seconds without a byte after which the peer is taken for dead."""

BOOT_GRACE = 30.0
"""Seconds to wait for `FullyBooted`, which comes at once unless Asterisk is still starting."""

LIST_TIMEOUT = 30.0
"""Seconds for each answer of a snapshot: a list of a thousand channels takes its time."""

REFUSED_DELAY = 60.0


class AmiSettings(Protocol):
    """Where Asterisk is and who signs in there. `action_timeout` is in seconds."""

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


class Connection:
    """Keeps a connection to Asterisk and speaks through it.

    `on_up` gets the snapshot and the events held while it was taken, in order; `on_event` each
    event after that; `on_down` is called when the connection behind the last `on_up` is lost or
    closed. All three are called from the event loop and must not raise. `on_raw` gets each
    connection's greeting and every block that arrives, for recording.
    """

    def __init__(
        self,
        settings: AmiSettings,
        on_event: Callable[[Event], None],
        on_up: Callable[[Snapshot, list[Event]], None],
        on_down: Callable[[], None],
        *,
        on_raw: Callable[[bytes], None] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._on_raw = on_raw
        self._backoff = backoff or Backoff(0.5, 30.0)
        self._task: asyncio.Task[None] | None = None
        self._connection: ManagerProtocol | None = None
        self._up = False
        self._held: list[Event] = []
        self._booted = asyncio.Event()
        self._serial = 0
        self.last_event_at: float | None = None
        """When the last event came, in epoch seconds; None before the first."""
        self.connections = 0
        """How many connections have been up."""
        self.undecodable = 0
        """How many events could not be decoded."""

    @property
    def connected(self) -> bool:
        """Whether the link is up and what it reports is current."""
        return self._up

    def start(self) -> None:
        """Begin to connect, and stay connected until `close`."""
        self._task = asyncio.create_task(self._stay_connected())
        self._task.add_done_callback(_tell_failure)

    async def close(self) -> None:
        """Close and stay closed. What waits for an answer fails with `ConnectionLost`."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def ask(self, intent: Intent) -> None:
        """Ask Asterisk for what the centre wants; return when it has said yes.

        Raises `InvalidValue`, `ConnectionLost`, `Deadline`, or `Rejected` with the code of
        Asterisk's refusal.
        """
        await self.query(for_intent(intent))

    async def query(self, action: Action) -> list[Block]:
        """Send an action and return its answer's blocks. Raises as `ask` does."""
        if not self._up or self._connection is None:
            raise ConnectionLost("no link to Asterisk")
        return await self._connection.query(action, self._settings.action_timeout)

    async def look_again(self) -> None:
        """Take a new snapshot, as after a reconnection: `on_down`, then `on_up`.

        Without a connection nothing is done, since the next one brings its own. Raises `AmiError`
        when the connection is lost meanwhile.
        """
        if not self._up or self._connection is None:
            return
        self._up = False
        self._on_down()
        connection = self._connection
        try:
            await self._take_stock(connection)
        except AmiError as error:
            connection.drop(error)  # else events would be held for ever; the next one looks anew
            raise

    async def _stay_connected(self) -> None:
        while True:
            try:
                reason = await self._connect_once()
                delay = self._backoff()
                log.warning("lost Asterisk: %s; next attempt in %.1f s", reason, delay)
            except LoginRefused as error:
                delay = REFUSED_DELAY
                log.error("%s; next attempt in %.0f s", error.text, delay)
            except Rejected as error:
                delay = REFUSED_DELAY
                log.error(
                    "Asterisk refused %s (%s): `xucd check` says what is missing;"
                    " next attempt in %.0f s",
                    error.action,
                    error.text,
                    delay,
                )
            except AmiError as error:
                delay = self._backoff()
                log.warning("no Asterisk: %s; next attempt in %.1f s", error.text, delay)
            await asyncio.sleep(delay)

    async def _connect_once(self) -> AmiError | None:
        """One connection, until it is lost; returns why. Raises `AmiError` if it never came up."""
        settings = self._settings
        self._held.clear()
        self._booted.clear()
        connection = await connect(
            settings.host, settings.port, settings.action_timeout, self._take, self._on_raw
        )
        heartbeat = asyncio.create_task(_keep_alive(connection))
        try:
            await self._come_up(connection)
            return await asyncio.shield(connection.lost)
        finally:
            heartbeat.cancel()
            connection.close()
            self._connection = None
            if self._up:
                self._up = False
                self._on_down()

    async def _come_up(self, connection: ManagerProtocol) -> None:
        settings = self._settings
        await sign_in(connection, settings)
        await self._until_booted(connection)
        await self._take_stock(connection)
        self.connections += 1
        self._backoff.reset()
        log.info("Asterisk is current: %s", connection.greeting)

    async def _take_stock(self, connection: ManagerProtocol) -> None:
        """Take a snapshot, and hand it on with the events held meanwhile."""
        self._serial += 1
        snapshot = await take_snapshot(
            self._serial, lambda action: connection.query(action, LIST_TIMEOUT)
        )
        if connection.lost.done():
            raise ConnectionLost("the link to Asterisk was lost")
        held, self._held = self._held, []
        self._connection = connection
        self._up = True
        self._on_up(snapshot, held)

    async def _until_booted(self, connection: ManagerProtocol) -> None:
        booted = asyncio.create_task(self._booted.wait())
        try:
            await asyncio.wait(
                (booted, connection.lost),
                timeout=BOOT_GRACE,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not booted.done() and not connection.lost.done():
                log.warning(
                    "Asterisk sent no FullyBooted in %.0f s: does the manager user have"
                    " read=system, and does its eventfilter let FullyBooted pass?",
                    BOOT_GRACE,
                )
        finally:
            booted.cancel()

    def _take(self, raw: bytes) -> None:
        """One raw block that answers nothing: an event, or an answer that came too late."""
        try:
            event = decode(raw)
        except DecodeError as error:
            self.undecodable += 1
            log.error("an event that cannot be decoded: %s", error.text)
            return
        self.last_event_at = time.time()
        if event is None:
            if name_of(raw) == b"FullyBooted":
                self._booted.set()
        elif self._up:
            self._on_event(event)
        else:
            self._held.append(event)


async def sign_in(connection: ManagerProtocol, settings: AmiSettings) -> None:
    """Log in. Raises `LoginRefused`, `ConnectionLost` or `Deadline`; no error holds the secret."""
    try:
        await connection.query(
            actions.login(settings.username, settings.secret), settings.action_timeout
        )
    except Rejected as error:
        raise LoginRefused(
            f"Asterisk refused the manager user {settings.username!r} ({error.text}):"
            " check ami.username and ami.secret, and permit= in manager.conf"
        ) from None


async def _keep_alive(connection: ManagerProtocol) -> None:
    """Ping a silent peer, and give up one that stays silent: TCP alone would wait for hours."""
    loop = asyncio.get_running_loop()
    connection.heard_at = loop.time()
    while True:
        await asyncio.sleep(QUIET / 2)
        if connection.lost.done():
            return
        silence = loop.time() - connection.heard_at
        if silence >= DEAD:
            connection.drop(ConnectionLost(f"Asterisk has been silent for {silence:.0f} s"))
        elif silence >= QUIET:
            connection.send(actions.ping()).future.add_done_callback(_retrieved)


def _retrieved(answer: "asyncio.Future[object]") -> None:
    """A ping's answer matters only as bytes; its failure is the connection's, told elsewhere."""
    if not answer.cancelled():
        answer.exception()


def _tell_failure(task: "asyncio.Task[None]") -> None:
    """The link's task ends only when it is closed: anything else is a fault of ours, said aloud."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("the link to Asterisk has failed", exc_info=error)
