"""An owner and an edge as processes of their own, with no Asterisk to talk to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from integration.client import token_of
from integration.edged import EdgedXucd
from integration.nats import Nats
from integration.ports import free_port
from integration.running import Xucd
from tests.rest_client import RestClient


class LoneEdgedXucd(EdgedXucd):
    """Both, with the demo's centre; clients are at the edge."""

    def __init__(self, folder: Path, url: str, nats: Nats) -> None:
        pbx: Any = SimpleNamespace(
            ami_port=free_port(), ami_secret="nobody-listens", agi_port=free_port()
        )
        super().__init__(pbx, folder, "", url, nats)

    async def prepare(self) -> None:
        """Apply the demo's centre and give everybody a password."""
        await Xucd.prepare(self)

    async def start(self, *, hears: bool = False) -> None:
        """Start both, or the owner alone if the edge goes on; they will never hear anything."""
        await super().start(hears=hears)

    async def rest(self, login: str) -> RestClient:
        """A user who has signed in at the edge."""
        return RestClient(self.port, await token_of(self.port, login))
