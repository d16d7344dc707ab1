"""Reading the contact centre's TOML file into a plan.

A file with any error in it is refused as a whole. The error names the key of every one, so that all
of them can be mended at once. What only follows from another error is not one: an entry that cannot
be read still counts as what others refer to.
"""

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as FilePath
from typing import Any

import msgspec

from xucd.center import callee
from xucd.center.directory import Group, Line, Queue, as_channels_are_named, folded
from xucd.config import validation
from xucd.config.entries import ENTRIES, AgentEntry, CallbackEntry, LineEntry, UserEntry
from xucd.config.plan import (
    Person,
    Plan,
    PlannedAgent,
    PlannedCallback,
    PlannedCallbackList,
    PlannedPeriod,
)
from xucd.config.problems import Problems
from xucd.config.queue_names import queue_ids, several, without_pbx
from xucd.config.validation import ConfigValueError, Path

DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
MAX_LINES = 10_000
# The keys by which entries refer to entries of a kind.
REFERRED = {
    "groups": ("name", "id"),
    "queues": ("name",),
    "lines": ("number",),
    "callbackPeriods": ("name",),
}


class CenterFileError(Exception):
    """The file cannot be used. `problems` holds a sentence for each error, with its key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CenterFile:
    """A file that was read: its name, without the folder, and its plan."""

    def __init__(self, name: str, plan: Plan) -> None:
        self.name = name
        self.plan = plan

    def describe(self, error: ConfigValueError) -> str:
        """Write an error as ``center.toml: agents[2].line: there is no line 1099``."""
        return f"{self.name}: {validation.dotted(error.path)}: {error.problem}"


def read(path: FilePath, today: datetime.date) -> CenterFile:
    """Read a file; days such as "tomorrow" are counted from `today`. Raises `CenterFileError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CenterFileError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise CenterFileError([f"{path.name}: is not UTF-8 text"]) from error
    return parse(text, path.name, today)


def parse(text: str, name: str, today: datetime.date) -> CenterFile:
    """As `read`, of a text that is called `name` in errors."""
    try:
        content = validation.read_toml(text)
    except ValueError as error:
        raise CenterFileError([f"{name}: is not valid TOML: {error}"]) from error
    reader = _Reader(content, today)
    if reader.problems:
        raise CenterFileError(reader.problems.sentences(name))
    return CenterFile(name, reader.plan)


class _Reader:
    """Turns a file's content into a plan, and collects the problems that it finds."""

    def __init__(self, content: dict[str, Any], today: datetime.date) -> None:
        self.problems = Problems()
        self.today = today
        for key in sorted(content.keys() - ENTRIES.keys()):
            self.report((key,), f"there is no such key{validation.meant(key, ENTRIES)}")
        # The entries that can be read, each with its path.
        self.entries: dict[str, list[tuple[Path, Any]]] = {}
        # What those that cannot be read are called; None for one whose name is not known.
        self.unread: dict[str, set[str | int | None]] = {}
        for key in ENTRIES:
            self.entries[key] = self.convert(content.get(key, []), key)
        self.plan = self.build()

    def report(self, path: Path, problem: str) -> None:
        self.problems.add(path, problem)

    def convert(self, value: Any, key: str) -> list[tuple[Path, Any]]:
        if not isinstance(value, list):
            self.report((key,), f"expected a list of tables, each under [[{key}]]")
            self.unread[key] = {None}
            return []
        found, self.unread[key] = self.convert_each(value, ENTRIES[key], (key,))
        return found

    def convert_each(
        self, values: list[Any], kind: type[Any], path: Path
    ) -> tuple[list[tuple[Path, Any]], set[str | int | None]]:
        """The entries that can be read, and what the others are called."""
        found: list[tuple[Path, Any]] = []
        unread: set[str | int | None] = set()
        for index, value in enumerate(values):
            where = (*path, index)
            try:
                found.append((where, validation.convert(value, kind, where)))
            except ConfigValueError as error:
                self.report(error.path, error.problem)
                unread |= _names(value, error, REFERRED.get(str(path[0]), ()))
        return found, unread

    def unique(
        self, values: Iterable[tuple[Path, Any]], same: Callable[[Any], Any] = lambda value: value
    ) -> None:
        """Report values that an entry above has already; of one such entry, the first only.

        Values are one where `same` makes one of them.
        """
        seen: dict[Any, Path] = {}
        for path, value in values:
            if value is None:
                continue
            first = seen.setdefault(same(value), path)
            copy = (path[:2], first[:2])
            if first is not path and copy not in self.copies:
                self.copies.add(copy)
                self.report(path, f"{value} is taken by {validation.dotted(first[:2])}")

    def unique_on_pbxs(self, values: Iterable[tuple[Path, str, str]]) -> None:
        """As `unique`, of values of the PBX beside each, which Asterisk takes in any case."""
        by_pbx: dict[str, list[tuple[Path, str]]] = {}
        for path, value, pbx in values:
            by_pbx.setdefault(pbx, []).append((path, value))
        for on_it in by_pbx.values():
            self.unique(on_it, folded)

    def unique_keys(self, kind: str, *keys: str) -> None:
        for key in keys:
            fields = msgspec.structs.fields(ENTRIES[kind])
            file_key = next(field.encode_name for field in fields if field.name == key)
            self.unique(
                ((*path, file_key), getattr(entry, key)) for path, entry in self.entries[kind]
            )

    def build(self) -> Plan:
        # Pairs of entries that have the same id, number or name: most often, one is a copy.
        self.copies: set[tuple[Path, Path]] = set()
        self.unique_keys("groups", "id", "name")
        self.unique_keys("queues", "id", "number")
        self.unique_on_pbxs(
            (((*path, "name"), queue.name, queue.pbx) for path, queue in self.entries["queues"])
        )
        self.unique_keys("agents", "id", "number")
        self.unique_keys("callbackPeriods", "name")
        self.unique_keys("callbackLists", "name")
        people = [*self.entries["agents"], *self.entries["users"]]
        self.unique(((*path, "login"), entry.login) for path, entry in people)
        self.unique(
            ((*path, "userId"), entry.user_id)
            if isinstance(entry, AgentEntry)
            else ((*path, "id"), entry.id)
            for path, entry in people
        )
        self.group_ids = {entry.name: entry.id for entry in self.read("groups")}
        queues = [
            Queue(q.id, q.name, q.display_name, q.number, q.context, q.wrapup, q.pbx)
            for q in self.read("queues")
        ]
        self.queue_ids = queue_ids(queues)
        lines = self.lines()
        self.line_ids = {line.number: line.id for line in lines}
        return Plan(
            groups=tuple(Group(entry.id, entry.name) for entry in self.read("groups")),
            queues=tuple(queues),
            lines=tuple(lines),
            agents=tuple(self.agent(path, entry) for path, entry in self.entries["agents"]),
            people=tuple(self.person(path, entry) for path, entry in people),
            periods=tuple(self.periods()),
            callback_lists=tuple(self.callback_lists()),
        )

    def read(self, kind: str) -> list[Any]:
        return [entry for _, entry in self.entries[kind]]

    def lines(self) -> list[Line]:
        found: list[tuple[Path, Line]] = []
        for path, entry in self.entries["lines"]:
            try:
                found += [(path, line) for line in lines_of(entry, path)]
            except ConfigValueError as error:
                self.report(error.path, error.problem)
                self.unread["lines"].add(entry.number)
        self.unique(((*path, "id"), line.id) for path, line in found)
        self.unique(((*path, "number"), line.number) for path, line in found)
        # Neither key may be one of another line's: a call would be that of two phones.
        self.unique_on_pbxs(
            ((*path, key), value, line.pbx)
            for path, line in found
            for value, key in _keys(line).items()
        )
        return [line for _, line in found]

    def refer(self, known: dict[str, int], name: str, path: Path, what: str) -> int:
        """The id behind a name, or 0 and a problem reported."""
        sought = without_pbx(name) if what == "queue" else name
        if name not in known and not self.may_be_unread(f"{what}s", sought):
            shown = validation.quoted(name).strip(chr(34))
            problem = several(name, known) if what == "queue" else ""
            self.problems.add(
                path,
                problem or f"there is no {what} {shown}{validation.suggestion(name, known)}",
                anywhere=True,
            )
        return known.get(name, 0)

    def may_be_unread(self, kind: str, name: str | int) -> bool:
        """Whether an entry that cannot be read has that name, which is no second error then."""
        return not self.unread[kind].isdisjoint({name, None})

    def refer_all(
        self, known: dict[str, int], names: tuple[str, ...], path: Path, what: str
    ) -> frozenset[int]:
        return frozenset(
            self.refer(known, name, (*path, index), what) for index, name in enumerate(names)
        )

    def agent(self, path: Path, entry: AgentEntry) -> PlannedAgent:
        if entry.group not in self.group_ids.values() and not self.may_be_unread(
            "groups", entry.group
        ):
            known = ", ".join(f"{id} ({name})" for name, id in self.group_ids.items())
            self.report(
                (*path, "group"),
                f"there is no group {entry.group}; the groups are {known or 'none'}",
            )
        queues = None
        if entry.queues is not None:
            queues = {
                self.refer(self.queue_ids, name, (*path, "queues", name), "queue"): penalty
                for name, penalty in entry.queues.items()
            }
        return PlannedAgent(entry.id, entry.number, entry.login, entry.group, queues, entry.context)

    def person(self, path: Path, entry: AgentEntry | UserEntry) -> Person:
        if isinstance(entry, AgentEntry):
            user_id, prefix = entry.user_id, "visible"
            queues, groups = entry.visible_queues, entry.visible_groups
        else:
            user_id, prefix = entry.id, ""
            queues, groups = entry.queues, entry.groups
        keys = [f"{prefix}Queues", f"{prefix}Groups"] if prefix else ["queues", "groups"]
        line_id = None
        if entry.line is not None:
            line_id = self.refer(self.line_ids, entry.line, (*path, "line"), "line")
        return Person(
            login=entry.login,
            first_name=entry.first_name,
            last_name=entry.last_name,
            user_id=user_id,
            line_id=line_id,
            profile=entry.profile,
            queue_ids=self.refer_all(self.queue_ids, queues, (*path, keys[0]), "queue"),
            group_ids=self.refer_all(self.group_ids, groups, (*path, keys[1]), "group"),
            rights=entry.rights,
            mobile_number=entry.mobile_number,
        )

    def periods(self) -> Iterator[PlannedPeriod]:
        entries = self.entries["callbackPeriods"]
        defaults = [path for path, entry in entries if entry.default]
        for path in defaults[1:]:
            self.report((*path, "default"), "there is another default period")
        needed = entries or self.entries["callbackLists"]
        if needed and not defaults and not self.unread["callbackPeriods"]:
            # A callback without a period of its own is shown with the default one.
            self.report(("callbackPeriods",), "one period has to say default = true")
        for path, entry in entries:
            if entry.start >= entry.end:
                self.report((*path, "end"), "has to be later than start")
            yield PlannedPeriod(entry.name, entry.start, entry.end, entry.default)

    def callback_lists(self) -> Iterator[PlannedCallbackList]:
        for path, entry in self.entries["callbackLists"]:
            queue_id = self.refer(self.queue_ids, entry.queue, (*path, "queue"), "queue")
            within = (*path, "callbacks")
            read, _ = self.convert_each(entry.callbacks, CallbackEntry, within)
            callbacks = [self.callback(place, callback) for place, callback in read]
            seen: dict[Any, Path] = {}
            for (place, _), callback in zip(read, callbacks, strict=True):
                first = seen.setdefault(callback.identity, place)
                if first is not place:
                    self.report(place, f"has the number and names of callbacks[{first[-1]}] before")
            yield PlannedCallbackList(entry.name, queue_id, tuple(callbacks), entry.caller_id)

    def callback(self, path: Path, entry: CallbackEntry) -> PlannedCallback:
        periods = {period.name for period in self.read("callbackPeriods")}
        if (
            entry.period is not None
            and entry.period not in periods
            and not self.may_be_unread("callbackPeriods", entry.period)
        ):
            self.problems.add(
                (*path, "period"),
                f"there is no period {validation.quoted(entry.period)}"
                f"{validation.suggestion(entry.period, periods)}",
                anywhere=True,
            )
        if entry.number is None:
            self.report(path, f"{' or '.join(callee.NUMBER_KEYS)} is missing")
        return PlannedCallback(
            due_date=self.date((*path, "dueDate"), entry.due_date),
            period=entry.period,
            **callee.columns(entry),
        )

    def date(self, path: Path, value: Any) -> datetime.date:
        if isinstance(value, str) and value in DAYS:
            return self.today + datetime.timedelta(days=DAYS[value])
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return value
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            try:
                return datetime.date.fromisoformat(value)
            except ValueError:
                self.report(path, f"the calendar has no {value}")
                return self.today
        self.report(path, "expected today, tomorrow, yesterday, or a date such as 2026-01-31")
        return self.today


def _names(value: Any, error: ConfigValueError, keys: Iterable[str]) -> set[str | int | None]:
    """By what an entry may be referred to that cannot be read; None for what is not known."""
    if not isinstance(value, dict):
        return {None}
    known = (value.get(key) if error.path[-1] != key else None for key in keys)
    return {name if isinstance(name, str | int) else None for name in known}


def lines_of(entry: LineEntry, path: Path = ()) -> Iterator[Line]:
    """The line of an entry, or all lines of its range. Raises `ConfigValueError`."""
    if entry.ids is None and entry.numbers is None:
        if entry.id is None or entry.number is None:
            raise ConfigValueError(path, "id or number is missing")
        ids, numbers = [str(entry.id)], [entry.number]
    else:
        if entry.ids is None or entry.numbers is None or entry.id or entry.number:
            raise ConfigValueError(path, "give id and number, or ids and numbers")
        ids = _range(entry.ids, (*path, "ids"))
        numbers = _range(entry.numbers, (*path, "numbers"))
        if len(ids) != len(numbers):
            raise ConfigValueError(
                (*path, "numbers"), f"{len(numbers)} numbers do not match {len(ids)} ids"
            )
        for key, value in _patterns(entry).items():
            if "{number}" not in value:
                raise ConfigValueError(
                    (*path, key), "has to hold {number}, to differ between the lines"
                )
    for line_id, number in zip(ids, numbers, strict=True):
        if not 1 <= int(line_id) < 2**31:
            raise ConfigValueError((*path, "ids"), "expected ids of at least 1")
        keys = {key: value.replace("{number}", number) for key, value in _patterns(entry).items()}
        for key, value in keys.items():
            _check_interface(value, (*path, key))
            keys[key] = as_channels_are_named(value)
        yield Line(int(line_id), number, context=entry.context, pbx=entry.pbx, **keys)


def _check_interface(value: str, path: Path) -> None:
    if not re.search(validation.INTERFACE, value) or len(value) > 79:
        raise ConfigValueError(path, validation.PATTERN_HELP[validation.INTERFACE])


def _patterns(entry: LineEntry) -> dict[str, str]:
    """An entry's interface and, if it has one, its device."""
    values = {"interface": entry.interface, "device": entry.device}
    return {key: value for key, value in values.items() if value or key == "interface"}


def _keys(line: Line) -> dict[str, str]:
    """A line's interface and its phone, each once, by the file's key that says it."""
    if folded(line.phone) == folded(line.interface):
        return {line.interface: "interface"}
    return {line.phone: "device" if line.device else "interface", line.interface: "interface"}


def _range(text: str, path: Path) -> list[str]:
    """Spell out ``"1001-1010"``, keeping leading zeros."""
    match = re.fullmatch(r"([0-9]{1,15})-([0-9]{1,15})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise ConfigValueError(path, 'expected a range such as "1001-1010"')
    first, last = int(match[1]), int(match[2])
    if last - first >= MAX_LINES:
        raise ConfigValueError(path, f"is a range of more than {MAX_LINES} lines")
    return [str(number).zfill(len(match[1])) for number in range(first, last + 1)]
