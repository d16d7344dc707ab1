"""The pages that may use xucd: CORS for requests, the same list for WebSockets."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from xucd.signin.abuse_log import RefusalLog
from xucd.web.errors import HttpError

METHODS = b"GET, POST, PUT, DELETE, OPTIONS"
HEADERS = b"Authorization, Content-Type"


class Origins:
    """The allowed origins, each such as ``https://crm.example.com``.

    Pages that xucd itself serves are always allowed, and so are clients that send no origin: they
    are no browsers. `clock` returns seconds.
    """

    def __init__(self, allowed: Iterable[str], clock: Callable[[], float]) -> None:
        self._refusals = RefusalLog(clock)
        self._allowed = frozenset(origin.lower().rstrip("/") for origin in allowed)

    def allows(self, request: Any) -> bool:
        """Whether the page that sent a request, if it was a page, may use xucd."""
        origin = _header(request, "origin")
        if origin is None or origin.lower() in self._allowed:
            return True
        # By host alone: behind a proxy that terminates TLS, the scheme is not known here.
        host = _header(request, "host")
        return host is not None and _netloc(origin.lower()) == host.lower()

    def require(self, request: Any) -> None:
        """Raise `HttpError` with `OriginNotAllowed` for a page that may not use xucd; logged."""
        if not self.allows(request):
            self._log(request)
            raise HttpError(403, "OriginNotAllowed", "Pages of this origin are not allowed.")

    def mark(self, request: Any) -> None:
        """Set the headers by which a browser lets the page read an answer, errors too."""
        request.setHeader(b"Vary", b"Origin")
        origin = _header(request, "origin")
        if origin is not None and self.allows(request):
            request.setHeader(b"Access-Control-Allow-Origin", origin.encode("latin-1"))

    def preflight(self, request: Any) -> bytes:
        """Answer a preflight request."""
        if self.allows(request):
            request.setHeader(b"Access-Control-Allow-Methods", METHODS)
            request.setHeader(b"Access-Control-Allow-Headers", HEADERS)
            request.setHeader(b"Access-Control-Max-Age", b"3600")
        else:
            self._log(request)
        request.setResponseCode(204)
        return b""

    def _log(self, request: Any) -> None:
        self._refusals.origin_refused(request.client_address, _header(request, "origin") or "")


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as an IPv6 address without its end
        return None


def _header(request: Any, name: str) -> str | None:
    value = request.getHeader(name.encode())
    return None if value is None else value.decode("latin-1")
