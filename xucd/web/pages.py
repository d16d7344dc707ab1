"""The static pages: served as they are, checked for changes each time, never listed."""

import hashlib
from collections.abc import Sequence
from typing import Any

from twisted.web.http import CACHED
from twisted.web.resource import Resource
from twisted.web.static import File

from xucd.web.errors import HttpError, answer_error


class NotFound(Resource):
    """What is not there."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        """Say so, in JSON."""
        return answer_error(request, HttpError(404, "NotFound", "There is nothing here."))


class Pages(File):
    """A folder of pages and what belongs to them; `/board` is `board.html`."""

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

    def directoryListing(self) -> Resource:
        """Nothing: what is in a folder is not for others to browse."""
        return self.childNotFound

    def getChild(self, path: bytes, request: Any) -> Any:
        """What is below; no file's name has a NUL in it, and asking the system for one raises."""
        if b"\0" in path:
            return self.childNotFound
        return super().getChild(path, request)  # type: ignore[no-untyped-call]

    def render_GET(self, request: Any) -> Any:
        """Serve the file, unless the browser has this very one."""
        self.restat(False)
        if not self.isfile():
            return self.childNotFound.render(request)
        request.setHeader(b"Cache-Control", b"no-cache")
        digest = hashlib.sha256(self.getContent()).hexdigest()[:32]
        if request.setETag(b'"%b"' % digest.encode()) is CACHED:
            return b""
        return super().render_GET(request)  # type: ignore[no-untyped-call]

    render_HEAD = render_GET
