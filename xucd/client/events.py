"""Messages as they come, for one who reads them in a loop."""

import asyncio
from typing import Self

from xucd.cti.messages import Message


class Events:
    """An async iterator over messages of some types, or of all, that came since it was made.

    What is not read is kept; let go of the iterator, and nothing is any more.
    """

    def __init__(self, kinds: tuple[type[Message], ...]) -> None:
        self._kinds = kinds or (Message,)
        self._kept: asyncio.Queue[Message | None] = asyncio.Queue()

    def heard(self, body: Message) -> None:
        """Take a message, if it is of the types."""
        if isinstance(body, self._kinds):
            self._kept.put_nowait(body)

    def end(self) -> None:
        """There will be no more."""
        self._kept.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        body = await self._kept.get()
        if body is None:
            self._kept.put_nowait(None)
            raise StopAsyncIteration
        return body
