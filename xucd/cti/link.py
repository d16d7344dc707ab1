"""One client's WebSocket link, from its handshake to its end.

The protocol in short; docs/protocol.md has all of it. Frames are text, one JSON object each.

    -> {"claz":"web","command":NAME,"requestId":ID,…}        a command
    <- {"msgType":TYPE,"ctiMessage":BODY}                    a message
    -> {"claz":"ping"}                                       every few seconds
    <- {"claz":"ping"}                                       at once, ahead of commands under way

The first message is `LoggedOn`, then come those of the application's opening, then events. A link
on which nothing is received for 90 s is closed.

The commands of one link are carried out in order, one after another. A refused command is answered
by an `AgentError`, a frame that is not a valid command by an `Error`; a command with a `requestId`
is also answered by a `CommandResult`, whatever its outcome, with a warning where the command was
carried out but has no effect yet. None of this ends the link. It is closed for a binary frame
(1003), text that is not UTF-8 (1007), a message in too many fragments (1008) or of more than 64 KiB
(1009), an internal error while it is opened (1011), too large an unread backlog (4008), silence
(4009), when another link resumes its session (4010), and when its session is dismissed: the user's
configuration has changed (1012), or its sign-in has ended (4011). Of a dismissed session's commands
none is begun any more; their outcomes are sent before the link is closed. A link whose client takes
nothing for 10 s of what waits for it is aborted: no close frame would get through.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

import msgspec
import structlog
from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.protocol import TrafficStats

from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.cti import frames
from xucd.cti.commands import Command
from xucd.cti.hub import Hub
from xucd.cti.messages import AgentError, CommandResult, Error, RequestId
from xucd.cti.session import Session, rights_ended
from xucd.cti.sign_in import SignInKey
from xucd.cti.socket_writer import DEFAULT_LIMIT, SocketWriter, framed, writer_for
from xucd.cti.stall import STALLED_S, StallWatch, of_transport
from xucd.cti.streams.log import KEEP_S
from xucd.cti.whole_frame import text_of

MAX_FRAME = 64 * 1024
MAX_FRAGMENTS = 256
MAX_WAITING = 200
"""How many commands of one link may be queued."""
MAX_WAITING_BYTES = 128 * 1024
"""How many bytes the frames of one link's queued commands may have in all."""

UNSUPPORTED_DATA, POLICY_VIOLATION, INTERNAL_ERROR = 1003, 1008, 1011
SLOW, SILENT, REPLACED, SIGNED_OUT = 4008, 4009, 4010, 4011

FAREWELL = 1.0
"""For how many seconds a dismissed link waits for the outcome of the command under way."""

_PONG = framed(b'{"claz":"ping"}')
_FIGURES = TrafficStats()  # type: ignore[no-untyped-call]
_PIECES: deque[Any] = deque()

log = structlog.get_logger()


class Resume(msgspec.Struct, frozen=True):
    """A client's request to resume a stream after `position`; the epoch None starts a new one."""

    epoch: str | None = None
    position: int = 0


class Application(Protocol):
    """What links need from the rest of xucd."""

    def present(self, user: User) -> User:
        """The user as it is in the present configuration; as given if it was removed from that."""

    def rights_of(self, user: User) -> Rights:
        """What a user may see and do."""

    def opened(self, session: Session) -> None:
        """Send a new session its opening; `LoggedOn` has been sent."""

    async def carry_out(self, session: Session, command: Command) -> str | None:
        """Carry out a command; returns the code of a warning, if any. Raises `Refused`."""


class LinkLimits(msgspec.Struct, frozen=True):
    """The limits of links. `backlog` is in bytes; the times are in seconds.

    `stalled` is how long a client may take nothing of what is unsent, `closing` is for the answer
    to a close frame. At most `parked` sessions without a link are kept, `parked_by_user` of them of
    one user, each for `parking` seconds; the oldest make room.
    """

    backlog: int = DEFAULT_LIMIT
    silence: float = 90.0
    stalled: float = STALLED_S
    closing: float = 10.0
    parking: float = KEEP_S
    parked: int = 10_000
    parked_by_user: int = 50


