"""Writes a plan as the TOML file that `center_file` reads: the same plan comes back."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

from xucd.config.plan import Person, Plan, PlannedAgent, PlannedCallback

HEADING = "# The contact centre, as `xucd center export` wrote it.\n"


def write(plan: Plan) -> str:
    """The plan as TOML; ids are written for users too, so that they stay what they are."""
    return HEADING + "".join(_tables(plan))


def _tables(plan: Plan) -> Iterator[str]:
    queues = {queue.id: queue.name for queue in plan.queues}
    groups = {group.id: group.name for group in plan.groups}
    lines = {line.id: line.number for line in plan.lines}
    agents = {agent.login: agent for agent in plan.agents}
    for group in plan.groups:
        yield _table("groups", {"id": group.id, "name": group.name})
    for queue in plan.queues:
        yield _table(
            "queues",
            {
                "id": queue.id,
                "name": queue.name,
                "displayName": queue.display_name,
                "number": queue.number,
                "context": queue.context,
                "wrapup": queue.wrapup,
            },
        )
    for line in plan.lines:
        yield _table(
            "lines",
            {
                "id": line.id,
                "number": line.number,
                "interface": line.interface,
                "context": line.context,
            },
        )
    for person in plan.people:
        agent = agents.get(person.login)
        own = _agent(agent, queues, person.user_id) if agent else {"id": person.user_id}
        yield _table(
            "agents" if agent else "users",
            {
                **own,
                **_person(person, lines),
                # An agent's `queues` are those it works on.
                "visibleQueues" if agent else "queues": _names(person.queue_ids, queues),
                "visibleGroups" if agent else "groups": _names(person.group_ids, groups),
            },
        )
    for period in plan.periods:
        yield _table(
            "callbackPeriods",
            {
                "name": period.name,
                "start": period.start.isoformat(),
                "end": period.end.isoformat(),
                "default": period.default or None,
            },
        )
    for callbacks in plan.callback_lists:
        entry = {"name": callbacks.name, "queue": queues[callbacks.queue_id]}
        yield _table("callbackLists", {**entry, "callerId": callbacks.caller_id})
        if callbacks.callbacks:
            rows = "".join(f"  {_value(_callback(one))},\n" for one in callbacks.callbacks)
            yield f"callbacks = [\n{rows}]\n"


def _agent(agent: PlannedAgent, queues: dict[int, str], user_id: int | None) -> dict[str, Any]:
    return {
        "id": agent.id,
        "number": agent.number,
        "userId": user_id,
        "group": agent.group_id,
        "context": agent.context,
        "queues": {queues[id]: penalty for id, penalty in sorted(agent.queues.items())},
    }


def _person(person: Person, lines: dict[int, str]) -> dict[str, Any]:
    return {
        "login": person.login,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "line": None if person.line_id is None else lines[person.line_id],
        "profile": person.profile,
        "rights": list(person.rights) or None,
        "mobileNumber": person.mobile_number,
    }


def _names(ids: frozenset[int], names: dict[int, str]) -> list[str] | None:
    return [names[id] for id in sorted(ids)] or None


def _callback(callback: PlannedCallback) -> dict[str, Any]:
    return {
        "phoneNumber": callback.phone_number,
        "mobilePhoneNumber": callback.mobile_phone_number,
        "firstName": callback.first_name,
        "lastName": callback.last_name,
        "company": callback.company,
        "description": callback.description,
        "dueDate": callback.due_date,
        "period": callback.period,
    }


def _table(name: str, entry: dict[str, Any]) -> str:
    pairs = (f"{key} = {_value(value)}\n" for key, value in entry.items() if value is not None)
    return f"\n[[{name}]]\n" + "".join(pairs)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{key} = {_value(one)}" for key, one in value.items() if one is not None)
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, datetime.date):
        return value.isoformat()
    # JSON's strings, whole numbers and booleans are TOML's too.
    return json.dumps(value, ensure_ascii=False)
