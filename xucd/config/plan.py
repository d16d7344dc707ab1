"""The plan of a contact centre: plain data between the file and the database.

`xucd.config.center_file` reads a plan from TOML, `xucd.config.writing` writes one as TOML;
`xucd.store.apply` makes the database follow it, `xucd.store.export` makes one from the database.
A plan is complete and consistent: every id that it refers to is in it.
"""

import datetime

import msgspec

from xucd.center.callee import Callee
from xucd.center.directory import Group, Line, Profile, Queue


class Person(msgspec.Struct, frozen=True):
    """Somebody who can sign in. `user_id` is None where the plan leaves the choice to the store."""

    login: str
    first_name: str
    last_name: str
    user_id: int | None = None
    line_id: int | None = None
    profile: Profile | None = None
    queue_ids: frozenset[int] = frozenset()
    group_ids: frozenset[int] = frozenset()
    rights: tuple[str, ...] = ()
    mobile_number: str | None = None


class PlannedAgent(msgspec.Struct, frozen=True):
    """An agent; its names and line are those of the person with this `login`.

    `queues` maps queue ids to penalties: the default membership, None to leave it as it is.
    """

    id: int
    number: str
    login: str
    group_id: int
    queues: dict[int, int] | None
    context: str = "default"


class PlannedPeriod(msgspec.Struct, frozen=True):
    """A part of the day, in local time, in which callbacks can be wanted."""

    name: str
    start: datetime.time
    end: datetime.time
    default: bool = False


class PlannedCallback(Callee[str, str, str], frozen=True, kw_only=True):
    """A callback to add. `period` is a period's name, None for the default one."""

    due_date: datetime.date
    period: str | None = None


class PlannedCallbackList(msgspec.Struct, frozen=True):
    """Callbacks of one queue. `caller_id` is shown to the callee, None for the queue's number."""

    name: str
    queue_id: int
    callbacks: tuple[PlannedCallback, ...] = ()
    caller_id: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """A whole contact centre. The people who are agents come first, in the order of `agents`."""

    groups: tuple[Group, ...] = ()
    queues: tuple[Queue, ...] = ()
    lines: tuple[Line, ...] = ()
    agents: tuple[PlannedAgent, ...] = ()
    people: tuple[Person, ...] = ()
    periods: tuple[PlannedPeriod, ...] = ()
    callback_lists: tuple[PlannedCallbackList, ...] = ()


def without_callbacks(plan: Plan) -> Plan:
    """The centre without the customers who are to be called back; applied, it leaves them."""
    lists = (msgspec.structs.replace(each, callbacks=()) for each in plan.callback_lists)
    return msgspec.structs.replace(plan, callback_lists=tuple(lists))
