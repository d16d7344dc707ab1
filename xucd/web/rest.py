"""The REST routes over HTTP: the user, the bounds of bodies, the answer."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from klein import Klein
from twisted.internet.defer import Deferred

from xucd.web.bearer import Bearer, SignedIn
from xucd.web.documents import Document
from xucd.web.errors import HttpError, answer_error
from xucd.web.failures import answer_failure, hung_up, log_unseen
from xucd.web.import_slots import ImportSlots, Slot
from xucd.web.link_resource import vouch
from xucd.web.rest_openapi import document
from xucd.web.rest_route import Route
from xucd.web.rest_routes import ROUTES
from xucd.web.rest_work import LARGE, RestRequest, RestUser, ServeRest

PREFIX = "/xuc/api/2.0"
OPENAPI = f"{PREFIX}/openapi.json"


class Rest:
    """Serves the routes over HTTP. `serve` does what a signed-in user asks for."""

    def __init__(self, bearer: Bearer, serve: ServeRest) -> None:
        self._bearer = bearer
        self._serve = serve
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
        user = await self._user(request)
        asked = RestRequest(route=route.name, places=path, before_body=True)
        await self._serve(asked, user)
        finished = request.notifyFinish()
        is_short = length is not None and length <= LARGE
        slots = self._short_slots if is_short else self._slots
        slot = await slots.take(user.user.id)
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
            task = asyncio.ensure_future(self._answer(route, request, path))
            slot = _taken_slot(request)
            task.add_done_callback(lambda _: _give_back(slot))
            waited = asyncio.shield(task)
            task.add_done_callback(lambda task: log_unseen(request, task, waited))
            return Deferred.fromFuture(waited).addErrback(hung_up, request)

        return handle

    async def _answer(self, route: Route, request: Any, path: dict[str, str]) -> bytes:
        user = await self._user(request)
        sent = request.getHeader(b"content-type")
        asked = RestRequest(
            route=route.name,
            places=path,
            query=request.uri.partition(b"?")[2],
            content_type=sent.decode("ascii", "backslashreplace") if sent else None,
            body=request.body,
        )
        answer = await self._serve(asked, user)
        request.setResponseCode(answer.status)
        for name, value in answer.headers.items():
            request.setHeader(name, value)
        return answer.body

    async def _user(self, request: Any) -> RestUser:
        """The user. Its connection counts for it from now on."""
        signed_in = await self._signed_in(request)
        vouch(request, signed_in.user)
        return RestUser(
            signed_in.user,
            signed_in.key,
            request.client_address,
            lambda: self._bearer.known(signed_in.claims).user,
        )

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
