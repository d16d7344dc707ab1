"""Several writes in one transaction: a commit waits for the disk as long for a hundred as for one.

Each write is by itself all the same. Where one cannot be carried out, the transaction is rolled
back, and fewer are written together, until the one that fails is alone: nothing else fails with it.
So a write may be carried out more than once, and has to be the same each time.
"""

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

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


Write = RowWrite | Callable[[Store], Any]
"""A row, or a function that writes to the store that it is given: see `_Part`."""


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

    Raises `StoreUnavailable` when the database takes nothing. If that begins in the middle, it is
    what the rest gets: nothing is written behind something that was not.
    """
    outcomes: list[Any] = []
    size = len(writes)
    while len(outcomes) < len(writes):
        some = writes[len(outcomes) : len(outcomes) + size]
        try:
            with store.writing() as connection:
                done = _carry_out(_Part(store, connection), connection, some)
            outcomes += done
        except StoreUnavailable as error:
            if not outcomes:
                raise
            outcomes += [error] * (len(writes) - len(outcomes))
        except Exception as error:  # whatever it is: it is told to the one whose write it was
            if len(some) == 1:
                outcomes.append(error)
                size = len(writes)
            else:
                size = len(some) // 2
    return outcomes


def _carry_out(part: Store, connection: Connection, writes: Sequence[Write]) -> list[Any]:
    outcomes: list[Any] = []
    for _, some in itertools.groupby(writes, lambda write: isinstance(write, RowWrite)):
        rows: list[RowWrite] = []
        for write in some:
            if isinstance(write, RowWrite):
                rows.append(write)
                outcomes.append(None)
            else:
                outcomes.append(write(part))
        _write_rows(connection, rows)
    return outcomes


def _write_rows(connection: Connection, rows: Sequence[RowWrite]) -> None:
    """Write the last of each key, with one statement for all of a table."""
    last: dict[Table, dict[tuple[Any, ...], RowWrite]] = {}
    for row in rows:
        last.setdefault(row.table, {})[row.key] = row
    for table, found in last.items():
        remove_rows(connection, table, [key for key, row in found.items() if row.values is None])
        put_rows(connection, table, [row.values for row in found.values() if row.values])
