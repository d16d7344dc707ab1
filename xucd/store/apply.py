"""Making the database follow a plan, in one transaction, and reporting what changed.

Groups, queues, lines, agents and users that the plan lacks are kept, so that half a file removes
nothing; with `prune` they are removed. A user is identified by its login, a callback list and a
period by their name, everything else by its id. Passwords stay. Two things are handled differently,
because people change them at work:

- An agent's queues in the plan are its *default* membership. The live membership is set from them
  only when the agent is new, or when they differ from the default that the store holds. So where a
  supervisor has moved an agent to other queues since, applying the same plan again leaves it there.
- Callbacks are only added. One that the list already has (same number and names) is left as it has
  become: taken, put off to another day, closed. Removing a whole list removes its callbacks.

`preview` says what would be changed, and changes nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Table, func, select

from xucd.center import callee
from xucd.center.audit import Actor, AuditEntry, Kind, Target
from xucd.center.directory import folded
from xucd.config.plan import Plan, PlannedCallbackList
from xucd.config.queue_names import written
from xucd.config.validation import ConfigValueError, Path
from xucd.store import audit, tables
from xucd.store.errors import StoreError
from xucd.store.lacking import Lacking, callbacks_in, how_many, lacking_in
from xucd.store.plan_rows import (
    LABELS,
    Rows,
    adopt,
    ids_of_people,
    stored_rows,
    uuid_of,
    wanted_rows,
)
from xucd.store.repository import Store
from xucd.store.rows import change_rows, put_rows, remove_rows, replace_all_queues
from xucd.store.versions import configuration_changed

# Unique columns, in which two rows may swap values. Those of `PER_PBX` are so on each PBX.
UNIQUE = {
    tables.groups: ("name",),
    tables.queues: ("name", "number"),
    tables.lines: ("number", "interface"),
    tables.users: ("login",),
    tables.agents: ("number",),
}
PER_PBX = {(tables.queues, "name"), (tables.lines, "interface")}
# What one row alone may refer to, though the database does not say so.
OWNED = {tables.agents: ("user_id",)}
# What a line rings by, either of them: no other line may have it in either.
PHONE = ("interface", "device")
CALLBACK_ADDED = "added callback "
USER_REMOVED = "removed user "
# The audit trail gets so many of the lines that say what was changed.
MAX_AUDITED = 50


def apply(
    store: Store,
    plan: Plan,
    *,
    prune: bool = False,
    agreed: Lacking | None = None,
    actor: Actor | None = None,
) -> list[str]:
    """Make the store follow the plan; one line for each thing changed, none if nothing was.

    What the plan lacks is removed with `prune` only; with `agreed`, only if that is still what it
    lacks. The audit trail gets what was changed, in the same transaction, as done by `actor` or,
    without one, by the command line. Raises `StoreError`, or `ConfigValueError` when the plan gives
    a user another id than it has, or something that is kept has the name or number of something
    new; its path leads to that in the file. Then nothing is changed.
    """
    with store.writing(alone=True) as connection:
        if agreed is not None and lacking_in(connection, plan) != agreed:
            raise StoreError(
                "the contact centre has been changed after it was counted what is to be removed:"
                " nothing was changed; run it again"
            )
        return write_audited(connection, plan, prune=prune, actor=actor)


def preview(store: Store, plan: Plan, *, prune: bool = False) -> list[str]:
    """What `apply` would return; nothing is changed. Raises as `apply` does."""
    with store.trying() as connection:
        return list(write_plan(connection, plan, prune=prune))


def _made_by(actor: Actor | None, entry: AuditEntry) -> AuditEntry:
    """An entry as that of an actor, if there is one, in the place of the command line's user."""
    if actor is None:
        return entry
    detail = {key: each for key, each in entry.detail.items() if not key.endswith("User")}
    return replace(entry, actor=actor, detail=detail)


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


def write_audited(
    connection: Connection, plan: Plan, *, prune: bool = False, actor: Actor | None = None
) -> list[str]:
    """What `apply` does, within a transaction."""
    changes = list(write_plan(connection, plan, prune=prune))
    if changes:
        configuration_changed(connection)
    audit.append(connection, *(_made_by(actor, entry) for entry in _entries(changes)))
    return changes


