"""What a REST route is: a method, a path, and the function that serves it.

The rest is read from the function's signature and docstring. Its first argument is the `Requester`;
arguments named as in the path get the parts of the path; `body` is the request's body, `query` (a
struct) its query parameters; what the function returns is the answer. Both the validation of
requests and the OpenAPI document are made from these types.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any, get_args, get_type_hints

import msgspec

from xucd.callbacks.service import Callbacks
from xucd.center.audit import Actor, AuditEntry, Kind, Target
from xucd.center.rights import Rights, Task
from xucd.signin.places import bucket
from xucd.store.audit_trail import AuditTrail
from xucd.web.rest_csv import CsvFile
from xucd.web.user_importer import UserImporter

Function = Callable[..., Awaitable[Any]]


class Adopted(msgspec.Struct, frozen=True):
    """The agent that was made of a queue's member, and what was added to the centre for it."""

    agent_id: int
    login: str
    changes: tuple[str, ...]


Adopt = Callable[[str, Actor, Callable[[], object]], Awaitable[Adopted]]
"""Makes an agent of the member of an interface, for somebody. Raises `Refused` and `StoreError`.

The last argument is called before anything is changed, and raises once that user may not any more.
"""


class RestServices(msgspec.Struct, frozen=True):
    """What does the work: on callbacks, users, and members that are no agents; the audit trail.

    The trail has the store behind it.
    """

    callbacks: Callbacks
    audit: AuditTrail
    users: UserImporter
    adopt: Adopt


class Requester(msgspec.Struct, frozen=True):
    """Who sends a request, as the audit trail names it, and the services that do the work.

    `current_rights` returns the rights of this moment. Raises `HttpError` with `InvalidToken` once
    the sign-in has ended, with `NotAuthorized` once the profile does not allow what is asked for.
    With `is_again` the same is read once more, since the rights have changed.
    """

    actor: Actor
    current_rights: Callable[[], Rights]
    services: RestServices
    is_again: bool = False

    @property
    def rights(self) -> Rights:
        """The rights of this moment, as an `Asker` has them."""
        return self.current_rights()

    @property
    def callbacks(self) -> Callbacks:
        """The callback service."""
        return self.services.callbacks

    async def record(
        self, kind: Kind, *targets: Target, detail: Mapping[str, object] | None = None
    ) -> None:
        """Write into the audit trail that the user did this; once for what is read again."""
        if self.is_again:
            return
        trail = self.services.audit
        await trail.record(
            AuditEntry(
                at=trail.now(), actor=self.actor, kind=kind, targets=targets, detail=detail or {}
            )
        )

    def count_refusal(self, kind: Kind | None) -> None:
        """Count in the audit trail that the user tried this and may not."""
        if kind is not None:
            trail = self.services.audit
            trail.count(
                AuditEntry(at=trail.now(), actor=self.actor, kind=kind, outcome="NotAuthorized"),
                bucket(self.actor.address),
            )


class Signature(msgspec.Struct, frozen=True):
    """The types of a route's request and answer.

    `places` are the types of the parts of the path, by name. `body` is the type of a JSON body,
    None if there is none; `csv_body` says that the body may be a CSV file instead. `answer` is the
    type of the answer, None for an empty one; `csv_answer` says that it may be a CSV file as well.
    `status` is that of success.
    """

    places: Mapping[str, Any]
    query: type[msgspec.Struct] | None
    body: Any
    csv_body: bool
    answer: Any
    csv_answer: bool
    status: int


@dataclass(frozen=True)
class Route:
    """One route. `path` holds the names of arguments, such as ``/callback_lists/{uuid}``.

    `before_body` is for routes whose bodies may be large: awaited with the same arguments before
    the body is read, it refuses what the function would refuse in the end. `errors` are the
    statuses that it can answer with besides those that every route can. `task` is what it takes a
    profile to do, None for what belongs to the Agent API; `kind` is how the audit trail counts who
    tries it without. `creates` is False for a POST that only keeps what it is about out of the
    address; `finds` is True for one of these that changes nothing. `links` are OpenAPI's: the
    functions of other routes, each with the place of their uuid in this answer.
    """

    method: str
    path: str
    function: Function
    errors: tuple[int, ...] = ()
    before_body: Function | None = None
    task: Task | None = None
    kind: Kind | None = None
    creates: bool = True
    finds: bool = False
    links: Mapping[Function, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """OpenAPI's operation id."""
        return self.function.__name__

    @property
    def reads(self) -> bool:
        """Whether it changes nothing but the audit trail."""
        return self.finds or self.method == "GET"

    @property
    def text(self) -> str:
        """A summary in the first line, and a description."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def signature(self) -> Signature:
        """What the function's signature says."""
        hints = get_type_hints(self.function, include_extras=True)
        body, answer = hints.get("body"), hints["return"]
        kinds = get_args(body)
        csv_body = CsvFile in kinds
        if csv_body:
            body = reduce(or_, (kind for kind in kinds if kind is not CsvFile))
        csv_answer = CsvFile in get_args(answer)
        if csv_answer:
            (answer,) = (kind for kind in get_args(answer) if kind is not CsvFile)
        if answer is type(None):
            answer, status = None, 204
        else:
            status = 201 if self.method == "POST" and self.creates else 200
        return Signature(
            places={name: hints[name] for name in re.findall(r"{(\w+)}", self.path)},
            query=hints.get("query"),
            body=body,
            csv_body=csv_body,
            answer=answer,
            csv_answer=csv_answer,
            status=status,
        )
