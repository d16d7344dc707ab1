"""A client of xucd: a link that is kept open, live state, and acknowledged commands."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, TypeVar, cast
from weakref import WeakSet

import msgspec

from xucd.client.authentication import Authentication
from xucd.client.commands import Commands
from xucd.client.errors import Refused
from xucd.client.events import Events
from xucd.client.link import Answers, ClientLink, Received
from xucd.client.state import State
from xucd.client.watching import Watched, distinct
from xucd.cti import messages as msg
from xucd.cti.parts import PARTS, SentCommand, StatePart

REPLACED, SIGNED_OUT = 4010, 4011
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds
HEARTBEAT, QUICK_HEARTBEAT = 5.0, 1.5
"""Seconds between two pings: with one address, and with others to go to."""
AT_ONCE = 50
"""How many reading commands may be unanswered at a time."""

M = TypeVar("M", bound=msg.Message)

log = logging.getLogger("xucd.client")


async def connect(
    url: str | Sequence[str], login: str = "", password: str = "", *, token: str = ""
) -> "CenterClient":
    """Sign in by login and password or by a token, open the link and read the user's own state.

    `url` may be several, of nodes of one centre: the first that answers is used until it fails,
    then the next. Raises `Refused`.
    """
    center = CenterClient(Authentication(url, login, password, token))
    await center._start()
    return center


class CenterClient(Commands):
    """A client; made by `connect`. Close it, or use it as an async context manager."""

    def __init__(self, authentication: Authentication) -> None:
        self.state = State()
        self._authentication = authentication
        self._link: ClientLink | None = None
        self._answers = Answers()
        self._position: dict[str, object] = {}
        self._watched = Watched()
        self._owed: list[SentCommand] = []  # refused because a PBX was away; read when it is back
        self._listeners: list[Callable[[msg.Message], None]] = []
        self._events: WeakSet[Events] = WeakSet()
        self._ready = asyncio.Event()
        self._ended: Refused | None = None
        self._ids = itertools.count(1)
        self._greeting: asyncio.Future[msg.LoggedOn] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def token(self) -> str:
        """The present token, for HTTP requests."""
        return self._authentication.token

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the link; the token stays valid."""
        self._end(Refused("Closed", "The client was closed."))
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        link = self._link
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if link is not None:
            await link.close()

    async def sign_out(self, *, everywhere: bool = False) -> None:
        """End the link and the sign-in: its tokens are no longer valid.

        With `everywhere`, all sign-ins of the user end. Raises `Refused`; the link is ended all the
        same.
        """
        await self.close()
        await self._authentication.sign_out(everywhere=everywhere)

    async def change_password(self, password: str, new_password: str) -> None:
        """Change the user's password from `password`. Raises `Refused`.

        All other sign-ins of the user end; this one and its link go on.
        """
        await self._authentication.change_password(password, new_password)

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
        """Wait until the link is open and the state is current.

        Raises `Refused` once the link is closed for good.
        """
        await self._ready.wait()
        if self._ended is not None:
            raise self._ended

    async def until(
        self, kind: type[M], fits: Callable[[M], bool] = lambda _: True, within: float = 15.0
    ) -> M:
        """Wait for the next message of a type that fits.

        Raises TimeoutError, or `Refused` once the link is closed for good.
        """
        async with asyncio.timeout(within):
            async for body in self.events(kind):
                if fits(cast(M, body)):
                    return cast(M, body)
        raise self._ended or Refused("Closed")

    def events(self, *kinds: type[msg.Message]) -> Events:
        """All messages from now on, or those of some types, as an async iterator."""
        events = Events(kinds)
        self._events.add(events)
        if self._ended is not None:
            events.end()
        return events

    async def watch(self, *parts: StatePart) -> None:
        """Subscribe to parts of the state and fill them; reconnections keep them current.

        Raises `Refused`.
        """
        while True:
            await self.opened()
            try:
                await self._read([sent for part in parts for sent in PARTS[part]])
                if "queueCalls" in parts:
                    await self._read(_calls_of(self.state.queues))
            except Refused as refused:
                if refused.code != "Disconnected":
                    raise
                continue
            self._watched.parts.update(dict.fromkeys(parts))
            return

    # --- Asking

    async def ask(self, command: str, values: dict[str, Any] | None = None) -> None:
        """Send any command as the wire spells it, once; returns when it has been carried out.

        A value of None is left out. A result that was missed with a lost link comes with the next
        one. Raises `Refused`; with `Disconnected` there is none, and it is unknown whether the
        command was carried out.
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
        if self._ended is not None:
            raise self._ended
        if self._link is None:
            raise Refused("Disconnected", "There is no link to xucd at present.")
        await self._link.ask(command, values)

    # --- The link

    async def _start(self) -> None:
        await self._authentication.begin()
        link = await self._open()
        self._spawn(self._authentication.keep_fresh())
        self._spawn(self._keep_open(link))
        await self.opened()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> ClientLink:
        self._greeting = asyncio.get_running_loop().create_future()
        addresses = self._authentication.addresses
        try:
            self._link = await ClientLink.open(
                self._authentication.address(resume=1, **self._position),
                self._receive,
                heartbeat=QUICK_HEARTBEAT if addresses.several else HEARTBEAT,
                answers=self._answers,
            )
        except Refused:
            addresses.move_on()
            raise
        return self._link

    async def _keep_open(self, link: ClientLink) -> None:
        """Follow a link, and open a new one whenever it is lost."""
        failures = 0
        try:
            while True:
                try:
                    failures = 0 if await self._follow_link(link) else failures
                except Refused as refused:
                    if refused.code != "Disconnected":
                        raise
                link, failures = await self._reopen(failures)
        except Refused as refused:
            self._end(refused)
        finally:
            # Nobody must wait for ever on a client that has failed.
            self._end(Refused("Closed", "The client has failed."))

    async def _reopen(self, failures: int) -> tuple[ClientLink, int]:
        """Open a link, retrying as long as it may succeed. Raises `Refused`."""
        while True:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10))
            failures += 1
            # Jitter, so that not all clients reconnect in the same instant.
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            try:
                await self._authentication.renew()
                return await self._open(), failures
            except Refused as refused:
                if refused.final:
                    raise

    async def _follow_link(self, link: ClientLink) -> bool:
        """Catch up on a new link, then wait for its end; returns whether `LoggedOn` came."""
        assert self._greeting is not None
        gone = asyncio.ensure_future(link.closed())
        try:
            await asyncio.wait((gone, self._greeting), return_when=asyncio.FIRST_COMPLETED)
            if self._greeting.done():
                await self._catch_up_on(gone, self._greeting.result().recovered is True)
            code, _ = await gone
            if code == REPLACED:
                self._position = {}
            elif code == SIGNED_OUT:
                self._authentication.forget()
            if link.silent or not self._greeting.done():
                self._authentication.addresses.move_on()
            # Any other link may be resumed where it was, if somebody answers there.
            return self._greeting.done()
        finally:
            gone.cancel()
            self._link = None
            if self._ended is None:
                self._ready.clear()
            self.state.link = "closed"

    async def _catch_up_on(self, gone: "asyncio.Future[Any]", recovered: bool) -> None:
        """Catch up, unless the link is gone before."""
        catching_up = asyncio.ensure_future(self._catch_up(recovered))
        try:
            await asyncio.wait((gone, catching_up), return_when=asyncio.FIRST_COMPLETED)
            if catching_up.done():
                catching_up.result()
                self._ready.set()
                self.state.link = "opened"
        finally:
            catching_up.cancel()

    async def _catch_up(self, recovered: bool) -> None:
        """Bring the state up to date: read it on a new stream, or await the missed messages."""
        self.state.link = "catching-up"
        mark = self._answers.mark
        if recovered:
            await self._read_owed()
            if "agents" in self._watched.parts:
                # Missed messages carry ages as of when they were sent.
                await self._read([("getAgentStates", {})])
        else:
            self._owed.clear()
            self._answers.give_up(mark)
            await self._read([("getConfig", {"objectType": "line"})], anew=True)
            await self._read(self._watched.all(), anew=True)
            if "queueCalls" in self._watched.parts:
                await self._read(_calls_of(self.state.queues), anew=True)
        await self._read([("getCurrentCallsPhoneEvents", {})])
        # It is answered after all that was missed: what has no result until now gets none.
        self._answers.give_up(mark)

    async def _read(self, commands: Iterable[SentCommand], *, anew: bool = False) -> None:
        """Send reading commands, some at a time; of refusals, only a lost link counts if anew.

        What a PBX that is away cannot be asked for is read when it is back, and is no failure.
        """
        wanted = distinct(commands)
        for at in range(0, len(wanted), AT_ONCE):
            some = wanted[at : at + AT_ONCE]
            asked = (self._ask(*command) for command in some)
            results = await asyncio.gather(*asked, return_exceptions=True)
            refused = [each.code if isinstance(each, Refused) else "" for each in results]
            self._owed += [
                command
                for command, code in zip(some, refused, strict=True)
                if code == "PbxUnavailable"
            ]
            for result, code in zip(results, refused, strict=True):
                tolerated = code == "PbxUnavailable" or (anew and code not in ("", "Disconnected"))
                if isinstance(result, BaseException) and not tolerated:
                    raise result

    async def _read_owed(self) -> None:
        """Read what a PBX that was away could not be asked for."""
        owed, self._owed = self._owed, []
        try:
            await self._read(owed, anew=True)
        except Refused:
            self._owed += owed  # the next link reads it

    def _receive(self, _raw: str, received: Received) -> None:
        if received.position is not None:
            self._position["position"] = received.position
        if received.kind not in msg.MESSAGES:
            return  # a heartbeat, or a message of a newer xucd
        try:
            body = msg.decode(received.kind, bytes(received.body))
        except msgspec.ValidationError:  # of a newer xucd; its other messages are still good
            log.exception("cannot decode a %s message", received.kind)
            return
        fresh = self._fresh_queues(body)
        self.state.apply(body)
        if isinstance(body, msg.LoggedOn):
            self._start_stream(body)
        elif isinstance(body, msg.LinkStatus) and body.asterisk == "current":
            self._spawn(self._read_owed())
        elif fresh and "queueCalls" in self._watched.parts:
            self._spawn(self._watch_calls(fresh))
        self._deliver(body)

    def _start_stream(self, body: msg.LoggedOn) -> None:
        if isinstance(body.stream, msg.Stream):
            self._position = {"epoch": body.stream.epoch, "position": body.stream.position}
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_result(body)

    def _deliver(self, body: msg.Message) -> None:
        for listener in list(self._listeners):
            try:
                listener(body)
            except Exception:  # of one handler: the others and the link go on
                log.exception("a handler of %s failed", type(body).__name__)
        for events in list(self._events):
            events.put(body)

    def _fresh_queues(self, body: msg.Message) -> list[int]:
        """The queues that a message tells of for the first time: a new one, or of a PBX back."""
        if isinstance(body, msg.QueueConfig):
            return [body.id]
        if isinstance(body, msg.QueueList) and self.state.link == "opened":
            return [queue.id for queue in body.items if queue.id not in self.state.queues]
        return []

    async def _watch_calls(self, queue_ids: Iterable[int]) -> None:
        """Subscribe to the waiting calls of queues."""
        with contextlib.suppress(Refused):  # a lost link reads all queues again
            await self._read(_calls_of(queue_ids), anew=True)

    def _end(self, why: Refused) -> None:
        if self._ended is None:
            self._ended = why
            self._answers.give_up()
            self.state.link = "closed"
            self._ready.set()
            for events in list(self._events):
                events.end()


def _calls_of(queue_ids: Iterable[int]) -> list[SentCommand]:
    return [("subscribeToQueueCalls", {"queueId": queue_id}) for queue_id in queue_ids]


def _fits(body: msg.Message, same: tuple[str, str], values: dict[str, Any]) -> bool:
    """Whether an answer repeats an argument; its type on the wire may differ."""
    in_answer, in_command = same
    spelled = dict(zip(body.__struct_encode_fields__, body.__struct_fields__, strict=True))
    return str(getattr(body, spelled[in_answer])) == str(values[in_command])
