"""One client's WebSocket, from its handshake to its end.

The protocol, in prose. Frames are text, one JSON object each. The client says
``{"claz":"web","command":NAME,…}``; the server says ``{"msgType":TYPE,"ctiMessage":BODY}``. The
first message is `LoggedOn`, then come those of the application's opening, then whatever happens.
Every few seconds the client says ``{"claz":"ping"}`` and gets it back at once, past any command
that still runs. A link on which nothing at all is heard for 90 s is closed.

Commands of one link are carried out in order, one after another. A command that is refused is
answered by an `AgentError`, a frame that is no command by an `Error`; a command with a `requestId`
gets a `CommandResult` besides, whichever way it went. Neither ends the link. What does: a binary
frame (1003), text that is not UTF-8 (1007), a message in too many pieces (1008) or of more than
64 KiB (1009), a failure of ours in the opening (1011), silence (4009), another link that takes up
the same session (4010), and leaving too much unread (4008).
"""

import asyncio
from collections import deque
from typing import Protocol

import msgspec
import structlog
from autobahn.twisted.websocket import WebSocketServerProtocol

from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.cti import frames
from xucd.cti.commands import Command
from xucd.cti.hub import Hub
from xucd.cti.messages import AgentError, CommandResult, Error, RequestId
from xucd.cti.session import Session
from xucd.cti.socket_writer import DEFAULT_LIMIT, SocketWriter, framed, writer_for

MAX_FRAME = 64 * 1024
MAX_FRAGMENTS = 256
MAX_WAITING = 200
"""How many commands of one link may wait for those before them."""

UNSUPPORTED_DATA, POLICY_VIOLATION, INTERNAL_ERROR = 1003, 1008, 1011
SLOW, SILENT, REPLACED = 4008, 4009, 4010

_PONG = framed(b'{"claz":"ping"}')

log = structlog.get_logger()


class Resume(msgspec.Struct, frozen=True):
    """A client's wish to be taken up again: at `position` of `epoch`, or from now on (None)."""

    epoch: str | None = None
    position: int = 0


class Application(Protocol):
    """What links need of the rest of xucd."""

    def opened(self, session: Session) -> None:
        """Send a new session its opening; `LoggedOn` has been sent."""

    async def asked(self, session: Session, command: Command) -> None:
        """Carry out a command. Raises `Refused`."""


class LinkLimits(msgspec.Struct, frozen=True):
    """`backlog` in bytes; the others in seconds, `closing` for a client to answer a goodbye.

    At most `parked` sessions without a link are kept, each for `parking` seconds.
    """

    backlog: int = DEFAULT_LIMIT
    silence: float = 90.0
    closing: float = 10.0
    parking: float = 60.0
    parked: int = 1000


class LinkOwner(Protocol):
    """What a link needs of the one that keeps all links."""

    hub: Hub
    application: Application
    loop: asyncio.AbstractEventLoop
    limits: LinkLimits

    def joined(self, link: "Link") -> Session:
        """Give an open link its session, and open that if it is new."""

    def left(self, link: "Link") -> None:
        """A link is lost; its session is parked or ends."""


