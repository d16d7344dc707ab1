"""The rows that a plan asks for and those that are stored, by their keys; and persons' ids.

A user is identified by its login, a callback list and a period by their name, everything else by
its id. Users whom a directory has brought give way to those of the plan.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, select, update

from xucd.config.plan import Person, Plan
from xucd.config.validation import ConfigValueError, Path
from xucd.store import tables
from xucd.store.directory_users import next_id

NAMESPACE = uuid.UUID("5d0e64c1-1f8e-4f43-9c4f-6a6e7d6f9b57")
Rows = dict[Any, dict[str, Any]]

LABELS = {
    tables.groups: ("group", "name"),
    tables.queues: ("queue", "name"),
    tables.lines: ("line", "number"),
    tables.users: ("user", "login"),
    tables.agents: ("agent", "number"),
    tables.callback_periods: ("callback period", "name"),
    tables.callback_lists: ("callback list", "name"),
}
"""What a table's rows are called, and the column with their name."""


def wanted_rows(plan: Plan, user_ids: Mapping[str, int]) -> dict[Table, Rows]:
    """The rows of each table that the plan asks for, by their key."""
    return {
        tables.groups: {g.id: {"name": g.name} for g in plan.groups},
        tables.queues: {
            q.id: {
                "name": q.name,
                "display_name": q.display_name,
                "number": q.number,
                "context": q.context,
                "wrapup": q.wrapup,
                "pbx": q.pbx,
            }
            for q in plan.queues
        },
        tables.lines: {
            line.id: {
                "number": line.number,
                "interface": line.interface,
                "context": line.context,
                "device": line.device,
                "pbx": line.pbx,
            }
            for line in plan.lines
        },
        tables.users: {user_ids[person.login]: _person(person) for person in plan.people},
        tables.agents: {
            agent.id: {
                "number": agent.number,
                "group_id": agent.group_id,
                "user_id": user_ids[agent.login],
                "context": agent.context,
            }
            for agent in plan.agents
        },
        tables.callback_periods: {
            uuid_of("period", period.name): {
                "name": period.name,
                "start": period.start,
                "end": period.end,
                "default": period.default,
            }
            for period in plan.periods
        },
        tables.callback_lists: {
            uuid_of("list", planned.name): {
                "name": planned.name,
                "queue_id": planned.queue_id,
                "caller_id": planned.caller_id,
            }
            for planned in plan.callback_lists
        },
    }


def ids_of_people(connection: Connection, plan: Plan) -> dict[str, int]:
    """The id of each person: the one it has, the one the plan gives it, or the next free one.

    Raises `ConfigValueError` when the plan gives a user another id than it has, or another's.
    """
    table = tables.users
    _make_way(connection, plan)
    known = {row.login: row.id for row in connection.execute(select(table.c.login, table.c.id))}
    owners = {user_id: login for login, user_id in known.items()}
    for index, person in enumerate(plan.people):
        if person.user_id is None:
            continue
        path = _path_of_id(plan, index)
        if known.get(person.login, person.user_id) != person.user_id:
            raise ConfigValueError(path, f"{person.login} has the id {known[person.login]} already")
        if owners.get(person.user_id, person.login) != person.login:
            raise ConfigValueError(path, f"{person.user_id} is the id of {owners[person.user_id]}")
    given = {person.user_id for person in plan.people if person.user_id is not None}
    last = max([0, *_ids_of_files(connection), *given])
    for person in plan.people:
        if person.login not in known:
            if person.user_id is None:
                last += 1
                while last in owners:
                    last += 1
            known[person.login] = person.user_id or last
    return known


def _ids_of_files(connection: Connection) -> set[int]:
    """The ids of users whom no directory has brought."""
    table = tables.users
    return set(connection.scalars(select(table.c.id).where(table.c.origin.is_(None))))


def _make_way(connection: Connection, plan: Plan) -> None:
    """Give users of a directory other ids where the plan has theirs, or names them with another."""
    table = tables.users
    given = {person.login: person.user_id for person in plan.people if person.user_id is not None}
    found = select(table.c.login, table.c.id).where(table.c.origin.is_not(None))
    owners = {row.id: row.login for row in connection.execute(found)}
    for user_id in owners.keys() & set(given.values()):
        if given.get(owners[user_id]) != user_id:
            moved = update(table).where(table.c.login == owners[user_id])
            connection.execute(moved.values(id=next_id(connection)))
    taken = _ids_of_files(connection)
    for login in given.keys() & set(owners.values()):
        if given[login] not in taken:
            moved = update(table).where(table.c.login == login)
            connection.execute(moved.values(id=given[login]))


def adopt(connection: Connection, plan: Plan) -> None:
    """Let users of a directory whom the plan names be the plan's."""
    table = tables.users
    logins = {person.login for person in plan.people}
    found = select(table.c.id, table.c.login).where(table.c.origin.is_not(None))
    for user_id, login in connection.execute(found).all():
        if login in logins:
            connection.execute(update(table).where(table.c.id == user_id).values(origin=None))


def _path_of_id(plan: Plan, index: int) -> Path:
    agents = len(plan.agents)
    return ("agents", index, "userId") if index < agents else ("users", index - agents, "id")


def _person(person: Person) -> dict[str, Any]:
    return {
        "login": person.login,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "line_id": person.line_id,
        "profile": person.profile,
        "queue_ids": sorted(person.queue_ids),
        "group_ids": sorted(person.group_ids),
        "rights": list(person.rights),
        "mobile_number": person.mobile_number,
    }


def uuid_of(*names: str | None) -> uuid.UUID:
    """The same names give the same id on every machine."""
    return uuid.uuid5(NAMESPACE, "\0".join(name or "" for name in names))


def stored_rows(connection: Connection, table: Table, wanted: Rows) -> Rows:
    """The rows of a table by their key, with the columns that a plan decides."""
    key = next(iter(table.primary_key.columns))
    kept = {"password_hash", "generation", "origin", "granted", key.name}
    # Whom a directory has brought, the plan does not remove.
    of_plan = [table.c.origin.is_(None)] if table is tables.users else []
    decided = [column for column in table.columns if column.name not in kept]
    found = {
        row[0]: dict(zip((column.name for column in decided), row[1:], strict=True))
        for row in connection.execute(select(key, *decided).where(*of_plan).order_by(key))
    }
    # Lists and periods are the same by name, whatever their uuid: keep the one they have.
    if table in (tables.callback_periods, tables.callback_lists):
        uuids = {row["name"]: key for key, row in found.items()}
        for uid, row in list(wanted.items()):
            wanted[uuids.get(row["name"], uid)] = wanted.pop(uid)
    return found
