"""Making the database follow a plan, in one transaction, and reporting what changed.

Groups, queues, lines, agents and users that the plan lacks are removed. A user is identified by its
login. Passwords stay. Two things are handled differently, because people change them at work:

- An agent's queues in the plan are its *default* membership. The live membership is set from them
  only when the agent is new, or when they differ from the default that the store holds. So where a
  supervisor has moved an agent to other queues since, applying the same plan again leaves it there.
- Callbacks are only added. One that the list already has (same number and names) is left as it has
  become: taken, put off to another day, closed. Removing a whole list removes its callbacks.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update

from xucd.center import callee
from xucd.center.audit import AuditEntry, Kind, Target
from xucd.config.plan import Person, Plan, PlannedCallbackList
from xucd.config.validation import ConfigValueError, Path
from xucd.store import audit, tables
from xucd.store.repository import Store, replace_queues

# What rows are called in the report, and the unique columns, in which two rows may swap values.
LABELS = {
    tables.groups: ("group", "name"),
    tables.queues: ("queue", "name"),
    tables.lines: ("line", "number"),
    tables.users: ("user", "login"),
    tables.agents: ("agent", "number"),
    tables.callback_periods: ("callback period", "name"),
    tables.callback_lists: ("callback list", "name"),
}
UNIQUE = {
    tables.groups: ("name",),
    tables.queues: ("name", "number"),
    tables.lines: ("number", "interface"),
    tables.users: ("login",),
    tables.agents: ("number",),
}
NAMESPACE = uuid.UUID("5d0e64c1-1f8e-4f43-9c4f-6a6e7d6f9b57")
Rows = dict[Any, dict[str, Any]]
CALLBACK_ADDED = "added callback "
USER_REMOVED = "removed user "
# The audit trail gets so many of the lines that say what was changed.
MAX_AUDITED = 50


def apply(store: Store, plan: Plan) -> list[str]:
    """Make the store follow the plan; one line for each thing changed, none if nothing was.

    The audit trail gets what was changed, in the same transaction, as done by the command line.
    Raises `StoreError`, or `ConfigValueError` when the plan gives a user another id than it has,
    with the path of that id in the file; then nothing is changed.
    """
    with store.writing(alone=True) as connection:
        changes = list(_apply(connection, plan))
        audit.append(connection, *_entries(changes))
        return changes


def _entries(changes: list[str]) -> Iterator[AuditEntry]:
    """What the audit trail is told. Callbacks are counted only: their line has a number."""
    # A period and a list are called `callback`, too.
    lines = [line for line in changes if not re.match(CALLBACK_ADDED + r"[0-9*#+]+ to ", line)]
    if changes:
        detail: dict[str, object] = {"changes": lines[:MAX_AUDITED], "count": len(changes)}
        if added := len(changes) - len(lines):
            detail["callbacksAdded"] = added
        yield audit.command_line(Kind.CONFIGURE, detail=detail)
    for line in lines:
        if line.startswith(USER_REMOVED):
            login = line.removeprefix(USER_REMOVED)
            yield audit.command_line(Kind.REMOVE_USER, [Target("user", None, login)])


def _apply(connection: Connection, plan: Plan) -> Iterator[str]:
    user_ids = _user_ids(connection, plan)
    wanted: dict[Table, Rows] = {
        tables.groups: {g.id: {"name": g.name} for g in plan.groups},
        tables.queues: {
            q.id: {
                "name": q.name,
                "display_name": q.display_name,
                "number": q.number,
                "context": q.context,
                "wrapup": q.wrapup,
            }
            for q in plan.queues
        },
        tables.lines: {
            line.id: {
                "number": line.number,
                "interface": line.interface,
                "context": line.context,
                "device": line.device,
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
            _uuid("period", period.name): {
                "name": period.name,
                "start": period.start,
                "end": period.end,
                "default": period.default,
            }
            for period in plan.periods
        },
        tables.callback_lists: {
            _uuid("list", planned.name): {
                "name": planned.name,
                "queue_id": planned.queue_id,
                "caller_id": planned.caller_id,
            }
            for planned in plan.callback_lists
        },
    }
    stored = {table: _stored(connection, table, rows) for table, rows in wanted.items()}
    for table, rows in wanted.items():
        _free_unique_values(connection, table, stored[table], rows)
    for table, rows in wanted.items():
        yield from _put(connection, table, stored[table], rows)
    yield from _set_queues(connection, plan, user_ids, set(stored[tables.agents]))
    # In reverse, so that nothing is removed that another row still refers to.
    for table, rows in reversed(wanted.items()):
        yield from _remove(connection, table, stored[table], rows)
    for planned in plan.callback_lists:
        yield from _add_callbacks(connection, planned)


def _user_ids(connection: Connection, plan: Plan) -> dict[str, int]:
    """The id of each person: the one it has, the one the plan gives it, or the next free one."""
    table = tables.users
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
    last = max([0, *owners, *given])
    for person in plan.people:
        if person.login not in known:
            if person.user_id is None:
                last += 1
            known[person.login] = person.user_id or last
    return known


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


def _uuid(*names: str | None) -> uuid.UUID:
    """The same names give the same id on every machine."""
    return uuid.uuid5(NAMESPACE, "\0".join(name or "" for name in names))


def _stored(connection: Connection, table: Table, wanted: Rows) -> Rows:
    """The rows of a table by their key, with the columns that a plan decides."""
    key = next(iter(table.primary_key.columns))
    kept = {"password_hash", "generation", key.name}
    decided = [column for column in table.columns if column.name not in kept]
    found = {
        row[0]: dict(zip((column.name for column in decided), row[1:], strict=True))
        for row in connection.execute(select(key, *decided).order_by(key))
    }
    # Lists and periods are the same by name, whatever their uuid: keep the one they have.
    if table in (tables.callback_periods, tables.callback_lists):
        uuids = {row["name"]: key for key, row in found.items()}
        for uid, row in list(wanted.items()):
            wanted[uuids.get(row["name"], uid)] = wanted.pop(uid)
    return found


def _free_unique_values(connection: Connection, table: Table, stored: Rows, wanted: Rows) -> None:
    """Put placeholders into unique columns that will change, so that two rows may swap values.

    No real value begins with a tilde.
    """
    key = next(iter(table.primary_key.columns))
    for row_key, row in stored.items():
        for column in UNIQUE.get(table, ()):
            if row_key not in wanted or row[column] != wanted[row_key][column]:
                connection.execute(
                    update(table).where(key == row_key).values({column: f"~{row_key}"})
                )


def _put(connection: Connection, table: Table, stored: Rows, wanted: Rows) -> Iterator[str]:
    key = next(iter(table.primary_key.columns))
    kind, name = LABELS[table]
    for row_key, row in wanted.items():
        if row_key not in stored:
            connection.execute(table.insert().values({key.name: row_key, **row}))
            yield f"added {kind} {row[name]}"
        elif stored[row_key] != row:
            connection.execute(update(table).where(key == row_key).values(row))
            yield f"changed {kind} {stored[row_key][name]}: {_difference(stored[row_key], row)}"


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{column.replace('_', ' ')} {_shown(old[column])} to {_shown(value)}"
        for column, value in new.items()
        if old[column] != value
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _remove(connection: Connection, table: Table, stored: Rows, wanted: Rows) -> Iterator[str]:
    key = next(iter(table.primary_key.columns))
    kind, name = LABELS[table]
    for row_key in stored.keys() - wanted.keys():
        note = ""
        if table is tables.callback_lists:
            requests = tables.callback_requests
            count = select(func.count()).where(requests.c.list_uuid == row_key)
            note = f" and its {connection.scalar(count)} callbacks"
        connection.execute(delete(table).where(key == row_key))
        yield f"removed {kind} {stored[row_key][name]}{note}"


def _set_queues(
    connection: Connection, plan: Plan, user_ids: dict[str, int], agents_before: set[int]
) -> Iterator[str]:
    names = {queue.id: queue.name for queue in plan.queues}
    table = tables.default_memberships
    defaults: dict[int, dict[int, int]] = {}
    for user_id, queue_id, penalty in connection.execute(select(table)):
        # A queue that is being removed takes its memberships along; only its removal is reported.
        if queue_id in names:
            defaults.setdefault(user_id, {})[queue_id] = penalty
    for agent in plan.agents:
        user_id = user_ids[agent.login]
        old = defaults.get(user_id, {})
        if agent.id in agents_before and old == agent.queues:
            continue
        replace_queues(connection, table, user_id, agent.queues)
        replace_queues(connection, tables.memberships, agent.id, agent.queues)
        # Asterisk still has the old queues of an agent that is logged in; the daemon sets them.
        station = update(tables.stations).where(tables.stations.c.agent_id == agent.id)
        connection.execute(station.values(settled=False))
        if agent.id in agents_before or agent.queues:
            yield f"set queues of agent {agent.number}: {_queues(names, agent.queues)}"


def _queues(names: Mapping[int, str], queues: Mapping[int, int]) -> str:
    return ", ".join(f"{names[id]} {penalty}" for id, penalty in queues.items()) or "none"


def _add_callbacks(connection: Connection, wanted: PlannedCallbackList) -> Iterator[str]:
    lists, periods, requests = (
        tables.callback_lists,
        tables.callback_periods,
        tables.callback_requests,
    )
    list_uuid = connection.scalar(select(lists.c.uuid).where(lists.c.name == wanted.name))
    period_uuids = {
        row.name: row.uuid for row in connection.execute(select(periods.c.name, periods.c.uuid))
    }
    number = func.coalesce(requests.c.phone_number, requests.c.mobile_phone_number)
    columns = (number, requests.c.first_name, requests.c.last_name)
    known = {
        tuple(row)
        for row in connection.execute(select(*columns).where(requests.c.list_uuid == list_uuid))
    }
    for callback in wanted.callbacks:
        if callback.identity in known:
            continue
        connection.execute(
            requests.insert().values(
                uuid=_uuid("callback", wanted.name, *callback.identity),
                list_uuid=list_uuid,
                **callee.columns(callback),
                due_date=callback.due_date,
                period_uuid=period_uuids.get(callback.period) if callback.period else None,
                clotured=False,
            )
        )
        yield f"{CALLBACK_ADDED}{callback.number} to {wanted.name}"
