"""Messages as an async iterator."""

import asyncio
from typing import Self

from xucd.cti.messages import Message


class Events:
    """An async iterator over the messages, of some types or of all, received since it was made.

    Unread messages are buffered for as long as the iterator exists.
    """

    def __init__(self, kinds: tuple[type[Message], ...]) -> None:
        self._kinds = kinds or (Message,)
        self._buffer: asyncio.Queue[Message | None] = asyncio.Queue()

    def put(self, body: Message) -> None:
        """Add a message, if it is of the types."""
        if isinstance(body, self._kinds):
            self._buffer.put_nowait(body)

    def end(self) -> None:
        """Let the iteration end after the buffered messages."""
        self._buffer.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        body = await self._buffer.get()
        if body is None:
            self._buffer.put_nowait(None)
            raise StopAsyncIteration
        return body
