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
from typing import TYPE_CHECKING

import msgspec
import structlog
from autobahn.twisted.websocket import WebSocketServerProtocol

from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.cti import frames
from xucd.cti.asks import Ask
from xucd.cti.messages import AgentError, CommandResult, Error, RequestId
from xucd.cti.outlet import Outlet, framed, outlet_for
from xucd.cti.session import Session

if TYPE_CHECKING:
    from xucd.cti.links import Links

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


class Link(WebSocketServerProtocol):
    """A WebSocket link of a user who is signed in already."""

    def __init__(self, links: "Links", user: User, resume: Resume | None) -> None:
        super().__init__()
        self.links = links
        self.user = user
        self.resume = resume
        self.outlet: Outlet | None = None
        self.session: Session | None = None
        self._waiting: deque[Ask] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._fragments = 0
        self._loop = links.loop
        self._heard = self._loop.time()
        self._silence: asyncio.TimerHandle | None = None

    # --- What Autobahn calls

    def onOpen(self) -> None:
        """Say hello, then let the application open."""
        self.outlet = outlet_for(
            self.links.hub.turn, self.transport, self._too_slow, self.links.limits.backlog
        )
        self._watch()
        try:
            self.session = self.links.joined(self)
        except Exception:  # one client's, and told to it: the others go on
            log.exception("opening failed", user=self.user.login)
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
        if self.session is None or self.outlet is None or not self.outlet.open:
            return
        try:
            ask = frames.decode(payload)
        except frames.BadFrame as bad:
            self.links.hub.meter.bad_frames.labels(bad.code).inc()
            self._misunderstood(self.session, bad.code, bad.text, bad.request_id)
            return
        if isinstance(ask, frames.Ping):
            self.outlet.send(_PONG)
        elif len(self._waiting) >= MAX_WAITING:
            text = "Too many commands wait to be carried out."
            self._misunderstood(self.session, "TooManyCommands", text, ask.request_id)
        else:
            self._waiting.append(ask)
            if self._worker is None:
                self._worker = self._loop.create_task(self._work(self.session, self.outlet))

    def onPing(self, payload: bytes) -> None:
        """Answer a WebSocket ping, in its turn among all that is due."""
        # One that is too long has failed the link already, yet comes here.
        if self.outlet is not None and not self.failedByMe:
            self.outlet.send(b"\x8a%c%b" % (len(payload), payload))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Leave: what still waits is not carried out."""
        self._waiting.clear()
        if self._silence is not None:
            self._silence.cancel()
        if self.outlet is not None:
            self.outlet.shut()
        self.links.left(self)

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Say goodbye after all else that is to be said; Autobahn's one way to do so."""
        if self.outlet is not None:
            self.outlet.finish()
        super().sendCloseFrame(code, reasonUtf8, isReply)

    # --- Commands

    async def _work(self, session: Session, outlet: Outlet) -> None:
        try:
            while self._waiting:
                # An answer may be large: whoever asks must read before asking on.
                await outlet.room()
                if self._waiting:
                    await self._carry_out(session, self._waiting.popleft())
        finally:
            self._worker = None

    async def _carry_out(self, session: Session, ask: Ask) -> None:
        name = str(ask.__struct_config__.tag)
        outcome, refusal = "ok", None
        try:
            await self.links.application.asked(session, ask)
        except Refused as refused:
            outcome, refusal = "refused", refused
            if not refused.silent:
                session.send(msgspec.convert({"Error": refused.code, **refused.detail}, AgentError))
        except Exception:  # answered below: the link and its next command go on
            log.exception("command failed", command=name, user=session.user.login)
            outcome, refusal = "failed", Refused("InternalError", "xucd could not do this.")
            session.send(Error(error=refusal.code, message=refusal.text))
        _acknowledge(session, ask.request_id, refusal)
        self.links.hub.meter.commands.labels(name, outcome).inc()

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
        self.links.hub.meter.slow.inc()
        log.info("client does not read", user=self.user.login)
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
