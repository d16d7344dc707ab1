"""This node's lease of a PBX: whether it holds is known without waiting.

The lease is counted from the moment before its renewal was sent, so it ends here sooner than in the
database. It is counted by a clock that goes on while the machine sleeps.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from xucd.store.lease import LEASE_S, Leases, check_owner

MARGIN_S = 0.5
"""How long before its end a lease counts no longer, in seconds: what is written takes a moment."""

T = TypeVar("T")


def _boot_time() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Ownership:
    """Takes and renews a PBX's lease for a node. `number` is None while it is not known as ours."""

    def __init__(
        self, leases: Leases, pbx: str, node: str, clock: Callable[[], float] = _boot_time
    ) -> None:
        self.pbx = pbx
        self.number: int | None = None
        self._leases = leases
        self._node = node
        self._clock = clock
        self._until = 0.0
        # Of its own: what is written may take long.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lease")

    def holds(self, number: int) -> bool:
        """Whether the PBX is ours at this moment, under this number."""
        return number == self.number and self._clock() < self._until

    async def take(self) -> float:
        """Try to own the PBX; returns until when it is owned. Raises `StoreError`."""
        began = self._clock()
        claim = await self._run(lambda: self._leases.take(self.pbx, self._node))
        if claim.number is not None:
            self.number, self._until = claim.number, began + LEASE_S - MARGIN_S
        return claim.until

    async def renew(self, *, reached: bool = True) -> None:
        """Go on owning the PBX; `number` is None if another node does. Raises `StoreError`.

        `reached` says whether its Asterisk is, at this moment.
        """
        number, began = self.number, self._clock()
        assert number is not None
        if await self._run(lambda: self._leases.renew(self.pbx, number, reached=reached)):
            self._until = began + LEASE_S - MARGIN_S
        else:
            self.number = None

    async def give_up(self) -> None:
        """Own the PBX no longer. Raises `StoreError`."""
        number, self.number = self.number, None
        if number is not None:
            await self._run(lambda: self._leases.give_up(self.pbx, number))

    def close(self) -> None:
        """Take and renew no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._leases.close()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


@dataclass(frozen=True)
class Tenure:
    """The time in which a node owns a PBX, under one number."""

    ownership: Ownership
    number: int

    def holds(self) -> bool:
        """Whether it lasts."""
        return self.ownership.holds(self.number)

    def check(self, connection: Connection) -> None:
        """Let a transaction go on if it lasts. Raises `StoreUnavailable`."""
        check_owner(connection, self.ownership.pbx, self.number)
