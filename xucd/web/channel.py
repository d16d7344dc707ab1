"""One client's HTTP connection: Twisted's, with deadlines, and with bounds on what it may hold.

    a request's head     20 s for the whole of it, a TLS handshake included
    its body             20 s, and as long more as what has arrived takes at 16 KiB/s
    its answer           as long as it takes, unless the client takes nothing of it for 10 s
    the next request     60 s until it begins

A request that is refused by its head is answered at once; what arrives of its body is discarded for
a few seconds, so that the client gets to read the answer. One request is served in each turn of the
event loop, and none while an answer before it is unread.
"""

import asyncio
from enum import Enum, auto
from typing import Any

import msgspec
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from xucd.cti.stall import STALLED_S, StallWatch, of_transport
from xucd.signin.places import bucket
from xucd.web.connections import PROXY, Connections
from xucd.web.errors import HttpError
from xucd.web.failures import http_error

MIN_RATE = 16 * 1024
"""The bytes of a body that have to arrive each second, after the first ones."""
MAX_DISCARDED = 16 * 1024 * 1024
"""How many bytes of a refused body are read, for the client to get to its answer."""
MAX_LENGTH_DIGITS = 18

TOO_MANY = HttpError(429, "TooManyConnections", "There are too many connections of this address.")


class HttpDeadlines(msgspec.Struct, frozen=True):
    """How long a client may take, in seconds; `linger` is for reading why it was refused."""

    head: float = 20.0
    body: float = 20.0
    idle: float = 60.0
    linger: float = 5.0
    stalled: float = STALLED_S


class Hold(Enum):
    """Why no request is read for now."""

    TURN = auto()  # one was served in this turn
    UNREAD = auto()  # the client has yet to read an answer
    ADMISSION = auto()  # whether the body may come is being found out


class TurnedAway(Protocol):
    """A connection for which there is no place. Over TLS, no protocol at all is an error."""

    transport: Any

    def connectionMade(self) -> None:
        """End it at once."""
        self.transport.abortConnection()


