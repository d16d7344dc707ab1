"""Serving the REST routes: who asks, what with, and the answer in JSON or CSV."""

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
from xucd.web.bearer import Bearer
from xucd.web.errors import HttpError, answer, answer_error
from xucd.web.failures import answer_failure, hung_up, log_unseen
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_openapi import document
from xucd.web.rest_routes import ROUTES, Asker, Route

PREFIX = "/xuc/api/2.0"
OPENAPI = f"{PREFIX}/openapi.json"
# What is larger is decoded on another thread, in bytes.
LARGE = 64 * 1024


class Rest:
    """The routes on a site. `rights` gives those of a user."""

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
        """Whether a path is one of ours."""
        text = path.decode("ascii", "replace")
        first = text.removeprefix(f"{PREFIX}/").partition("/")[0]
        return text == OPENAPI or (text.startswith(PREFIX) and first in self._paths)

    def render(self, request: Any) -> Any:
        """Answer a request."""
        try:
            b"/".join(request.postpath).decode()
        except UnicodeDecodeError:
            return answer_error(request, HttpError(404, "NotFound", "There is nothing here."))
        return self._resource.render(request)

    def _handler(self, route: Route) -> Callable[..., Any]:
        def handle(request: Any, **path: str) -> Any:
            # Shielded: what was begun is brought to its end and told, whether or not the client
            # waits for the answer.
            task = asyncio.ensure_future(self._served(route, request, path))
            waited = asyncio.shield(task)
            task.add_done_callback(lambda task: log_unseen(request, task, waited))
            return Deferred.fromFuture(waited).addErrback(hung_up)

        return handle

    async def _served(self, route: Route, request: Any, path: dict[str, str]) -> bytes:
        user = self._user(request)
        arguments: dict[str, Any] = {}
        for name, text in path.items():
            arguments[name] = _converted(text, route.places[name], "The address")
        if route.query is not None:
            arguments["query"] = _query(request, route.query)
        if route.body is not None:
            arguments["body"] = await _body(request, route.body, csv=route.csv_body)
        asker = Asker(user, self._rights(user), self._callbacks)
        return _answered(request, route, await route.work(asker, **arguments))

    def _user(self, request: Any) -> User:
        """Who asks. Without a token it is 401, of which programs know what it wants."""
        try:
            return self._bearer.user(request.requestHeaders)
        except HttpError as error:
            if error.status == 400:
                raise HttpError(401, error.code, error.message, WWW_Authenticate="Bearer") from None
            raise


def _openapi(request: Any) -> bytes:
    return answer(request, 200, document())


def _answered(request: Any, route: Route, result: Any) -> bytes:
    request.setResponseCode(route.status)
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
        raise HttpError(400, "InvalidQuery", "The query cannot be read.") from None
    many = {name for name, of in _types(kind).items() if isinstance(of, ListType)}
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in many:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise HttpError(400, "InvalidQuery", "A parameter of the query is there twice.")
        else:
            values[name] = value
    found: msgspec.Struct = _converted(values, kind, "The query", "InvalidQuery")
    return found


@cache
def _types(kind: type[msgspec.Struct]) -> dict[str, Type]:
    """What is known of each field of a struct, by its name in JSON."""
    shape = msgspec.inspect.type_info(kind)
    assert isinstance(shape, StructType)
    return {
        field.encode_name: field.type.type if isinstance(field.type, Metadata) else field.type
        for field in shape.fields
    }


async def _body(request: Any, kind: Any, *, csv: bool) -> Any:
    """The body as the type it has to have.

    Raises `HttpError` with `UnsupportedMediaType`, `InvalidJson` or `InvalidBody`.
    """
    said = Message()
    sent = request.getHeader(b"content-type") or b"application/json"
    said["Content-Type"] = sent.decode("ascii", "backslashreplace")
    media, data = said.get_content_type(), request.content.read()
    charset = said.get_content_charset()
    if media == "text/csv" and csv:
        return CsvFile(data, charset)
    if media != "application/json" or charset not in (None, "utf-8"):
        text = "The body has to be JSON" + (" or CSV." if csv else ".")
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
        raise HttpError(400, "InvalidBody", _sentence("The body", error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise HttpError(400, "InvalidJson", "The body is not valid JSON.") from None


def _converted(value: Any, kind: Any, what: str, code: str = "InvalidAddress") -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise HttpError(400, code, _sentence(what, error)) from None


def _sentence(what: str, error: msgspec.ValidationError) -> str:
    """What is wrong, without what the client sent: pages put messages into their HTML."""
    said, _, where = str(error).partition(" - at ")
    if "unknown field" in said:
        return f"{what} has a key that is not known."
    if said.startswith("Invalid enum"):
        said = "a word that is none of the allowed"
    place = where.strip("`").removeprefix("$").removeprefix(".")
    return f"{what} is wrong{' at ' * bool(place)}{place}: {said}."
