"""The figures of the day, what is under way beside them, and the pulse: all in one transaction.

The *pulse* is written with the figures, and by itself when none moved: until when xucd was alive,
by the clock and by the machine's steady one. After a kill, whatever had lasted until then is known
to have: the time in a state and the talk time of a call need not be written while they grow. And
the two clocks tell whether the clock was set while xucd was away.
"""

import datetime
from collections.abc import Callable, Mapping, Set
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Row, delete, select, update

from xucd.center.agent import AgentState
from xucd.center.day import AgentDay
from xucd.center.gaps import Gap
from xucd.center.queue_day import QueueDay
from xucd.center.under_way import AgentUnderWay, CallUnderWay, Lately, Resumed
from xucd.store import tables
from xucd.store.repository import Store
from xucd.store.rows import put_rows

PULSE = "pulse"
"""The key of the pulse in the table `meta`."""

SET_S = 0.5
"""By how many seconds the clock has to be off for it to have been set."""

LATELY_DAYS = 2
"""How many days back a queue's row is looked for that says who waits."""

T = TypeVar("T")

QueueDays = Mapping[tuple[datetime.date, int], QueueDay]
"""Queues' figures, by day and queue id."""


class ClockReading(msgspec.Struct, frozen=True):
    """The clock (epoch seconds) and, at the same moment, the steady one, in seconds since `boot`.

    `pbx` is Asterisk's clock at the second 0 of the steady one, None when it is not known.
    """

    wall: float
    steady: float
    boot: str
    pbx: float | None = None


class Heard(msgspec.Struct, frozen=True):
    """Until when all that Asterisk told is in the figures, and when it was first heard.

    `since` is None before it was, and if that is not remembered.
    """

    until: float
    since: float | None = None


class Pulse(msgspec.Struct, frozen=True):
    """xucd was alive at this moment, and had counted these calls to the end lately.

    Until `heard`, what Asterisk told is in the figures; None before it was first heard. That was at
    `since`; None also if it is not remembered.
    """

    clock: ClockReading
    lately: Lately
    heard: float | None = None
    since: float | None = None


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
    """What has moved since figures were written last, and the gaps whose calls are in it.

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


class Memory(msgspec.Struct, frozen=True):
    """What a starting xucd goes on from. `gap` is the time in which nothing was heard.

    It may have begun before `heard_until`, if it was not closed although Asterisk was heard again.
    `heard_since` is when Asterisk was first heard, None if that is not remembered.
    """

    resumed: Resumed
    heard_until: float
    gap: Gap
    clock: ClockReading
    heard_since: float | None = None


def put_figures(store: Store, figures: Figures, pbx: str | None = None) -> None:
    """Write them, in place of earlier ones, all or none.

    In a centre of several PBXs, of those agents alone whose home is this one by now.
    """
    with store.writing() as connection:
        if pbx is not None:
            figures = figures.without(_away(connection, figures, pbx))
        for ended in figures.ended:
            _put_agent_days(connection, ended.day, ended.agents)
            queues = [_row((ended.day, key), each) for key, each in ended.queues.items()]
            put_rows(connection, tables.queue_days, queues)
        for (day, agent_id), last in figures.gone.items():
            _put_agent_days(connection, day, {agent_id: last})
        days = {key: day for key, (day, _) in figures.agents.items()}
        _put_agent_days(connection, figures.day, days)
        _drop_under_way(connection, {agent_id for _, agent_id in figures.gone} - days.keys())
        _put_under_way(connection, {key: each for key, (_, each) in figures.agents.items()})
        put_rows(connection, tables.queue_days, [_row(*each) for each in figures.queues.items()])
        for closed in figures.closed:
            _close_gap(connection, closed)
        _put_pulse(connection, figures.pulse)


def _without(agents: Mapping[int, T], away: Set[int]) -> dict[int, T]:
    return {agent_id: each for agent_id, each in agents.items() if agent_id not in away}


def _away(connection: Connection, figures: Figures, pbx: str) -> set[int]:
    """The agents of these figures whose home is another PBX."""
    homes = tables.agent_homes.c
    written = {*figures.agents, *(agent_id for _, agent_id in figures.gone)}
    for ended in figures.ended:
        written |= ended.agents.keys()
    if not written:
        return written
    found = select(homes.agent_id).where(homes.pbx != pbx, homes.agent_id.in_(written))
    return set(connection.scalars(found))


def _put_agent_days(
    connection: Connection, day: datetime.date, days: Mapping[int, AgentDay]
) -> None:
    rows = [
        {"agent_id": agent_id, "day": day, **msgspec.structs.asdict(each)}
        for agent_id, each in days.items()
    ]
    put_rows(connection, tables.agent_days, rows)


def open_gap(store: Store, gap: Gap) -> None:
    """Write that nothing is heard from the beginning of this gap on."""
    with store.writing() as connection:
        _put_gap(connection, gap)


def gaps(store: Store, since: float) -> list[Gap]:
    """The gaps that had not ended by a moment, oldest first."""
    table = tables.gaps
    ended_later = table.c.ended.is_(None) | (table.c.ended >= since)
    with store.reading() as connection:
        rows = connection.execute(select(table).where(ended_later).order_by(table.c.began))
        return [_gap(row) for row in rows.mappings()]


def resume(
    store: Store, reading: ClockReading, midnight_after: Callable[[float], float]
) -> Memory | None:
    """Bring what is stored up to the last pulse, and the clock; None if there was no pulse.

    Idempotent: killed in the middle of its start, xucd starts with the same once more.
    """
    with store.writing() as connection:
        pulse = _shift(connection, reading)
        if pulse is None:
            _put_pulse(connection, Pulse(reading, Lately()))
            return None
        alive = pulse.clock.wall
        agents = _settle(connection, alive, midnight_after)
        heard = alive if pulse.heard is None else min(alive, pulse.heard)
        gap = _open_gap(connection) or Gap(uuid4(), heard, "XucdDown")
        gap = msgspec.structs.replace(gap, began=min(gap.began, heard))
        _put_gap(connection, gap)
        _put_pulse(connection, pulse)
        resumed = Resumed(alive, agents, pulse.lately)
        return Memory(resumed, heard, gap, pulse.clock, pulse.since)


def shift(store: Store, reading: ClockReading) -> None:
    """Follow a clock that was set since the last pulse: move what is stored by as much.

    Idempotent, since the pulse moves with it.
    """
    with store.writing() as connection:
        pulse = _shift(connection, reading)
        if pulse is not None:
            _put_pulse(connection, pulse)


def queue_days(store: Store, day: datetime.date) -> dict[int, QueueDay]:
    """The queues' figures of one day; those without any keep who waited at the end of another."""
    found = store.queue_days(day)
    with store.reading() as connection:
        rows = [row for row in _latest(connection, day) if row.day < day]
        before = {row.queue_id: QueueDay(waiting=dict(row.waiting)) for row in rows}
    return before | found


