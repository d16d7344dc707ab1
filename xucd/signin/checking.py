"""Whether a password is right: xucd's own first, then the LDAP server's.

Both are checked on threads. Hashing keeps a core busy, by design, so two hashes run at a time, with
what the event loop leaves of the processor; the server is waited for, so more wait for it, and none
of these keeps the process from ending. While it cannot be asked, own passwords go on working, and
whatever else is typed is not called wrong.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from typing import Final, Protocol

import msgspec
import structlog

from xucd.center.directory import User
from xucd.signin import passwords
from xucd.signin.errors import DirectoryUnavailable, SignInRefused
from xucd.signin.identities import Identity, Method
from xucd.store import StoreError

log = structlog.get_logger()

HASHES: Final = 2
ASKED: Final = 8
"""How many passwords are shown to the server at a time."""


class Users(Protocol):
    """The users who can sign in."""

    def user(self, login: str) -> User | None:
        """The user of this login, in the current configuration."""

    async def password_hash(self, login: str) -> str | None:
        """The hash of a login's password; None for one that does not exist or has none."""

    async def renew_hash(self, login: str, before: str, after: str) -> None:
        """Keep another hash of the same password, unless another one has been set meanwhile.

        No sign-in ends by it. Raises `StoreError`.
        """


class PasswordDirectory(Protocol):
    """A server that knows passwords: `xucd.signin.ldap.LdapDirectory`."""

    def identity(self, login: str, password: str) -> Identity | None:
        """Who somebody is; None if login or password are wrong. It blocks.

        Raises `DirectoryUnavailable`.
        """


Admit = Callable[[Identity, str], Awaitable[User]]
"""Returns the user of an identity that came from an address.

Raises `SignInRefused` with `UserUnknown`, or `StoreError`.
"""


class Authenticated(msgspec.Struct, frozen=True):
    """A user who has shown who it is, and how."""

    user: User
    method: Method


class PasswordsUnavailable(SignInRefused):
    """The server cannot be asked. `was_wrong` tells that the user's own password was another."""

    def __init__(self, *, was_wrong: bool) -> None:
        text = "The server that knows the passwords does not answer; try again later."
        super().__init__("SignInUnavailable", text)
        self.was_wrong = was_wrong


class PasswordChecks:
    """Checks passwords. `verify` is `xucd.signin.passwords.verify`; `directory` comes with `admit`.

    `at_once` is how many may be checked at the same time.
    """

    def __init__(
        self,
        users: Users,
        verify: Callable[[str | None, str], bool],
        directory: PasswordDirectory | None = None,
        admit: Admit | None = None,
    ) -> None:
        self._users = users
        self._verify = verify
        self._directory = directory
        self._admit = admit
        self.at_once = HASHES if directory is None else ASKED
        self._hashing = ThreadPoolExecutor(HASHES, "password", passwords.yield_to_others)
        self._renewing: set[asyncio.Task[None]] = set()

    async def check(self, login: str, password: str, address: str) -> Authenticated | None:
        """Who signs in with a password; None if it is wrong, or nobody has the login.

        Raises `SignInRefused` with `UserUnknown`, `PasswordsUnavailable`, or `StoreError`.
        """
        loop = asyncio.get_running_loop()
        kept = await self._users.password_hash(login)
        matches = await loop.run_in_executor(self._hashing, self._verify, kept, password)
        user = self._users.user(login)
        if matches and user is not None:
            if kept is not None and passwords.is_outdated(kept):
                self._renew(login, kept, password)
            return Authenticated(user, "password")
        if self._directory is None or self._admit is None:
            return None
        try:
            identity = await _on_thread(self._directory, login, password)
        except DirectoryUnavailable:
            raise PasswordsUnavailable(was_wrong=kept is not None) from None
        if identity is None:
            return None
        return Authenticated(await self._admit(identity, address), identity.method)

    def _renew(self, login: str, kept: str, password: str) -> None:
        """Have the hash replaced by one that costs what hashes cost now; nobody waits for it."""
        task = asyncio.create_task(self._renewed(login, kept, password))
        self._renewing.add(task)
        task.add_done_callback(self._renewing.discard)

    async def _renewed(self, login: str, kept: str, password: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            renewed = await loop.run_in_executor(self._hashing, passwords.hash_password, password)
            await self._users.renew_hash(login, kept, renewed)
        except (StoreError, RuntimeError) as error:  # the latter: the threads have been stopped
            log.info("a password's hash is renewed at the next sign-in", reason=str(error))

    def close(self) -> None:
        """Stop the threads."""
        for task in self._renewing:
            task.cancel()
        self._hashing.shutdown(wait=False, cancel_futures=True)


def _on_thread(
    directory: PasswordDirectory, login: str, password: str
) -> asyncio.Future[Identity | None]:
    """Ask a server on a thread of its own, which ends with the process: an executor's does not."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Identity | None] = loop.create_future()

    def tell(identity: Identity | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(identity)

    def ask() -> None:
        identity, failure = None, None
        try:
            identity = directory.identity(login, password)
        except Exception as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, identity, failure)

    Thread(target=ask, name="directory", daemon=True).start()
    return answer
