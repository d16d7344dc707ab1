"""Serving the REST routes: the user, the request's validation, the answer in JSON or CSV."""

import asyncio
import re
from collections.abc import Callable
from email.message import Message
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from klein import Klein
from msgspec.inspect import ListType, Metadata, StructType, Type
from twisted.internet.defer import Deferred

from xucd.center.audit import Actor
from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.web.bearer import Bearer, SignedIn
from xucd.web.documents import Document
from xucd.web.errors import HttpError, answer_error
from xucd.web.failures import answer_failure, hung_up, log_unseen
from xucd.web.import_slots import ImportSlots, Slot
from xucd.web.json_steps import BadElement, TooManyElements, decoded_in_steps
from xucd.web.link_resource import vouch
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_openapi import document
from xucd.web.rest_route import Requester, RestServices, Route
from xucd.web.rest_routes import ROUTES

PREFIX = "/xuc/api/2.0"
OPENAPI = f"{PREFIX}/openapi.json"
# In bytes. A larger body is decoded on another thread, in steps.
LARGE = 64 * 1024


class Rest:
    """Serves the routes. `rights` returns the rights of a user."""

    def __init__(
        self, bearer: Bearer, services: RestServices, rights: Callable[[User], Rights]
    ) -> None:
        self._bearer = bearer
        self._services = services
        self._rights = rights
        self._slots, self._short_slots = ImportSlots(), ImportSlots()
        self._openapi = Document(document())
        app = Klein()
        for route in ROUTES:
            path = PREFIX + route.path.replace("{", "<").replace("}", ">")
            app.route(path, methods=[route.method], endpoint=route.name)(self._handler(route))
        app.route(OPENAPI, methods=["GET"], endpoint="openapi")(self._openapi.serve)
        app.handle_errors(Exception)(answer_failure)
        self._resource: Any = app.resource()
        self._paths = {route.path.split("/")[1] for route in ROUTES}
        self._imports = [
            (route, re.compile(PREFIX + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path)))
            for route in ROUTES
            if route.before_body is not None
        ]

    def serves(self, path: bytes) -> bool:
        """Whether a path belongs to a route."""
        text = path.decode("ascii", "replace")
        first = text.removeprefix(f"{PREFIX}/").partition("/")[0]
        return text == OPENAPI or (text.startswith(PREFIX) and first in self._paths)

    def imports(self, request: Any) -> bool:
        """Whether a request is for a route whose body may be large, by its first line."""
        return self._import(request) is not None

    async def admit(self, request: Any, length: int | None) -> None:
        """Wait until the body of an import may be read, of this length if that is known.

        Short ones, such as the single requests of a program, wait for no long ones. Raises
        `HttpError` or `Refused` if the user may not import, whatever the body.
        """
        found = self._import(request)
        assert found is not None  # the caller has asked `imports`
        route, path = found
        assert route.before_body is not None
        signed_in = await self._signed_in(request)
        vouch(request, signed_in.user)
        places = route.signature.places
        arguments = {
            name: _converted(text, places[name], "The address") for name, text in path.items()
        }
        requester = self._requester(signed_in, request, route)
        await route.before_body(requester, **arguments)
        finished = request.notifyFinish()
        is_short = length is not None and length <= LARGE
        slots = self._short_slots if is_short else self._slots
        slot = await slots.take(signed_in.user.id)
        request.import_slot = slot
        # Unless work has begun with the body: then it is held until that is done.
        finished.addBoth(lambda _: _give_back(_taken_slot(request)))

    def _import(self, request: Any) -> tuple[Route, dict[str, str]] | None:
        path = request.path.decode("ascii", "replace")
        for route, pattern in self._imports:
            match = pattern.fullmatch(path)
            if match is not None and route.method.encode() == request.method:
                return route, match.groupdict()
        return None

    def _requester(self, signed_in: SignedIn, request: Any, route: Route) -> Requester:
        """Who asks, with the rights that the user has at each time that they are looked at.

        To look at them raises `HttpError` with `NotAuthorized` while the profile does not allow
        the route's task.
        """
        claims = signed_in.claims

        def rights() -> Rights:
            rights = self._rights(self._bearer.known(claims).user)
            if route.task is not None and not rights.may(route.task):
                raise HttpError(403, "NotAuthorized", "The user's profile does not allow this.")
            return rights

        session = signed_in.key.sid
        actor = Actor(signed_in.user.login, signed_in.user.id, request.client_address, session)
        return Requester(actor, rights, self._services)

    def render(self, request: Any) -> Any:
        """Answer a request."""
        try:
            b"/".join(request.postpath).decode()
        except UnicodeDecodeError:
            return answer_error(request, HttpError(404, "NotFound", "This address does not exist."))
        return self._resource.render(request)

    def _handler(self, route: Route) -> Callable[..., Any]:
        def handle(request: Any, **path: str) -> Any:
            # Shielded: the work is finished and published even if the client hangs up.
            task = asyncio.ensure_future(self._serve(route, request, path))
            slot = _taken_slot(request)
            task.add_done_callback(lambda _: _give_back(slot))
            waited = asyncio.shield(task)
            task.add_done_callback(lambda task: log_unseen(request, task, waited))
            return Deferred.fromFuture(waited).addErrback(hung_up, request)

        return handle

    async def _serve(self, route: Route, request: Any, path: dict[str, str]) -> bytes:
        signed_in = await self._signed_in(request)
        vouch(request, signed_in.user)
        requester = self._requester(signed_in, request, route)
        try:
            result = await self._carry_out(route, requester, request, path)
        except (HttpError, Refused) as error:
            if error.code == "NotAuthorized":
                requester.count_refusal(route.kind)
            raise
        return _answer(request, route.signature.status, result)

    async def _carry_out(
        self, route: Route, requester: Requester, request: Any, path: dict[str, str]
    ) -> Any:
        rights, signature = requester.rights, route.signature
        arguments: dict[str, Any] = {}
        for name, text in path.items():
            arguments[name] = _converted(text, signature.places[name], "The address")
        if signature.query is not None:
            arguments["query"] = _query(request, signature.query)
        if signature.body is not None:
            arguments["body"] = await _body(request, signature.body, csv=signature.csv_body)
        while True:
            result = await route.function(requester, **arguments)
            # What was read while the rights changed is not given out.
            before, rights = rights, requester.rights if route.reads else rights
            if rights == before:
                return result
            requester = msgspec.structs.replace(requester, is_again=True)

    async def _signed_in(self, request: Any) -> SignedIn:
        """The user. Without a token the status is 401, so that clients ask for credentials."""
        try:
            return await self._bearer.signed_in(request.requestHeaders)
        except HttpError as error:
            if error.status == 400:
                raise HttpError(401, error.code, error.message, WWW_Authenticate="Bearer") from None
            raise


def _taken_slot(request: Any) -> Slot | None:
    """The slot that a request has for its large body, which it has no more."""
    slot: Slot | None = request.import_slot
    request.import_slot = None
    return slot


def _give_back(slot: Slot | None) -> None:
    if slot is not None:
        slot.give_back()


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


async def _body(request: Any, kind: Any, *, csv: bool) -> Any:
    """The body as the type it has to have.

    Raises `HttpError` with `UnsupportedMediaType`, `InvalidJson` or `InvalidBody`.
    """
    (media, charset), data = _content_type(request), request.body
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


def _content_type(request: Any) -> tuple[str, str | None]:
    """The media type and the charset of a body, if it says so."""
    headers = Message()
    sent = request.getHeader(b"content-type") or b"application/json"
    headers["Content-Type"] = sent.decode("ascii", "backslashreplace")
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
