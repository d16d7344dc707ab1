"""The figures of the day, what is under way beside them, and the pulse: all in one transaction."""

import datetime
from collections.abc import Mapping, Set
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, select

from xucd.center.agent import AgentState
from xucd.center.day import AgentDay
from xucd.center.directory import MAIN
from xucd.center.gaps import Gap
from xucd.center.queue_day import QueueDay
from xucd.center.under_way import AgentUnderWay, CallUnderWay
from xucd.store import tables
from xucd.store.gaps import put_gap
from xucd.store.pulse import Pulse, put_pulse
from xucd.store.repository import Store
from xucd.store.rows import put_rows

LATELY_DAYS = 2
"""How many days back a queue's row is looked for that says who waits."""

T = TypeVar("T")

QueueDays = Mapping[tuple[datetime.date, int], QueueDay]
"""Queues' figures, by day and queue id."""


class ClosedGap(msgspec.Struct, frozen=True):
    """A gap whose calls are counted, and what they add to days before today."""

    gap: Gap
    queues: QueueDays = {}
    agents: Mapping[tuple[datetime.date, int], AgentDay] = {}


class EndedDay(msgspec.Struct, frozen=True):
    """All figures of a day that is over, by agents' and queues' ids."""

    day: datetime.date
    agents: Mapping[int, AgentDay]
    queues: Mapping[int, QueueDay]


class Figures(msgspec.Struct, frozen=True):
    """What has moved at a PBX since figures were written last, and the gaps whose calls are in it.

    `ended` are the days that have ended since: written later than what is under way, the time in a
    state would be in them twice; earlier, not at all. `gone` are the last days of agents that are
    no longer configured: nothing of them is under way.
    """

    day: datetime.date
    pulse: Pulse
    agents: Mapping[int, tuple[AgentDay, AgentUnderWay]] = {}
    queues: QueueDays = {}
    closed: tuple[ClosedGap, ...] = ()
    ended: tuple[EndedDay, ...] = ()
    gone: Mapping[tuple[datetime.date, int], AgentDay] = {}
    pbx: str = MAIN

    def without(self, away: Set[int]) -> "Figures":
        """The same without these agents, of whom another PBX writes."""
        ended = [
            msgspec.structs.replace(each, agents=_without(each.agents, away)) for each in self.ended
        ]
        return msgspec.structs.replace(
            self,
            agents=_without(self.agents, away),
            ended=tuple(ended),
            gone={key: each for key, each in self.gone.items() if key[1] not in away},
        )


def put_figures(store: Store, figures: Figures, *, several_pbxs: bool = False) -> None:
    """Write them, in place of earlier ones, all or none.

    In a centre of several PBXs, of those agents alone whose home is this one by now.
    """
    with store.writing() as connection:
        if several_pbxs:
            figures = figures.without(_away(connection, figures))
        for ended in figures.ended:
            _put_agent_days(connection, ended.day, ended.agents)
            queues = [_row((ended.day, key), each) for key, each in ended.queues.items()]
            put_rows(connection, tables.queue_days, queues)
        for (day, agent_id), last in figures.gone.items():
            _put_agent_days(connection, day, {agent_id: last})
        days = {key: day for key, (day, _) in figures.agents.items()}
        _put_agent_days(connection, figures.day, days)
        drop_under_way(connection, {agent_id for _, agent_id in figures.gone} - days.keys())
        put_under_way(connection, {key: each for key, (_, each) in figures.agents.items()})
        put_rows(connection, tables.queue_days, [_row(*each) for each in figures.queues.items()])
        for closed in figures.closed:
            _close_gap(connection, closed)
        put_pulse(connection, figures.pbx, figures.pulse)


def _without(agents: Mapping[int, T], away: Set[int]) -> dict[int, T]:
    return {agent_id: each for agent_id, each in agents.items() if agent_id not in away}


def _away(connection: Connection, figures: Figures) -> set[int]:
    """The agents of these figures whose home is another PBX."""
    homes = tables.agent_homes.c
    written = {*figures.agents, *(agent_id for _, agent_id in figures.gone)}
    for ended in figures.ended:
        written |= ended.agents.keys()
    if not written:
        return written
    found = select(homes.agent_id).where(homes.pbx != figures.pbx, homes.agent_id.in_(written))
    return set(connection.scalars(found))


