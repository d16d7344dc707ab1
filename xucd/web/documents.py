"""Documents about the interfaces: encoded once, and served as ready bytes."""

import json
from typing import Any

# A name that no document has otherwise, and JSON spells in one way only.
HOST = "host.of.xucd.invalid"


class Document:
    """A document in JSON. Where it has `HOST`, each request's host is put in."""

    def __init__(self, content: Any) -> None:
        encoded = json.dumps(content, separators=(",", ":")).encode()
        self._parts = encoded.split(HOST.encode())

    def serve(self, request: Any) -> bytes:
        """Answer with a document that does not name the host."""
        return self.serve_for(request, "")

    def serve_for(self, request: Any, host: str) -> bytes:
        """Answer with the document for a client that reaches xucd under this host.

        The host has to be such that JSON needs no escapes in it.
        """
        content = host.encode().join(self._parts)
        request.setHeader(b"Content-Type", b"application/json")
        request.setHeader(b"Cache-Control", b"no-store")
        request.setHeader(b"Content-Length", b"%d" % len(content))
        return content