def write_plan(connection: Connection, plan: Plan, *, prune: bool = False) -> Iterator[str]:
    """Make the database follow a plan within a transaction; a line for each thing changed."""
    user_ids = ids_of_people(connection, plan)
    adopt(connection, plan)
    wanted = wanted_rows(plan, user_ids)
    stored = {table: stored_rows(connection, table, rows) for table, rows in wanted.items()}
    if not prune:
        _keep(stored, wanted)
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


def _keep(stored: Mapping[Table, Rows], wanted: Mapping[Table, Rows]) -> None:
    """Want also the rows that the plan lacks. Raises `ConfigValueError` where they are in its way.

    Of two default periods, the plan's is the one.
    """
    for table, rows in wanted.items():
        kept = {key: row for key, row in stored[table].items() if key not in rows}
        for column in (*UNIQUE.get(table, ()), *OWNED.get(table, ())):
            _check_free(table, column, kept, rows)
        if table is tables.lines:
            _check_phones_free(kept, rows)
        if table is tables.callback_periods and any(row["default"] for row in rows.values()):
            kept = {key: {**row, "default": False} for key, row in kept.items()}
        rows.update(kept)


def _claim(table: Table, column: str, row: Mapping[str, Any]) -> Any:
    """What a row has for itself in a unique column."""
    value = row[column]
    if (table, column) == (tables.queues, "name"):
        value = folded(value)  # Asterisk takes queues' names in any case
    return (row["pbx"], value) if (table, column) in PER_PBX else value


def _check_free(table: Table, column: str, kept: Rows, wanted: Rows) -> None:
    """Raise `ConfigValueError` if a wanted row has a value that is a kept row's."""
    kind, name = LABELS[table]
    taken = {_claim(table, column, row): key for key, row in kept.items()}
    found = [
        (index, row)
        for index, row in enumerate(wanted.values())
        if _claim(table, column, row) in taken
    ]
    if not found:
        return
    index, row = found[0]
    key = taken[_claim(table, column, row)]
    # A range of lines is one entry of the file and several rows.
    path: Path = (table.name,) if table is tables.lines else (table.name, index)
    what = "its user" if column == "user_id" else f"{column} {row[column]}"
    others = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
    raise ConfigValueError(
        path,
        f"{what} is that of the {kind} {kept[key][name]} with id {key}, which the file lacks"
        f"{others}: give it that id, or remove what the file lacks with --prune",
    )


def _check_phones_free(kept: Rows, wanted: Rows) -> None:
    """Raise `ConfigValueError` if a wanted line rings what is a kept line's, by either key."""
    taken = {
        (row["pbx"], folded(row[key])): line
        for line, row in kept.items()
        for key in PHONE
        if row[key]
    }
    for row in wanted.values():
        for key in PHONE:
            if (line := taken.get((row["pbx"], folded(row[key] or "")))) is not None:
                raise ConfigValueError(
                    (tables.lines.name,),
                    f"{key} {row[key]} of line {row['number']} is that of the line"
                    f" {kept[line]['number']} with id {line}, which the file lacks: give it that"
                    " id, or remove what the file lacks with --prune",
                )


def _free_unique_values(connection: Connection, table: Table, stored: Rows, wanted: Rows) -> None:
    """Put placeholders into unique columns that will change, so that two rows may swap values.

    No real value begins with a tilde.
    """
    for column in UNIQUE.get(table, ()):
        freed = {
            row_key: {column: f"~{row_key}"}
            for row_key, row in stored.items()
            if row_key not in wanted
            or _claim(table, column, row) != _claim(table, column, wanted[row_key])
        }
        change_rows(connection, table, freed)


