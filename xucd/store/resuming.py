"""What a starting xucd goes on from, and what goes on by a clock that was set."""

import datetime
from collections.abc import Callable, Mapping
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, select, update

from xucd.center.agent import AgentState
from xucd.center.gaps import Gap
from xucd.center.under_way import AgentUnderWay, Lately, Resumed
from xucd.store import tables
from xucd.store.figures import (
    agent_day,
    drop_under_way,
    latest_queue_days,
    put_under_way,
    under_way_of,
)
from xucd.store.gaps import put_gap, unclosed_gap
from xucd.store.pulse import SET_S, ClockReading, Pulse, pulse_of, put_pulse
from xucd.store.repository import Store
from xucd.store.rows import put_rows


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


def resume(
    store: Store, reading: ClockReading, midnight_after: Callable[[float], float]
) -> Memory | None:
    """Bring what is stored up to the last pulse, and the clock; None if there was no pulse.

    Idempotent: killed in the middle of its start, xucd starts with the same once more.
    """
    with store.writing() as connection:
        pulse = _shift(connection, reading)
        if pulse is None:
            put_pulse(connection, Pulse(reading, Lately()))
            return None
        alive = pulse.clock.wall
        agents = _settle(connection, alive, midnight_after)
        heard = alive if pulse.heard is None else min(alive, pulse.heard)
        gap = unclosed_gap(connection) or Gap(uuid4(), heard, "XucdDown")
        gap = msgspec.structs.replace(gap, began=min(gap.began, heard))
        put_gap(connection, gap)
        put_pulse(connection, pulse)
        resumed = Resumed(alive, agents, pulse.lately)
        return Memory(resumed, heard, gap, pulse.clock, pulse.since)


def shift(store: Store, reading: ClockReading) -> None:
    """Follow a clock that was set since the last pulse: move what is stored by as much.

    Idempotent, since the pulse moves with it.
    """
    with store.writing() as connection:
        pulse = _shift(connection, reading)
        if pulse is not None:
            put_pulse(connection, pulse)


def _shift(connection: Connection, reading: ClockReading) -> Pulse | None:
    """The last pulse, by the clock as it goes now; all moments that go on are moved with it."""
    pulse = pulse_of(connection)
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
    put_under_way(connection, {key: one.later(off) for key, one in under_way.items()})
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
    day = datetime.datetime.fromtimestamp(now).astimezone().date()
    for row in latest_queue_days(connection, day):
        moved = {key: since + off for key, since in row.waiting.items()}
        which = (table.c.queue_id == row.queue_id) & (table.c.day == row.day)
        connection.execute(update(table).where(which).values(waiting=moved))


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
    drop_under_way(connection, settled.keys() - configured)
    settled = {key: one for key, one in settled.items() if key in configured}
    put_under_way(connection, settled)
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
            {**row, **msgspec.structs.asdict(agent_day(row).spend(*spent[key]))}
            for row in rows
            if (key := (row["agent_id"], row["day"])) in spent
        ],
    )
