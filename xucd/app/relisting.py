"""A second look at Asterisk's queues and members, where one cannot go by its events alone.

An event may have come late, been lost, or never been sent; a refusal may show that Asterisk's
members are others than the centre takes them for. Then they are listed anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from xucd.ami.errors import AmiError
from xucd.center.intents import Intent

log = structlog.get_logger()

CONTRADICTIONS = frozenset({"NotMember", "NoSuchQueue", "MemberNotDynamic", "AsteriskLacksAction"})
"""Refusals which say that Asterisk's members are others than the centre takes them for."""

RELIST_S = 1.0
"""The shortest time between two looks at Asterisk's members, in seconds."""

EXPLAINED_S = 60.0
"""For how long the same refusal leads to no other look, in seconds."""


class Relisting:
    """Looks again when it is asked to, at most once a second.

    `look` lists the members and gives them to the centre, and raises `AmiError`; `start` begins a
    task that is kept until it ends. `listing` is held while the state is listed.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[None]],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self.listing = asyncio.Lock()
        self._look = look
        self._start = start
        self._next: asyncio.Task[None] | None = None
        self._listed_at = -RELIST_S
        self._explained: dict[tuple[str, ...], float] = {}

    def refresh(self) -> asyncio.Task[None]:
        """List the queues and members anew; returns the task.

        A list that is under way may have missed the cause: another follows it.
        """
        if self._next is None:
            self._next = self._start(self._list())
        return self._next

    @property
    def is_due(self) -> bool:
        """Whether a look was asked for that has not begun."""
        return self._next is not None

    def doubt(self, intent: Intent, error: AmiError) -> None:
        """Look again when Asterisk's refusal shows that its members are others."""
        if error.code not in CONTRADICTIONS:
            return
        names = ("queue", "interface")
        about = tuple(str(getattr(intent, name, "")) for name in names)
        key = (type(intent).__name__, error.code, *about)
        now = asyncio.get_running_loop().time()
        if now < self._explained.get(key, now):
            return  # it has been looked at, and Asterisk says the same: once more will not help
        self._explained = {each: until for each, until in self._explained.items() if until > now}
        self._explained[key] = now + EXPLAINED_S
        self.refresh()

    def is_current(self) -> None:
        """All is as Asterisk has it: a refusal from now on is news."""
        self._explained.clear()

    async def _list(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(max(0.0, self._listed_at + RELIST_S - loop.time()))
            async with self.listing:
                self._listed_at = loop.time()
                self._next = None
                await self._look()
        except AmiError as error:
            log.warning("could not list Asterisk's queues anew", code=error.code, reason=error.text)
        finally:
            if self._next is asyncio.current_task():
                self._next = None
