"""Making a plan from the database, for `xucd center export`.

It holds the configuration and the open callbacks, without passwords, live memberships, stations and
counters. Of several callbacks of one list with the same number and names it holds the one that is
due first, since a plan cannot hold two of them.
"""

from sqlalchemy import Connection, select

from xucd.center import callee
from xucd.config.plan import (
    Person,
    Plan,
    PlannedAgent,
    PlannedCallback,
    PlannedCallbackList,
    PlannedPeriod,
)
from xucd.store import tables
from xucd.store.repository import Store, directory_of
from xucd.store.rows import nested


def export(store: Store) -> Plan:
    """The plan that gives an empty store the same configuration and open callbacks."""
    with store.reading() as connection:
        return plan_of(connection)


def plan_of(connection: Connection) -> Plan:
    """What `export` gives, within a transaction."""
    directory = directory_of(connection, of_file=True)
    defaults = nested(connection, tables.default_memberships)
    agents = sorted(directory.agents.values(), key=lambda agent: agent.id)
    users = [directory.users[agent.user_id] for agent in agents]
    users += [user for user in directory.users.values() if user.agent_id is None]
    return Plan(
        groups=tuple(directory.groups.values()),
        queues=tuple(directory.queues.values()),
        lines=tuple(directory.lines.values()),
        agents=tuple(
            PlannedAgent(
                agent.id,
                agent.number,
                directory.users[agent.user_id].login,
                agent.group_id,
                defaults.get(agent.user_id, {}),
                agent.context,
            )
            for agent in agents
        ),
        people=tuple(
            Person(
                login=user.login,
                first_name=user.first_name,
                last_name=user.last_name,
                user_id=user.id,
                line_id=user.line_id,
                profile=user.profile,
                queue_ids=user.queue_ids,
                group_ids=user.group_ids,
                rights=user.rights,
                mobile_number=user.mobile_number,
            )
            for user in users
        ),
        periods=_periods(connection),
        callback_lists=_callback_lists(connection),
    )


def _periods(connection: Connection) -> tuple[PlannedPeriod, ...]:
    table = tables.callback_periods
    return tuple(
        PlannedPeriod(row.name, row.start, row.end, row.default)
        for row in connection.execute(select(table).order_by(table.c.start, table.c.name))
    )


def _callback_lists(connection: Connection) -> tuple[PlannedCallbackList, ...]:
    table, requests, periods = (
        tables.callback_lists,
        tables.callback_requests,
        tables.callback_periods,
    )
    found: dict[object, dict[object, PlannedCallback]] = {}
    rows = connection.execute(
        select(requests, periods.c.name.label("period"))
        .outerjoin(periods, requests.c.period_uuid == periods.c.uuid)
        .where(~requests.c.clotured)
        .order_by(requests.c.due_date, requests.c.phone_number, requests.c.uuid)
    ).mappings()
    for row in rows:
        callback = PlannedCallback(
            due_date=row["due_date"],
            period=row["period"],
            **{name: row[name] for name in callee.KEYS},
        )
        found.setdefault(row["list_uuid"], {}).setdefault(callback.identity, callback)
    return tuple(
        PlannedCallbackList(
            row.name, row.queue_id, tuple(found.get(row.uuid, {}).values()), row.caller_id
        )
        for row in connection.execute(select(table).order_by(table.c.name))
    )
