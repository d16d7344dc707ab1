"""Serving the REST routes: the user, the request's validation, the answer in JSON or CSV."""

import asyncio
from collections.abc import Callable
from email.message import Message
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from klein import Klein
from msgspec.inspect import ListType, Metadata, StructType, Type
from twisted.internet.defer import Deferred

from xucd.callbacks.service import Callbacks
from xucd.center.directory import User
from xucd.center.rights import Rights
from xucd.web.bearer import Bearer, SignedIn
from xucd.web.errors import HttpError, answer, answer_error
from xucd.web.failures import answer_failure, hung_up, log_unseen
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_openapi import document
from xucd.web.rest_route import Requester, Route
from xucd.web.rest_routes import ROUTES

PREFIX = "/xuc/api/2.0"
OPENAPI = f"{PREFIX}/openapi.json"
# In bytes. A larger body is decoded on another thread.
LARGE = 64 * 1024


class Rest:
    """Serves the routes. `rights` returns the rights of a user."""

    def __init__(
        self, bearer: Bearer, callbacks: Callbacks, rights: Callable[[User], Rights]
    ) -> None:
        self._bearer = bearer
        self._callbacks = callbacks
        self._rights = rights
        app = Klein()
        for route in ROUTES:
            path = PREFIX + route.path.replace("{", "<").replace("}", ">")
            app.route(path, methods=[route.method], endpoint=route.name)(self._handler(route))
        app.route(OPENAPI, methods=["GET"], endpoint="openapi")(_openapi)
        app.handle_errors(Exception)(answer_failure)
        self._resource: Any = app.resource()
        self._paths = {route.path.split("/")[1] for route in ROUTES}

    def serves(self, path: bytes) -> bool:
        """Whether a path belongs to a route."""
        text = path.decode("ascii", "replace")
        first = text.removeprefix(f"{PREFIX}/").partition("/")[0]
        return text == OPENAPI or (text.startswith(PREFIX) and first in self._paths)

    def render(self, request: Any) -> Any:
        """Answer a request."""
        try:
            b"/".join(request.postpath).decode()
        except UnicodeDecodeError:
            return answer_error(request, HttpError(404, "NotFound", "This address does not exist."))
        return self._resource.render(request)

    def _handler(self, route: Route) -> Callable[..., Any]:
        def handle(request: Any, **path: str) -> Any:
            # Shielded: the work is finished and published even if the client hangs up. The body is
            # read at once, since Twisted closes it then.
            body = request.content.read()
            task = asyncio.ensure_future(self._serve(route, request, path, body))
            waited = asyncio.shield(task)
            task.add_done_callback(lambda task: log_unseen(request, task, waited))
            return Deferred.fromFuture(waited).addErrback(hung_up)

        return handle

    async def _serve(self, route: Route, request: Any, path: dict[str, str], body: bytes) -> bytes:
        signed_in, signature = await self._signed_in(request), route.signature
        arguments: dict[str, Any] = {}
        for name, text in path.items():
            arguments[name] = _converted(text, signature.places[name], "The address")
        if signature.query is not None:
            arguments["query"] = _query(request, signature.query)
        if signature.body is not None:
            arguments["body"] = await _body(request, body, signature.body, csv=signature.csv_body)
        requester = Requester(
            self._callbacks, lambda: self._rights(self._bearer.known(signed_in.claims).user)
        )
        result = await route.function(requester, **arguments)
        return _answer(request, signature.status, result)

    async def _signed_in(self, request: Any) -> SignedIn:
        """The user. Without a token the status is 401, so that clients ask for credentials."""
        try:
            return await self._bearer.signed_in(request.requestHeaders)
        except HttpError as error:
            if error.status == 400:
                raise HttpError(401, error.code, error.message, WWW_Authenticate="Bearer") from None
            raise


def _openapi(request: Any) -> bytes:
    return answer(request, 200, document())


def _answer(request: Any, status: int, result: Any) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"Cache-Control", b"no-store")
    if isinstance(result, CsvFile):
        request.setHeader(b"Content-Type", b"text/csv; charset=utf-8")
        return result.data
    if result is None:
        return b""
    request.setHeader(b"Content-Type", b"application/json")
    return msgspec.json.encode(result)


def _query(request: Any, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The query parameters as a struct. Raises `HttpError` with `InvalidQuery`."""
    _, _, text = request.uri.partition(b"?")
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=50,
        )
    except ValueError:  # UnicodeDecodeError too
        raise HttpError(400, "InvalidQuery", "The query string is malformed.") from None
    many = {name for name, of in _types(kind).items() if isinstance(of, ListType)}
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in many:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise HttpError(
                400, "InvalidQuery", "A query parameter that cannot be repeated is given twice."
            )
        else:
            values[name] = value
    found: msgspec.Struct = _converted(values, kind, "The query", "InvalidQuery")
    return found


@cache
def _types(kind: type[msgspec.Struct]) -> dict[str, Type]:
    """The type of each field of a struct, by its name in JSON."""
    shape = msgspec.inspect.type_info(kind)
    assert isinstance(shape, StructType)
    return {
        field.encode_name: field.type.type if isinstance(field.type, Metadata) else field.type
        for field in shape.fields
    }


async def _body(request: Any, data: bytes, kind: Any, *, csv: bool) -> Any:
    """The body as the type it has to have.

    Raises `HttpError` with `UnsupportedMediaType`, `InvalidJson` or `InvalidBody`.
    """
    headers = Message()
    sent = request.getHeader(b"content-type") or b"application/json"
    headers["Content-Type"] = sent.decode("ascii", "backslashreplace")
    media = headers.get_content_type()
    charset = headers.get_content_charset()
    if media == "text/csv" and csv:
        return CsvFile(data, charset)
    if media != "application/json" or charset not in (None, "utf-8"):
        text = "The body has to be JSON in UTF-8" + (", or CSV." if csv else ".")
        raise HttpError(415, "UnsupportedMediaType", text)
    if len(data) > LARGE:
        return await asyncio.to_thread(_decoded, data, kind)
    return _decoded(data, kind)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _decoded(data: bytes, kind: Any) -> Any:
    try:
        return _decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        raise HttpError(400, "InvalidBody", _message("The body", error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise HttpError(400, "InvalidJson", "The body is not valid JSON.") from None


def _converted(value: Any, kind: Any, what: str, code: str = "InvalidAddress") -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise HttpError(400, code, _message(what, error)) from None


def _message(what: str, error: msgspec.ValidationError) -> str:
    """An error text without anything that the client sent: pages put it into their HTML."""
    said, _, where = str(error).partition(" - at ")
    if "unknown field" in said:
        return f"{what} has an unknown key."
    if said.startswith("Invalid enum"):
        said = "not one of the allowed values"
    place = where.strip("`").removeprefix("$").removeprefix(".")
    return f"{what} is not valid{' at ' * bool(place)}{place}: {said}."
