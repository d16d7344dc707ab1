"""The FastAGI server: accepts connections, and runs the script that each requests.

FastAGI has no authentication. So xucd listens on loopback only, and scripts reveal data only for an
unguessable id. The number of connections is limited: at the limit, a new one takes the place of a
silent one, so that no number of silent ones shuts the dialplan out. Those without a complete
request give way first, then those that have answered nothing yet, the oldest of each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from xucd.agi.conversation import AgiDeadlines, Conversation, Ended
from xucd.agi.syntax import Unwritable

log = structlog.get_logger()

MAX_CONNECTIONS = 500
"""Maximum number of connections at a time."""

Script = Callable[[Conversation], Awaitable[None]]


class AgiServer(Factory):
    """Runs `scripts` by name, for at most `max_connections` at a time."""

    noisy = False

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        max_connections: int = MAX_CONNECTIONS,
        deadlines: AgiDeadlines | None = None,
    ) -> None:
        self._scripts = scripts
        self._max_connections = max_connections
        self._deadlines = deadlines or AgiDeadlines()
        self._without_request: dict[Conversation, None] = {}
        self._running: dict[Conversation, asyncio.Task[None]] = {}

    def buildProtocol(self, addr: IAddress | None) -> Conversation | None:
        """A new connection, or None to close it at once."""
        if self._open() >= self._max_connections:
            silent = self._most_silent()
            if silent is None:
                log.warning("too many FastAGI connections", limit=self._max_connections)
                return None
            self._without_request.pop(silent, None)
            silent.drop("too many connections, and this one is silent")
        conversation = Conversation(self._begun, self._ended, self._deadlines)
        self._without_request[conversation] = None
        return conversation

    def close(self) -> None:
        """Close every connection; to be called after listening has stopped."""
        for conversation in [*self._without_request, *self._running]:
            conversation.finish()

    def _open(self) -> int:
        return len(self._without_request) + sum(each.open for each in self._running)

    def _most_silent(self) -> Conversation | None:
        """The connection that gives way to a new one; None if xucd is at work for all of them."""
        oldest = next(iter(self._without_request), None)
        if oldest is not None:
            return oldest
        awaited = [each for each in self._running if each.open and each.awaits_answer]
        return min(awaited, key=lambda each: each.answers, default=None)

    def _begun(self, conversation: Conversation) -> None:
        self._without_request.pop(conversation, None)
        self._running[conversation] = asyncio.create_task(self._run(conversation))

    def _ended(self, conversation: Conversation) -> None:
        self._without_request.pop(conversation, None)

    async def _run(self, conversation: Conversation) -> None:
        name = conversation.request.script
        script = self._scripts.get(name)
        try:
            if script is None:
                log.warning("unknown FastAGI script", script=name)
            else:
                await script(conversation)
        except Ended as ended:
            log.info("a FastAGI script ended early", script=name, reason=str(ended))
        except Unwritable as error:
            log.warning("a FastAGI script cannot send a value", script=name, reason=str(error))
        except Exception:  # one script's error must not end the server
            log.exception("a FastAGI script failed", script=name)
        finally:
            del self._running[conversation]
            # The caller must not be left waiting, whatever happened.
            conversation.finish()