def _put_agent_days(
    connection: Connection, day: datetime.date, days: Mapping[int, AgentDay]
) -> None:
    rows = [
        {"agent_id": agent_id, "day": day, **msgspec.structs.asdict(each)}
        for agent_id, each in days.items()
    ]
    put_rows(connection, tables.agent_days, rows)


def queue_days(store: Store, day: datetime.date) -> dict[int, QueueDay]:
    """The queues' figures of one day; those without any keep who waited at the end of another."""
    found = store.queue_days(day)
    with store.reading() as connection:
        rows = [row for row in latest_queue_days(connection, day) if row.day < day]
        before = {row.queue_id: QueueDay(waiting=dict(row.waiting)) for row in rows}
    return before | found


def latest_queue_days(connection: Connection, day: datetime.date) -> list[Row[Any]]:
    """The queues' rows of lately, oldest first: nobody waits for days."""
    table = tables.queue_days
    lately = table.c.day >= day - datetime.timedelta(LATELY_DAYS)
    return list(connection.execute(select(table).where(lately).order_by(table.c.day)))


# -- what is under way


def drop_under_way(connection: Connection, agent_ids: Set[int]) -> None:
    """Know nothing of what was under way of these agents."""
    column = tables.agents_under_way.c.agent_id
    for agent_id in agent_ids:
        connection.execute(delete(tables.agents_under_way).where(column == agent_id))


def under_way_of(connection: Connection, which: ColumnElement[bool]) -> dict[int, AgentUnderWay]:
    """What was under way of agents when it was written last; `which` selects from the table."""
    return {
        row.agent_id: AgentUnderWay(
            AgentState(row.state),
            row.since,
            row.until,
            msgspec.convert(row.calls, dict[str, CallUnderWay]),
        )
        for row in connection.execute(select(tables.agents_under_way).where(which))
    }


def put_under_way(connection: Connection, agents: Mapping[int, AgentUnderWay]) -> None:
    """Write what is under way of agents, in place of what was."""
    rows = [
        {
            "agent_id": agent_id,
            "state": str(one.state),
            "since": one.since,
            "until": one.until,
            "calls": one.calls,
        }
        for agent_id, one in agents.items()
    ]
    put_rows(connection, tables.agents_under_way, rows)


def _close_gap(connection: Connection, closed: ClosedGap) -> None:
    """Write a gap, and what it adds to earlier days; nothing if it is written already."""
    known = tables.gaps.c
    written = select(known.source).where(known.uuid == closed.gap.uuid)
    if connection.scalar(written) is not None:
        return
    put_gap(connection, closed.gap)
    for (day, agent_id), added in closed.agents.items():
        table = tables.agent_days
        which = (table.c.agent_id == agent_id) & (table.c.day == day)
        row = connection.execute(select(table).where(which)).mappings().first()
        before = agent_day(row) if row is not None else AgentDay()
        counters = msgspec.structs.asdict(before.plus(added))
        put_rows(connection, table, [{"agent_id": agent_id, "day": day, **counters}])
    for (day, queue_id), more in closed.queues.items():
        table = tables.queue_days
        which = (table.c.queue_id == queue_id) & (table.c.day == day)
        row = connection.execute(select(table).where(which)).mappings().first()
        sums = QueueDay(waiting=dict(row["waiting"]) if row is not None else {})
        for name in QueueDay.__struct_fields__:
            if name != "waiting":
                counted = row[name] if row is not None else 0
                setattr(sums, name, counted + getattr(more, name))
        put_rows(connection, table, [_row((day, queue_id), sums)])


def agent_day(row: Mapping[Any, Any]) -> AgentDay:
    """The figures of a row."""
    return msgspec.convert({name: row[name] for name in AgentDay.__struct_fields__}, AgentDay)


def _row(key: tuple[datetime.date, int], day: QueueDay) -> dict[str, object]:
    return {"queue_id": key[1], "day": key[0], **msgspec.structs.asdict(day)}
