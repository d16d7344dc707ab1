"""The demo as it runs: Asterisk, phones, xucd and callers, started together and ended together."""

import asyncio
import json
import os
import re
import signal
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from docker.errors import DockerException

from integration.demo import claim, daemon, layout, leftovers, places
from integration.demo.callers import Callers, Say
from integration.demo.control import Control
from integration.demo.daemon import Xucd
from integration.demo.layout import Layout, Node
from integration.demo.places import DemoError
from integration.demo.site import RunningSite
from integration.pbx import PbxError
from integration.sipp import SippError


def run(wanted: Layout, say: Say, ready: Callable[[], None] = lambda: None) -> int:
    """Run a demo until a signal ends it; `ready` is called once. Returns the exit code."""
    try:
        a_minute = calls_a_minute(os.environ.get("DEMO_CALLS", ""))
        if claim.take() is not None:
            say(layout.runs_already(wanted))
            return 0
        leftovers.remove()
        layout.remember(wanted)
        taken = wanted.taken_port()
        if taken is not None:
            raise DemoError(
                f"{taken} is taken by another program, and the demo needs it. "
                "'ss -lptun' shows which; end that one, then try again"
            )
        return asyncio.run(_until_ended(_Demo(wanted, say).run(a_minute, ready)))
    except (DemoError, PbxError, SippError, DockerException) as error:
        say(f"xucd demo: {error}")
        return 1


def calls_a_minute(text: str) -> float:
    """What DEMO_CALLS says: 6 when it is empty. Raises `DemoError`."""
    if not text.strip():
        return 6.0
    if not re.fullmatch(r"\s*\d{1,3}(\.\d{1,3})?\s*", text):
        raise DemoError(f"DEMO_CALLS is {text!r}, not a number of calls a minute (0 for none)")
    return float(text)


async def _until_ended(demo: Coroutine[Any, Any, int]) -> int:
    """Run the demo, and take its parts down on SIGINT and SIGTERM."""
    task = asyncio.ensure_future(demo)

    def stop() -> None:
        # Once: a second Ctrl-C must not keep the parts from being taken down.
        if not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        return 0


class _Demo:
    """One run of a demo."""

    def __init__(self, wanted: Layout, say: Say) -> None:
        self._layout = wanted
        self._say = say
        others = wanted.sites[::-1] if wanted.is_cluster else (None,)
        self._sites = [
            RunningSite(site, other) for site, other in zip(wanted.sites, others, strict=True)
        ]
        self._url = f"sqlite:///{places.DATABASE.absolute()}"
        self._nats = ""
        self._undo = AsyncExitStack()

    async def run(self, a_minute: float, ready: Callable[[], None]) -> int:
        """Run it until a part of it ends."""
        places.SCRATCH.mkdir()
        tempfile.tempdir = str(places.SCRATCH.absolute())
        async with self._undo:
            self._undo.callback(leftovers.wait_for_ports, self._layout)
            self._undo.callback(leftovers.remove)
            nodes = await self._start()
            control = await Control(self._callers_to, self._say).start()
            self._undo.callback(control.close)
            self._announce()
            ready()
            one = not self._layout.is_cluster
            says = await _first(
                *(node.ended() if one else node.keep_running(self._say) for node in nodes),
                *(wait for site in self._sites for wait in site.until_amiss()),
                *self._call_in(a_minute),
            )
            self._say(f"xucd demo: {says}; taking everything down")
            return 1

    async def _start(self) -> list[Xucd]:
        for site in self._sites:
            self._undo.push_async_callback(_in_thread, site.pbx.stop)
        servers = "PostgreSQL, NATS, " if self._layout.is_cluster else ""
        self._say(f"starting {servers}Asterisk, phones and xucd")
        await _all(*(_in_thread(site.pbx.start) for site in self._sites), self._prepare())
        for site in self._sites:
            self._undo.push_async_callback(site.phones.stop)
        nodes = [Xucd(node, self._settings(node)) for node in self._layout.nodes]
        for xucd in nodes:
            self._undo.push_async_callback(xucd.stop)
        await _all(
            *(xucd.start() for xucd in nodes), *(site.start_phones() for site in self._sites)
        )
        return nodes

    async def _prepare(self) -> None:
        if self._layout.is_cluster:
            # The demo of one Asterisk has no library of the tests.
            from integration.demo.servers import Servers  # noqa: PLC0415

            servers = Servers()
            self._undo.push_async_callback(_in_thread, servers.stop)
            await _in_thread(servers.start)
            self._url, self._nats = servers.database, servers.nats
        await _in_thread(lambda: daemon.prepare(self._layout, self._url))

    def _settings(self, node: Node) -> str:
        text = f"[store]\nurl = {json.dumps(self._url, ensure_ascii=False)}\n"
        for site in self._sites:
            if site.site == node.site:
                ports, secret = site.pbx.ports, site.pbx.ami_secret
                text += f'[ami]\nport = {ports.ami}\nsecret = "{secret}"\n'
                text += f"[agi]\nport = {ports.agi}\n"
        if self._nats:
            pbx = f'pbx = "{node.site.pbx}"\n' if node.site else ""
            text += f'[cluster]\nnode = "{node.name}"\n{pbx}servers = ["{self._nats}"]\n'
        return text

    def _callers_to(self, number: str) -> Callers:
        """Those who call the site of a number; the first site's, where it is no site's."""
        having = (site for site in self._sites if number in site.site.lines + site.site.queues)
        return next(having, self._sites[0]).callers

    def _call_in(self, a_minute: float) -> list[Coroutine[Any, Any, None]]:
        if not a_minute:
            return []
        each = a_minute / len(self._sites)
        return [site.callers.call_in(each, self._say) for site in self._sites]

    def _announce(self) -> None:
        self._say(f"xucd demo ready: {self._layout.where}")
        for site in self._layout.sites if self._layout.is_cluster else ():
            phones, queues = f"{site.lines[0]} to {site.lines[-1]}", ", ".join(site.queues)
            self._say(f"  {site.pbx}, Asterisk {site.version}: phones {phones}, queues {queues}")
        for login, what in daemon.logins(self._layout):
            self._say(f"  {login:<10}{login}-demo".ljust(30) + what)


async def _all(*starts: Coroutine[Any, Any, None]) -> None:
    """Wait until every one has ended, then raise what the first that failed has raised.

    None goes on behind the back of what then takes the parts down.
    """
    for outcome in await asyncio.gather(*starts, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _first(*waits: Coroutine[Any, Any, Any]) -> Any:
    """What the first of these to end returns; the others are cancelled, and waited for."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _in_thread(act: Callable[[], Any]) -> None:
    """Do something that blocks. A thread cannot be stopped: whoever cancels this waits for it."""
    task = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
