"""One TCP connection to Asterisk's manager: panoramisk's protocol and manager, made safe.

panoramisk connects, numbers the actions and knows where lists begin and end; that is kept. Replaced
is whatever could lose or repeat something, or takes long: framing works on bytes; events go to
xucd's decoder instead of panoramisk's slow messages, and so do single answers and the items of
lists; an action is never sent twice; and an action without an answer fails at once when the
connection is lost. `xucd.ami.connection` makes the next connection.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from panoramisk.actions import Action as PendingAction
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from xucd.ami.actions import Action
from xucd.ami.errors import AmiError, ConnectionLost, Deadline, Rejected
from xucd.ami.forgery import is_forged
from xucd.ami.framing import Block, Framer, name_of, parse

_ACTION_ID = b"\r\nActionID: "
_SHUTDOWN = b"Event: Shutdown"

HELD_S = 2.0
"""How long a block that is cut waits for its rest, in seconds: Asterisk writes each at once."""

DOUBTED_S = 0.05
"""How long a block waits that is whole, unless its dialled number goes on."""

TURN = 1 << 16
"""The most bytes that are processed in one turn of the event loop: then it is everybody's turn."""

GATHER_S = 0.003
"""Under load, there are so many seconds between two reads at least, so that bytes gather. An event
that is read alone takes a third more of the processor than one among others; at 3,000 a second this
is time for ten, and too short to be noticed."""

SOON_S = 0.01
"""A read is soon after the one before if it is so many seconds later at most."""

BUSY_READS = 32
"""So many small reads in a row, each soon after the one before, are load. A call has fewer."""

SMALL = 1 << 14
"""The most bytes of a small read. What comes faster, such as a list, has no need to gather."""

Take = Callable[[bytes], None]
"""Takes an item of a list, raw, as it arrives; may raise `AmiError`."""


