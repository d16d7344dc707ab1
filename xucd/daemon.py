"""Running xucd as a process: the event loop, the logs, the signals, and systemd."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress

import structlog
from twisted.internet import asyncioreactor

from xucd.settings import Settings
from xucd.store import StoreError
from xucd.systemd import Notifier


def run(settings: Settings) -> int:
    """Serve until told to stop by SIGTERM or SIGINT; returns the exit code."""
    _log_to_stderr()
    loop = _loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    # Only now: what is imported there takes whatever reactor is installed.
    from twisted.internet import reactor  # noqa: PLC0415

    reactor.startRunning(installSignalHandlers=False)
    try:
        return loop.run_until_complete(_serve(settings))
    finally:
        loop.close()


async def _serve(settings: Settings) -> int:
    from xucd.assembly import CannotListen, Daemon  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    systemd = Notifier()
    daemon = Daemon(settings)
    try:
        await daemon.start()
    except (CannotListen, StoreError) as error:
        print(f"xucd: {error}", file=sys.stderr)
        await daemon.stop()
        return 2
    systemd.tell("READY=1")
    alive = asyncio.create_task(systemd.stay_alive())
    await stop.wait()
    systemd.tell("STOPPING=1")
    alive.cancel()
    await daemon.stop()
    return 0


def _loop() -> asyncio.AbstractEventLoop:
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415  # an option of the installation

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def _log_to_stderr() -> None:
    """One line for each thing that happened, whether it was told by structlog or by logging."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
