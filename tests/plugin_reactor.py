"""Lets Twisted and asyncio share the loop that the tests run on.

Loaded with ``-p tests.plugin_reactor``. The loop of the whole session is made here, Twisted's
reactor is installed on it before anything can import another one, and pytest-asyncio is told to
run every test and fixture on that very loop. The reactor is never run: asyncio runs, and the
reactor's readers and timers live on its loop.
"""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from twisted.internet import asyncioreactor

LOOP = asyncio.new_event_loop()
asyncioreactor.install(LOOP)  # type: ignore[no-untyped-call]

from twisted.internet import reactor  # noqa: E402  # there is none to import before


def the_loop() -> asyncio.AbstractEventLoop:
    """The loop of the session."""
    return LOOP


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Where pytest-asyncio gets the loop of the session from: there is only this one."""
    return {"reactor": the_loop}


@pytest.fixture(scope="session", autouse=True)
def started_reactor() -> Iterator[None]:
    """Mark the reactor as running, without its own loop and signal handlers."""
    reactor.startRunning(installSignalHandlers=False)
    yield
    # As the daemon does at its end: these would keep the process from ending.
    if reactor.threadpool is not None:
        reactor.threadpool.stop()