class Endpoint(Protocol):
    """An address to connect to; `action_timeout` is the time limit in seconds."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def action_timeout(self) -> float: ...


NOT_OURS = "this node does not own the PBX at present"


def always() -> bool:
    """Whether one may write to a PBX that has no other owner."""
    return True


class SentAction(NamedTuple):
    """An action that was sent. Its future gets the answer, of a list all that panoramisk has."""

    id: str
    future: "asyncio.Future[Any]"


class _Answer(Message):  # type: ignore[misc]  # panoramisk is untyped
    """A block in the form that panoramisk needs, and the block itself."""

    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self.block = block


class _List(NamedTuple):
    """A list that is being answered, how its items begin, and who takes them."""

    sent: SentAction
    items: tuple[bytes, ...]
    take: Take

    def takes(self, raw: bytes) -> bool:
        """Take an item; False for the list's first block and its last, which are panoramisk's."""
        if not raw.startswith(self.items):
            name = name_of(raw)
            return bool(name) and not name.endswith(b"Complete")
        if not self.sent.future.done():
            try:
                self.take(raw)
            except AmiError as error:
                self.sent.future.set_exception(error)
        return True


class ManagerProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk is untyped
    """One TCP connection to Asterisk, from the greeting to its end.

    `on_event` gets each event's raw block; `on_raw` the greeting and then every raw block, before
    it is processed. `received_at` is the event loop's time of the last byte, `processed_at` that of
    the last one up to which all are processed. `may_write` is asked before each write: where it
    says no, nothing is written, and the connection is dropped. `lost` is done when the connection
    has ended: its result is the reason, or None when it was closed on this side.
    """

    responses: dict[
        str, Any
    ]  # what waits for an answer, by action id: panoramisk's, or a `SentAction`

    def __init__(
        self,
        on_event: Callable[[bytes], None],
        on_raw: Callable[[bytes], None] | None = None,
        may_write: Callable[[], bool] = always,
    ) -> None:
        self._on_event = on_event
        self._may_write = may_write
        self._on_raw = on_raw
        self._framer = Framer()
        self._giving_up: asyncio.Handle | None = None
        self._unprocessed = b""
        self._soon_reads = 0  # in a row, up to the last one
        self._gathering: asyncio.TimerHandle | None = None
        self._unsent: list[bytes] | None = None  # None before this turn's first action
        self._lists: dict[bytes, _List] = {}
        self._listed = b""  # the action id of the list that is being read; b"" between lists
        self.lost: asyncio.Future[AmiError | None] = asyncio.get_running_loop().create_future()
        self.received_at = self.processed_at = 0.0

    @property
    def greeting(self) -> str | None:
        """Asterisk's greeting line, None until it has come."""
        return self._framer.greeting

    def data_received(self, data: bytes) -> None:
        """Process bytes from the network. Called by the event loop.

        Nothing more is read before the next turn of the loop. Otherwise a burst would be read to
        its end while what it leads to, and everybody else, waits. Under load, the next read is
        no sooner than `GATHER_S` after this one.
        """
        before, self.received_at = self.received_at, asyncio.get_running_loop().time()
        soon = len(data) <= SMALL and self.received_at - before <= SOON_S
        self._soon_reads = self._soon_reads + 1 if soon else 0
        self._unprocessed += data
        self.transport.pause_reading()
        self._take_turn()

    def _take_turn(self) -> None:
        data, self._unprocessed = self._unprocessed[:TURN], self._unprocessed[TURN:]
        with self._dropping_if_failed():
            self._feed(data)
        if self.lost.done():
            return
        if not self._unprocessed:
            self.processed_at = self.received_at
        # Behind what is due to clients by now.
        asyncio.get_running_loop().call_soon(self._next_turn)

    @contextmanager
    def _dropping_if_failed(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # What came behind may depend on it; the next connection reads all anew.
            self.drop(ConnectionLost("an event could not be processed"))
            raise

    def _next_turn(self) -> None:
        if self.lost.done() or self.transport.is_closing():
            return
        if self._unprocessed:
            self._take_turn()
        elif self._soon_reads < BUSY_READS or self._framer.holds:
            # The rest of what is held is to be read before it is given up.
            self.transport.resume_reading()
        else:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_at(self.received_at + GATHER_S, self._read_on)

    def hurry(self) -> None:
        """Somebody waits for what comes next: read it at once, also under load."""
        self._soon_reads = 0
        if self._gathering is not None:
            self._gathering.cancel()
            self._read_on()

    def _read_on(self) -> None:
        self._gathering = None
        if not (self.lost.done() or self.transport.is_closing()):
            self.transport.resume_reading()

    def _feed(self, data: bytes) -> None:
        greeted = self.greeting is not None
        try:
            blocks = self._framer.feed(data)
        except AmiError as error:
            self.drop(error)
            return
        if self._on_raw is not None and self.greeting is not None and not greeted:
            self._on_raw(self.greeting.encode())
        self._process(blocks)
        if blocks or not self._framer.holds:
            self._wait_no_more()
        if self._framer.holds and self._giving_up is None:
            loop = asyncio.get_running_loop()
            wait = DOUBTED_S if self._framer.doubts else HELD_S
            self._giving_up = loop.call_later(wait, self._give_up)

    def _give_up(self, turns: int = 2) -> None:
        """Let go what is held: its rest would have come by now.

        What came while the loop stood still is read first, which takes it a turn or two.
        """
        if turns > 0:
            loop = asyncio.get_running_loop()
            self._giving_up = loop.call_soon(self._give_up, turns - 1)
            return
        self._giving_up = None
        if self._framer.holds and not self.lost.done():
            with self._dropping_if_failed():
                self._process(self._framer.give_up())

    def _wait_no_more(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _process(self, blocks: list[bytes]) -> None:
        for raw in blocks:
            if self._on_raw is not None:
                self._on_raw(raw)
            if self.responses and (at := raw.find(_ACTION_ID)) >= 0:
                start = at + len(_ACTION_ID)
                end = raw.find(b"\r\n", start)
                if self._is_answer(raw, raw[start:] if end < 0 else raw[start:end]):
                    continue
            if self._listed or is_forged(raw):
                continue  # a number has said it: Asterisk sends nothing between a list's items
            self._on_event(raw)
            if raw.startswith(_SHUTDOWN) and name_of(raw) == b"Shutdown":
                self.drop(ConnectionLost("Asterisk is shutting down"))

    def _is_answer(self, raw: bytes, action_id: bytes) -> bool:
        """Give a block to the action that waits for it; False when none does.

        Single answers and the items of a list pass panoramisk by, which takes ten times as long.
        """
        listed = self._lists.get(action_id)
        if listed is not None:
            if listed.takes(raw):
                return True
            self._listed = action_id if b"\r\nEventList: start" in raw else b""
        key = action_id.decode("utf-8", "replace")
        sent = self.responses.get(key)
        if isinstance(sent, SentAction):
            del self.responses[key]
            if not sent.future.done():
                sent.future.set_result(parse(raw))
        elif sent is not None:
            self.handle_message(_Answer(parse(raw)))
        return sent is not None

    async def query(self, action: Action, timeout: float) -> list[Block]:
        """Send an action and return its answer: one block, or a list's blocks.

        Waits `timeout` seconds. Raises `ConnectionLost`, `Deadline` or `Rejected`. The action
        is sent once only: after `ConnectionLost` and `Deadline` it is unknown whether Asterisk has
        carried it out.
        """
        return await self.begin(action, timeout)

    async def list_each(self, action: Action, take: Take, timeout: float) -> None:
        """Send an action that is answered by a list, and give each item to `take` as it arrives.

        So the list is never in memory as a whole. Raises as `query` does, and what `take` raises.
        """
        if self.lost.done():
            raise ConnectionLost("no connection to Asterisk")
        sent = self.send(action)
        action_id = sent.id.encode()
        self._lists[action_id] = _List(sent, _LISTS[action.name], take)
        try:
            await self._answer(action, sent, timeout)
        finally:
            del self._lists[action_id]
            if self._listed == action_id:
                self._listed = b""

    def begin(self, action: Action, timeout: float) -> Coroutine[Any, Any, list[Block]]:
        """Send an action now; what is returned waits for its answer, as `query` does.

        Raises `ConnectionLost`.
        """
        if self.lost.done():
            raise ConnectionLost("no connection to Asterisk")
        return self._answer(action, self.send(action), timeout)

    async def _answer(self, action: Action, sent: SentAction, timeout: float) -> list[Block]:
        try:
            # Not wait_for(): Python 3.11's forgets a cancellation that comes with the result.
            async with asyncio.timeout(timeout):
                answer = await sent.future
        except TimeoutError:
            raise Deadline(f"Asterisk did not answer {action.name} in {timeout:g} s") from None
        finally:
            self.responses.pop(sent.id, None)
        blocks = [
            each.block if isinstance(each, _Answer) else each
            for each in (answer if isinstance(answer, list) else [answer])
        ]
        if blocks[0].get("Response") == "Error":
            raise Rejected(action.name, blocks[0].get("Message", ""))
        return blocks

    def send(self, action: Action) -> SentAction:
        """Send an action. The connection must be open.

        panoramisk's own `send` logs an action that fails, with the secret in it. It is asked for
        lists alone, of which it knows where they begin and end.
        """
        if action.name in _LISTS:
            pending = PendingAction(action.as_dict())
            sent, waiting, text = SentAction(pending.id, pending.future), pending, str(pending)
        else:
            headers = action.as_dict()
            if "ActionID" not in headers:
                headers["ActionID"] = PendingAction.action_id_generator()
            text = "".join([f"{key}: {value}\r\n" for key, value in headers.items()]) + "\r\n"
            sent = waiting = SentAction(
                headers["ActionID"], asyncio.get_running_loop().create_future()
            )
        self.responses[sent.id] = waiting
        self._write(text.encode())
        return sent

    def _write(self, data: bytes) -> None:
        """Write at once, but all that this turn has after its first in one go."""
        if not self._may_write():
            self.drop(ConnectionLost(NOT_OURS))
        elif self._unsent is None:
            self._unsent = []
            asyncio.get_running_loop().call_soon(self._write_unsent)
            self.transport.write(data)
        else:
            self._unsent.append(data)

    def _write_unsent(self) -> None:
        unsent, self._unsent = self._unsent, None
        if not unsent or self.transport.is_closing():
            return
        if self._may_write():
            self.transport.write(b"".join(unsent))
        else:
            self.drop(ConnectionLost(NOT_OURS))

    def drop(self, reason: AmiError) -> None:
        """Abort the connection at once, without sending what is still buffered."""
        self._end(reason)
        self.transport.abort()

    def close(self) -> None:
        """Close the connection; actions without an answer fail now."""
        self._end(None)
        self._write_unsent()
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection. Called by the event loop.

        What came before it has happened, and is processed.
        """
        data, self._unprocessed = self._unprocessed, b""
        if data and not self.lost.done():
            with self._dropping_if_failed():
                self._feed(data)
            self.processed_at = self.received_at
        self._end(ConnectionLost(str(exc) if exc else "Asterisk closed the connection"))

    def _end(self, reason: AmiError | None) -> None:
        if self.lost.done():
            return
        self._wait_no_more()
        self.closed = True
        self.lost.set_result(reason)
        waiting, self.responses = self.responses, {}
        for action in waiting.values():
            if not action.future.done():
                action.future.set_exception(ConnectionLost("the connection to Asterisk was lost"))


def _beginnings(*names: str) -> tuple[bytes, ...]:
    return tuple(f"Event: {name}\r\n".encode() for name in names)


_LISTS = {
    "BridgeList": _beginnings("BridgeListItem"),
    "CoreShowChannels": _beginnings("CoreShowChannel"),
    "DeviceStateList": _beginnings("DeviceStateChange"),
    "ExtensionStateList": _beginnings("ExtensionStatus"),
    "QueueStatus": _beginnings("QueueParams", "QueueMember", "QueueEntry"),
    "QueueSummary": _beginnings("QueueSummary"),
    "ShowDialPlan": _beginnings("ListDialplan"),
    "Status": _beginnings("Status"),
}
"""The actions that are answered by a list, and how its items begin."""


class Lists(NamedTuple):
    """A connection as lists are asked for, each within `timeout` seconds."""

    manager: ManagerProtocol
    timeout: float

    async def query(self, action: Action) -> list[Block]:
        """Send an action and return its answer; see `ManagerProtocol.query`."""
        return await self.manager.query(action, self.timeout)

    async def each(self, action: Action, take: Take) -> None:
        """Have each item of a list taken; see `ManagerProtocol.list_each`."""
        await self.manager.list_each(action, take, self.timeout)


class _Manager(Manager):  # type: ignore[misc]  # panoramisk is untyped
    """panoramisk's manager without its own login, pings, reconnections and replays."""

    def connection_made(self, future: "asyncio.Future[tuple[Any, ManagerProtocol]]") -> None:
        """Begin, unless the attempt failed: its caller gets the exception."""
        if future.cancelled() or future.exception() is not None:
            return
        super().connection_made(future)
        self.pinger.cancel()

    async def send_awaiting_actions(self, *_: object) -> None:
        """Send nothing: an action without an answer is never repeated."""


async def connect(
    endpoint: Endpoint,
    on_event: Callable[[bytes], None],
    on_raw: Callable[[bytes], None] | None = None,
    may_write: Callable[[], bool] = always,
) -> ManagerProtocol:
    """Open a connection that is not yet logged in. Raises `ConnectionLost`."""
    manager = _Manager(
        loop=asyncio.get_running_loop(),
        host=endpoint.host,
        port=endpoint.port,
        protocol_factory=lambda: ManagerProtocol(on_event, on_raw, may_write),
    )
    try:
        async with asyncio.timeout(endpoint.action_timeout):
            _, connection = await manager.connect()
    except (OSError, TimeoutError) as error:
        raise ConnectionLost(f"{endpoint.host}:{endpoint.port}: {error or 'no answer'}") from None
    assert isinstance(connection, ManagerProtocol)
    return connection
