"""Writing a plan as the TOML file that `center_file` reads: the same plan comes back."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import tomli_w
from msgspec.structs import FieldInfo

from xucd.center import callee
from xucd.config.entries import (
    AgentEntry,
    CallbackEntry,
    Entry,
    GroupEntry,
    LineEntry,
    ListEntry,
    PeriodEntry,
    QueueEntry,
    UserEntry,
)
from xucd.config.plan import Person, Plan, PlannedAgent, PlannedCallback, PlannedCallbackList
from xucd.config.queue_names import written

HEADING = "# The contact centre, as `xucd center export` wrote it.\n\n"


Notes = Mapping[tuple[str, int], Iterable[str]]
"""Comments to be written above entries, by kind and index."""


def write(plan: Plan) -> str:
    """The plan as TOML. Users have their ids in it, so that they keep them."""
    return text(entries(plan), HEADING, {})


def entries(plan: Plan) -> dict[str, list[Entry]]:
    """The plan as the entries of the file, by kind."""
    return _Entries(plan).all()


def text(entries: Mapping[str, Iterable[Entry]], heading: str, notes: Notes) -> str:
    """Entries as TOML, below a heading of comments."""
    return heading + "\n".join(
        comments(notes.get((kind, index), ())) + _block(kind, _table(entry))
        for kind, of_kind in entries.items()
        for index, entry in enumerate(of_kind)
    )


def comments(lines: Iterable[str]) -> str:
    """Lines as comments."""
    # A control character, such as a line end in a name, would end the comment or the file.
    return "".join(
        f"# {''.join(char if char.isprintable() else ' ' for char in line)}\n" for line in lines
    )


def _block(kind: str, table: dict[str, Any]) -> str:
    """One entry under its own ``[[kind]]``, so that others can be added to the file by hand.

    The library alone would write a list of short entries on one line each.
    """
    lines, tables = [f"[[{kind}]]\n"], []
    for key, value in table.items():
        text = tomli_w.dumps({key: value})
        if text.startswith("["):  # a table of its own, or several
            tables.append("\n" + tomli_w.dumps({kind: {key: value}}))
        else:
            lines.append(text)
    return "".join([*lines, *tables])


def _table(entry: Entry | CallbackEntry) -> dict[str, Any]:
    """The keys of an entry that are not at their default."""
    values = msgspec.to_builtins(entry, builtin_types=(datetime.date, datetime.time))
    return {
        field.encode_name: values[field.encode_name]
        for field in msgspec.structs.fields(entry)
        if getattr(entry, field.name) != _default(field)
    }


def _default(field: FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


class _Entries:
    """The entries of a plan. The file refers to queues and groups by name, to lines by number."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.queues = written(plan.queues)
        self.groups = {group.id: group.name for group in plan.groups}
        self.lines = {line.id: line.number for line in plan.lines}

    def all(self) -> dict[str, list[Entry]]:
        plan = self.plan
        agents = {agent.login: agent for agent in plan.agents}
        return {
            "groups": [GroupEntry(id=group.id, name=group.name) for group in plan.groups],
            "queues": [QueueEntry(**msgspec.structs.asdict(queue)) for queue in plan.queues],
            "lines": [LineEntry(**msgspec.structs.asdict(line)) for line in plan.lines],
            "agents": [
                self.agent(agents[person.login], person)
                for person in plan.people
                if person.login in agents
            ],
            "users": [self.user(person) for person in plan.people if person.login not in agents],
            "callbackPeriods": [
                PeriodEntry(**msgspec.structs.asdict(period)) for period in plan.periods
            ],
            "callbackLists": [self.callback_list(planned) for planned in plan.callback_lists],
        }

    def agent(self, agent: PlannedAgent, person: Person) -> AgentEntry:
        return AgentEntry(
            id=agent.id,
            number=agent.number,
            user_id=person.user_id,
            group=agent.group_id,
            context=agent.context,
            queues=None
            if agent.queues is None
            else {self.queues[id]: penalty for id, penalty in sorted(agent.queues.items())},
            visible_queues=_names(person.queue_ids, self.queues),
            visible_groups=_names(person.group_ids, self.groups),
            **self.person(person),
        )

    def user(self, person: Person) -> UserEntry:
        return UserEntry(
            id=person.user_id,
            queues=_names(person.queue_ids, self.queues),
            groups=_names(person.group_ids, self.groups),
            **self.person(person),
        )

    def person(self, person: Person) -> dict[str, Any]:
        return {
            "login": person.login,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "line": None if person.line_id is None else self.lines[person.line_id],
            "profile": person.profile,
            "rights": person.rights,
            "mobile_number": person.mobile_number,
        }

    def callback_list(self, planned: PlannedCallbackList) -> ListEntry:
        return ListEntry(
            name=planned.name,
            queue=self.queues[planned.queue_id],
            caller_id=planned.caller_id,
            callbacks=[_callback(callback) for callback in planned.callbacks],
        )


def _names(ids: frozenset[int], names: dict[int, str]) -> tuple[str, ...]:
    return tuple(names[id] for id in sorted(ids))


def _callback(callback: PlannedCallback) -> dict[str, Any]:
    return _table(
        CallbackEntry(
            due_date=callback.due_date, period=callback.period, **callee.columns(callback)
        )
    )
