"""What the REST routes do, with requests that were read into plain data.

A request need not have come to this process: the owner of a PBX serves those of its edges as well.
"""

import asyncio
from collections.abc import Awaitable, Callable
from email.message import Message
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec.inspect import ListType, Metadata, StructType, Type

from xucd.center.audit import Actor
from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.cti.sign_in import SignInKey
from xucd.web.errors import HttpError
from xucd.web.json_steps import BadElement, TooManyElements, decoded_in_steps
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_route import Requester, RestServices, Route
from xucd.web.rest_routes import ROUTES

# In bytes. A larger body is decoded on another thread, in steps.
LARGE = 64 * 1024

_ROUTES = {route.name: route for route in ROUTES}


class RestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request: which route it is for, by its name, and the parts of the path by theirs.

    With `before_body` the body has not been read yet: it is asked whether it may be.
    """

    route: str
    places: dict[str, str]
    query: bytes = b""
    content_type: str | None = None
    body: bytes = b""
    before_body: bool = False


class RestAnswer(msgspec.Struct, frozen=True):
    """What a request is answered with."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class RestUser(msgspec.Struct, frozen=True):
    """Who has sent a request.

    `present` returns the user of this moment. It raises `SignInRefused` once the sign-in has ended.
    """

    user: User
    key: SignInKey
    address: str
    present: Callable[[], User]


ServeRest = Callable[[RestRequest, RestUser], Awaitable[RestAnswer]]
"""Serves a request. Raises whatever `xucd.web.failures` has an answer for."""


class RestWork:
    """Serves requests. `rights` returns the rights of a user."""

    def __init__(self, services: RestServices, rights: Callable[[User], Rights]) -> None:
        self._services = services
        self._rights = rights

    async def serve(self, request: RestRequest, user: RestUser) -> RestAnswer:
        """Serve a request. Raises whatever `xucd.web.failures` has an answer for."""
        route = _ROUTES.get(request.route)
        if route is None:  # an edge of a later version has it
            raise HttpError(404, "NotFound", "This address does not exist.")
        requester = self._requester(user, route)
        if request.before_body:
            assert route.before_body is not None
            await route.before_body(requester, **_places(route, request))
            return RestAnswer(204, {})
        try:
            result = await self._carry_out(route, requester, request)
        except (HttpError, Refused) as error:
            if error.code == "NotAuthorized":
                requester.count_refusal(route.kind)
            raise
        return _answer(route.signature.status, result)

    def _requester(self, user: RestUser, route: Route) -> Requester:
        """Who asks, with the rights that the user has at each time that they are looked at.

        To look at them raises `HttpError` with `NotAuthorized` while the profile does not allow
        the route's task.
        """

        def rights() -> Rights:
            rights = self._rights(user.present())
            if route.task is not None and not rights.may(route.task):
                raise HttpError(403, "NotAuthorized", "The user's profile does not allow this.")
            return rights

        actor = Actor(user.user.login, user.user.id, user.address, user.key.sid)
        return Requester(actor, rights, self._services)

    async def _carry_out(self, route: Route, requester: Requester, request: RestRequest) -> Any:
        rights, signature = requester.rights, route.signature
        arguments = _places(route, request)
        if signature.query is not None:
            arguments["query"] = _query(request.query, signature.query)
        if signature.body is not None:
            arguments["body"] = await _body(request, signature.body, csv=signature.csv_body)
        while True:
            result = await route.function(requester, **arguments)
            # What was read while the rights changed is not given out.
            before, rights = rights, requester.rights if route.reads else rights
            if rights == before:
                return result
            requester = msgspec.structs.replace(requester, is_again=True)


def _places(route: Route, request: RestRequest) -> dict[str, Any]:
    types = route.signature.places
    return {
        name: _converted(text, types[name], "The address") for name, text in request.places.items()
    }


def _answer(status: int, result: Any) -> RestAnswer:
    headers = {"Cache-Control": "no-store"}
    if isinstance(result, CsvFile):
        return RestAnswer(
            status, headers | {"Content-Type": "text/csv; charset=utf-8"}, result.data
        )
    if result is None:
        return RestAnswer(status, headers)
    headers["Content-Type"] = "application/json"
    return RestAnswer(status, headers, msgspec.json.encode(result))


def _query(text: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The query parameters as a struct. Raises `HttpError` with `InvalidQuery`."""
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


async def _body(request: RestRequest, kind: Any, *, csv: bool) -> Any:
    """The body as the type it has to have.

    Raises `HttpError` with `UnsupportedMediaType`, `InvalidJson` or `InvalidBody`.
    """
    (media, charset), data = _content_type(request.content_type), request.body
    if media == "text/csv" and csv:
        return CsvFile(data, charset)
    if media != "application/json" or charset not in (None, "utf-8"):
        text = "The body has to be JSON in UTF-8" + (", or CSV." if csv else ".")
        raise HttpError(415, "UnsupportedMediaType", text)
    if len(data) > LARGE:
        return await _large(data, kind)
    try:
        return _decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        raise HttpError(400, "InvalidBody", _message("The body", error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise HttpError(400, "InvalidJson", "The body is not valid JSON.") from None


def _content_type(sent: str | None) -> tuple[str, str | None]:
    """The media type and the charset of a body, if it says so."""
    headers = Message()
    headers["Content-Type"] = sent or "application/json"
    try:
        return headers.get_content_type(), headers.get_content_charset()
    except (TypeError, ValueError):  # parameters in parts (RFC 2231) that do not fit
        text = "The header Content-Type is malformed."
        raise HttpError(415, "UnsupportedMediaType", text) from None


async def _large(data: bytes, kind: Any) -> list[Any]:
    try:
        return await asyncio.to_thread(decoded_in_steps, data, kind)
    except TooManyElements:
        raise HttpError(400, "InvalidBody", "The body has too many elements.") from None
    except BadElement as bad:
        if bad.error is None:
            text = f"The body is not a JSON array of flat objects, from [{bad.place}] on."
            raise HttpError(400, "InvalidJson", text) from None
        text = _message("The body", bad.error, f"[{bad.place}]")
        raise HttpError(400, "InvalidBody", text) from None


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _converted(value: Any, kind: Any, what: str, code: str = "InvalidAddress") -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise HttpError(400, code, _message(what, error)) from None


def _message(what: str, error: msgspec.ValidationError, within: str = "") -> str:
    """An error text without anything that the client sent: pages put it into their HTML."""
    said, _, where = str(error).partition(" - at ")
    if "unknown field" in said:
        return f"{what} has an unknown key."
    if said.startswith("Invalid enum"):
        said = "not one of the allowed values"
    place = (within + where.strip("`").removeprefix("$")).removeprefix(".")
    return f"{what} is not valid{' at ' * bool(place)}{place}: {said}."
