"""The users of the daemon, and their sign-ins, as the database has them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from xucd.center.directory import Directory, User
from xucd.signin import bulk
from xucd.store import AsyncStore, Store, directory_users, user_import
from xucd.store.directory_users import ProviderSession
from xucd.store.journal import Journal
from xucd.web.user_importer import MakeEntry, ReadUsers


class ConfiguredUsers:
    """Users and their password hashes, for signing in. `directory` is the configuration in force.

    What is read for it does not wait for what is written, such as an import of callbacks.
    """

    def __init__(self, directory: Directory, store: AsyncStore, journal: Journal) -> None:
        self.directory = directory
        self._store = store
        self._journal = journal

    def user(self, login: str) -> User | None:
        """The user of this login, in the current configuration."""
        return self.directory.user_by_login.get(login)

    async def password_hash(self, login: str) -> str | None:
        """The hash of a login's password; None for one that does not exist or has none."""
        # Asked even for a login that nobody has, so that it takes as long; but not by that login,
        # in which there may be what the database takes for no text.
        known = login if self.user(login) is not None else ""
        return await self._store.read(Store.password_hash, known)

    async def renew_hash(self, login: str, before: str, after: str) -> None:
        """Keep another hash of the same password, unless another one has been set meanwhile."""
        await self._journal.write(Store.renew_password_hash, login, before, after)


class SignInRecords:
    """What the database knows of sign-ins. Raises `StoreError`."""

    def __init__(self, store: AsyncStore, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    async def generations(self) -> Mapping[str, str]:
        """Each user's generation, by login; asked beside whatever is read or written."""
        return await self._store.ask(Store.generations)

    async def ended_sign_ins(self) -> dict[str, float]:
        """The sign-ins that were ended before their time, each with the end that it had."""
        return await self._store.ask(Store.ended_sign_ins, time.time())

    async def end_sign_in(self, sid: str, until: float) -> None:
        """Record that a sign-in has ended, which would have lasted `until`, an epoch second."""
        await self._journal.write(Store.end_sign_in, sid, until, time.time())

    async def began_by_provider(self, sid: str, provider: ProviderSession, until: float) -> None:
        """Remember of which session of the provider a sign-in is."""
        await self._journal.write(directory_users.began, sid, provider, until, time.time())

    async def sign_ins_of_provider(self, provider: ProviderSession) -> dict[str, float]:
        """The sign-ins of a session of the provider, each with its end."""
        return await self._store.run(directory_users.sign_ins_of, provider)

    async def end_all_sign_ins(self, login: str) -> None:
        """Give a user a new generation."""
        await self._journal.write(Store.end_all_sign_ins, login)

    async def change_password(self, login: str, password_hash: str, generation: str) -> str | None:
        """Set a user's password, if its sign-ins are of this generation; returns the next one."""
        return await self._journal.write(Store.change_password, login, password_hash, generation)


class DaemonUserImporter:
    """Imports users into the store, and has the daemon take them over by `reload`."""

    def __init__(self, store: AsyncStore, reload: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._reload = reload
        self._importing = asyncio.Lock()
        self._is_stale = False

    async def import_users(
        self, read: ReadUsers, make_entry: MakeEntry, *, dry_run: bool
    ) -> list[str]:
        """Add and change users, one import at a time; returns a line for each change.

        Raises what `read` raises, `ConfigValueError`, or `StoreError`.
        """
        async with self._importing:
            store = self._store
            wanted = await asyncio.to_thread(read, await store.run(Store.configured))
            if dry_run:
                return await store.run(user_import.preview_users, wanted.plan, wanted.passwords)
            present = await store.run(user_import.password_hashes)
            hashes = await asyncio.to_thread(bulk.new_hashes, wanted.passwords, present)
            # Meanwhile the configuration may have become another one.
            plan = (await asyncio.to_thread(read, await store.run(Store.configured))).plan
            changes = await store.run(user_import.import_users, plan, hashes, make_entry)
            # Also after a reload that has failed: the next import need not change anything.
            self._is_stale = self._is_stale or bool(changes)
            if self._is_stale:
                await self._reload()
            self._is_stale = False
            return changes


def is_new_to(before: Directory, now: Directory, user: User) -> bool:
    """Whether a configuration lacked a user's agent or line, which another one has."""
    agent_id, line_id = user.agent_id, user.line_id
    return (agent_id in now.agents and agent_id not in before.agents) or (
        line_id in now.lines and line_id not in before.lines
    )
