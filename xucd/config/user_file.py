"""Users in bulk, from a CSV file: what the file asks for beside the present configuration.

    login;firstName;lastName;profile;line;rights;queues;groups;password
    bruce;Bruce;Wail;;1001;;;;
    sue;Sue;Pervisor;Supervisor;1007;recording, dissuasion;"support, sales";default;a long password

A login that exists is changed, another one is added; nobody is removed. What an empty cell or a
column that the file lacks would say stays as it is; a cell of `-` empties one that may be empty
(`CLEARABLE`). `queues` and `groups` are what a supervisor sees. With `agentNumber` the user is an
agent, of the group `agentGroup` and the queues `agentQueues` (``support, sales=5``, with
penalties).

Every error of every line is found at once; with one of them, the file asks for nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import msgspec

from xucd.center.directory import Directory, Profile, User, folded
from xucd.config import csv_table, validation
from xucd.config.csv_table import BadLine, CsvError
from xucd.config.entries import Extension, Login, Number, Penalty, Right, SpokenName
from xucd.config.plan import Person, Plan, PlannedAgent
from xucd.config.queue_names import queue_ids, several
from xucd.config.validation import ConfigValueError

TYPES: dict[str, Any] = {
    "login": Login,
    "firstName": SpokenName,
    "lastName": SpokenName,
    "profile": Profile,
    "line": Extension,
    "mobileNumber": Number,
    "rights": tuple[Right, ...],
    "queues": tuple[str, ...],
    "groups": tuple[str, ...],
    "password": str,
    "agentNumber": Extension,
    "agentGroup": str,
    "agentQueues": tuple[str, ...],
}
"""The columns, and what a cell of each has to be."""

LISTS = frozenset(name for name, kind in TYPES.items() if str(kind).startswith("tuple"))
FIELDS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "profile": "profile",
    "mobileNumber": "mobile_number",
}
"""The columns that become fields of a `Person` as they are."""
CLEARED = "-"
"""What a cell says that empties what it is for."""
CLEARABLE = LISTS | {"profile", "line", "mobileNumber"}
REQUIRED = ("firstName", "lastName")
"""What a new user has to have, beside the login."""
PROFILES = {profile.lower(): profile for profile in get_args(Profile)}
MAX_USERS = 2000
MAX_PASSWORD = 1000
_SPELLINGS = ("", " ", "_")
_KNOWN = {re.sub("(?=[A-Z])", mark, name).lower(): name for mark in _SPELLINGS for name in TYPES}


class UserFileError(Exception):
    """The file cannot be used. `lines` are its errors, in their order."""

    def __init__(self, lines: list[BadLine]) -> None:
        super().__init__(f"{len(lines)} errors")
        self.lines = lines


class UserImport(msgspec.Struct, frozen=True):
    """What a file asks for: people and agents to add or change, and passwords by login."""

    plan: Plan
    passwords: dict[str, str]


Cells = dict[str, Any]


def read(data: bytes, directory: Directory, shortest_password: int) -> UserImport:
    """What a file asks for. Raises `CsvError` for a file of another kind, or `UserFileError`."""
    table = csv_table.read(_decoded(data), _KNOWN)
    if "login" not in table.columns:
        raise CsvError("HeaderInvalid", "The header has no column login.")
    rows = [(line, dict(zip(table.columns, cells, strict=True))) for line, cells in table.records]
    return read_rows(rows, directory, shortest_password, table.bad)


def read_rows(
    rows: Sequence[tuple[int, Mapping[str, str]]],
    directory: Directory,
    shortest_password: int,
    bad: Sequence[BadLine] = (),
) -> UserImport:
    """What rows ask for, each with its line and its cells by column; `bad` are no rows.

    Raises `CsvError` with `TooManyLines`, or `UserFileError`.
    """
    if len(rows) > MAX_USERS:
        raise CsvError("TooManyLines", f"At most {MAX_USERS} users can be imported at once.")
    reader = _Reader(directory, shortest_password)
    for line, cells in rows:
        # Blanks belong to a password.
        reader.add(
            line,
            {name: text if name == "password" else text.strip() for name, text in cells.items()},
        )
    problems = sorted([*bad, *reader.problems], key=lambda problem: problem.line)
    if problems:
        raise UserFileError(problems)
    return reader.result()


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = (
            'The file is not UTF-8: save it as "CSV UTF-8". In another encoding, such as Latin-1,'
            " names would become others unnoticed."
        )
        raise CsvError("CharsetInvalid", text) from None


class _Reader:
    """Turns lines into people and agents, and collects what is wrong with them."""

    def __init__(self, directory: Directory, shortest_password: int) -> None:
        self.problems: list[BadLine] = []
        self._directory = directory
        self._shortest = shortest_password
        self._lines = {line.number: line.id for line in directory.lines.values()}
        named = queue_ids(directory.queues.values())
        self._queues = {folded(name): queue_id for name, queue_id in named.items()}
        self._groups = {group.name: group.id for group in directory.groups.values()}
        self._numbers = {agent.number: agent.user_id for agent in directory.agents.values()}
        self._last_agent = max(directory.agents, default=0)
        self._logins: dict[str, int] = {}
        self._spelled = {login.casefold(): login for login in directory.user_by_login}
        self._agent_lines: dict[str, int] = {}
        self._people: list[Person] = []
        self._agents: list[PlannedAgent] = []
        self._passwords: dict[str, str] = {}

    def add(self, line: int, texts: Mapping[str, str]) -> None:
        """Read one line."""
        before = len(self.problems)
        cells = self._converted(line, texts)
        login = cells.get("login")
        if not login:
            if len(self.problems) == before:
                self._report(line, "login", "is missing")
            return
        if login in self._logins:
            self._report(line, "login", f"{login} is that of line {self._logins[login]}, too")
        self._logins.setdefault(login, line)
        user = self._directory.user_by_login.get(login)
        if user is None:
            self._check_spelling(line, login)
        for name in REQUIRED:
            if user is None and not texts.get(name):
                self._report(line, name, "is missing, and the user is new")
        person = self._person(line, user, cells)
        agent = self._agent(line, user, cells)
        if len(self.problems) == before:
            self._people.append(person)
            if agent is not None:
                self._agents.append(agent)
            if cells.get("password"):
                self._passwords[login] = cells["password"]

    def result(self) -> UserImport:
        """What all lines ask for; people who are agents come first, as in every plan."""
        agents = {agent.login: index for index, agent in enumerate(self._agents)}
        people = sorted(self._people, key=lambda person: agents.get(person.login, len(agents)))
        # For the names in what is reported.
        queues = tuple(self._directory.queues.values()) if self._agents else ()
        plan = Plan(queues=queues, agents=tuple(self._agents), people=tuple(people))
        return UserImport(plan, self._passwords)

    def _report(self, line: int, column: str, problem: str) -> None:
        self.problems.append(BadLine(line, "ValueInvalid", f"{column}: {problem}"))

    def _converted(self, line: int, texts: Mapping[str, str]) -> Cells:
        """The cells that say something and are what they have to be; None for one to be emptied."""
        cells: Cells = {}
        for name, text in texts.items():
            value: Any = text
            if not text:
                continue
            if text == CLEARED:
                if name in CLEARABLE:
                    cells[name] = () if name in LISTS else None
                else:
                    self._report(line, name, "cannot be emptied by -")
                continue
            if name in LISTS:
                parts = (part.strip() for part in re.split("[,;|]", text))
                value = tuple(part for part in parts if part)
            elif name == "profile":
                value = PROFILES.get(text.lower(), text)
            elif name == "password" and not self._shortest <= len(text) <= MAX_PASSWORD:
                allowed = f"from {self._shortest} to {MAX_PASSWORD} characters"
                self._report(line, name, f"has to have {allowed}")
                continue
            try:
                cells[name] = validation.convert(value, TYPES[name])
            except ConfigValueError as error:
                self._report(line, name, error.problem)
        return cells

    def _person(self, line: int, user: User | None, cells: Cells) -> Person:
        """A user as it is to be: what it is now, with what the line says in its place."""
        person = Person(login=cells["login"], first_name="", last_name="")
        if user is not None:
            kept = {
                name: getattr(user, name) for name in Person.__struct_fields__ if name != "user_id"
            }
            person = Person(user_id=user.id, **kept)
        changed: dict[str, Any] = {}
        for name, field in FIELDS.items():
            if name in cells:
                changed[field] = cells[name]
        if "rights" in cells:
            changed["rights"] = tuple(dict.fromkeys(cells["rights"]))
        if "line" in cells:
            number = cells["line"]
            found = self._named(line, "line", self._lines, [number] if number else [])
            changed["line_id"] = found[0] if found else None
        for name, field, known in (
            ("queues", "queue_ids", self._queues),
            ("groups", "group_ids", self._groups),
        ):
            if name in cells:
                changed[field] = frozenset(self._named(line, name, known, cells[name]))
        return msgspec.structs.replace(person, **changed)

    def _agent(self, line: int, user: User | None, cells: Cells) -> PlannedAgent | None:
        """The agent of a user as it is to be; None if it is none, or nothing is said of it."""
        said = [name for name in ("agentNumber", "agentGroup", "agentQueues") if name in cells]
        if not said:
            return None
        agent = None
        if user is not None and user.agent_id is not None:
            agent = self._directory.agents[user.agent_id]
        number = cells.get("agentNumber") or (agent.number if agent else None)
        if number is None:
            self._report(line, said[0], "the user is no agent, and the line has no agentNumber")
            return None
        self._check_number(line, number, user)
        group_id = agent.group_id if agent else None
        if cells.get("agentGroup"):
            found = self._named(line, "agentGroup", self._groups, [cells["agentGroup"]])
            group_id = found[0] if found else 0
        if group_id is None:
            self._report(line, "agentGroup", "is missing, and the agent is new")
        queues = None
        if "agentQueues" in cells:
            queues = dict(self._penalties(line, cells["agentQueues"]))
        elif agent is None:
            queues = {}
        if agent is None:
            self._last_agent += 1
        return PlannedAgent(
            id=agent.id if agent else self._last_agent,
            number=number,
            login=cells["login"],
            group_id=group_id or 0,
            queues=queues,
            context=agent.context if agent else "default",
        )

    def _check_spelling(self, line: int, login: str) -> None:
        """Report a new login that differs from another one in case only."""
        known = self._spelled.setdefault(login.casefold(), login)
        if known != login:
            self._report(line, "login", f"{login} is new, and differs from {known} in case only")

    def _check_number(self, line: int, number: str, user: User | None) -> None:
        """Report an agent's number that is another one's, in the file or already."""
        if number in self._agent_lines:
            text = f"{number} is that of line {self._agent_lines[number]}, too"
            self._report(line, "agentNumber", text)
        elif number in self._numbers and (user is None or self._numbers[number] != user.id):
            owner = self._directory.users[self._numbers[number]].login
            self._report(line, "agentNumber", f"{number} is that of {owner}")
        self._agent_lines.setdefault(number, line)

    def _penalties(self, line: int, texts: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        seen: set[int] = set()
        for text in texts:
            name, equals, penalty = text.rpartition("=")
            if not equals:
                name, penalty = text, "0"
            try:
                value = validation.convert(penalty.strip(), Penalty, strict=False)
            except ConfigValueError as error:
                self._report(line, "agentQueues", f"penalty {error.problem}")
                continue
            for found in self._named(line, "agentQueues", self._queues, [name.strip()]):
                if found in seen:
                    self._report(line, "agentQueues", f"{name.strip()} is named twice")
                seen.add(found)
                yield found, value

    def _named(self, line: int, column: str, known: Mapping[str, int], names: Any) -> list[int]:
        """The ids of what is named, each that there is."""
        ids = []
        for name in names:
            key = folded(name) if known is self._queues else name
            if key in known:
                ids.append(known[key])
            else:
                what = {"line": "line"}.get(column, "group" if "roup" in column else "queue")
                shown = validation.quoted(name).strip('"')
                problem = several(name, known) if what == "queue" else ""
                self._report(line, column, problem or f"there is no {what} {shown}")
        return ids
