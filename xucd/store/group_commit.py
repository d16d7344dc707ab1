"""Several writes in one transaction: a commit waits for the disk as long for a hundred as for one.

Each write is by itself all the same. Where one cannot be carried out, or refuses to be, the
transaction is rolled back, and all are written once more in one transaction, each behind a
savepoint of its own: so nothing else fails with it, and nobody waits longer than for that. A write
may thus be carried out more than once, and has to be the same each time.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table
from sqlalchemy.exc import SQLAlchemyError

from xucd.store.database import store_error
from xucd.store.errors import StoreUnavailable
from xucd.store.repository import Store
from xucd.store.rows import put_rows, remove_rows


class RowWrite(NamedTuple):
    """A row as it is to be from now on: `values` are all of it, None for no such row.

    `key` has the values of the table's primary key.
    """

    table: Table
    key: tuple[Any, ...]
    values: dict[str, Any] | None


Write = RowWrite | list[RowWrite] | Callable[[Store], Any]
"""A row; rows that are written all or none; or a function that writes to the store that it is
given: see `_Part`."""


class _Part(Store):
    """A store within a transaction that is under way: what is written becomes a part of that."""

    def __init__(self, store: Store, connection: Connection) -> None:
        self._engine = store._engine
        self._connection = connection

    def reading(self) -> AbstractContextManager[Connection]:
        """The transaction that is under way."""
        return nullcontext(self._connection)

    def writing(self, *, alone: bool = False) -> AbstractContextManager[Connection]:
        """The transaction that is under way, which others may be in."""
        assert not alone
        return nullcontext(self._connection)


def write_together(store: Store, writes: Sequence[Write]) -> list[Any]:
    """Carry out all in order; returns what each returned, or the exception that it raised.

    Raises `StoreUnavailable` when the database takes nothing, be it from the middle on: then none
    of them is written.
    """
    try:
        with store.writing() as connection:
            return _carry_out(_Part(store, connection), connection, writes)
    except StoreUnavailable:
        raise
    except Exception as error:  # whatever it is: it is told to the one whose write it was
        if len(writes) == 1:
            return [error]
    with store.writing() as connection:
        return _carry_out_apart(_Part(store, connection), connection, writes)


def _carry_out(part: Store, connection: Connection, writes: Sequence[Write]) -> list[Any]:
    outcomes: list[Any] = []
    for some in _runs(writes):
        _write_rows(connection, [row for write in some for row in _rows_of(write)])
        outcomes += [write(part) if callable(write) else None for write in some]
    return outcomes


def _carry_out_apart(part: Store, connection: Connection, writes: Sequence[Write]) -> list[Any]:
    """Carry out all in order; only what fails is undone. Raises `StoreUnavailable`."""
    outcomes: list[Any] = []
    for some in _runs(writes):
        try:
            with connection.begin_nested():
                done = _carry_out(part, connection, some)
            outcomes += done
        except Exception as error:
            failure = store_error(error) if isinstance(error, SQLAlchemyError) else error
            if isinstance(failure, StoreUnavailable):
                raise failure from error
            if len(some) == 1:
                outcomes.append(failure)
                continue
            for write in some:
                outcomes += _carry_out_apart(part, connection, [write])
    return outcomes


def _runs(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """The writes in order: rows that follow each other together, each function by itself."""
    for are_functions, some in itertools.groupby(writes, callable):
        if are_functions:
            yield from ([write] for write in some)
        else:
            yield list(some)


def _rows_of(write: Write) -> list[RowWrite]:
    if callable(write):
        return []
    return [write] if isinstance(write, RowWrite) else write


def _write_rows(connection: Connection, rows: Sequence[RowWrite]) -> None:
    """Write the last of each key, with one statement for all of a table."""
    last: dict[Table, dict[tuple[Any, ...], RowWrite]] = {}
    for row in rows:
        last.setdefault(row.table, {})[row.key] = row
    for table, found in last.items():
        remove_rows(connection, table, [key for key, row in found.items() if row.values is None])
        put_rows(connection, table, [row.values for row in found.values() if row.values])
