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
from collections.abc import AsyncIterator, Callable, Iterable

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


class _Lock(asyncio.Lock):
    """The lock of a key, there as long as somebody holds it or waits for it."""

    users = 0


class Holding:
    """Holds keys while a block runs. Each command has one: generators would take ten times as long.

    What `check` raises, once all are held, is raised in place of the block.
    """

    __slots__ = ("_check", "_held", "_keys", "_locks")

    def __init__(
        self, locks: dict[Key, _Lock], keys: Iterable[Key], check: Callable[[], None] | None = None
    ) -> None:
        self._locks = locks
        self._keys = sorted(set(keys))
        self._check = check
        self._held: list[Key] = []

    async def __aenter__(self) -> None:
        try:
            for key in self._keys:
                await self._take(key)
            if self._check is not None:
                self._check()
        except BaseException:  # cancelled while it waited, too
            self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    async def _take(self, key: Key) -> None:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = _Lock()
        lock.users += 1
        try:
            await lock.acquire()
        except BaseException:
            self._leave(key, lock)
            raise
        self._held.append(key)

    def _release(self) -> None:
        while self._held:
            key = self._held.pop()
            lock = self._locks[key]
            lock.release()
            self._leave(key, lock)

    def _leave(self, key: Key, lock: _Lock) -> None:
        lock.users -= 1
        if not lock.users:
            del self._locks[key]


class Commanding(Holding):
    """Holds keys as one of the commands that have begun: nobody is alone meanwhile."""

    __slots__ = ("_among",)

    def __init__(
        self, among: "Locks", keys: Iterable[Key], check: Callable[[], None] | None
    ) -> None:
        super().__init__(among.by_key, keys, check)
        self._among = among

    async def __aenter__(self) -> None:
        await self._among.begin()
        try:
            await super().__aenter__()
        except BaseException:
            self._among.end()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()
        self._among.end()


class Locks:
    """The locks of one daemon."""

    def __init__(self) -> None:
        self._gate = asyncio.Lock()  # held by who is alone, or waits for that
        self._begun = 0
        self._none_begun = asyncio.Event()
        self._none_begun.set()
        self.by_key: dict[Key, _Lock] = {}

    def command(self, *keys: Key, check: Callable[[], None] | None = None) -> Commanding:
        """Be one of the commands that have begun, and hold what these keys stand for.

        `check` raises when the command is not to be carried out after all.
        """
        return Commanding(self, keys, check)

    def holding(self, *keys: Key) -> Holding:
        """Hold what these keys stand for, within `command`. Nobody who holds any takes more."""
        return Holding(self.by_key, keys)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be alone: no command is under way meanwhile."""
        async with self._gate:
            await self._none_begun.wait()
            yield

    async def begin(self) -> None:
        """Begin a command, once nobody is alone or waits for that."""
        async with self._gate:
            self._begun += 1
            self._none_begun.clear()

    def end(self) -> None:
        """A command has ended."""
        self._begun -= 1
        if not self._begun:
            self._none_begun.set()
