"""Gaps: the times in which xucd heard nothing of a PBX, and what was found of them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select

from xucd.center.gaps import Gap
from xucd.store import tables
from xucd.store.repository import Store, pbxs_of
from xucd.store.rows import put_rows


def open_gap(store: Store, gap: Gap) -> None:
    """Write that nothing is heard from the beginning of this gap on."""
    with store.writing() as connection:
        put_gap(connection, gap)


def gaps(store: Store, since: float) -> list[Gap]:
    """The gaps that had not ended by a moment, oldest first.

    Those of a PBX that the centre has no longer are left out: one that lasted would never end.
    """
    table = tables.gaps
    ended_later = table.c.ended.is_(None) | (table.c.ended >= since)
    with store.reading() as connection:
        there = table.c.pbx.in_(pbxs_of(connection))
        found = select(table).where(ended_later, there).order_by(table.c.began)
        return [_gap(row) for row in connection.execute(found).mappings()]


def unclosed_gap(connection: Connection, pbx: str) -> Gap | None:
    """The gap of a PBX that is not closed yet; the first of several, into which the others run."""
    table = tables.gaps
    unknown = select(table).where(table.c.source.is_(None), table.c.pbx == pbx)
    rows = connection.execute(unknown.order_by(table.c.began)).mappings()
    found = [_gap(row) for row in rows]
    for gap in found[1:]:
        connection.execute(delete(table).where(table.c.uuid == gap.uuid))
    return found[0] if found else None


def put_gap(connection: Connection, gap: Gap) -> None:
    """Write a gap, in place of what is known of it."""
    row = msgspec.structs.asdict(gap) | {"calls": msgspec.to_builtins(gap.calls, str_keys=True)}
    put_rows(connection, tables.gaps, [row])


def _gap(row: Mapping[Any, Any]) -> Gap:
    values = {name: row[name] for name in Gap.__struct_fields__}
    return msgspec.convert(values, Gap, str_keys=True)
