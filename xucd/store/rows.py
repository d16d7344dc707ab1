"""Rows of any table, written by statements that are made once.

Making an upsert costs more than carrying it out: SQLAlchemy copies the table's columns for its
`excluded`, and reads the whole statement anew to find what it has compiled of the like. One object
per table and columns is read once; and of an upsert, its text is given to the driver as it is.
"""

import functools
import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Delete, Dialect, Insert, Table, bindparam, delete, select, update

# No column begins so: a parameter of a column's own name would be a value to insert.
_KEY = "key_"


def put_rows(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, keep: bool = False
) -> None:
    """Insert rows, replacing those with the same primary key or, with `keep`, leaving them.

    All have the same columns, and those with a default of Python's are among them. No two may have
    the same key: PostgreSQL refuses that.
    """
    if rows:
        columns = tuple(rows[0])
        key = connection.dialect.name, table, columns, keep
        upsert = _UPSERTS.get(key)
        if upsert is None:
            upsert = _UPSERTS[key] = _compiled_upsert(connection.dialect, table, columns, keep)
        connection.exec_driver_sql(upsert.text, [upsert.values(row) for row in rows])


def remove_rows(connection: Connection, table: Table, keys: Sequence[Sequence[Any]]) -> None:
    """Delete the rows with these primary keys, as far as there are such."""
    if keys:
        names = [_KEY + column.name for column in table.primary_key.columns]
        found = [dict(zip(names, key, strict=True)) for key in keys]
        connection.execute(_removal(table), found)


def replace_queues(
    connection: Connection,
    table: Table,
    whose: int,
    queues: Mapping[int, int],
    among: Collection[int] | None = None,
) -> None:
    """Make `queues` (id to penalty) all the rows that one agent or user has in `table`.

    With `among`, rows of other queues than these stay as they are.
    """
    owner = next(iter(table.primary_key.columns))
    gone = delete(table).where(owner == whose)
    connection.execute(gone if among is None else gone.where(table.c.queue_id.in_(among)))
    if queues:
        connection.execute(
            table.insert(),
            [
                {owner.name: whose, "queue_id": queue_id, "penalty": penalty}
                for queue_id, penalty in queues.items()
            ],
        )


def replace_all_queues(
    connection: Connection, table: Table, queues: Mapping[int, Mapping[int, int]]
) -> None:
    """What `replace_queues` does, of many agents or users at once: whose id to their queues."""
    if not queues:
        return
    owner = next(iter(table.primary_key.columns))
    gone = delete(table).where(owner == bindparam(_KEY + owner.name))
    connection.execute(gone, [{_KEY + owner.name: whose} for whose in queues])
    rows = [
        {owner.name: whose, "queue_id": queue_id, "penalty": penalty}
        for whose, own in queues.items()
        for queue_id, penalty in own.items()
    ]
    if rows:
        connection.execute(table.insert(), rows)


def change_rows(connection: Connection, table: Table, rows: Mapping[Any, dict[str, Any]]) -> None:
    """Update rows by their primary key, of one column; all have the same columns."""
    if rows:
        key = next(iter(table.primary_key.columns))
        changed = update(table).where(key == bindparam(_KEY + key.name))
        connection.execute(
            changed, [{_KEY + key.name: row_key, **row} for row_key, row in rows.items()]
        )


def nested(connection: Connection, table: Table) -> dict[int, dict[int, int]]:
    """A table of memberships: whose id to queue id to penalty."""
    found: dict[int, dict[int, int]] = {}
    for whose, queue_id, penalty in connection.execute(
        select(table).order_by(*table.primary_key.columns)
    ):
        found.setdefault(whose, {})[queue_id] = penalty
    return found


class _Upsert(NamedTuple):
    """A statement for the driver: its text, and how it takes the value of each column.

    `pick` takes a row's values in the order of the text's places, None where the text has the names
    itself. `convert` is by the place, or by the name.
    """

    text: str
    pick: Callable[[dict[str, Any]], tuple[Any, ...]] | None
    convert: Sequence[tuple[Any, Callable[[Any], Any]]]

    def values(self, row: dict[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        """What the driver is given of a row."""
        if self.pick is None:
            return {**row, **{name: to(row[name]) for name, to in self.convert}}
        found = self.pick(row)
        if not self.convert:
            return found
        values = list(found)
        for place, to in self.convert:
            values[place] = to(values[place])
        return tuple(values)


_UPSERTS: dict[tuple[str, Table, tuple[str, ...], bool], _Upsert] = {}
"""By the dialect's name, not by the dialect itself: each engine has one."""


def _compiled_upsert(
    dialect: Dialect, table: Table, columns: tuple[str, ...], keep: bool
) -> _Upsert:
    compiled: Any = _upsert(dialect.name, table, columns, keep).compile(
        dialect=dialect, column_keys=columns
    )
    assert compiled.params.keys() == set(columns), "the driver fills no column's default"
    processors = {
        name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns
    }
    convert = {name: to for name, to in processors.items() if to is not None}
    if not compiled.positional:
        return _Upsert(str(compiled), None, list(convert.items()))
    names = compiled.positiontup
    by_place = [(place, convert[name]) for place, name in enumerate(names) if name in convert]
    assert len(names) > 1, "of one column, itemgetter gives no tuple"
    return _Upsert(str(compiled), itemgetter(*names), by_place)


def _upsert(dialect: str, table: Table, columns: tuple[str, ...], keep: bool) -> Insert:
    # SQLAlchemy has the clause only in the inserts of each dialect. PostgreSQL's takes 45 ms.
    insert = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert
    statement = insert(table)
    key = [column.name for column in table.primary_key.columns]
    if keep:
        return cast("Insert", statement.on_conflict_do_nothing(index_elements=key))
    new = {name: statement.excluded[name] for name in columns if name not in key}
    return cast("Insert", statement.on_conflict_do_update(index_elements=key, set_=new))


@functools.cache
def _removal(table: Table) -> Delete:
    key = table.primary_key.columns
    return delete(table).where(*(column == bindparam(_KEY + column.name) for column in key))
