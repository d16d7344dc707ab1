"""The FastAGI server: takes connections, and has the script run that each asks for.

FastAGI has no authentication, so it listens on loopback only, and what a script gives away it
gives only for an id that nobody can guess. However many connections somebody opens, only so many
are kept: the oldest that has not yet said what it wants goes first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from xucd.agi.conversation import DONE_WITHIN, HEAD_WITHIN, Conversation, Ended
from xucd.agi.syntax import Unwritable

log = logging.getLogger(__name__)

MOST = 500
"""Connections at a time."""

Script = Callable[[Conversation], Awaitable[None]]


class AgiServer(Factory):
    """Runs `scripts` by name. `head_within` and `done_within` are in seconds."""

    noisy = False

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        most: int = MOST,
        head_within: float = HEAD_WITHIN,
        done_within: float = DONE_WITHIN,
    ) -> None:
        self._scripts = scripts
        self._most = most
        self._within = (head_within, done_within)
        self._silent: dict[Conversation, None] = {}
        self._running: dict[Conversation, asyncio.Task[None]] = {}

    def buildProtocol(self, addr: IAddress | None) -> Conversation | None:
        """A new connection, or None to close it at once."""
        if len(self._silent) + len(self._running) >= self._most:
            oldest = next(iter(self._silent), None)
            if oldest is None:
                log.warning("more FastAGI connections than %d: one was closed", self._most)
                return None
            del self._silent[oldest]
            oldest.drop("too many connections say nothing")
        head, done = self._within
        conversation = Conversation(self._begun, self._ended, head_within=head, done_within=done)
        self._silent[conversation] = None
        return conversation

    def close(self) -> None:
        """End every conversation; whoever listens has to be stopped first."""
        for conversation in [*self._silent, *self._running]:
            conversation.finish()

    def _begun(self, conversation: Conversation) -> None:
        self._silent.pop(conversation, None)
        self._running[conversation] = asyncio.create_task(self._run(conversation))

    def _ended(self, conversation: Conversation) -> None:
        self._silent.pop(conversation, None)

    async def _run(self, conversation: Conversation) -> None:
        name = conversation.request.script
        script = self._scripts.get(name)
        try:
            if script is None:
                log.warning("the dialplan asks for a script that xucd does not have: %r", name)
            else:
                await script(conversation)
        except Ended as ended:
            log.info("the script %s ended early: %s", name, ended)
        except Unwritable as error:
            log.warning("the script %s: %s", name, error)
        except Exception:  # a fault of one script must not end the server
            log.exception("the script %s failed", name)
        finally:
            del self._running[conversation]
            # Whatever happened, the caller must not be left waiting.
            conversation.finish()
