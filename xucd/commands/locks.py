"""Who may change which agents: one command at a time for each agent, and for each line.

A command waits for no other but those that change the same agent, or take the same line. Whoever
needs several of these takes them in the order of their keys, so no two wait for each other. And
whoever holds one takes no other: a group's agents are changed each under its own.

A reload of the configuration replaces all objects, so it is alone. It waits until the commands that
have begun are done, and those that come later wait for it. What a command has looked up stays what
it is until it is done; what it says may change as long as its key is not held.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from weakref import WeakValueDictionary

Key = tuple[str, int]
"""What is held: a kind and an id."""

DEFAULTS: Key = ("defaults", 0)
"""The default memberships of all users."""


def agent_key(agent_id: int) -> Key:
    """Held by who changes an agent, or its queues."""
    return "agent", agent_id


def line_key(line_id: int) -> Key:
    """Held by who logs an agent in on a line."""
    return "line", line_id


class Locks:
    """The locks of one daemon."""

    def __init__(self) -> None:
        self._gate = asyncio.Lock()  # held by who is alone, or waits for that
        self._begun = 0
        self._none_begun = asyncio.Event()
        self._none_begun.set()
        # A lock is there as long as somebody holds it or waits for it.
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def command(self) -> AsyncIterator[None]:
        """Be one of the commands that have begun: nobody is alone meanwhile."""
        async with self._gate:
            self._begun += 1
            self._none_begun.clear()
        try:
            yield
        finally:
            self._begun -= 1
            if not self._begun:
                self._none_begun.set()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be alone: no command is under way meanwhile."""
        async with self._gate:
            await self._none_begun.wait()
            yield

    @contextlib.asynccontextmanager
    async def holding(self, *keys: Key) -> AsyncIterator[None]:
        """Hold what these keys stand for, within `command`. Nobody who holds any takes more."""
        async with contextlib.AsyncExitStack() as held:
            for key in sorted(set(keys)):
                await held.enter_async_context(self._locks.setdefault(key, asyncio.Lock()))
            yield
