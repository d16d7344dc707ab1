"""One change for each of many agents, a few at a time.

A few at a time are as fast as all at once, since the database takes one after another. And what has
not begun can still be refused: whoever asked for it may lose the right meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

AT_ONCE = 8

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
