"""What the store has and a plan lacks, counted: it goes only where somebody has agreed to that."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, select

from xucd.config.plan import Plan
from xucd.store import tables
from xucd.store.plan_rows import LABELS, Rows, ids_of_people, stored_rows, wanted_rows
from xucd.store.repository import Store

MAX_NAMED = 10
"""So many of each kind are named."""


class Lacking(msgspec.Struct, frozen=True):
    """What the store has and a plan lacks.

    `counted` has a text for each kind, ``2 agents (2501, 2502)``; `rows` are all of them, by table
    and key.
    """

    counted: tuple[str, ...]
    rows: frozenset[tuple[str, Any]]


def lacking(store: Store, plan: Plan) -> Lacking:
    """What the store has and the plan lacks."""
    with store.trying() as connection:
        return lacking_in(connection, plan)


def lacking_in(connection: Connection, plan: Plan) -> Lacking:
    """The same within a transaction."""
    counted, rows = [], set()
    for table, wanted in wanted_rows(plan, ids_of_people(connection, plan)).items():
        stored = stored_rows(connection, table, wanted)
        if keys := [key for key in stored if key not in wanted]:
            counted.append(_counted(connection, table, stored, keys))
            rows |= {(table.name, key) for key in keys}
    return Lacking(tuple(counted), frozenset(rows))


def _counted(connection: Connection, table: Table, stored: Rows, keys: list[Any]) -> str:
    kind, name = LABELS[table]
    names = [str(stored[key][name]) for key in keys]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    text = f"{how_many(len(names), kind)} ({', '.join(names[:MAX_NAMED])}{more})"
    if table is tables.callback_lists:
        text += f" with {how_many(callbacks_in(connection, keys), 'callback')}"
    return text


def how_many(count: int, kind: str) -> str:
    """A number of things of a kind, in words."""
    return f"{count} {kind}{'' if count == 1 else 's'}"


def callbacks_in(connection: Connection, lists: list[Any]) -> int:
    """How many callbacks these lists have, closed ones too."""
    requests = tables.callback_requests
    query = select(func.count()).where(requests.c.list_uuid.in_(lists))
    return connection.scalar(query) or 0
