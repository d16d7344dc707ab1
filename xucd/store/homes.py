"""The homes of agents, in a centre of several PBXs: a row says which of them each agent's is.

Several owners may want an agent at the same moment, and only one gets it: whoever logs an agent in
does so in a transaction that holds the agent's row. Rows change one after the other, so that who
has seen a number has seen all lower ones.
"""

import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Select, false, func, select, text

from xucd.center.day import AgentDay
from xucd.center.directory import default_of
from xucd.center.homes import Home, Returning
from xucd.center.station import Station
from xucd.store import tables
from xucd.store.figures import under_way_of
from xucd.store.lease import keeps_agents
from xucd.store.pulse import pulse_of
from xucd.store.repository import Store, pbxs_of, stations_of
from xucd.store.rows import put_rows

LOCK = 0x686F6D65
"""The key of PostgreSQL's advisory lock of who changes a row; any number works."""

_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
_homes = tables.agent_homes
_under_way = tables.agents_under_way.c


class HomeClaim(NamedTuple):
    """What came of an attempt to be an agent's home.

    `home` is None where the agent is logged in elsewhere, on the line of this number. The other two
    are as in `Returning`.
    """

    home: Home | None
    phone_number: str = ""
    alive: float = 0.0
    left: float | None = None


def homes(store: Store, since: int = 0) -> list[Home]:
    """The homes that have changed since a number, in the order of the changes."""
    with store.reading() as connection:
        found = select(_homes).where(_homes.c.number > since).order_by(_homes.c.number)
        return [Home(row.agent_id, row.pbx, row.number) for row in connection.execute(found)]


def home_of(store: Store, agent_id: int) -> Home | None:
    """The home of an agent, None where no row names it."""
    with store.reading() as connection:
        found = select(_homes).where(_homes.c.agent_id == agent_id)
        row = connection.execute(found).one_or_none()
    return Home(row.agent_id, row.pbx, row.number) if row is not None else None


def take(store: Store, pbx: str, usual: str, station: Station) -> HomeClaim:
    """Be the home of an agent, with this station, unless it is logged in at another PBX.

    One whose PBX nobody owns any more may go, or whose owner has lost its Asterisk. `usual` is its
    home where there is no row.
    """
    agent_id = station.agent_id
    with store.writing() as connection:
        # First, since nobody who waits for it may hold a row; and until the end.
        connection.execute(_ALONE, {"lock": LOCK})
        row = connection.execute(
            select(_homes).where(_homes.c.agent_id == agent_id).with_for_update()
        ).one_or_none()
        before = row.pbx if row is not None else usual
        kept = before != pbx and keeps_agents(connection, before)
        former = stations_of(connection, agent_id).get(agent_id)
        if kept and former is not None and former.logged_in:
            return HomeClaim(None, _number_of(connection, former.line_id))
        if row is not None and before == pbx:
            home = Home(agent_id, pbx, row.number)
        else:
            last = connection.scalar(select(func.max(_homes.c.number))) or 0
            home = Home(agent_id, pbx, last + 1)
            put_rows(connection, _homes, [msgspec.structs.asdict(home)])
        put_rows(connection, tables.stations, [msgspec.structs.asdict(station)])
        # To the same moment as the former home, when it is back, counts who is at home there.
        pulse = pulse_of(connection, before)
        alive = pulse.clock.wall if pulse is not None else 0.0
        if former is None or former.logged_in:
            return HomeClaim(home, alive=alive)
        return HomeClaim(home, alive=min(alive, former.since), left=former.since)


def put_station(store: Store, pbx: str, station: Station, *, usual: bool = True) -> bool:
    """Write an agent's station, unless its home is another PBX by now; whether it is written.

    `usual` says whether its home is this one where there is no row.
    """
    with store.writing() as connection:
        home = connection.scalar(
            select(_homes.c.pbx)
            .where(_homes.c.agent_id == station.agent_id)
            .with_for_update(read=True)
        )
        if home != pbx and not (usual and home is None):
            return False
        put_rows(connection, tables.stations, [msgspec.structs.asdict(station)])
        return True


def returning(store: Store, agent_id: int, pbx: str, day: datetime.date) -> Returning | None:
    """What is stored of an agent, and of its day; None unless a row says that this is its home."""
    agents, queues, days = tables.agents.c, tables.memberships.c, tables.agent_days
    with store.reading() as connection:
        found = connection.execute(
            select(_homes.c.number, agents.group_id)
            .join_from(_homes, tables.agents, _homes.c.agent_id == agents.id)
            .where(_homes.c.agent_id == agent_id, _homes.c.pbx == pbx)
        ).one_or_none()
        if found is None:
            return None
        penalties = select(queues.queue_id, queues.penalty).where(queues.agent_id == agent_id)
        of_today = select(days).where(days.c.agent_id == agent_id, days.c.day == day)
        figures = connection.execute(of_today).mappings().one_or_none()
        return Returning(
            home=Home(agent_id, pbx, found.number),
            group_id=found.group_id,
            queues={row.queue_id: row.penalty for row in connection.execute(penalties)},
            station=stations_of(connection, agent_id).get(agent_id),
            day=AgentDay(**{name: figures[name] for name in AgentDay.__struct_fields__})
            if figures is not None
            else AgentDay(),
            under_way=under_way_of(connection, _under_way.agent_id == agent_id).get(agent_id),
        )


def agents_elsewhere(connection: Connection, pbx: str) -> Select[tuple[int]]:
    """What selects the agents whose home is another PBX: see `xucd.center.homes`."""
    pbxs = pbxs_of(connection)
    agents, users, lines = tables.agents, tables.users, tables.lines
    home = func.coalesce(_homes.c.pbx, lines.c.pbx, default_of(pbxs))
    return (
        select(agents.c.id)
        .join(users, agents.c.user_id == users.c.id)
        .outerjoin(lines, users.c.line_id == lines.c.id)
        .outerjoin(_homes, _homes.c.agent_id == agents.c.id)
        .where(home != pbx if pbxs != {pbx} else false())  # of a single PBX, no row is read
    )


def _number_of(connection: Connection, line_id: int) -> str:
    lines = tables.lines.c
    return str(connection.scalar(select(lines.number).where(lines.id == line_id)))
