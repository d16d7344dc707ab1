"""xucd as the demo runs it: the demo's contact centre in a fresh database, a process for each node.

Nobody is logged in, everybody has a password, and a caller's day begins at zero: each start of the
demo is the same.
"""

import asyncio
import datetime
import json
import os
import signal
import sys
import tomllib
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from integration.demo import places, processes
from integration.demo.callers import Say
from integration.demo.layout import Layout, Node
from integration.demo.places import DemoError
from xucd.config import center_file
from xucd.signin.passwords import hash_password
from xucd.store import Store
from xucd.store.apply import apply

DEADLINE = 30.0  # seconds; a start takes about one
AGAIN = 15.0  # seconds after which a node of a cluster that has ended is started again
SHEET = """
[[sheets]]
name = "{name}"
items = [
    {{ name = "popupUrl", type = "url", order = 10, value = "http://crm/?n={{caller_number}}" }},
    {{ name = "Caller", type = "text", order = 20, value = "{{caller_name}} ({{caller_number}})" }},
    {{ name = "Queue", type = "text", order = 30, value = "{{queue}}" }},
]
"""


def logins(layout: Layout) -> list[tuple[str, str]]:
    """Who can sign in, and what each is."""
    center = tomllib.loads(_center(layout))
    found = []
    for agent in center["agents"]:
        queues = ", ".join(agent["queues"]) or "no queue"
        found.append((agent["login"], f"agent on line {agent['line']}: {queues}"))
    for user in center["users"]:
        found.append((user["login"], f"{user['profile']} on line {user['line']}"))
    return found


def prepare(layout: Layout, url: str) -> None:
    """Put the centre into a database. Blocks for about a second."""
    file = center_file.parse(_center(layout), "the demo's centre", datetime.date.today())
    store = Store(url)
    try:
        store.migrate()
        apply(store, file.plan)
        everybody = [login for login, _ in logins(layout)]
        with ThreadPoolExecutor() as threads:
            hashes = threads.map(hash_password, (f"{login}-demo" for login in everybody))
        for login, kept in zip(everybody, hashes, strict=True):
            store.set_password_hash(login, kept)
    finally:
        store.close()


def _center(layout: Layout) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in layout.center)


class Xucd:
    """The daemon of a node. `start` returns when what it tells is what Asterisk has.

    `settings` is TOML: the database, and what else it is connected to.
    """

    def __init__(self, node: Node, settings: str) -> None:
        self._node = node
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; returns when its state is current."""
        self._write_settings()
        with self._node.log.open("ab" if self._process else "wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                # Should the demo be killed, xucd is told to stop.
                *("setpriv", "--pdeathsig", "TERM"),
                *(sys.executable, "-m", "xucd", "-c", str(self._node.settings), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # No setting of the user's own may leak into the demo.
                env={
                    **{name: value for name, value in os.environ.items() if name[:5] != "XUCD_"},
                    "STATE_DIRECTORY": str(places.FOLDER.absolute()),
                },
                # A Ctrl-C is for the demo, which then stops its parts in order.
                start_new_session=True,
            )
        self._node.process.write_text(processes.identity(self._process.pid))
        try:
            async with asyncio.timeout(DEADLINE):
                while not await asyncio.to_thread(self._current):
                    if self._process.returncode is not None:
                        raise DemoError(f"xucd did not start:\n{self._end_of_log()}")
                    await asyncio.sleep(0.05)  # over HTTP there is nothing to wait on
        except TimeoutError:
            raise DemoError(
                f"xucd did not come up within {DEADLINE:.0f} s:\n{self._end_of_log()}"
            ) from None

    async def ended(self) -> str:
        """Wait until the daemon ends; returns what there is to say about it."""
        assert self._process is not None
        code = await self._process.wait()
        return f"{self._node.name} ended (exit code {code}); its log: {self._node.log}"

    async def keep_running(self, say: Say) -> str:
        """Start the daemon again some time after each of its ends; returns what failed."""
        while True:
            say(f"{await self.ended()}. It starts again after {AGAIN:.0f} s")
            await asyncio.sleep(AGAIN)
            try:
                await self.start()
            except DemoError as error:
                return str(error)

    async def stop(self) -> None:
        """End the daemon, if it runs."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _write_settings(self) -> None:
        port = self._node.port
        origins = [f"http://127.0.0.1:{port}", f"http://localhost:{port}", "http://127.0.0.1:8099"]
        self._node.settings.touch(mode=0o600)
        self._node.settings.write_text(
            f"[web]\nport = {port}\norigins = {json.dumps(origins)}\n{self._settings}"
            # What the demo's dialplan asks for: for callers of a queue, and of a phone.
            + "".join(SHEET.format(name=name) for name in ("customer", "caller"))
        )

    def _current(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._node.url}health", timeout=5) as answer:
                return bool(json.load(answer)["current"])
        except (urllib.error.URLError, OSError):
            return False  # not listening yet, or 503

    def _end_of_log(self) -> str:
        return self._node.log.read_text(errors="replace")[-2000:]