# -- the clock


def _shift(connection: Connection, reading: ClockReading) -> Pulse | None:
    """The last pulse, by the clock as it goes now; all moments that go on are moved with it."""
    pulse = _pulse(connection)
    if pulse is None or pulse.clock.boot != reading.boot:
        return pulse
    clock = pulse.clock
    off = (reading.wall - clock.wall) - (reading.steady - clock.steady)
    if abs(off) < SET_S:
        return pulse
    stations, days = tables.stations, tables.agent_days
    connection.execute(update(stations).values(since=stations.c.since + off))
    # Set back over midnight, the day before goes on.
    earlier = min(clock.wall, clock.wall + off)
    today = days.c.day >= datetime.datetime.fromtimestamp(earlier).astimezone().date()
    for name in ("login_at", "logout_at"):
        column = days.c[name]
        connection.execute(update(days).where(today).values({name: column + off}))
    under_way = under_way_of(connection)
    _put_under_way(connection, {key: one.later(off) for key, one in under_way.items()})
    _shift_waiting(connection, off, clock.wall)
    table, tickets = tables.gaps, tables.callback_tickets
    unknown = table.c.source.is_(None)
    connection.execute(update(table).where(unknown).values(began=table.c.began + off))
    for name in ("started", "answered"):
        column = tickets.c[name]
        going_on = update(tickets).where(tickets.c.ended.is_(None))
        connection.execute(going_on.values({name: column + off}))
    clock = msgspec.structs.replace(clock, wall=clock.wall + off)
    heard, since = (at + off if at is not None else None for at in (pulse.heard, pulse.since))
    return Pulse(clock, pulse.lately.later(off), heard, since)


def _shift_waiting(connection: Connection, off: float, now: float) -> None:
    table = tables.queue_days
    for row in _latest(connection, datetime.datetime.fromtimestamp(now).astimezone().date()):
        moved = {key: since + off for key, since in row.waiting.items()}
        which = (table.c.queue_id == row.queue_id) & (table.c.day == row.day)
        connection.execute(update(table).where(which).values(waiting=moved))


def _latest(connection: Connection, day: datetime.date) -> list[Row[Any]]:
    """The queues' rows of lately, oldest first: nobody waits for days."""
    table = tables.queue_days
    lately = table.c.day >= day - datetime.timedelta(LATELY_DAYS)
    return list(connection.execute(select(table).where(lately).order_by(table.c.day)))


