"""Signing in with a password: rate limits, and hashing off the event loop's thread.

Verifying an argon2 hash keeps a core busy for a while, by design. Two run at a time, a limited
number may wait, and the attempts of one address with one login are limited.
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
MAX_KEYS = 10_000


class Users(Protocol):
    """The users who can sign in."""

    def user(self, login: str) -> User | None:
        """The user of this login, in the current configuration."""

    async def password_hash(self, login: str) -> str | None:
        """The hash of a login's password; None for one that does not exist or has none."""


class Attempts:
    """At most `limit` attempts a minute by each key; remembers at most `MAX_KEYS` keys."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._made: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def make(self, key: tuple[str, str]) -> float:
        """Count an attempt; returns 0, or the seconds to wait if the limit is reached."""
        now = self._clock()
        made = self._made.setdefault(key, deque())
        self._made.move_to_end(key)
        if len(self._made) > MAX_KEYS:
            self._made.popitem(last=False)
        # A clock that was set back must not lock users out.
        while made and not now - WINDOW < made[0] <= now:
            made.popleft()
        if len(made) >= self._limit:
            return made[0] + WINDOW - now
        made.append(now)
        return 0.0


class SignIn:
    """Authenticates users by password. `verify` is `xucd.web.passwords.verify`."""

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
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="password")
        self._running = 0

    async def user(self, login: str, password: str, address: str) -> User:
        """The user who signs in.

        Raises `HttpError` with `InvalidCredentials`, which is the same for an unknown login and a
        wrong password, or with `TooManyRequests`.
        """
        wait = self._attempts.make((address, login[:80]))
        if wait > 0 or self._running >= MAX_WAITING:
            self._metrics.logins.labels("refused").inc()
            text = "Too many attempts to sign in; try again later."
            raise HttpError(429, "TooManyRequests", text, Retry_After=str(int(wait) + 1))
        self._running += 1
        try:
            password_hash = await self._users.password_hash(login)
            loop = asyncio.get_running_loop()
            matches = await loop.run_in_executor(self._pool, self._verify, password_hash, password)
        finally:
            self._running -= 1
        user = self._users.user(login)
        if not matches or user is None:
            self._metrics.logins.labels("failed").inc()
            raise HttpError(401, "InvalidCredentials", "Unknown login or wrong password.")
        self._metrics.logins.labels("ok").inc()
        return user

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
