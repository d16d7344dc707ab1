"""Signing in with a password: how often, and off the loop's thread.

An argon2 check takes a core for a good while, by design. Two at a time may run, a bounded number
may wait, and one address may only try so often with one login.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from xucd.center.directory import User
from xucd.cti.metrics import Metrics
from xucd.web.errors import HttpError

WORKERS = 2
MAX_WAITING = 64
WINDOW = 60.0


class Users(Protocol):
    """Who can sign in."""

    def user(self, login: str) -> User | None:
        """The user of this login, as of now."""

    async def password_hash(self, login: str) -> str | None:
        """The hash of a login's password; None for one that does not exist or has none."""


class Attempts:
    """At most `limit` attempts a minute by each key; remembers at most `keys` of them."""

    def __init__(self, limit: int, clock: Callable[[], float], keys: int = 10_000) -> None:
        self._limit = limit
        self._clock = clock
        self._keys = keys
        self._made: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def make(self, key: tuple[str, str]) -> float:
        """Count an attempt; returns 0, or the seconds to wait where it is one too many."""
        now = self._clock()
        made = self._made.setdefault(key, deque())
        self._made.move_to_end(key)
        if len(self._made) > self._keys:
            self._made.popitem(last=False)
        # A clock that was set back must not lock anybody out.
        while made and not now - WINDOW < made[0] <= now:
            made.popleft()
        if len(made) >= self._limit:
            return made[0] + WINDOW - now
        made.append(now)
        return 0.0


class SignIn:
    """Tells whether a password is right. `verify` is `xucd.web.passwords.verify`."""

    def __init__(
        self,
        users: Users,
        verify: Callable[[str | None, str], bool],
        attempts: Attempts,
        metrics: Metrics,
    ) -> None:
        self._users = users
        self._verify = verify
        self._attempts = attempts
        self._meter = metrics
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="password")
        self._running = 0

    async def user(self, login: str, password: str, address: str) -> User:
        """The user who signs in.

        Raises `HttpError` with `InvalidCredentials`, alike in every way for an unknown login and a
        wrong password, or with `TooManyRequests`.
        """
        wait = self._attempts.make((address, login[:80]))
        if wait > 0 or self._running >= MAX_WAITING:
            self._meter.logins.labels("refused").inc()
            text = "Too many attempts to sign in; try again later."
            raise HttpError(429, "TooManyRequests", text, Retry_After=str(int(wait) + 1))
        self._running += 1
        try:
            kept = await self._users.password_hash(login)
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._pool, self._verify, kept, password)
        finally:
            self._running -= 1
        user = self._users.user(login)
        if not right or user is None:
            self._meter.logins.labels("failed").inc()
            raise HttpError(401, "InvalidCredentials", "Unknown login or wrong password.")
        self._meter.logins.labels("ok").inc()
        return user

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
