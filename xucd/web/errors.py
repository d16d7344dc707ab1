"""Errors over HTTP, as JSON: ``{"error":CODE,"message":TEXT}``."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from xucd.config.csv_table import BadLine


class HttpError(Exception):
    """A request that cannot be served. `message` never repeats what the client sent."""

    more: Mapping[str, object] = MappingProxyType({})
    """Further keys of the answer, beside code and message."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class LinesInvalid(HttpError):
    """An import that was refused, with the invalid lines."""

    def __init__(self, lines: list[BadLine]) -> None:
        what = f"{len(lines)} lines are invalid" if lines else "there are no lines"
        text = f"Nothing was added: {what}."
        super().__init__(422, "LinesInvalid", text)
        self.more = {"lines": msgspec.to_builtins(lines)}


def answer(request: Any, status: int, body: object) -> bytes:
    """Set a request's answer to JSON, never to be cached; returns the bytes to write."""
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"application/json")
    request.setHeader(b"Cache-Control", b"no-store")
    content = json.dumps(body, separators=(",", ":")).encode()
    request.setHeader(b"Content-Length", b"%d" % len(content))
    return content


def answer_error(request: Any, error: HttpError) -> bytes:
    """Set a request's answer to an error; returns the bytes to write."""
    for name, value in error.headers.items():
        request.setHeader(name.replace("_", "-"), value)
    body = {"error": error.code, "message": error.message, **error.more}
    return answer(request, error.status, body)
