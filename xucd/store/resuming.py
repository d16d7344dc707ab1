"""What a starting xucd goes on from, and what goes on by a clock that was set.

In a centre of several PBXs both are of one of them, by its own pulse: of the agents whose home it
is, of its queues and of its gaps.
"""

import datetime
from collections.abc import Callable, Mapping
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, select, update

from xucd.center.agent import AgentState
from xucd.center.directory import MAIN, default_of
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
from xucd.store.homes import agents_elsewhere
from xucd.store.pulse import SET_S, ClockReading, Pulse, key_of, pulse_of, put_pulse
from xucd.store.repository import Store, pbxs_of
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
    store: Store, pbx: str, reading: ClockReading, midnight_after: Callable[[float], float]
) -> Memory | None:
    """Bring what is stored up to the PBX's last pulse, and the clock; None if there was no pulse.

    Idempotent: killed in the middle of its start, xucd starts with the same once more.
    """
    with store.writing() as connection:
        _take_over_unnamed(connection, pbx)
        pulse = _shift(connection, pbx, reading)
        if pulse is None:
            put_pulse(connection, pbx, Pulse(reading, Lately()))
            return None
        alive = pulse.clock.wall
        agents = _settle(connection, pbx, alive, midnight_after)
        heard = alive if pulse.heard is None else min(alive, pulse.heard)
        gap = unclosed_gap(connection, pbx) or Gap(uuid4(), heard, "XucdDown", pbx=pbx)
        gap = msgspec.structs.replace(gap, began=min(gap.began, heard))
        put_gap(connection, gap)
        put_pulse(connection, pbx, pulse)
        resumed = Resumed(alive, agents, pulse.lately)
        return Memory(resumed, heard, gap, pulse.clock, pulse.since)


def shift(store: Store, pbx: str, reading: ClockReading) -> None:
    """Follow a clock that was set since the PBX's last pulse: move what is stored by as much.

    Idempotent, since the pulse moves with it.
    """
    with store.writing() as connection:
        pulse = _shift(connection, pbx, reading)
        if pulse is not None:
            put_pulse(connection, pbx, pulse)


def _take_over_unnamed(connection: Connection, pbx: str) -> None:
    """Go on with what a centre's only PBX has left, if it had no name of its own until now."""
    if pulse_of(connection, pbx) is None and default_of(pbxs_of(connection)) == pbx:
        meta = tables.meta
        pulse = update(meta).where(meta.c.key == key_of(MAIN))
        connection.execute(pulse.values(key=key_of(pbx)))
        for table in (tables.gaps, tables.callback_tickets):
            connection.execute(update(table).where(table.c.pbx == MAIN).values(pbx=pbx))


def _shift(connection: Connection, pbx: str, reading: ClockReading) -> Pulse | None:
    """The last pulse, by the clock as it goes now; all moments that go on are moved with it."""
    pulse = pulse_of(connection, pbx)
    if pulse is None or pulse.clock.boot != reading.boot:
        return pulse
    clock = pulse.clock
    off = (reading.wall - clock.wall) - (reading.steady - clock.steady)
    if abs(off) < SET_S:
        return pulse
    _shift_agents(connection, pbx, off, clock.wall)
    _shift_waiting(connection, pbx, off, clock.wall)
    _shift_tickets(connection, pbx, off)
    table = tables.gaps
    unclosed = update(table).where(table.c.source.is_(None), table.c.pbx == pbx)
    connection.execute(unclosed.values(began=table.c.began + off))
    clock = msgspec.structs.replace(clock, wall=clock.wall + off)
    heard, since = (at + off if at is not None else None for at in (pulse.heard, pulse.since))
    return Pulse(clock, pulse.lately.later(off), heard, since)


def _shift_agents(connection: Connection, pbx: str, off: float, now: float) -> None:
    away = agents_elsewhere(connection, pbx)
    stations, days = tables.stations, tables.agent_days
    stay = stations.c.agent_id.not_in(away)
    connection.execute(update(stations).where(stay).values(since=stations.c.since + off))
    # Set back over midnight, the day before goes on.
    earlier = min(now, now + off)
    today = days.c.day >= datetime.datetime.fromtimestamp(earlier).astimezone().date()
    going_on = update(days).where(today, days.c.agent_id.not_in(away))
    for name in ("login_at", "logout_at"):
        connection.execute(going_on.values({name: days.c[name] + off}))
    under_way = under_way_of(connection, tables.agents_under_way.c.agent_id.not_in(away))
    put_under_way(connection, {key: one.later(off) for key, one in under_way.items()})


def _shift_waiting(connection: Connection, pbx: str, off: float, now: float) -> None:
    table, queues = tables.queue_days, tables.queues.c
    own = set(connection.scalars(select(queues.id).where(queues.pbx == pbx)))
    day = datetime.datetime.fromtimestamp(now).astimezone().date()
    for row in latest_queue_days(connection, day):
        if row.queue_id not in own:
            continue
        moved = {key: since + off for key, since in row.waiting.items()}
        which = (table.c.queue_id == row.queue_id) & (table.c.day == row.day)
        connection.execute(update(table).where(which).values(waiting=moved))


def _shift_tickets(connection: Connection, pbx: str, off: float) -> None:
    table = tables.callback_tickets
    going_on = update(table).where(table.c.ended.is_(None), table.c.pbx == pbx)
    for name in ("started", "answered"):
        connection.execute(going_on.values({name: table.c[name] + off}))


def _settle(
    connection: Connection, pbx: str, alive: float, midnight_after: Callable[[float], float]
) -> dict[int, AgentUnderWay]:
    """Count the time in every agent's state up to the last pulse, to its day.

    One that has been removed from the configuration since is not gone on with.
    """
    away = agents_elsewhere(connection, pbx)
    under_way = under_way_of(connection, tables.agents_under_way.c.agent_id.not_in(away))
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
