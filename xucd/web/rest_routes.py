"""What a REST route is: a function whose signature and docstring say all there is to say about it.

    @route("PUT", "/callback_lists/{uuid}")
    async def change_list(asker: Asker, uuid: UUID, body: ListBody) -> CallbackListEntry:
        \"\"\"Rename a list.\"\"\"

`uuid` is taken from the path, `body` is the request's, `query` (a struct) holds its query
parameters; what the function returns is the answer. From the same signatures come the checks of
what clients send and the OpenAPI document, so that the two cannot disagree.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, Union, get_args, get_type_hints

import msgspec

from xucd.callbacks.service import Callbacks
from xucd.center.directory import User
from xucd.center.rights import Rights
from xucd.web.rest_csv import CsvFile

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and the context that carries out what is asked."""

    user: User
    rights: Rights
    callbacks: Callbacks


class Route(msgspec.Struct, frozen=True):
    """One route. `places` are the types of what stands in its path, by name.

    `body` is the type of a body in JSON, None if it has none; `csv_body` says that it may be a
    CSV file instead. `answer` is the type of its answer, None for one without a body; `status`
    comes with it. `errors` are the statuses of what can go wrong besides what can go wrong
    anywhere, `links` lead on: from another route's name to where in the answer its uuid is.
    """

    method: str
    path: str
    work: Callable[..., Awaitable[Any]]
    summary: str
    status: int
    answer: Any
    places: Mapping[str, Any]
    body: Any
    csv_body: bool
    query: type[msgspec.Struct] | None
    errors: tuple[int, ...]
    links: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name by which programs know the route."""
        return self.work.__name__


ROUTES: list[Route] = []


def route(
    method: str,
    path: str,
    *,
    errors: tuple[int, ...] = (),
    links: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Serve a method of a path by a function."""

    def add(work: F) -> F:
        hints = get_type_hints(work, include_extras=True)
        answer = hints["return"]
        body = hints.get("body")
        csv_body = CsvFile in get_args(body)
        if csv_body:
            body = Union[tuple(kind for kind in get_args(body) if kind is not CsvFile)]  # noqa: UP007
        if answer is type(None):
            answer, status = None, 204
        else:
            status = 201 if method == "POST" else 200
        ROUTES.append(
            Route(
                method=method,
                path=path,
                work=work,
                summary=inspect.getdoc(work) or "",
                status=status,
                answer=answer,
                places={name: hints[name] for name in re.findall(r"{(\w+)}", path)},
                body=body,
                csv_body=csv_body,
                query=hints.get("query"),
                errors=errors,
                links=links or {},
            )
        )
        return work

    return add
