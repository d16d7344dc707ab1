"""The users of the daemon, and their sign-ins, as the database has them."""

import time

from xucd.center.directory import Directory, User
from xucd.store import AsyncStore, Store


class ConfiguredUsers:
    """Users and their password hashes, for signing in. `directory` is the configuration in force.

    What is read for it does not wait for what is written, such as an import of callbacks.
    """

    def __init__(self, directory: Directory, store: AsyncStore) -> None:
        self.directory = directory
        self._store = store

    def user(self, login: str) -> User | None:
        """The user of this login, in the current configuration."""
        return self.directory.user_by_login.get(login)

    async def password_hash(self, login: str) -> str | None:
        """The hash of a login's password; None for one that does not exist or has none."""
        # Asked even for a login that nobody has, so that it takes as long; but not by that login,
        # in which there may be what the database takes for no text.
        known = login if self.user(login) is not None else ""
        return await self._store.read(Store.password_hash, known)


class SignInRecords:
    """What the database knows of sign-ins. Raises `StoreError`."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store

    async def generations(self) -> dict[str, str]:
        """Each user's generation, by login; read beside whatever is being written."""
        return await self._store.read(Store.generations)

    async def ended_sign_ins(self) -> dict[str, float]:
        """The sign-ins that were ended before their time, each with the end that it had."""
        return await self._store.run(Store.ended_sign_ins, time.time())

    async def end_sign_in(self, sid: str, until: float) -> None:
        """Record that a sign-in has ended, which would have lasted `until`, an epoch second."""
        await self._store.run(Store.end_sign_in, sid, until, time.time())

    async def end_all_sign_ins(self, login: str) -> None:
        """Give a user a new generation."""
        await self._store.run(Store.end_all_sign_ins, login)

    async def change_password(self, login: str, password_hash: str, generation: str) -> str | None:
        """Set a user's password, if its sign-ins are of this generation; returns the next one."""
        return await self._store.run(Store.change_password, login, password_hash, generation)


def is_new_to(directory: Directory, user: User) -> bool:
    """Whether a configuration lacks a user's agent or line."""
    return (user.agent_id is not None and user.agent_id not in directory.agents) or (
        user.line_id is not None and user.line_id not in directory.lines
    )
