"""Making a plan of what the database holds, for `xucd center export`.

Configuration and open callbacks are in it. Passwords, live memberships, stations and counters are
not: they are no part of a plan. Where somebody is in a list several times, by number and names, the
plan has what is due first, as it can hold no two.
"""

from sqlalchemy import Connection, select

from xucd.config.plan import (
    Person,
    Plan,
    PlannedAgent,
    PlannedCallback,
    PlannedCallbackList,
    PlannedPeriod,
)
from xucd.store import tables
from xucd.store.repository import Store


def export(store: Store) -> Plan:
    """The plan that, applied to an empty store, makes it configured as this one is."""
    directory = store.directory()
    defaults = store.default_memberships()
    agents = sorted(directory.agents.values(), key=lambda agent: agent.id)
    users = [directory.users[agent.user_id] for agent in agents]
    users += [user for user in directory.users.values() if user.agent_id is None]
    with store.reading() as connection:
        periods = _periods(connection)
        callback_lists = _callback_lists(connection)
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
        periods=periods,
        callback_lists=callback_lists,
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
    )
    for row in rows:
        callback = PlannedCallback(
            phone_number=row.phone_number,
            due_date=row.due_date,
            mobile_phone_number=row.mobile_phone_number,
            first_name=row.first_name,
            last_name=row.last_name,
            company=row.company,
            description=row.description,
            period=row.period,
        )
        found.setdefault(row.list_uuid, {}).setdefault(callback.identity, callback)
    return tuple(
        PlannedCallbackList(
            row.name, row.queue_id, tuple(found.get(row.uuid, {}).values()), row.caller_id
        )
        for row in connection.execute(select(table).order_by(table.c.name))
    )
