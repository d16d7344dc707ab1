"""xucd as the demo runs it: the demo's contact centre in a fresh SQLite file, a process of its own.

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
from integration.demo.places import DemoError
from xucd.config import center_file
from xucd.signin.passwords import hash_password
from xucd.store import Store
from xucd.store.apply import apply

DEADLINE = 30.0  # seconds; a start takes about one
SHEET = """
[[sheets]]
name = "{name}"
items = [
    {{ name = "popupUrl", type = "url", order = 10, value = "http://crm/?n={{caller_number}}" }},
    {{ name = "Caller", type = "text", order = 20, value = "{{caller_name}} ({{caller_number}})" }},
    {{ name = "Queue", type = "text", order = 30, value = "{{queue}}" }},
]
"""


def logins() -> list[tuple[str, str]]:
    """Who can sign in, and what each is."""
    center = tomllib.loads(places.CENTER.read_text(encoding="utf-8"))
    found = []
    for agent in center["agents"]:
        queues = ", ".join(agent["queues"]) or "no queue"
        found.append((agent["login"], f"agent on line {agent['line']}: {queues}"))
    for user in center["users"]:
        found.append((user["login"], f"{user['profile']} on line {user['line']}"))
    return found


def prepare() -> None:
    """Make the database. Blocks for about a second."""
    file = center_file.read(places.CENTER, datetime.date.today())
    store = Store(f"sqlite:///{places.DATABASE.absolute()}")
    try:
        store.migrate()
        apply(store, file.plan)
        everybody = [login for login, _ in logins()]
        with ThreadPoolExecutor() as threads:
            hashes = threads.map(hash_password, (f"{login}-demo" for login in everybody))
        for login, kept in zip(everybody, hashes, strict=True):
            store.set_password_hash(login, kept)
    finally:
        store.close()


class Xucd:
    """The daemon. `start` returns when what it tells is what Asterisk has."""

    def __init__(self, ami_secret: str) -> None:
        self._secret = ami_secret
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._write_settings()
        with places.XUCD_LOG.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                # Should the demo be killed, xucd is told to stop.
                *("setpriv", "--pdeathsig", "TERM"),
                *(sys.executable, "-m", "xucd", "-c", str(places.SETTINGS), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # No setting of the user's own may leak into the demo.
                env={name: value for name, value in os.environ.items() if name[:5] != "XUCD_"},
                # A Ctrl-C is for the demo, which then stops its parts in order.
                start_new_session=True,
            )
        places.XUCD_PROCESS.write_text(processes.identity(self._process.pid))
        try:
            async with asyncio.timeout(DEADLINE):
                while not await asyncio.to_thread(_current):
                    if self._process.returncode is not None:
                        raise DemoError(f"xucd did not start:\n{_end_of_log()}")
                    await asyncio.sleep(0.05)  # over HTTP there is nothing to wait on
        except TimeoutError:
            raise DemoError(
                f"xucd did not come up within {DEADLINE:.0f} s:\n{_end_of_log()}"
            ) from None

    async def ended(self) -> str:
        """Wait until the daemon ends; returns what there is to say about it."""
        assert self._process is not None
        code = await self._process.wait()
        return f"xucd ended (exit code {code}); its log: {places.XUCD_LOG}"

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
        ports = places.PORTS
        url = json.dumps(f"sqlite:///{places.DATABASE.absolute()}", ensure_ascii=False)
        places.SETTINGS.touch(mode=0o600)
        places.SETTINGS.write_text(
            f"[web]\nport = {places.WEB_PORT}\norigins = {json.dumps(places.ORIGINS)}\n"
            f'[ami]\nport = {ports.ami}\nsecret = "{self._secret}"\n'
            f"[agi]\nport = {ports.agi}\n[store]\nurl = {url}\n"
            # What the demo's dialplan asks for: for callers of a queue, and of a phone.
            + "".join(SHEET.format(name=name) for name in ("customer", "caller"))
        )


def _current() -> bool:
    try:
        with urllib.request.urlopen(f"{places.URL}health", timeout=5) as answer:
            return bool(json.load(answer)["current"])
    except (urllib.error.URLError, OSError):
        return False  # not listening yet, or 503


def _end_of_log() -> str:
    return places.XUCD_LOG.read_text(errors="replace")[-2000:]
