"""The demo as it runs: Asterisk, phones, xucd and callers, started together and ended together."""

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from docker.errors import DockerException

from integration.demo import claim, daemon, leftovers, places
from integration.demo.callers import LINES, TONE, Say, call_in
from integration.demo.control import Control
from integration.demo.daemon import Xucd
from integration.demo.places import DemoError
from integration.pbx import Pbx, PbxError
from integration.phones import Phone, Phones
from integration.sipp import SippError

ANSWER_AFTER = 2.0  # seconds that a demo phone rings
OUTSIDE_TALK = 20.0  # seconds after which whoever was called in the outside world hangs up
REGISTERED = 3600  # seconds that a registration lasts


def run(say: Say, ready: Callable[[], None] = lambda: None) -> int:
    """Run the demo until a signal ends it; `ready` is called once. Returns the exit code."""
    try:
        a_minute = calls_a_minute(os.environ.get("DEMO_CALLS", ""))
        if claim.take() is not None:
            say(places.RUNS_ALREADY)
            return 0
        leftovers.remove()
        taken = places.taken_port()
        if taken is not None:
            raise DemoError(
                f"{taken} is taken by another program, and the demo needs it. "
                "'ss -lptun' shows which; end that one, then try again"
            )
        return asyncio.run(_until_ended(_run(a_minute, say, ready)))
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


async def _run(a_minute: float, say: Say, ready: Callable[[], None]) -> int:
    places.SCRATCH.mkdir()
    tempfile.tempdir = str(places.SCRATCH.absolute())
    async with AsyncExitStack() as undo:
        undo.callback(leftovers.wait_for_ports)
        undo.callback(leftovers.remove)
        pbx = Pbx(ports=places.PORTS, name=places.CONTAINER)
        undo.push_async_callback(_in_thread, pbx.stop)
        say("starting Asterisk, phones and xucd")
        await _all(_in_thread(pbx.start), _in_thread(daemon.prepare))
        phones = Phones(pbx)
        undo.push_async_callback(phones.stop)
        xucd = Xucd(pbx.ami_secret)
        undo.push_async_callback(xucd.stop)
        await _all(xucd.start(), _start(phones))
        control = await Control(phones, say).start()
        undo.callback(control.close)
        _announce(say)
        ready()
        says = await _first(
            xucd.ended(),
            _asterisk_ended(),
            phones.ended(),
            _keep_registered(phones),
            *([call_in(phones, a_minute, say)] if a_minute else []),
        )
        say(f"xucd demo: {says}; taking everything down")
        return 1


async def _start(phones: Phones) -> None:
    await phones.start()
    for line in LINES:
        phones.phone(line).answer_after = ANSWER_AFTER
        phones.phone(line).tone = 100.0 * int(line[-1])
    phones.new_phone = _outside
    await phones.register(*LINES, seconds=REGISTERED)


def _outside(number: str) -> Phone:
    """Somebody in the outside world, of a number that is called for the first time."""
    phone = Phone(number)
    phone.answer_after, phone.hang_up_after, phone.tone = ANSWER_AFTER, OUTSIDE_TALK, TONE
    return phone


async def _keep_registered(phones: Phones) -> str:
    while True:
        await asyncio.sleep(REGISTERED / 2)
        try:
            await phones.register(*LINES, seconds=REGISTERED)
        except (SippError, TimeoutError) as error:
            return str(error)


async def _asterisk_ended() -> str:
    docker = await asyncio.create_subprocess_exec(
        *("docker", "wait", places.CONTAINER),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await docker.wait()
    finally:
        if docker.returncode is None:
            docker.kill()
            await docker.wait()
    return "Asterisk ended"


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


def _announce(say: Say) -> None:
    say(f"xucd demo ready: {places.URL}")
    for login, what in daemon.logins():
        say(f"  {login:<10}{login}-demo".ljust(30) + what)
