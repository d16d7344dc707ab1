"""Which pages may talk to us: CORS for requests, the same list for WebSockets."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

METHODS = b"GET, POST, PUT, DELETE, OPTIONS"
HEADERS = b"Authorization, Content-Type"


class Origins:
    """The allowed origins, each such as ``https://crm.example.com``.

    A page that xucd itself served is always allowed. A client without an origin is no browser.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(origin.lower().rstrip("/") for origin in allowed)

    def allows(self, request: Any) -> bool:
        """Whether the page behind a request, if there is one, may talk to us."""
        origin = _header(request, "origin")
        if origin is None or origin.lower() in self._allowed:
            return True
        # By host alone: behind a proxy that ends TLS, only the page knows that it is https.
        host = _header(request, "host")
        return host is not None and urlsplit(origin.lower()).netloc == host.lower()

    def mark(self, request: Any) -> None:
        """Put on any answer, errors too, the headers by which a browser lets the page read it."""
        request.setHeader(b"Vary", b"Origin")
        origin = _header(request, "origin")
        if origin is not None and self.allows(request):
            request.setHeader(b"Access-Control-Allow-Origin", origin.encode("latin-1"))

    def preflight(self, request: Any) -> bytes:
        """Answer a browser that asks beforehand."""
        if self.allows(request):
            request.setHeader(b"Access-Control-Allow-Methods", METHODS)
            request.setHeader(b"Access-Control-Allow-Headers", HEADERS)
            request.setHeader(b"Access-Control-Max-Age", b"3600")
        request.setResponseCode(204)
        return b""


def _header(request: Any, name: str) -> str | None:
    value = request.getHeader(name.encode())
    return None if value is None else value.decode("latin-1")