# -- what is under way


def _settle(
    connection: Connection, alive: float, midnight_after: Callable[[float], float]
) -> dict[int, AgentUnderWay]:
    """Count the time in every agent's state up to the last pulse, to its day.

    One that has been removed from the configuration since is not gone on with.
    """
    under_way = under_way_of(connection)
    spent = {}
    for agent_id, one in under_way.items():
        midnight = midnight_after(one.until)
        seconds = min(alive, midnight) - one.until
        if seconds > 0.0:
            day = datetime.datetime.fromtimestamp(midnight - 1).astimezone().date()
            spent[agent_id, day] = one.state, seconds
    _spend(connection, spent)
    settled = {
        agent_id: msgspec.structs.replace(one, until=max(alive, one.until))
        for agent_id, one in under_way.items()
    }
    configured = set(connection.scalars(select(tables.agents.c.id)))
    _drop_under_way(connection, settled.keys() - configured)
    settled = {key: one for key, one in settled.items() if key in configured}
    _put_under_way(connection, settled)
    return settled


def _spend(
    connection: Connection,
    spent: Mapping[tuple[int, datetime.date], tuple[AgentState, float]],
) -> None:
    """Add seconds in a state to agents' days, of those that there are: few days, many agents."""
    table = tables.agent_days
    days = {day for _, day in spent}
    rows = connection.execute(select(table).where(table.c.day.in_(days))).mappings()
    put_rows(
        connection,
        table,
        [
            {**row, **msgspec.structs.asdict(_day(row).spend(*spent[key]))}
            for row in rows
            if (key := (row["agent_id"], row["day"])) in spent
        ],
    )


def _drop_under_way(connection: Connection, agent_ids: Set[int]) -> None:
    column = tables.agents_under_way.c.agent_id
    for agent_id in agent_ids:
        connection.execute(delete(tables.agents_under_way).where(column == agent_id))


def under_way_of(connection: Connection, agent_id: int | None = None) -> dict[int, AgentUnderWay]:
    """What was under way of each agent when it was written last; with an id, of that one alone."""
    found = select(tables.agents_under_way)
    if agent_id is not None:
        found = found.where(tables.agents_under_way.c.agent_id == agent_id)
    return {
        row.agent_id: AgentUnderWay(
            AgentState(row.state),
            row.since,
            row.until,
            msgspec.convert(row.calls, dict[str, CallUnderWay]),
        )
        for row in connection.execute(found)
    }


def _put_under_way(connection: Connection, agents: Mapping[int, AgentUnderWay]) -> None:
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
    _put_gap(connection, closed.gap)
    for (day, agent_id), added in closed.agents.items():
        table = tables.agent_days
        which = (table.c.agent_id == agent_id) & (table.c.day == day)
        row = connection.execute(select(table).where(which)).mappings().first()
        before = _day(row) if row is not None else AgentDay()
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


def _day(row: Mapping[Any, Any]) -> AgentDay:
    return msgspec.convert({name: row[name] for name in AgentDay.__struct_fields__}, AgentDay)


def _row(key: tuple[datetime.date, int], day: QueueDay) -> dict[str, object]:
    return {"queue_id": key[1], "day": key[0], **msgspec.structs.asdict(day)}


# -- gaps and the pulse


def _open_gap(connection: Connection) -> Gap | None:
    """The gap that is not closed yet; the first of several, into which the others run."""
    table = tables.gaps
    unknown = select(table).where(table.c.source.is_(None)).order_by(table.c.began)
    found = [_gap(row) for row in connection.execute(unknown).mappings()]
    for gap in found[1:]:
        connection.execute(delete(table).where(table.c.uuid == gap.uuid))
    return found[0] if found else None


def _put_gap(connection: Connection, gap: Gap) -> None:
    row = msgspec.structs.asdict(gap) | {"calls": msgspec.to_builtins(gap.calls, str_keys=True)}
    put_rows(connection, tables.gaps, [row])


def _gap(row: Mapping[Any, Any]) -> Gap:
    values = {name: row[name] for name in Gap.__struct_fields__}
    return msgspec.convert(values, Gap, str_keys=True)


def _put_pulse(connection: Connection, pulse: Pulse) -> None:
    text = msgspec.json.encode(pulse).decode()
    put_rows(connection, tables.meta, [{"key": PULSE, "value": text}])


def _pulse(connection: Connection) -> Pulse | None:
    text = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == PULSE))
    return msgspec.json.decode(text, type=Pulse) if text is not None else None
