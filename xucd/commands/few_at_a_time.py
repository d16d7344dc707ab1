"""One change for each of many agents, a few at a time.

As many at a time as keep Asterisk and the database busy: what waits for the database is written
together. And what has not begun can still be refused: whoever asked for it may lose the right
meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

AT_ONCE = 32

T = TypeVar("T")


async def few_at_a_time(
    items: Iterable[T], change: Callable[[T], Awaitable[None]]
) -> list[BaseException | None]:
    """Begin `change` with one item after another; returns what each raised, or None."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> None:
        async with slots:
            await change(item)

    return await asyncio.gather(*map(one, items), return_exceptions=True)
