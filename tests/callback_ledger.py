"""What clients were told of callbacks, and what may have become of them in a killed daemon.

All subscribers hear all changes in one order, so what one of them heard is the beginning of what
another did: the longest is what was told. What was asked for and not answered may have been done or
not; everything else has to be exactly as it was told.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Seen:
    """An open request as a client sees it."""

    agent_id: int | None
    description: str | None
    due: str


Book = dict[str, Seen]
"""The open requests, by uuid. One that is closed or removed is not in it."""


@dataclass
class Ask:
    """Something that was asked for. `answer` is ``ok``, an error's code, or None: not answered.

    `does` is ``take``, ``release``, ``change``, ``remove``, ``reopen`` or ``close``; the last two
    are said of a ticket, whose uuid is in `ticket`.
    """

    does: str
    uuid: str
    agent_id: int | None = None
    description: str | None = None
    due: str = ""
    ticket: str = ""
    answer: str | None = None


def book_of(lists: Iterable[dict[str, Any]]) -> Book:
    """What a `CallbackLists` tells."""
    return {one["uuid"]: _seen(one) for held in lists for one in held["callbacks"]}


def hear(book: Book, kind: str, body: Any) -> None:
    """Let a message change a book. Fails when an agent is given what another one has."""
    match kind:
        case "CallbackTaken":
            held = book[body["uuid"]]
            assert held.agent_id is None, f"{body} was taken by {held.agent_id} before"
            book[body["uuid"]] = replace(held, agent_id=body["agentId"])
        case "CallbackReleased":
            book[body["uuid"]] = replace(book[body["uuid"]], agent_id=None)
        case "CallbackRequestUpdated":
            book[body["request"]["uuid"]] = _seen(body["request"])
        case "CallbackClotured":
            del book[body["uuid"]]


def longest(told: list[list[tuple[str, Any]]]) -> list[tuple[str, Any]]:
    """What was told in all. Fails when two clients heard different things, or in another order."""
    whole = max(told, key=len)
    for heard in told:
        assert heard == whole[: len(heard)], "clients heard different things"
    return whole


def check(before: Book, asked: Iterable[Ask], after: Book) -> None:
    """Fail unless `after` is `before`, but for what was asked for and not answered."""
    by_uuid: dict[str, list[Ask]] = {}
    for ask in asked:
        if ask.answer is None:
            by_uuid.setdefault(ask.uuid, []).append(ask)
    for uuid in before.keys() | after.keys():
        pending = by_uuid.get(uuid, [])
        possible = _reachable(before.get(uuid), pending)
        assert after.get(uuid) in possible, (
            f"{uuid} was told as {before.get(uuid)} and is {after.get(uuid)}; under way: {pending}"
        )


def _reachable(seen: Seen | None, asks: list[Ask]) -> list[Seen | None]:
    found: list[Seen | None] = [seen]
    for count in range(1, len(asks) + 1):
        for some in itertools.permutations(asks, count):
            became = seen
            for ask in some:
                became = _done(became, ask)
            found.append(became)
    return found


def _done(seen: Seen | None, ask: Ask) -> Seen | None:
    """What becomes of a request by one thing that is asked for."""
    if seen is None:
        return None
    mine = seen.agent_id == ask.agent_id
    match ask.does:
        case "take" if seen.agent_id is None:
            return replace(seen, agent_id=ask.agent_id)
        case "release" if mine:
            return replace(seen, agent_id=None)
        case "change":
            return replace(seen, description=ask.description, due=ask.due)
        case "remove":
            return None
        case "close" if mine:
            return None
        case "reopen" if mine:
            return replace(seen, agent_id=None, due=ask.due)
    return seen


def _seen(request: dict[str, Any]) -> Seen:
    return Seen(request["agentId"], request["description"], request["dueDate"])
