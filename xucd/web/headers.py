"""The security headers of every answer, and the file that says whom to tell of a weakness."""

import datetime
from collections.abc import Callable
from typing import Any

from twisted.web.resource import Resource

CONTENT_SECURITY_POLICY = (
    b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    b"object-src 'none'"
)
# The microphone is for a phone in the page; everything else that a page of xucd's never asks for
# is refused to whatever may be put into it.
PERMISSIONS_POLICY = b"microphone=(self), " + b", ".join(
    feature + b"=()"
    for feature in (
        b"accelerometer", b"camera", b"display-capture", b"geolocation",
        b"gyroscope", b"hid", b"magnetometer", b"midi", b"payment", b"serial", b"usb",
    )
)  # fmt: skip
# A year, for this host alone: what runs below it is not ours.
STRICT_TRANSPORT_SECURITY = b"max-age=31536000"

SECURITY_TXT = b"/.well-known/security.txt"
EXPIRES_DAYS = 180


def set_headers(request: Any, *, for_any_page: bool) -> None:
    """Set them. What is `for_any_page`, such as a script library, pages of other origins may load.

    Browsers heed HSTS over TLS only, so it is sent over TLS only.
    """
    for name, value in (
        (b"Server", b"xucd"),
        (b"Content-Security-Policy", CONTENT_SECURITY_POLICY),
        (b"Permissions-Policy", PERMISSIONS_POLICY),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"X-Frame-Options", b"DENY"),
        (b"Referrer-Policy", b"no-referrer"),
        (b"Cross-Origin-Opener-Policy", b"same-origin"),
        (b"Cross-Origin-Resource-Policy", b"cross-origin" if for_any_page else b"same-origin"),
    ):
        request.setHeader(name, value)
    if request.isSecure():
        request.setHeader(b"Strict-Transport-Security", STRICT_TRANSPORT_SECURITY)


class SecurityTxt(Resource):
    """The file of RFC 9116. It expires half a year after the day on which it is asked for."""

    isLeaf = True

    def __init__(self, contact: str, clock: Callable[[], float]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._contact = contact
        self._clock = clock

    def render(self, request: Any) -> bytes:
        """Answer with the file."""
        today = datetime.datetime.fromtimestamp(self._clock(), datetime.UTC).date()
        expires = today + datetime.timedelta(days=EXPIRES_DAYS)
        content = f"Contact: {self._contact}\r\nExpires: {expires}T00:00:00Z\r\n".encode()
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"Content-Length", b"%d" % len(content))
        return content
