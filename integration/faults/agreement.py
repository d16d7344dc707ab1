"""What must agree once a fault is over: Asterisk, the store, and all clients. Pure but for reading.

Between Asterisk and what xucd tells, the rules are those of `integration.model.compare`. Here are
those between the store and what is told, and between clients that were there throughout and one
that has just come.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from integration.model.answers import LOGINS, Body, Told
from integration.model.compare import by_queue
from integration.model.listed import AGENTS, QUEUES, Listed
from xucd.center.queue_day import QueueDay
from xucd.center.station import Station
from xucd.client.state import State
from xucd.cti.messages import QueueStatistic as Figure
from xucd.store import Store

COUNTED = {
    Figure.ENTERED: "entered",
    Figure.ANSWERED: "answered",
    Figure.ABANDONED: "abandoned",
    Figure.TIMED_OUT: "timed_out",
    Figure.CALLBACKS: "callbacks",
    Figure.DIVERTED: "diverted",
    Figure.UNSEEN: "unseen",
}
"""A queue's counted figures, and their names in the store."""

RESTING = ("AgentReady", "AgentOnPause")
"""States of an agent whose phone does nothing: in these the store's pause is what is shown."""


class Stored:
    """What the store holds of all this, with the figures of a day. Reading it blocks."""

    def __init__(self, store: Store, day: datetime.date) -> None:
        self.stations: Mapping[int, Station] = store.stations()
        self.memberships = store.memberships()
        self.lines = {line.id: line.number for line in store.directory().lines.values()}
        self.days: Mapping[int, QueueDay] = store.queue_days(day)


def unlike_store(stored: Stored, listed: Listed, told: Told) -> Iterator[str]:
    """Where stations, memberships and figures of the store are others than Asterisk's and told."""
    for agent_id, body in told.agents.items():
        for found in _unlike_station(stored, listed, agent_id, body):
            yield f"store: agent {LOGINS[agent_id]} is told as {body['name']}, but {found}"
    for queue_id, figures in told.figures.items():
        day = stored.days.get(queue_id, QueueDay())
        kept = {name: getattr(day, column) for name, column in COUNTED.items()}
        if any(figures[name] != kept[name] for name in COUNTED):
            yield f"store: {QUEUES[queue_id]} has {kept}, told is {figures}"


def _unlike_station(stored: Stored, listed: Listed, agent_id: int, body: Body) -> Iterator[str]:
    station = stored.stations.get(agent_id)
    inside = body["name"] != "AgentLoggedOut"
    if inside != (station is not None and station.logged_in):
        yield f"has the station {station}"
    if not inside or station is None:
        return
    if stored.lines[station.line_id] != body["phoneNb"]:
        yield f"has the line {stored.lines[station.line_id]}, not {body['phoneNb']}"
    if body["name"] in RESTING:
        paused = body["name"] == "AgentOnPause"
        pause = (paused, body["cause"] if paused else "")
        if pause != (station.paused, station.reason if station.paused else ""):
            yield f"has the pause {station.reason!r} ({station.paused}), not {body['cause']!r}"
    queues = {QUEUES[each]: penalty for each, penalty in stored.memberships[agent_id].items()}
    members = by_queue(listed.of_agent(agent_id, body["phoneNb"]))
    live = {queue: member.penalty for queue, member in members.items()}
    if queues != live:
        yield f"has the queues {queues}, Asterisk {live}"


def unlike_fresh(login: str, steady: State, fresh: State) -> Iterator[str]:
    """Where a client that was there throughout shows something else than one that has just come."""
    for what, shows in _SHOWN.items():
        one, other = shows(steady), shows(fresh)
        if one != other:
            keys = [key for key in {*one, *other} if one.get(key) != other.get(key)]
            pairs = [f"{key}: {one.get(key)!r} (fresh: {other.get(key)!r})" for key in keys]
            yield f"client: {login} shows {what} {'; '.join(pairs)}"


def _agents(state: State) -> dict[int, Any]:
    # The age in each message is that of its moment.
    return {
        agent_id: msgspec.structs.replace(view.state, since=0)
        for agent_id, view in state.agents.items()
        if view.state is not None and agent_id in AGENTS
    }


def _members(state: State) -> dict[int, Any]:
    return {
        agent_id: (view.queues, view.configured, view.missing)
        for agent_id, view in state.agents.items()
        if agent_id in AGENTS
    }


def _figures(state: State) -> dict[int, Any]:
    kept = (*COUNTED, Figure.WAITING_CALLS, Figure.AVAILABLE_AGENTS, Figure.LOGGED_IN_AGENTS)
    return {
        queue_id: {name: view.statistics.get(name) for name in kept}
        for queue_id, view in state.queues.items()
    }


def _callers(state: State) -> dict[int, Any]:
    return {
        queue_id: [(call.position, call.number, call.name, call.queue_time) for call in view.calls]
        for queue_id, view in state.queues.items()
    }


def _calls(state: State) -> dict[str, Any]:
    return {unique_id: view.event for unique_id, view in state.calls.items()}


def _own(state: State) -> dict[str, Any]:
    return {
        "link to Asterisk": state.asterisk,
        "phone": state.phone_status,
        "status": state.user_status,
        "line": state.line,
    }


_SHOWN: dict[str, Callable[[State], dict[Any, Any]]] = {
    "agents": _agents,
    "memberships": _members,
    "figures": _figures,
    "callers": _callers,
    "calls": _calls,
    "its own": _own,
}
