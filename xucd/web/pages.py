"""The static pages: served as they are, revalidated on each request, never listed as a folder.

`/desk` serves `desk.html`. Addresses that a page had before redirect to its present one.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from twisted.web.http import CACHED, MOVED_PERMANENTLY
from twisted.web.resource import Resource
from twisted.web.static import File

from xucd.web.errors import HttpError, answer_error

MOVED = {
    b"/": b"/desk",
    b"/index": b"/desk",
    b"/index.html": b"/desk",
    b"/supervisor": b"/board",
    b"/supervisor.html": b"/board",
    b"/sample": b"/explorer",
    b"/sample.html": b"/explorer",
}
"""An old path, and where its page is now."""


class NotFound(Resource):
    """The answer to a path that no file has."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        """Answer 404, in JSON."""
        return answer_error(request, HttpError(404, "NotFound", "There is nothing here."))


class Moved(Resource):
    """A permanent redirect, which keeps the query."""

    isLeaf = True

    def __init__(self, path: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._path = path

    def render(self, request: Any) -> bytes:
        """Answer 301 without a body."""
        _, mark, query = request.uri.partition(b"?")
        request.setResponseCode(MOVED_PERMANENTLY)
        request.setHeader(b"Location", self._path + mark + query)
        request.setHeader(b"Cache-Control", b"no-cache")
        request.setHeader(b"Content-Length", b"0")
        return b""


class Pages(File):
    """A folder of pages, scripts and style sheets; `/board` is `board.html`."""

    contentTypes = {  # noqa: RUF012
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".png": "image/png",
        ".ico": "image/x-icon",
        ".woff2": "font/woff2",
        ".txt": "text/plain; charset=utf-8",
    }
    contentEncodings = {}  # noqa: RUF012
    childNotFound = NotFound()  # type: ignore[no-untyped-call,assignment]

    def __init__(
        self,
        path: str,
        defaultType: str = "application/octet-stream",
        ignoredExts: Sequence[str] = (".html",),
        registry: Any = None,
    ):
        super().__init__(path, defaultType, ignoredExts, registry)
        self.made: dict[bytes, Resource] = {}
        """Pages that are no files, by their whole paths."""

    def directoryListing(self) -> Resource:
        """Answer 404: folders cannot be browsed."""
        return self.childNotFound

    def getChild(self, path: bytes, request: Any) -> Any:
        """The resource below this one: a redirect, a file, a folder, or `NotFound`."""
        if request.path in MOVED:
            return Moved(MOVED[request.path])
        if (made := self.made.get(request.path)) is not None:
            return made
        if b"\0" in path:  # File would raise ValueError
            return self.childNotFound
        return super().getChild(path, request)  # type: ignore[no-untyped-call]

    def render_GET(self, request: Any) -> Any:
        """Serve the file; 304 if the browser's copy is the same."""
        self.restat(False)
        if not self.isfile():
            return self.childNotFound.render(request)
        request.setHeader(b"Cache-Control", b"no-cache")
        digest = hashlib.sha256(self.getContent()).hexdigest()[:32]
        if request.setETag(b'"%b"' % digest.encode()) is CACHED:
            return b""
        return super().render_GET(request)  # type: ignore[no-untyped-call]

    render_HEAD = render_GET
