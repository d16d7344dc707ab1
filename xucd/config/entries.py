"""The keys of the contact centre's file: one struct for each kind of entry.

The types here say what a single value may look like; `xucd.config.center_file` checks how entries
refer to each other. Values that reach Asterisk are restricted to what is safe there.
"""

import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from xucd.center.callee import Callee
from xucd.center.directory import MAIN, Profile
from xucd.config import validation

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
MAX_PENALTY = 10_000
Penalty = Annotated[int, Meta(ge=0, le=MAX_PENALTY)]
Seconds = Annotated[int, Meta(ge=0, le=3600)]
Number = Annotated[str, Meta(pattern=validation.NUMBER, max_length=40)]
Extension = Annotated[str, Meta(pattern=validation.EXTENSION, max_length=40)]
QueueName = Annotated[str, Meta(pattern=validation.QUEUE_NAME, min_length=1, max_length=79)]
Context = Annotated[str, Meta(pattern=validation.CONTEXT, max_length=79)]
PbxName = Annotated[str, Meta(pattern=validation.CLUSTER_WORD)]
SpokenName = Annotated[str, Meta(pattern=validation.SPOKEN_NAME, min_length=1, max_length=100)]
Text = Annotated[str, Meta(pattern=validation.TEXT, max_length=1000)]
Login = Annotated[str, Meta(pattern=validation.LOGIN, max_length=64)]
Right = Literal["recording", "dissuasion"]
LocalTime = Annotated[datetime.time, Meta(tz=False)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One entry of the file."""


class GroupEntry(Entry, frozen=True, kw_only=True):
    """``[[groups]]``"""

    id: Id
    name: SpokenName


class QueueEntry(Entry, frozen=True, kw_only=True):
    """``[[queues]]``; `wrapup` in seconds. `pbx` names the PBX of several that the queue is on."""

    id: Id
    name: QueueName
    display_name: SpokenName
    number: Extension
    context: Context = "default"
    wrapup: Seconds = 0
    pbx: PbxName = MAIN


class LineEntry(Entry, frozen=True, kw_only=True):
    """``[[lines]]``: one line, or a range of them when `ids` and `numbers` are given.

    `interface` is what queue members are called by, `device` the phone where that is another.
    `pbx` names the PBX of several that the phone is registered with.
    """

    id: Id | None = None
    ids: str | None = None
    number: Extension | None = None
    numbers: str | None = None
    interface: str
    device: str = ""
    context: Context = "default"
    pbx: PbxName = MAIN


class AgentEntry(Entry, frozen=True, kw_only=True):
    """``[[agents]]``: an agent and the user it signs in as.

    `line` is a line's number, `queues` maps queue names to penalties; without it, an agent that is
    there already keeps its queues. The `visible…` names bound what the agent sees if it is a
    supervisor besides.
    """

    id: Id
    number: Extension
    login: Login
    user_id: Id | None = None
    first_name: SpokenName
    last_name: SpokenName
    line: str | None = None
    group: int
    queues: dict[str, Penalty] | None = None
    context: Context = "default"
    profile: Profile | None = None
    visible_queues: tuple[str, ...] = ()
    visible_groups: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    mobile_number: Number | None = None


class UserEntry(Entry, frozen=True, kw_only=True):
    """``[[users]]``: a user without an agent. `queues` and `groups` are what a supervisor sees."""

    id: Id | None = None
    login: Login
    first_name: SpokenName
    last_name: SpokenName
    line: str | None = None
    profile: Profile | None = None
    queues: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    mobile_number: Number | None = None


class PeriodEntry(Entry, frozen=True, kw_only=True):
    """``[[callbackPeriods]]``, local times."""

    name: SpokenName
    start: LocalTime
    end: LocalTime
    default: bool = False


class CalleeEntry(Callee[Number, SpokenName, Text], frozen=True, kw_only=True):
    """Who is to be called, as an operator or a program writes it: every value is validated."""


class CallbackEntry(CalleeEntry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of a list's ``callbacks``. `due_date` is a date, or a day as seen from today."""

    due_date: Any = "today"
    period: str | None = None


class ListEntry(Entry, frozen=True, kw_only=True):
    """``[[callbackLists]]``; the `callbacks` are converted one by one, as `CallbackEntry`.

    `caller_id` is the number shown to those who are called, else it is the queue's.
    """

    name: SpokenName
    queue: str
    caller_id: Number | None = None
    callbacks: list[Any] = []


# In the order in which they are read: an entry refers only to entries of kinds above it.
ENTRIES: dict[str, type[Entry]] = {
    "groups": GroupEntry,
    "queues": QueueEntry,
    "lines": LineEntry,
    "agents": AgentEntry,
    "users": UserEntry,
    "callbackPeriods": PeriodEntry,
    "callbackLists": ListEntry,
}
