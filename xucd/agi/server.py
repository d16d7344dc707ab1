"""The FastAGI server: accepts connections, and runs the script that each requests.

FastAGI has no authentication. So xucd listens on loopback only, and scripts reveal data only for an
unguessable id. The number of connections is limited: at the limit, the oldest connection without a
complete request is aborted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from xucd.agi.conversation import HEAD_TIMEOUT, TOTAL_TIMEOUT, Conversation, Ended
from xucd.agi.syntax import Unwritable

log = structlog.get_logger()

MAX_CONNECTIONS = 500
"""Maximum number of connections at a time."""

Script = Callable[[Conversation], Awaitable[None]]


class AgiServer(Factory):
    """Runs `scripts` by name. `head_timeout` and `total_timeout` are in seconds."""

    noisy = False

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        max_connections: int = MAX_CONNECTIONS,
        head_timeout: float = HEAD_TIMEOUT,
        total_timeout: float = TOTAL_TIMEOUT,
    ) -> None:
        self._scripts = scripts
        self._max_connections = max_connections
        self._timeouts = (head_timeout, total_timeout)
        self._without_request: dict[Conversation, None] = {}
        self._running: dict[Conversation, asyncio.Task[None]] = {}

    def buildProtocol(self, addr: IAddress | None) -> Conversation | None:
        """A new connection, or None to close it at once."""
        if len(self._without_request) + len(self._running) >= self._max_connections:
            oldest = next(iter(self._without_request), None)
            if oldest is None:
                log.warning("too many FastAGI connections", limit=self._max_connections)
                return None
            del self._without_request[oldest]
            oldest.drop("too many connections without a request")
        head, total = self._timeouts
        conversation = Conversation(
            self._begun, self._ended, head_timeout=head, total_timeout=total
        )
        self._without_request[conversation] = None
        return conversation

    def close(self) -> None:
        """Close every connection; to be called after listening has stopped."""
        for conversation in [*self._without_request, *self._running]:
            conversation.finish()

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
