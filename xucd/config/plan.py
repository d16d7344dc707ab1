"""What a contact centre is meant to consist of: plain data between the file and the database.

`xucd.config.center_file` reads a plan from TOML, `xucd.config.writing` writes one as TOML;
`xucd.store.apply` makes the database follow it; `xucd.store.export` makes one of what the database
holds. A plan is complete and consistent: every id that it mentions is in it.
"""

import datetime
from typing import Any

import msgspec

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

    `queues` maps queue ids to penalties: the default membership.
    """

    id: int
    number: str
    login: str
    group_id: int
    queues: dict[int, int]
    context: str = "default"


class PlannedPeriod(msgspec.Struct, frozen=True):
    """A part of the day, in local time, in which customers like to be called back."""

    name: str
    start: datetime.time
    end: datetime.time
    default: bool = False


class PlannedCallback(msgspec.Struct, frozen=True):
    """A wish to be called back. `period` is a period's name, None for the default one.

    One of the two numbers is there.
    """

    phone_number: str | None
    due_date: datetime.date
    mobile_phone_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    description: str | None = None
    period: str | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two callbacks of one list the same."""
        return (self.phone_number or self.mobile_phone_number, self.first_name, self.last_name)


class PlannedCallbackList(msgspec.Struct, frozen=True):
    """Callbacks that belong to one queue. `caller_id` is shown to those who are called.

    None for the number of the queue.
    """

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
