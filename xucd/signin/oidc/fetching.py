"""Requests to the provider: bounded in time and in size, over TLS that is verified."""

import asyncio
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from OpenSSL import SSL
from twisted.internet import defer, error, reactor
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, platformTrust, trustRootFromCertificates
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, FileBodyProducer, ResponseFailed
from twisted.web.http_headers import Headers

from xucd.config.directories import certificates
from xucd.signin.errors import DirectoryUnavailable

MAX_BODY: Final = 1024 * 1024
"""In bytes; a provider's keys or claims take a few thousand."""

_FAILURES = (
    error.ConnectError, error.ConnectionClosed, error.DNSLookupError, defer.CancelledError,
    ResponseFailed, SSL.Error, TimeoutError, OSError,
)  # fmt: skip


class Fetched(msgspec.Struct, frozen=True):
    """The provider's answer."""

    status: int
    body: bytes


class Fetching:
    """Asks the provider. `ca_file` has the certificates to trust in place of the system's.

    Of a request longer than `timeout` seconds, nothing is awaited any more. Redirects are not
    followed. Both methods raise `DirectoryUnavailable`.
    """

    def __init__(self, ca_file: str | None, timeout: float) -> None:
        trust: Any = platformTrust() if ca_file is None else _trust(ca_file)  # type: ignore[no-untyped-call]
        policy: Any = BrowserLikePolicyForHTTPS(trust)  # type: ignore[no-untyped-call]
        self._agent = Agent(reactor, policy, connectTimeout=timeout)  # type: ignore[no-untyped-call]
        self._timeout = timeout

    async def get(self, url: str, token: str | None = None) -> Fetched:
        """What is at an address, by an access token if it takes one."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self._ask(b"GET", url, headers, None)

    async def post(self, url: str, form: dict[str, str], headers: dict[str, str]) -> Fetched:
        """The answer to a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._ask(b"POST", url, {**headers, **kind}, urlencode(form).encode())

    async def _ask(
        self, method: bytes, url: str, headers: dict[str, str], body: bytes | None
    ) -> Fetched:
        loop = asyncio.get_running_loop()
        fields = Headers({"User-Agent": ["xucd"], "Accept": ["application/json"]})
        for name, value in headers.items():
            fields.setRawHeaders(name, [value])
        producer: Any = None if body is None else FileBodyProducer(BytesIO(body))  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(self._timeout):
                asked: Any = self._agent.request(method, url.encode("ascii"), fields, producer)
                response = await asked.asFuture(loop)
                collected = _Collected(loop)
                response.deliverBody(collected)
                content = await collected.whole
        except (*_FAILURES, UnicodeError) as failed:
            raise DirectoryUnavailable(f"{url}: {_said(failed)}") from None
        return Fetched(response.code, content)


class _Collected(Protocol):
    """A body, up to `MAX_BODY`."""

    transport: Any

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.whole: asyncio.Future[bytes] = loop.create_future()
        self._received = bytearray()

    def dataReceived(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > MAX_BODY:
            self._end(OSError("the answer is too large"))
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        # A body without a length ends with its connection: `PotentialDataLoss` is no failure here,
        # since what is cut off is not valid JSON.
        self._end(None)

    def _end(self, failed: OSError | None) -> None:
        if self.whole.done():
            return
        if failed is None:
            self.whole.set_result(bytes(self._received))
        else:
            self.whole.set_exception(failed)


def _trust(file: str) -> Any:
    """What to trust, of a file that was checked with the settings."""
    found = [Certificate.loadPEM(each.encode()) for each in certificates(file)]
    return trustRootFromCertificates(found)  # type: ignore[no-untyped-call]


def _said(failed: BaseException) -> str:
    if isinstance(failed, TimeoutError):
        return "it does not answer in time"
    if isinstance(failed, ResponseFailed):
        return "; ".join(str(reason.value) for reason in failed.reasons)
    return str(failed) or type(failed).__name__
