"""xucd as its users run it: the installed command, a settings file, a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self
from urllib.request import urlopen

from integration.client import Client, http
from integration.pbx import Pbx
from integration.ports import free_port
from xucd.signin.passwords import hash_password
from xucd.store import Store

DEMO = Path(__file__).parent / "demo" / "center.toml"
DEADLINE = 30.0


class Xucd:
    """One daemon with the demo's contact centre, its files in `folder`.

    `settings` is TOML that is added to the settings file; `url` a database, SQLite unless given.
    `launcher` is a command that becomes each process, such as ``prlimit``; `more_environment` is
    added to that of the tests.
    """

    launcher: tuple[str, ...] = ()
    more_environment: Mapping[str, str] = MappingProxyType({})
    deadline = DEADLINE
    """Seconds that a start may take."""

    def __init__(self, pbx: Pbx, folder: Path, settings: str = "", url: str | None = None) -> None:
        self.pbx = pbx
        self.folder = folder
        self.port = self.own_port = free_port()  # clients may have another, of an edge
        self.url = url or f"sqlite:///{folder / 'xucd.db'}"
        self.file = folder / "xucd.toml"
        self.log = folder / "xucd.log"
        self.file.write_text(
            f"{settings}\n"
            f'[web]\nport = {self.port}\norigins = ["http://127.0.0.1:{self.port}"]\n'
            f'[ami]\nport = {pbx.ami_port}\nsecret = "{pbx.ami_secret}"\n'
            "action_timeout = 20\n"
            f'[agi]\nport = {pbx.agi_port}\n[store]\nurl = "{self.url}"\n'
        )
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        if not self.url.startswith("sqlite") or not (self.folder / "xucd.db").exists():
            await self.prepare()
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def prepare(self) -> None:
        """Apply the demo's centre and give everybody a password."""
        await self.command("center", "apply", str(DEMO))
        store = Store(self.url)
        for login in store.directory().user_by_login:
            store.set_password_hash(login, await asyncio.to_thread(hash_password, f"{login}-demo"))
        store.close()

    async def command(self, *arguments: str, said: str = "") -> str:
        """Run ``xucd …`` to its end; returns what it printed."""
        process = await self._run(*arguments, stdin=asyncio.subprocess.PIPE)
        printed, _ = await process.communicate(said.encode())
        assert process.returncode == 0, printed.decode()
        return printed.decode()

    async def start(self, *, hears: bool = True) -> None:
        """Start the daemon; returns when what it tells is current, or, deaf, when it answers."""
        await self.spawn()
        await self.until_started(hears=hears)

    async def spawn(self) -> None:
        """Start the daemon, and wait for nothing."""
        with self.log.open("ab") as log:
            self._process = await self._run("run", stdout=log.fileno())

    async def until_started(self, *, hears: bool = True) -> None:
        """Wait until what the daemon tells is current, or, deaf, until it answers."""
        await self._until(self._current if hears else self._answers)

    async def until_current(self) -> None:
        """Wait until the daemon holds what Asterisk has."""
        await self._until(self._current)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(self.deadline):
            while not await asyncio.to_thread(is_so):
                await asyncio.sleep(0.02)  # over HTTP there is nothing to wait on
                if self._process is not None and self._process.returncode is not None:
                    raise RuntimeError(f"xucd ended:\n{self.log.read_text()}")

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the daemon; returns its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is not None:
            return process.returncode
        process.send_signal(how)
        return await asyncio.wait_for(process.wait(), DEADLINE)

    def signal(self, what: signal.Signals) -> None:
        """Send the daemon a signal."""
        assert self._process is not None
        self._process.send_signal(what)

    async def client(self, login: str, query: str = "") -> Client:
        """A signed-in page of a user, its opening received."""
        client = await Client.sign_in(self.port, login, query=query)
        await client.opened()
        return client

    def metrics(self) -> dict[str, float]:
        """What ``/metrics`` has by now, by name and labels. Blocks."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=DEADLINE) as answer:
            lines = answer.read().decode().splitlines()
        rows = (line.rsplit(maxsplit=1) for line in lines if line[0] != "#")
        return {name: float(value) for name, value in rows}

    def store(self) -> Store:
        """The daemon's store, to look into; close it afterwards."""
        return Store(self.url)

    def _current(self) -> bool:
        health = self._health()
        return health is not None and bool(health["current"])

    def _answers(self) -> bool:
        health = self._health()
        return health is not None and health["store"] == "ok"

    def _health(self) -> dict[str, Any] | None:
        try:
            health: dict[str, Any] = http(self.own_port, "/health")[1]
        except (OSError, json.JSONDecodeError):
            return None
        return health

    async def _run(
        self,
        *arguments: str,
        stdin: int = asyncio.subprocess.DEVNULL,
        stdout: int = asyncio.subprocess.PIPE,
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.launcher,
            sys.executable,
            "-m",
            "xucd",
            "-c",
            str(self.file),
            *arguments,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.STDOUT,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.more_environment},
        )
