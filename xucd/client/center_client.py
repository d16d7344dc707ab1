"""One client of xucd: a link that is kept up, live state, commands and what becomes of them."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar, cast
from weakref import WeakSet

import msgspec

from xucd.client.authentication import Authentication
from xucd.client.commands import Commands
from xucd.client.errors import Refused
from xucd.client.events import Events
from xucd.client.link import ClientLink, Received
from xucd.client.state import State
from xucd.client.watching import Watched, distinct
from xucd.cti import messages as msg
from xucd.cti.parts import PARTS, SentCommand, StatePart

REPLACED = 4010
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds
AT_ONCE = 50
"""How many commands wait on xucd at one time while we catch up."""

M = TypeVar("M", bound=msg.Message)

log = logging.getLogger("xucd.client")


async def connect(
    url: str, login: str = "", password: str = "", *, token: str = ""
) -> "CenterClient":
    """Sign in by login and password or by a token, open the link and read what is there.

    Raises `Refused`.
    """
    center = CenterClient(Authentication(url, login, password, token))
    await center._start()
    return center


class CenterClient(Commands):
    """A client; made by `connect`. Close it, or use it as an async context manager."""

    def __init__(self, session: Authentication) -> None:
        self.state = State()
        self._session = session
        self._wire: ClientLink | None = None
        self._place: dict[str, object] = {}
        self._watched = Watched()
        self._listeners: list[Callable[[msg.Message], None]] = []
        self._events: WeakSet[Events] = WeakSet()
        self._ready = asyncio.Event()
        self._over: Refused | None = None
        self._ids = itertools.count(1)
        self._hello: asyncio.Future[msg.LoggedOn] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def token(self) -> str:
        """The present token, for other requests."""
        return self._session.token

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the link."""
        self._end(Refused("Closed", "The client was closed."))
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        wire = self._wire
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if wire is not None:
            await wire.close()

    # --- Listening

    def on(self, kind: type[M], handler: Callable[[M], None]) -> Callable[[], None]:
        """Call a handler for each message of a type; returns a function that ends it.

        A handler that raises is logged and stays.
        """

        def heard(body: msg.Message) -> None:
            if type(body) is kind:
                handler(body)

        self._listeners.append(heard)
        return lambda: self._listeners.remove(heard)

    async def opened(self) -> None:
        """Wait until there is a link and all is caught up with. Raises `Refused` at the end."""
        await self._ready.wait()
        if self._over is not None:
            raise self._over

    async def until(
        self, kind: type[M], fits: Callable[[M], bool] = lambda _: True, within: float = 15.0
    ) -> M:
        """The next message of a type that fits. Raises TimeoutError, or `Refused` at the end."""
        async with asyncio.timeout(within):
            async for body in self.events(kind):
                if fits(cast(M, body)):
                    return cast(M, body)
        raise self._over or Refused("Closed")

    def events(self, *kinds: type[msg.Message]) -> Events:
        """All messages from now on, or those of some types, as an async iterator."""
        events = Events(kinds)
        self._events.add(events)
        if self._over is not None:
            events.end()
        return events

    async def watch(self, *parts: StatePart) -> None:
        """Subscribe to parts of the state and fill them; they stay current, over lost links too.

        Raises `Refused`.
        """
        while True:
            await self.opened()
            try:
                await self._read([one for part in parts for one in PARTS[part]])
                if "queueCalls" in parts:
                    await self._read(self._queue_calls())
            except Refused as refused:
                if refused.code != "Disconnected":
                    raise
                continue
            self._watched.parts.update(dict.fromkeys(parts))
            return

    # --- Asking

    async def ask(self, command: str, values: dict[str, Any] | None = None) -> None:
        """Send any command as the wire spells it, once; returns when it is done. Raises `Refused`.

        What is None counts as left out. `Disconnected` says that it may or may not have been done.
        """
        given = {key: value for key, value in (values or {}).items() if value is not None}
        await self._ask(command, given)
        self._watched.record(command, given)

    async def _query(
        self,
        command: str,
        values: dict[str, Any],
        answer: type[M],
        same: tuple[str, str] | None = None,
    ) -> M:
        if same == ("id", "id"):
            values = {"id": next(self._ids), **values}
        found: list[M] = []

        def heard(body: msg.Message) -> None:
            if type(body) is answer and (same is None or _fits(body, same, values)):
                found.append(body)

        self._listeners.append(heard)
        try:
            await self.ask(command, values)
        finally:
            self._listeners.remove(heard)
        return found[-1]

    async def _ask(self, command: str, values: dict[str, Any]) -> None:
        if self._over is not None:
            raise self._over
        if self._wire is None:
            raise Refused("Disconnected", "There is no link to xucd at present.")
        await self._wire.ask(command, values)

    # --- The link

    async def _start(self) -> None:
        await self._session.begin()
        wire = await self._opened()
        self._spawn(self._session.keep_fresh())
        self._spawn(self._live(wire))
        await self.opened()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _opened(self) -> ClientLink:
        self._hello = asyncio.get_running_loop().create_future()
        self._wire = await ClientLink.open(
            self._session.address(resume=1, **self._place), self._heard
        )
        return self._wire

    async def _live(self, wire: ClientLink) -> None:
        """Use a link, and open it again whenever it is lost."""
        failures = 0
        try:
            while True:
                try:
                    failures = 0 if await self._use(wire) else failures
                except Refused as refused:
                    if refused.code != "Disconnected":
                        raise
                wire, failures = await self._again(failures)
        except Refused as refused:
            self._end(refused)
        finally:
            # Nobody is to wait for ever on a client that has failed.
            self._end(Refused("Closed", "The client has failed."))

    async def _again(self, failures: int) -> tuple[ClientLink, int]:
        """Open a link, however often that fails. Raises `Refused` once it is of no use."""
        while True:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10))
            failures += 1
            # Spread out, so that not all clients come back in the same instant.
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            try:
                await self._session.renew()
                return await self._opened(), failures
            except Refused as refused:
                if refused.final:
                    raise

    async def _use(self, wire: ClientLink) -> bool:
        """Catch up on a new link, then wait for its end; returns whether it was ever greeted."""
        assert self._hello is not None
        gone = asyncio.ensure_future(wire.closed())
        try:
            await asyncio.wait((gone, self._hello), return_when=asyncio.FIRST_COMPLETED)
            if self._hello.done():
                await self._catch_up(self._hello.result().recovered is True)
                self._ready.set()
                self.state.link = "opened"
            code, _ = await gone
            if code == REPLACED:
                self._place = {}
            return self._hello.done()
        finally:
            gone.cancel()
            self._wire = None
            if self._over is None:
                self._ready.clear()
            self.state.link = "closed"

    async def _catch_up(self, recovered: bool) -> None:
        """Read what a new stream does not tell by itself; on one that goes on, wait for its end."""
        self.state.link = "catching-up"
        if recovered:
            if "agents" in self._watched.parts:
                # What we missed tells ages as of then.
                await self._ask("getAgentStates", {})
        else:
            await self._read([("getConfig", {"objectType": "line"})], anew=True)
            await self._read(self._watched.all(), anew=True)
            if "queueCalls" in self._watched.parts:
                await self._read(self._queue_calls(), anew=True)
        await self._ask("getCurrentCallsPhoneEvents", {})

    def _queue_calls(self) -> list[SentCommand]:
        return [("subscribeToQueueCalls", {"queueId": queue_id}) for queue_id in self.state.queues]

    async def _read(self, commands: Iterable[SentCommand], *, anew: bool = False) -> None:
        """Send reading commands, some at a time; of refusals, only a lost link counts if anew."""
        wanted = distinct(commands)
        for at in range(0, len(wanted), AT_ONCE):
            some = (self._ask(*command) for command in wanted[at : at + AT_ONCE])
            for result in await asyncio.gather(*some, return_exceptions=True):
                if isinstance(result, Refused) and anew and result.code != "Disconnected":
                    continue
                if isinstance(result, BaseException):
                    raise result

    def _heard(self, _raw: str, received: Received) -> None:
        if received.position is not None:
            self._place["position"] = received.position
        if received.kind not in msg.MESSAGES:
            return  # a heartbeat, or what a newer xucd tells
        try:
            body = msg.decode(received.kind, bytes(received.body))
        except msgspec.ValidationError:  # of a newer xucd; what else it tells is still good
            log.exception("a %s is not what this client knows", received.kind)
            return
        self.state.take(body)
        if isinstance(body, msg.LoggedOn):
            self._greeted(body)
        elif isinstance(body, msg.QueueConfig) and "queueCalls" in self._watched.parts:
            self._spawn(self._also(body.id))
        self._pass_on(body)

    def _greeted(self, body: msg.LoggedOn) -> None:
        if isinstance(body.stream, msg.Stream):
            self._place = {"epoch": body.stream.epoch, "position": body.stream.position}
        if self._hello is not None and not self._hello.done():
            self._hello.set_result(body)

    def _pass_on(self, body: msg.Message) -> None:
        for listener in list(self._listeners):
            try:
                listener(body)
            except Exception:  # one handler's: the others and the link go on
                log.exception("a handler of %s failed", type(body).__name__)
        for events in list(self._events):
            events.heard(body)

    async def _also(self, queue_id: int) -> None:
        """Hear of a queue that is new."""
        with contextlib.suppress(Refused):  # a lost link reads all queues again
            await self._ask("subscribeToQueueCalls", {"queueId": queue_id})

    def _end(self, why: Refused) -> None:
        if self._over is None:
            self._over = why
            self.state.link = "closed"
            self._ready.set()
            for events in list(self._events):
                events.end()


def _fits(body: msg.Message, same: tuple[str, str], values: dict[str, Any]) -> bool:
    """Whether an answer repeats an argument, which the wire may spell as another type."""
    in_answer, in_command = same
    spelled = dict(zip(body.__struct_encode_fields__, body.__struct_fields__, strict=True))
    return str(getattr(body, spelled[in_answer])) == str(values[in_command])
