"""An xucd for all tests of a module: pages change little of it, and it takes a second to start."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from integration.fixtures import copied
from integration.pbx import Pbx
from integration.running import Xucd


@contextlib.asynccontextmanager
async def one_xucd(pbx: Pbx, prepared: Path, folder: Path) -> AsyncIterator[Xucd]:
    """A daemon with the demo's centre, for as long as the context lasts."""
    xucd = Xucd(pbx, folder)
    await copied(prepared, xucd, "")
    async with xucd:
        yield xucd