def _put(connection: Connection, table: Table, stored: Rows, wanted: Rows) -> Iterator[str]:
    key = next(iter(table.primary_key.columns))
    kind, name = LABELS[table]
    new = [{key.name: row_key, **row} for row_key, row in wanted.items() if row_key not in stored]
    changed = {
        row_key: row
        for row_key, row in wanted.items()
        if row_key in stored and stored[row_key] != row
    }
    if new:
        connection.execute(table.insert(), new)
    change_rows(connection, table, changed)
    for row_key, row in wanted.items():
        if row_key not in stored:
            yield f"added {kind} {row[name]}"
        elif row_key in changed:
            old = stored[row_key]
            note = _overriding(connection, row_key, old, row) if table is tables.users else ""
            yield f"changed {kind} {old[name]}: {_difference(old, row)}{note}"


def _overriding(
    connection: Connection, user_id: int, old: Mapping[str, Any], new: Mapping[str, Any]
) -> str:
    """What counts in place of a user's new profile and rights, if a directory's groups decide."""
    if (old["profile"], old["rights"]) == (new["profile"], new["rights"]):
        return ""
    table = tables.users
    given = connection.scalar(select(table.c.granted).where(table.c.id == user_id))
    if given is None:
        return ""
    profile, rights = _shown(given["profile"]), _shown(given["rights"])
    return f" (its directory's groups decide: profile {profile}, rights {rights})"


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
    kind, name = LABELS[table]
    gone = stored.keys() - wanted.keys()
    for row_key in gone:
        note = ""
        if table is tables.callback_lists:
            note = f" and its {how_many(callbacks_in(connection, [row_key]), 'callback')}"
        yield f"removed {kind} {stored[row_key][name]}{note}"
    remove_rows(connection, table, [(row_key,) for row_key in gone])


def _set_queues(
    connection: Connection, plan: Plan, user_ids: dict[str, int], agents_before: set[int]
) -> Iterator[str]:
    names = written(plan.queues)
    table = tables.default_memberships
    defaults: dict[int, dict[int, int]] = {}
    for user_id, queue_id, penalty in connection.execute(select(table)):
        # A queue that is being removed takes its memberships along; only its removal is reported.
        if queue_id in names:
            defaults.setdefault(user_id, {})[queue_id] = penalty
    new_defaults: dict[int, Mapping[int, int]] = {}
    new_queues: dict[int, Mapping[int, int]] = {}
    more_queues: list[dict[str, Any]] = []
    unsettled: dict[int, dict[str, Any]] = {}
    changes: list[str] = []
    for agent in plan.agents:
        user_id = user_ids[agent.login]
        old = defaults.get(user_id, {})
        queues = agent.queues or {}
        if agent.id in agents_before and (agent.queues is None or queues == old):
            continue
        new_defaults[user_id] = queues
        if agent.id in agents_before and old.items() <= queues.items():
            # Beside those that it works on now, which a supervisor may have changed.
            more_queues += _membership_rows(agent.id, queues.items() - old.items())
        else:
            new_queues[agent.id] = queues
        unsettled[agent.id] = {"settled": False}
        if agent.id in agents_before or queues:
            changes.append(f"set queues of agent {agent.number}: {_queues(names, queues)}")
    replace_all_queues(connection, table, new_defaults)
    replace_all_queues(connection, tables.memberships, new_queues)
    put_rows(connection, tables.memberships, more_queues)
    # Asterisk still has the old queues of an agent that is logged in; the daemon sets them.
    change_rows(connection, tables.stations, unsettled)
    yield from changes


def _membership_rows(agent_id: int, queues: Iterable[tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {"agent_id": agent_id, "queue_id": queue_id, "penalty": penalty}
        for queue_id, penalty in queues
    ]


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
    added = [callback for callback in wanted.callbacks if callback.identity not in known]
    rows = [
        {
            "uuid": uuid_of("callback", wanted.name, *callback.identity),
            "list_uuid": list_uuid,
            **callee.columns(callback),
            "due_date": callback.due_date,
            "period_uuid": period_uuids.get(callback.period) if callback.period else None,
            "clotured": False,
        }
        for callback in added
    ]
    if rows:
        connection.execute(requests.insert(), rows)
    for callback in added:
        yield f"{CALLBACK_ADDED}{callback.number} to {wanted.name}"