class ClientChannel(HTTPChannel):
    """A connection to the site `site`, which Twisted sets, counted in `connections`."""

    timeOut = None  # the deadlines here replace Twisted's only one
    maxHeaders = 100
    totalHeadersSize = 32 * 1024
    requests: list[Any]
    transport: Any
    site: Any

    def __init__(
        self, connections: Connections, deadlines: HttpDeadlines, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.connections = connections
        self._deadlines = deadlines
        self._loop = loop
        self._holds: set[Hold] = set()
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: StallWatch | None = None
        self._admission: asyncio.Task[None] | None = None
        self._idle = False
        self._ended = False
        self._discards = False
        self._to_discard = 0
        self._body_began = 0.0
        self._body_received = 0
        self._wants_continue = False
        self._networkProducer: Any

    # --- The connection

    def connectionMade(self) -> None:
        """A client has connected; its TLS handshake, if any, is yet to come."""
        self._stall = StallWatch(
            self._loop, of_transport(self.transport), self.give_way, self._deadlines.stalled
        )
        super().connectionMade()  # type: ignore[no-untyped-call]
        self._set_deadline(self._deadlines.head, self._too_slow)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection has ended, from either side."""
        self._leave()
        self.connections.close(self)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def give_way(self) -> None:
        """End the connection at once."""
        self._ended = True
        if self.transport is not None:
            self.transport.abortConnection()

    def loseConnection(self) -> None:
        """Close the connection once all was written, unless the client stops reading."""
        if self._ended:
            return
        self._ended = not self._discards
        self._cancel_deadline()
        assert self._stall is not None  # made with the connection
        self._stall.begin()
        if self._discards:
            self._set_deadline(self._deadlines.linger, self._stop_discarding)
            self._discard()
        else:
            super().loseConnection()  # type: ignore[no-untyped-call]

    def hand_over(self) -> None:
        """Another protocol takes over the transport, and whatever is to be timed."""
        self._leave()

    def _leave(self) -> None:
        self._ended = True
        self._cancel_deadline()
        if self._stall is not None:
            self._stall.end()
        if self._admission is not None:
            self._admission.cancel()

    # --- HttpDeadlines

    def _set_deadline(self, seconds: float, then: Any) -> None:
        self._cancel_deadline()
        self._deadline = self._loop.call_later(seconds, then)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        """The head or the body did not arrive in time."""
        self._deadline = None
        if self.requests and not self._handlingRequest:
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
            self.loseConnection()
        else:
            self.give_way()

    def _check_body(self) -> None:
        """Go on waiting for the body as long as enough of it has arrived."""
        allowed = self._deadlines.body + self._body_received / MIN_RATE
        left = self._body_began + allowed - self._loop.time()
        if left > 0:
            self._set_deadline(left, self._check_body)
        else:
            self._too_slow()

    # --- What arrives

    def dataReceived(self, data: bytes) -> None:
        """Read on, unless the connection is on its way to its end."""
        if self._ended:
            return
        if self._discards:
            self._to_discard -= len(data)
            self._discard()
            return
        if self._idle:
            self._idle = False
            self._set_deadline(self._deadlines.head, self._too_slow)
        super().dataReceived(data)  # type: ignore[no-untyped-call]

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:
        # Python refuses to read numbers of thousands of digits.
        if header == b"Content-Length" and len(data) > MAX_LENGTH_DIGITS:
            return bool(self._failChooseTransferDecoder())
        return bool(super()._maybeChooseTransferDecoder(header, data))  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a line that no client of ours sends."""
        self._respondToBadRequestAndDisconnect()  # type: ignore[no-untyped-call]

    def allHeadersReceived(self) -> None:
        """Refuse a request by its head, or let its body come, perhaps after a look at more."""
        self._wants_continue = False
        self._body_received = 0
        super().allHeadersReceived()  # type: ignore[no-untyped-call]
        request, site = self.requests[-1], self.site
        request.head_is(self._command, self._path)
        request.client_address = site.addresses.client(self._peer(), request.requestHeaders)
        request.by_tls = site.addresses.tells_of_tls(self._peer(), request.requestHeaders)
        if site.addresses.trusts(self._peer()) and not self.connections.move(
            self, bucket(request.client_address)
        ):
            self._refuse(TOO_MANY)
            return
        if self.length == 0:
            return
        if self.length is not None and self.length > request.max_body:
            self._refuse(HttpError(413, "TooLarge", "The body is too large."))
            return
        admission = site.admission(request, self.length)
        if admission is None:
            self._expect_body()
        else:
            self._hold(Hold.ADMISSION)
            self._cancel_deadline()
            self._admission = asyncio.ensure_future(self._admit(admission))

    async def _admit(self, admission: Any) -> None:
        try:
            await admission
        except Exception as error:  # whatever it is has an answer
            refusal = http_error(self.requests[-1].path, error)
        else:
            self._admission = None
            self._expect_body()
            self._release(Hold.ADMISSION)
            return
        self._admission = None
        self._refuse(refusal)
        self._holds.discard(Hold.ADMISSION)
        self.allContentReceived()

    def _expect_body(self) -> None:
        if self._wants_continue:
            super()._send100Continue()  # type: ignore[no-untyped-call]
        self._body_began = self._loop.time()
        self._set_deadline(self._deadlines.body, self._check_body)

    def _send100Continue(self) -> None:
        self._wants_continue = True  # sent when the body is admitted

    def _refuse(self, error: HttpError) -> None:
        """Let the request be answered with an error, without its body, as the last one."""
        request = self.requests[-1]
        request.refusal = error
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        self.persistent = False
        if self.length != 0:
            self._discards = True
            left = MAX_DISCARDED if self.length is None else self.length - self._body_received
            self._to_discard = min(left, MAX_DISCARDED) - len(self._buffer)
        # Taken for a request without a body by the caller, Twisted's `lineReceived`.
        self.length = 0

    def rawDataReceived(self, data: bytes) -> None:
        """Part of a body, or of the next request."""
        if not self._handlingRequest:
            self._body_received += len(data)
        super().rawDataReceived(data)
        if not self._handlingRequest and self.requests and self.requests[-1].too_long:
            self._refuse(HttpError(413, "TooLarge", "The body is too large."))
            self.allContentReceived()

    def allContentReceived(self) -> None:
        """Serve a request that has arrived."""
        self._cancel_deadline()
        self.connections.serve(self)
        super().allContentReceived()  # type: ignore[no-untyped-call]

    # --- Turns

    def requestDone(self, request: Any) -> None:
        """A request was served: the next one waits for the next turn of the event loop."""
        self._hold(Hold.TURN)
        super().requestDone(request)  # type: ignore[no-untyped-call]
        if self._ended or self._discards:
            return
        if self.site.addresses.trusts(self._peer()):
            self.connections.move(self, PROXY)
        self.connections.wait(self)
        self._idle = not self._buffer
        if self._idle:
            self._set_deadline(self._deadlines.idle, self.give_way)
        else:
            self._set_deadline(self._deadlines.head, self._too_slow)
        self._loop.call_soon(self._release, Hold.TURN)

    def pauseProducing(self) -> None:
        """Called by a transport whose buffer is full: the client does not keep up."""
        super().pauseProducing()  # type: ignore[no-untyped-call]
        assert self._stall is not None
        self._stall.begin()
        self._hold(Hold.UNREAD)

    def resumeProducing(self) -> None:
        """Called by a transport whose buffer is empty again."""
        assert self._stall is not None
        self._stall.end()
        super().resumeProducing()  # type: ignore[no-untyped-call]
        self._release(Hold.UNREAD)

    def _hold(self, why: Hold) -> None:
        self._holds.add(why)
        self.paused = True
        self._networkProducer.pauseProducing()

    def _release(self, why: Hold) -> None:
        self._holds.discard(why)
        if self._ended or self._discards:
            return
        if self._holds:
            self._networkProducer.pauseProducing()
            return
        self.paused = False
        if not self._waitingForTransport:
            self._networkProducer.resumeProducing()
        if self._buffer:
            self.dataReceived(b"")

    def _discard(self) -> None:
        """Close once the answer is given and all of the body has come, or too much."""
        if self._to_discard <= 0 and not self.requests:
            self._stop_discarding()

    def _stop_discarding(self) -> None:
        self._cancel_deadline()
        self._discards = False
        self.loseConnection()

    def _peer(self) -> str:
        return getattr(self.transport.getPeer(), "host", "")