class Link(WebSocketServerProtocol):
    """A WebSocket link of a user who is signed in already."""

    def __init__(self, links: LinkOwner, user: User, resume: Resume | None) -> None:
        super().__init__()
        self.links = links
        self.user = user
        self.resume = resume
        self.writer: SocketWriter | None = None
        self.session: Session | None = None
        self._waiting: deque[Command] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._fragments = 0
        self._loop = links.loop
        self._heard = self._loop.time()
        self._silence: asyncio.TimerHandle | None = None

    # --- What Autobahn calls

    def onOpen(self) -> None:
        """Say hello, then let the application open."""
        self.writer = writer_for(
            self.links.hub.turn, self.transport, self._too_slow, self.links.limits.backlog
        )
        self._watch()
        try:
            self.session = self.links.joined(self)
        except Exception:  # one client's, and told to it: the others go on
            log.exception("cannot send the opening of a link", user=self.user.login)
            self.sendCloseFrame(INTERNAL_ERROR, b"internal error")

    def dataReceived(self, data: bytes) -> None:
        """Note the time of whatever comes."""
        self._heard = self._loop.time()
        super().dataReceived(data)

    def onMessageBegin(self, isBinary: bool) -> None:
        """Refuse what is binary before it is gathered."""
        self._fragments = 0
        super().onMessageBegin(isBinary)
        if isBinary:
            self._fail_connection(UNSUPPORTED_DATA, "text frames only")

    def onMessageFrameBegin(self, length: int) -> None:
        """Refuse a message in endless pieces, which no limit on its size would stop."""
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            self._fail_connection(POLICY_VIOLATION, "too many fragments")
        super().onMessageFrameBegin(length)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Take a frame: a ping is echoed at once, a command waits for its turn."""
        if self.session is None or self.writer is None or not self.writer.open:
            return
        try:
            command = frames.decode(payload)
        except frames.BadFrame as bad:
            self.links.hub.metrics.bad_frames.labels(bad.code).inc()
            self._misunderstood(self.session, bad.code, bad.text, bad.request_id)
            return
        if isinstance(command, frames.Ping):
            self.writer.send(_PONG)
        elif len(self._waiting) >= MAX_WAITING:
            text = "Too many commands wait to be carried out."
            self._misunderstood(self.session, "TooManyCommands", text, command.request_id)
        else:
            self._waiting.append(command)
            if self._worker is None:
                self._worker = self._loop.create_task(self._work(self.session, self.writer))

    def onPing(self, payload: bytes) -> None:
        """Answer a WebSocket ping, in its turn among all that is due."""
        # One that is too long has failed the link already, yet comes here.
        if self.writer is not None and not self.failedByMe:
            self.writer.send(b"\x8a%c%b" % (len(payload), payload))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Leave: what still waits is not carried out."""
        self._waiting.clear()
        if self._silence is not None:
            self._silence.cancel()
        if self.writer is not None:
            self.writer.shut()
        self.links.left(self)

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Say goodbye after all else that is to be said; Autobahn's one way to do so."""
        if self.writer is not None:
            self.writer.finish()
        super().sendCloseFrame(code, reasonUtf8, isReply)

    # --- Commands

    async def _work(self, session: Session, writer: SocketWriter) -> None:
        try:
            while self._waiting:
                # An answer may be large: whoever asks must read before asking on.
                await writer.room()
                if self._waiting:
                    await self._carry_out(session, self._waiting.popleft())
        finally:
            self._worker = None

    async def _carry_out(self, session: Session, command: Command) -> None:
        name = str(command.__struct_config__.tag)
        outcome, refusal = "ok", None
        try:
            await self.links.application.asked(session, command)
        except Refused as refused:
            outcome, refusal = "refused", refused
            if not refused.silent:
                session.send(msgspec.convert({"Error": refused.code, **refused.detail}, AgentError))
        except Exception:  # answered below: the link and its next command go on
            log.exception("a command failed", command=name, user=session.user.login)
            outcome, refusal = "failed", Refused("InternalError", "xucd could not do this.")
            session.send(Error(error=refusal.code, message=refusal.text))
        _acknowledge(session, command.request_id, refusal)
        self.links.hub.metrics.commands.labels(name, outcome).inc()

    def _misunderstood(
        self, session: Session, code: str, text: str, request_id: RequestId | None
    ) -> None:
        session.send(Error(error=code, message=text))
        _acknowledge(session, request_id, Refused(code, text))

    # --- Ends

    def replace(self) -> None:
        """End this link: another one has taken up its session."""
        self.session = None
        self._waiting.clear()
        self.sendClose(REPLACED, "replaced")

    def _too_slow(self) -> None:
        self.links.hub.metrics.slow.inc()
        log.info("closing the link of a slow client", user=self.user.login)
        self.sendClose(SLOW, "slow")

    def _watch(self) -> None:
        """Close the link once it has been silent for too long; look again when it might be."""
        left = self._heard + self.links.limits.silence - self._loop.time()
        if left > 0:
            self._silence = self._loop.call_later(left, self._watch)
        else:
            self._silence = None
            self.sendClose(SILENT, "silent")


def _acknowledge(session: Session, request_id: RequestId | None, refused: Refused | None) -> None:
    """Tell a client that wanted to know what became of its command."""
    if request_id is None:
        return
    result = CommandResult(request_id=request_id, ok=refused is None)
    if refused is not None:
        result.error, result.message = refused.code, refused.text
    session.send(result)
