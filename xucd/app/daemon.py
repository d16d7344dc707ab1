"""xucd as a process: event loop, log, signals, and systemd."""

import asyncio
import gc
import signal
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from twisted.internet import asyncioreactor

from xucd.app import log_output
from xucd.app.journal_lines import print_error
from xucd.app.systemd import Notifier
from xucd.config.settings import Settings
from xucd.signin.earlier_attempts import AttemptCells
from xucd.store import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from xucd.app.assembly import Assembly
    from xucd.app.edge_assembly import EdgeAssembly
    from xucd.app.pbx_node import PbxNode
    from xucd.app.siblings import Siblings

    Xucd = Assembly | EdgeAssembly | PbxNode

SWITCH_S = 0.0005
"""For how long a thread may keep the others from running, in seconds. The event loop lets them run
at each write to a socket: with Python's 0.005, a flush took ten times as long beside one that
computes, and with this three times."""
YOUNG = 10_000
"""After how many new objects the garbage collector looks at them: more than a turn makes."""

log = structlog.get_logger()


def run(settings: Settings, exposed: Iterable[str] = ()) -> int:
    """Serve until told to stop by SIGTERM or SIGINT; returns the exit code.

    It is 1 if the database cannot be reached, which may pass, and 2 if a setting is wrong.
    `exposed` are sentences about secrets that all can read, for the log.
    """
    log_output.set_up()
    for sentence in exposed:
        log.warning("a secret is exposed", reason=sentence)
    if settings.web.processes > 1:
        from xucd.app import processes  # noqa: PLC0415

        return processes.run(settings, _run_as_one_of_several)
    return _run(settings)


def _run_as_one_of_several(settings: Settings, end: socket.socket, cells: AttemptCells) -> int:
    from xucd.app.siblings import Siblings  # noqa: PLC0415

    return _run(settings, Siblings(end, cells))


def _run(settings: Settings, siblings: "Siblings | None" = None) -> int:
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(YOUNG, 20, 20)
    loop = _loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    # Only now: what is imported there takes whatever reactor is installed.
    from twisted.internet import reactor  # noqa: PLC0415

    reactor.startRunning(installSignalHandlers=False)
    try:
        return loop.run_until_complete(_serve(settings, siblings))
    finally:
        # These look up names for the provider's requests. They would keep the process from ending.
        if reactor.threadpool is not None:
            reactor.threadpool.stop()
        loop.close()


def _assemble(settings: Settings, siblings: "Siblings | None") -> "Xucd":
    if settings.is_edge:
        from xucd.app.edge_assembly import EdgeAssembly  # noqa: PLC0415

        return EdgeAssembly(settings, siblings)
    if settings.cluster is not None:
        from xucd.app.pbx_node import PbxNode  # noqa: PLC0415

        return PbxNode(settings)
    from xucd.app.assembly import Assembly  # noqa: PLC0415

    return Assembly(settings)


async def _serve(settings: Settings, siblings: "Siblings | None") -> int:
    # What is imported stays to the end: the collector need not look through it, now or later.
    gc.disable()
    xucd = _assemble(settings, siblings)
    from xucd.app.front import CannotListen  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    systemd: Notifier | Siblings = siblings or Notifier()
    if siblings is not None:
        siblings.begin(stop.set)
    try:
        await xucd.start()
        gc.freeze()  # the contact centre stays, too
    except (CannotListen, StoreError) as error:
        print_error(f"xucd: {error}")
        await xucd.stop()
        return 1 if isinstance(error, StoreUnavailable) else 2
    systemd.send("READY=1")
    alive = asyncio.create_task(systemd.stay_alive())
    await _reload_until(stop, reload, xucd, systemd)
    systemd.send("STOPPING=1")
    alive.cancel()
    await xucd.stop()
    return 0


async def _reload_until(
    stop: asyncio.Event,
    reload: asyncio.Event,
    xucd: "Xucd",
    systemd: "Notifier | Siblings",
) -> None:
    """Reload configuration and certificate at each SIGHUP, until told to stop."""
    waits = [asyncio.create_task(stop.wait())]
    while not stop.is_set():
        waits.append(asyncio.create_task(reload.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        waits.pop().cancel()
        if reload.is_set():
            reload.clear()
            systemd.send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            xucd.reload_certificate()
            try:
                await xucd.reload()
            except StoreError as error:
                log.error("cannot reload the configuration", reason=str(error))
            systemd.send("READY=1")


def _loop() -> asyncio.AbstractEventLoop:
    with suppress(ImportError):
        from xucd.app.event_loop import Loop  # noqa: PLC0415  # an option of the installation

        return Loop()
    return asyncio.new_event_loop()
