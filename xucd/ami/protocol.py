"""One AMI connection: panoramisk's protocol and manager, made safe.

panoramisk pairs answers with questions and knows which answers are lists; that is kept. Replaced
is all that could lose or repeat something: framing is on bytes, events go to their decoder and
never through panoramisk's slow messages, an action that was sent is never sent again, and whatever
still waits when the connection goes fails in that moment. It is used for one
TCP connection; `xucd.ami.connection` makes the next.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from panoramisk.actions import Action as Question
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from xucd.ami.actions import Action
from xucd.ami.errors import AmiError, ConnectionLost, Deadline, Rejected
from xucd.ami.framing import Block, Framer, name_of, parse

_ACTION_ID = b"\r\nActionID: "


class _Answer(Message):  # type: ignore[misc]  # panoramisk is untyped
    """A block as panoramisk wants to see it, with the block itself kept."""

    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self.block = block


class ManagerProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk is untyped
    """One connection to Asterisk, from the greeting to its end.

    `on_event` gets each event's raw block; `on_raw` the greeting and then every raw block, before
    anything else sees it. `heard_at` is when the last byte came, in the loop's time. `lost` is done
    when the connection has gone; its result says why, None when it was closed here.
    """

    responses: dict[str, Any]  # panoramisk's: its actions by action id

    def __init__(
        self,
        on_event: Callable[[bytes], None],
        on_raw: Callable[[bytes], None] | None = None,
    ) -> None:
        self._on_event = on_event
        self._on_raw = on_raw
        self._framer = Framer()
        self.lost: asyncio.Future[AmiError | None] = asyncio.get_running_loop().create_future()
        self.heard_at = 0.0

    @property
    def greeting(self) -> str | None:
        """Asterisk's greeting line, None until it has come."""
        return self._framer.greeting

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network. Called by the event loop."""
        self.heard_at = asyncio.get_running_loop().time()
        greeted = self.greeting is not None
        try:
            blocks = self._framer.feed(data)
        except AmiError as error:
            self.drop(error)
            return
        if self._on_raw is not None and self.greeting is not None and not greeted:
            self._on_raw(self.greeting.encode())
        for raw in blocks:
            if self._on_raw is not None:
                self._on_raw(raw)
            if not (self.responses and _ACTION_ID in raw and self._answers(raw)):
                self._on_event(raw)
                if name_of(raw) == b"Shutdown":
                    self.drop(ConnectionLost("Asterisk is shutting down"))

    def _answers(self, raw: bytes) -> bool:
        """Hand a block to the action that waits for it; False when none does."""
        block = parse(raw)
        if block["ActionID"] not in self.responses:
            return False
        self.handle_message(_Answer(block))
        return True

    async def query(self, action: Action, timeout: float) -> list[Block]:
        """Send an action and return its answer: one block, or a list's blocks.

        Waits `timeout` seconds. Raises `ConnectionLost`, `Deadline` or `Rejected`. The action
        is sent once, whatever happens: after `ConnectionLost` and `Deadline` nobody knows whether
        it was done.
        """
        if self.lost.done():
            raise ConnectionLost("no link to Asterisk")
        question = self.send(action)
        try:
            answer = await asyncio.wait_for(question.future, timeout)
        except TimeoutError:
            raise Deadline(f"Asterisk did not answer {action.name} in {timeout:g} s") from None
        finally:
            self.responses.pop(question.id, None)
        blocks = [message.block for message in (answer if isinstance(answer, list) else [answer])]
        if blocks[0].get("Response") == "Error":
            raise Rejected(action.name, blocks[0].get("Message", ""))
        return blocks

    def send(self, action: Action) -> Question:
        """Send an action; its `future` gets panoramisk's answer. Does not look whether it can.

        panoramisk's own `send` writes the action into the log when it fails, with the secret.
        """
        # Only a list's answer announces a list; panoramisk would take "Added interface to queue"
        # for one and wait for ever, unless told.
        question = Question(action.as_dict(), as_list=None if action.name in _LISTS else False)
        self.responses[question.id] = question
        self.transport.write(str(question).encode())
        return question

    def drop(self, reason: AmiError) -> None:
        """Give the connection up at once; what is still unsent stays unsent."""
        self._end(reason)
        self.transport.abort()

    def close(self) -> None:
        """Close the connection; what still waits for an answer fails now."""
        self._end(None)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has gone. Called by the event loop."""
        self._end(ConnectionLost(str(exc) if exc else "Asterisk closed the link"))

    def _end(self, reason: AmiError | None) -> None:
        if self.lost.done():
            return
        self.closed = True
        self.lost.set_result(reason)
        waiting, self.responses = self.responses, {}
        for action in waiting.values():
            if not action.future.done():
                action.future.set_exception(ConnectionLost("the link to Asterisk was lost"))


_LISTS = frozenset({"QueueStatus", "CoreShowChannels", "DeviceStateList", "ShowDialPlan"})


class _Manager(Manager):  # type: ignore[misc]  # panoramisk is untyped
    """panoramisk's manager without its own login, pings, reconnections and replays."""

    def connection_made(self, future: "asyncio.Future[tuple[Any, ManagerProtocol]]") -> None:
        """A connection attempt ended; who awaits it sees a failure, so that is not repeated."""
        if future.cancelled() or future.exception() is not None:
            return
        super().connection_made(future)
        self.pinger.cancel()

    async def send_awaiting_actions(self, *_: object) -> None:
        """Nothing awaits: what was not answered is never sent again."""


async def connect(
    host: str,
    port: int,
    timeout: float,
    on_event: Callable[[bytes], None],
    on_raw: Callable[[bytes], None] | None = None,
) -> ManagerProtocol:
    """Open a connection, not yet signed in. Raises `ConnectionLost`."""
    manager = _Manager(
        loop=asyncio.get_running_loop(),
        host=host,
        port=port,
        protocol_factory=lambda: ManagerProtocol(on_event, on_raw),
    )
    try:
        _, connection = await asyncio.wait_for(manager.connect(), timeout)
    except (OSError, TimeoutError) as error:
        raise ConnectionLost(f"{host}:{port}: {error or 'no answer'}") from None
    assert isinstance(connection, ManagerProtocol)
    return connection
