"""Records what Asterisk says to an account like xucd's, as `xucd record` does, during a run."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from integration.pbx import Pbx
from xucd.ami.connection import Connection
from xucd.center.events import Event
from xucd.center.snapshot import Snapshot
from xucd.tools.trace import Recorder


@dataclass
class _Settings:
    port: int
    secret: str
    host: str = "127.0.0.1"
    username: str = "xucd"
    action_timeout: float = 30.0


class _Nobody:
    """Events are recorded as raw blocks."""

    def on_up(self, snapshot: Snapshot, held: list[Event]) -> None: ...
    def on_event(self, event: Event) -> None: ...
    def on_down(self) -> None: ...


@contextlib.asynccontextmanager
async def recorded(pbx: Pbx, path: Path) -> AsyncIterator[None]:
    """A trace for tests/traces, written to a file."""
    with path.open("wb") as file:
        settings = _Settings(pbx.ami_port, pbx.ami_secret)
        connection = Connection(settings, _Nobody(), on_raw=Recorder(file).write)
        connection.start()
        try:
            yield
        finally:
            await connection.close()
