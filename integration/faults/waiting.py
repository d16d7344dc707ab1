"""Waiting for what announces nothing: a list, a file, another process's page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

LOOK = 0.05  # seconds between two looks


async def until(holds: Callable[[], Awaitable[bool]], within: float = 30.0) -> None:
    """Wait until it holds. Raises TimeoutError."""
    # Not by a cancellation: wait_for() of Python 3.11 may lose one.
    end = asyncio.get_running_loop().time() + within
    while not await holds():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError(f"not within {within:g} s")
        await asyncio.sleep(LOOK)
