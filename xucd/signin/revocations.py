"""Which sign-ins have ended before their time: by logout, by a new password, by the user's removal.

The database decides: another process may have ended them (`xucd user passwd`, `xucd user logout`,
`xucd center apply`). It is asked whenever a token is used, and once a second besides, for the links
that are open. While it does not answer, what was known last holds: a token is used within
`PATIENCE_S`, whatever the database does.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from xucd.cti.sign_in import SignInKey
from xucd.store import StoreError

REFRESH_S = 1.0
PATIENCE_S = 2.0
"""For how long a token's use waits for the database, in seconds."""

log = structlog.get_logger()


class Records(Protocol):
    """The database, as revocations need it. Each method raises `StoreError`."""

    async def generations(self) -> Mapping[str, str]:
        """The generation of each user's sign-ins, by login; the same object if none has changed."""

    async def ended_sign_ins(self) -> dict[str, float]:
        """Single sign-ins that have ended: by id, until when they would have lasted."""

    async def end_sign_in(self, sid: str, until: float) -> None:
        """End one sign-in, durably."""

    async def end_all_sign_ins(self, login: str) -> None:
        """End all sign-ins of a user, durably."""

    async def change_password(self, login: str, password_hash: str, generation: str) -> str | None:
        """Set a password, durably, if the generation is this; returns the next generation."""


class Revocations:
    """The sign-ins that have ended, as last read from the database.

    `changed` is called after a reading that has found something else than the last one, after each
    end, and once a second. `clock` returns epoch seconds. `shared` says whether other nodes end
    sign-ins, too.
    """

    def __init__(
        self,
        records: Records,
        clock: Callable[[], float],
        changed: Callable[[], None],
        *,
        shared: bool = False,
    ) -> None:
        self._database = records
        self._clock = clock
        self._changed = changed
        self._generations: dict[str, str] = {}
        self._last_read: Mapping[str, str] = self._generations
        self._shared = shared
        # Unless others share it, this is written by this process alone, and so read only once.
        self._ended: dict[str, float] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._reading = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._failing = False

    async def load(self) -> None:
        """Read everything, before anything is asked. Raises `StoreError`."""
        self._ended = await self._database.ended_sign_ins()
        self._know(await self._database.generations())

    def generation(self, login: str) -> str | None:
        """What sign-ins of a user have to be of; None for a user who does not exist."""
        return self._generations.get(login)

    def has_ended(self, login: str, key: SignInKey) -> bool:
        """Whether a sign-in has ended, as far as is known."""
        return self._generations.get(login) != key.generation or key.sid in self._ended

    async def refresh(self) -> None:
        """Know what the database knows at this moment, if it answers in time."""
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        # All who ask while a reading is under way share the next one.
        await asyncio.wait((self._next,), timeout=PATIENCE_S)

    async def watch(self) -> None:
        """Refresh regularly, for the links that are open."""
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh()
            self._changed()  # of links, too, that were being opened as the last change was read

    async def end(self, sid: str, until: float) -> bool:
        """End one sign-in, whose time would be up at `until`, durably. Raises `StoreError`.

        Returns whether it was ended by this and not before.
        """
        task = self._ending.get(sid)
        is_new = task is None and sid not in self._ended
        if is_new:
            task = self._ending[sid] = asyncio.create_task(self._end(sid, until))
            task.add_done_callback(lambda _: self._ending.pop(sid))
        if task is not None:
            await asyncio.shield(task)
        return is_new

    # What these two end has ended at once, so that nothing more begins of what waits for the
    # database, too; unless it cannot be stored.

    async def _end(self, sid: str, until: float) -> None:
        now = self._clock()
        self._ended = {each: end for each, end in self._ended.items() if end > now} | {sid: until}
        self._changed()
        try:
            await self._database.end_sign_in(sid, until)
        except StoreError:
            self._ended.pop(sid, None)
            raise

    async def end_all(self, login: str) -> None:
        """End all sign-ins of a user, durably. Raises `StoreError`."""
        async with self._reading:
            before = self._generations.pop(login, None)
            self._changed()
            try:
                await self._database.end_all_sign_ins(login)
            except StoreError:
                if before is not None:
                    self._generations[login] = before
                raise
        await self.refresh()

    async def change_password(
        self, login: str, password_hash: str, key: SignInKey, goes_on: Callable[[SignInKey], None]
    ) -> SignInKey | None:
        """Give a user a new password, and end all of its sign-ins but the one of `key`.

        That one goes on under another key, which `goes_on` is told before the others end; returned.
        Returns None, with no change, if it has ended. Raises `StoreError`.
        """
        async with self._reading:
            if self.has_ended(login, key):
                return None
            following = await self._database.change_password(login, password_hash, key.generation)
            if following is None:
                return None
            new_key = SignInKey(key.sid, following)
            goes_on(new_key)
            self._generations[login] = following
            self._changed()
        return new_key

    async def _read(self) -> None:
        async with self._reading:
            self._next = None
            try:
                generations = await self._database.generations()
                ended = await self._database.ended_sign_ins() if self._shared else {}
            except StoreError as error:
                if not self._failing:
                    log.error("cannot read which sign-ins have ended", reason=str(error))
                self._failing = True
                return
            self._failing = False
            if generations is not self._last_read or not ended.keys() <= self._ended.keys():
                now = self._clock()
                known = {sid: end for sid, end in self._ended.items() if end > now}
                self._ended = {**known, **ended}
                self._know(generations)
                self._changed()

    def _know(self, generations: Mapping[str, str]) -> None:
        self._last_read, self._generations = generations, dict(generations)
