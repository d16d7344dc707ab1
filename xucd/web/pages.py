"""The static pages: served as they are, revalidated on each request, never listed as a folder.

A file is read again only when it has changed. It is served whole, or one range of it.

`/desk` serves `desk.html`. Addresses that a page had before redirect to its present one.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from twisted.web.http import CACHED, MOVED_PERMANENTLY, PARTIAL_CONTENT
from twisted.web.resource import Resource
from twisted.web.static import File, getTypeAndEncoding

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

_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")


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
        content, tag = _read(self.path, self.getModificationTime(), self.getsize())
        kind, _ = getTypeAndEncoding(  # type: ignore[no-untyped-call]
            self.basename(), self.contentTypes, self.contentEncodings, self.defaultType
        )
        request.setHeader(b"Content-Type", kind.encode())
        request.setHeader(b"Cache-Control", b"no-cache")
        request.setHeader(b"Accept-Ranges", b"bytes")
        if request.setETag(tag) is CACHED:
            return b""
        part = _range(request, len(content))
        if part is not None:
            request.setResponseCode(PARTIAL_CONTENT)
            place = b"bytes %d-%d/%d" % (part.start, part.stop - 1, len(content))
            request.setHeader(b"Content-Range", place)
            content = content[part.start : part.stop]
        request.setHeader(b"Content-Length", b"%d" % len(content))
        return b"" if request.method == b"HEAD" else content

    render_HEAD = render_GET


@lru_cache(maxsize=512)
def _read(path: str, changed: float, size: int) -> tuple[bytes, bytes]:
    """The content of a file, and its entity tag; time of change and size are its version."""
    content = Path(path).read_bytes()
    return content, b'"%b"' % hashlib.sha256(content).hexdigest()[:32].encode()


def _range(request: Any, size: int) -> slice | None:
    """The one range that a request asks for; None for the whole, as for anything else than one."""
    asked = _RANGE.fullmatch(request.getHeader(b"range") or b"")
    unchanged = request.getHeader(b"if-range") in (None, request.etag)
    if request.method != b"GET" or asked is None or not unchanged:
        return None
    first, last = asked[1], asked[2]
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    elif last:
        start, stop = max(size - int(last), 0), size
    else:
        return None
    return slice(start, stop) if start < stop else None
