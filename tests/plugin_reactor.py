"""Lets Twisted and asyncio share the loop that the tests run on.

Loaded with ``-p tests.plugin_reactor``. The loop of the whole session is made here, Twisted's
reactor is installed on it before anything can import another one, and pytest-asyncio is told to
run every test and fixture on that very loop. The reactor is never run: asyncio runs, and the
reactor's readers and timers live on its loop.
"""

import asyncio

import pytest
from twisted.internet import asyncioreactor

LOOP = asyncio.new_event_loop()
asyncioreactor.install(LOOP)


class _TheLoop(asyncio.DefaultEventLoopPolicy):
    """Hands out the one loop; pytest-asyncio asks for a new one at the start of the session."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return LOOP if not LOOP.is_closed() else super().new_event_loop()


@pytest.fixture(scope="session")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    return _TheLoop()


@pytest.fixture(scope="session", autouse=True)
def started_reactor() -> None:
    """Mark the reactor as running, without its own loop and signal handlers."""
    from twisted.internet import reactor

    reactor.startRunning(installSignalHandlers=False)
