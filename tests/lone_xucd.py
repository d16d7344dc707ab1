"""xucd as a process of its own, with no Asterisk to talk to: callbacks and HTTP need none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from integration.client import Client
from integration.ports import free_port
from integration.running import DEMO, Xucd
from xucd.signin.tokens import Tokens


class LoneXucd(Xucd):
    """A daemon with the demo's centre; its link to Asterisk leads nowhere.

    `center` is TOML that is added to the demo's, `settings` TOML that is added to the settings.
    """

    def __init__(
        self, folder: Path, url: str | None = None, center: str = "", settings: str = ""
    ) -> None:
        pbx: Any = SimpleNamespace(
            ami_port=free_port(), ami_secret="nobody-listens", agi_port=free_port()
        )
        super().__init__(pbx, folder, settings, url)
        self._center = center
        self._secret = b""

    async def prepare(self) -> None:
        """Apply the centre. Nobody gets a password: `token` does without."""
        file = self.folder / "center.toml"
        file.write_text(DEMO.read_text(encoding="utf-8") + self._center, encoding="utf-8")
        await self.command("center", "apply", str(file))

    async def start(self, *, hears: bool = False) -> None:
        """Start the daemon; returns when it answers: it will never hear anything."""
        await super().start(hears=hears)
        if not self._secret:
            store = self.store()
            self._secret = await asyncio.to_thread(store.token_secret)
            store.close()

    def token(self, login: str) -> str:
        """A token of a new sign-in, made as the daemon makes it; good across restarts."""
        store = self.store()
        tokens = Tokens(self._secret, 3600, 43200, time.time)
        token = tokens.sign(tokens.begin(login, store.generations()[login]))
        store.close()
        return token

    async def client(self, login: str, query: str = "") -> Client:
        """A signed-in page of a user, its opening received."""
        client = await Client.sign_in(self.port, login, query=query, token=self.token(login))
        await client.opened()
        return client

    def sockets(self) -> int:
        """How many connections of clients the daemon has open."""
        assert self._process is not None
        process = Path(f"/proc/{self._process.pid}")
        held = set()
        for file in (process / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                held.add(os.readlink(file))
        count = 0
        for line in (process / "net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            local, state, inode = fields[1], fields[3], fields[9]
            listens = state == "0A"
            if int(local.partition(":")[2], 16) == self.port and not listens:
                count += f"socket:[{inode}]" in held
        return count