class LinkOwner(Protocol):
    """What a link needs from the owner of all links."""

    hub: Hub
    application: Application
    loop: asyncio.AbstractEventLoop
    limits: LinkLimits

    def attach(self, link: "Link") -> Session:
        """Attach an open link to its session: the one it resumes, or a new one."""

    def detach(self, link: "Link") -> None:
        """Detach a lost link from its session, which is parked or ends."""

    def work(self, commands: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Carry out a link's commands; they are finished though the link is lost."""


class Link(WebSocketServerProtocol):
    """The WebSocket link of a user who has signed in."""

    def __init__(
        self, links: LinkOwner, user: User, sign_in: SignInKey, resume: Resume | None
    ) -> None:
        super().__init__()
        self.links = links
        self.user = user
        self.sign_in = sign_in
        self.resume = resume
        self.writer: SocketWriter | None = None
        self.session: Session | None = None
        self.address = ""
        self._queue: list[tuple[Command, int]] = []  # each with the size of its frame
        self._queued = 0
        self._worker: asyncio.Task[None] | None = None
        self._farewell: tuple[int, bytes] | None = None
        self._fragments = 0
        self._loop = links.loop
        self._received_at = self._loop.time()
        self._silence: asyncio.TimerHandle | None = None

    # --- What Autobahn calls

    def onOpen(self) -> None:
        """Attach the link to its session, which greets the client."""
        self._forget_handshake()
        limits = self.links.limits
        self.writer = writer_for(
            self.links.hub.flush, self.transport, self._too_slow, limits.backlog
        )
        self.writer.stall = StallWatch(
            self._loop, of_transport(self.transport), self._stalled, limits.stalled
        )
        self._check_silence()
        try:
            self.session = self.links.attach(self)
        except Exception:  # concerns this client only, which gets close code 1011
            log.exception("cannot send the opening of a link", user=self.user.login)
            self.sendCloseFrame(INTERNAL_ERROR, b"internal error")

    def dataReceived(self, data: bytes) -> None:
        """Record when anything was received, and take a whole text at once."""
        self._received_at = self._loop.time()
        begins = self.state == self.STATE_OPEN and not (self.data or self.inside_message)
        text = text_of(data) if begins and self.current_frame is None else None
        if text is not None:
            self.onMessage(text, isBinary=False)
        else:
            super().dataReceived(data)

    def onMessageBegin(self, isBinary: bool) -> None:
        """Refuse a binary message before it is collected."""
        self._fragments = 0
        super().onMessageBegin(isBinary)
        if isBinary:
            self._fail_connection(UNSUPPORTED_DATA, "text frames only")

    def onMessageFrameBegin(self, length: int) -> None:
        """Refuse a message in endless fragments, which no limit on its size would stop."""
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            self._fail_connection(POLICY_VIOLATION, "too many fragments")
        super().onMessageFrameBegin(length)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Echo a ping at once, and queue a command behind those before it."""
        if self.session is None or self.writer is None or not self.writer.open:
            return
        try:
            command = frames.decode(payload)
        except frames.BadFrame as bad:
            self.links.hub.metrics.bad_frames.labels(bad.code).inc()
            self._reject(self.session, bad.code, bad.text, bad.request_id)
            return
        if isinstance(command, frames.Ping):
            self.writer.send(_PONG)
        elif len(self._queue) >= MAX_WAITING or self._queued + len(payload) > MAX_WAITING_BYTES:
            text = "Too many commands wait to be carried out."
            self._reject(self.session, "TooManyCommands", text, command.request_id)
        else:
            self._queue.append((command, len(payload)))
            self._queued += len(payload)
            if self._worker is None:
                self._worker = self.links.work(self._run_queue(self.session, self.writer))

    def onPing(self, payload: bytes) -> None:
        """Answer a WebSocket ping, in order with all other frames."""
        # One that is too long has failed the link already, and still comes here.
        if self.writer is not None and not self.failedByMe:
            self.writer.send(b"\x8a%c%b" % (len(payload), payload))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Detach the link; queued commands are not carried out."""
        self._give_up_queue()
        if self._silence is not None:
            self._silence.cancel()
        if self.writer is not None:
            self.writer.shut()
        self.links.detach(self)

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """Send the close frame after all other frames; Autobahn closes through here only.

        Unless it was the client that closed, what it has asked for and was not begun is dropped.
        """
        if not isReply:
            self._give_up_queue()
        if self.writer is not None:
            self.writer.finish()
        super().sendCloseFrame(code, reasonUtf8, isReply)

    # --- Commands

    async def _run_queue(self, session: Session, writer: SocketWriter) -> None:
        try:
            while self._queue and self._farewell is None:
                # Backpressure: an answer may be large, so the next command waits until it is read.
                await writer.drained()
                if self._queue and self._farewell is None:
                    command, size = self._queue.pop(0)
                    self._queued -= size
                    await self._carry_out(session, command)
        finally:
            self._worker = None
            self._say_farewell()

    async def _carry_out(self, session: Session, command: Command) -> None:
        name = str(command.__struct_config__.tag)
        outcome, refusal, warning = "ok", None, None
        try:
            warning = await self.links.application.carry_out(session, command)
        except Refused as refused:
            outcome, refusal = "refused", refused
            if not refused.silent:
                error = {"Error": refused.code, **refused.detail}
                session.send_outcome(msgspec.convert(error, AgentError))
        except Exception:  # answered below: the link goes on with its next command
            log.exception("a command failed", command=name, user=session.user.login)
            outcome, refusal = "failed", Refused("InternalError", "xucd could not do this.")
            session.send_outcome(Error(error=refusal.code, message=refusal.text))
        _acknowledge(session, command.request_id, refusal, warning)
        self.links.hub.metrics.count_command(name, outcome)

    def _reject(self, session: Session, code: str, text: str, request_id: RequestId | None) -> None:
        session.send(Error(error=code, message=text))
        _acknowledge(session, request_id, Refused(code, text))

    # --- Ends

    def replace(self) -> None:
        """Close this link: another one has resumed its session."""
        self._give_up_queue()
        self.session = None
        self.sendClose(REPLACED, "replaced")

    def dismiss(self, code: int, reason: bytes) -> None:
        """Close this link, whose session is dismissed, once its commands have their outcomes.

        Those that wait are refused. The one under way finishes what it has begun.
        """
        if self._farewell is not None or self.session is None:
            return
        self._farewell = code, reason
        if self._worker is None:
            self._say_farewell()
        else:
            self._loop.call_later(FAREWELL, self._say_farewell)

    def _say_farewell(self) -> None:
        if self._farewell is None or self.session is None or self.writer is None:
            return
        if self.writer.open:
            for command, _ in self._queue:
                _acknowledge(self.session, command.request_id, rights_ended())
            self.sendCloseFrame(*self._farewell)

    def _give_up_queue(self) -> None:
        """Carry out none of the commands that wait; a client that may come back is told so."""
        queue, self._queue, self._queued = self._queue, [], 0
        session = self.session
        if session is None or session.stream is None or session.dismissed:
            return
        for command, _ in queue:
            refused = Refused("LinkLost", "The link was lost before this was carried out.")
            _acknowledge(session, command.request_id, refused)

    def _forget_handshake(self) -> None:
        """Let go of some KiB that Autobahn keeps of each link: its request, and what is unused."""
        self.http_request_data = b""
        self.http_status_line = self.http_request_uri = self.http_request_path = ""
        self.http_headers, self.http_request_params = {}, {}
        # Shared by all links. The first stays empty, for nothing is sent in pieces here; nobody
        # reads the second.
        self.send_queue, self.trafficStats = _PIECES, _FIGURES

    def _stalled(self) -> None:
        self.links.hub.metrics.slow.inc()
        log.info("aborting the link of a client that does not read", user=self.user.login)
        transport: Any = self.transport
        transport.abortConnection()

    def _too_slow(self) -> None:
        self.links.hub.metrics.slow.inc()
        log.info("closing the link of a slow client", user=self.user.login)
        self.sendClose(SLOW, "slow")

    def _check_silence(self) -> None:
        """Close the link if it has been silent for too long, or check again when it might be."""
        left = self._received_at + self.links.limits.silence - self._loop.time()
        if left > 0:
            self._silence = self._loop.call_later(left, self._check_silence)
        else:
            self._silence = None
            self.sendClose(SILENT, "silent")


def _acknowledge(
    session: Session,
    request_id: RequestId | None,
    refused: Refused | None,
    warning: str | None = None,
) -> None:
    """Send the outcome of a command that carried a request id."""
    if request_id is None:
        return
    result = CommandResult(request_id=request_id, ok=refused is None)
    if refused is not None:
        result.error, result.message = refused.code, refused.text
    if warning is not None:
        result.warning = warning
    session.send_outcome(result)
