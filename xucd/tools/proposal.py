"""From what a PBX has to a contact centre: the centre file that xucd proposes.

What the centre has already stays as it is; the proposal adds to it. So the same PBX gives nothing
the second time. Members that reach the same phone in several ways are one agent. Whatever had to be
guessed has a note, which stands as a comment above its entry.
"""

import datetime
import itertools
from collections.abc import Iterable, Iterator

import msgspec

from xucd.center.directory import AGENT_MEMBER, folded
from xucd.config import center_file, validation, writing
from xucd.config.entries import (
    MAX_PENALTY,
    AgentEntry,
    Context,
    Entry,
    Extension,
    GroupEntry,
    LineEntry,
    QueueEntry,
    UserEntry,
)
from xucd.config.plan import Plan
from xucd.config.validation import ConfigValueError
from xucd.tools.checks import counted
from xucd.tools.dialplan import NUMBER, Place
from xucd.tools.discovery import FoundMember, FoundPbx, FoundPhone, FoundQueue
from xucd.tools.proposed_names import is_phones, login_of, person_name, spoken
from xucd.tools.proposed_numbers import Numbers, QueueNumbers, context_of, inside_contexts
from xucd.tools.proposed_phones import RungPhone, doubts, rung_phones

ADMIN = "admin"
HEADING = "# A contact centre for this PBX, as xucd proposes it. Change what you like; then run:\n"
HEADING += "#     xucd center apply FILE\n"


class Proposal(msgspec.Struct, frozen=True):
    """The proposed centre, with what it adds to the present one.

    `text` is the centre file with what is doubtful as comments. `left_out` are sentences about what
    is not in it, `new` has a line for each addition.
    """

    plan: Plan
    text: str
    new: tuple[str, ...]
    left_out: tuple[str, ...]


def propose(
    found: FoundPbx,
    present: Plan = Plan(),  # noqa: B008
    logins: Iterable[str] = (),
    *,
    admin: bool = False,
    members_alone: bool = False,
) -> Proposal:
    """The centre for a PBX; `admin` adds an administrator where there is none.

    `logins` are taken, by users whom a directory has brought: nobody new gets one of them. With
    `members_alone`, phones in no queue are left where they are.
    """
    maker = _Maker(found, writing.entries(present), logins)
    maker.make(admin, members_alone)
    text = writing.text(maker.entries, _heading(found, maker.left_out), maker.notes)
    # Read as any such file is: what is proposed can be applied.
    plan = center_file.parse(text, "the proposal", datetime.date.today()).plan
    return Proposal(plan, text, tuple(maker.new), tuple(maker.left_out))


def _heading(found: FoundPbx, left_out: Iterable[str]) -> str:
    return HEADING + writing.comments([*found.unread, *left_out]) + "\n"


class _Maker:
    """Collects the entries, those of the present centre first."""

    def __init__(
        self, found: FoundPbx, entries: dict[str, list[Entry]], logins: Iterable[str]
    ) -> None:
        self.found = found
        self.entries = entries
        self.notes: dict[tuple[str, int], list[str]] = {}
        self.new: list[str] = []
        self.left_out: list[str] = []
        self.agents: list[AgentEntry] = entries["agents"]  # type: ignore[assignment]
        self.lines: list[LineEntry] = entries["lines"]  # type: ignore[assignment]
        self.queues: list[QueueEntry] = entries["queues"]  # type: ignore[assignment]
        self.users: list[UserEntry] = entries["users"]  # type: ignore[assignment]
        self.line_by_key = {
            folded(key): line for line in self.lines for key in (line.interface, line.device) if key
        }
        self.agent_by_line = {agent.line: agent.number for agent in self.agents if agent.line}
        self.agent_index = {agent.number: index for index, agent in enumerate(self.agents)}
        self.logins = {person.login for person in self.people()} | {
            login.lower() for login in logins
        }
        self.admin = next(login for login in _admins() if login not in self.logins)
        self.logins.add(self.admin)
        inside = inside_contexts(found)
        self.usual_context = inside[0] if inside else "default"
        self.numbers = Numbers(
            found,
            self.usual_context,
            (*(queue.number for queue in self.queues), *(line.number or "" for line in self.lines)),
        )
        self.certain = {phone.number for phone in found.phones if not phone.guess}
        self.line_numbers = {line.number for line in self.lines}
        self.queue_numbers = QueueNumbers(
            found, inside, self.new_queues(), {queue.number for queue in self.queues}
        )
        self.ids = {
            kind: itertools.count(1 + max((entry.id for entry in of_kind), default=0))  # type: ignore[attr-defined]
            for kind, of_kind in entries.items()
            if kind in ("groups", "queues", "lines", "agents")
        }

    def people(self) -> list[AgentEntry | UserEntry]:
        """All who can sign in."""
        return [*self.agents, *self.users]

    def make(self, admin: bool, members_alone: bool) -> None:
        """Add what the PBX has and the centre has not."""
        added = {queue.name for queue in self.new_queues() if self.queue(queue)}
        names = {folded(queue.name): queue.name for queue in self.queues}
        members = rung_phones(self.found)
        for station in members:
            self.station(station, names, added)
        if not members_alone:
            self.phones_without_queue({station.phone.device for station in members})
        if admin and not any(person.profile == "Admin" for person in self.people()):
            self.add(
                "users",
                UserEntry(
                    login=self.admin, first_name="The", last_name="Administrator", profile="Admin",
                    rights=("recording", "dissuasion"),
                ),
                f"administrator {self.admin}",
            )  # fmt: skip

    def add(self, kind: str, entry: Entry, what: str, notes: Iterable[str] = ()) -> bool:
        """Add an entry if the centre file takes it; else say why not."""
        try:
            validation.convert(msgspec.to_builtins(entry), type(entry))
            if isinstance(entry, LineEntry):
                list(center_file.lines_of(entry))
        except ConfigValueError as error:
            problem = f"{validation.dotted(error.path)} {error.problem}"
            self.left_out.append(f"left out: {what}: {problem}")
            return False
        self.notes[kind, len(self.entries[kind])] = list(notes)
        self.entries[kind].append(entry)
        self.new.append(what)
        return True

    # -- queues

    def new_queues(self) -> list[FoundQueue]:
        """The queues that the centre has not, one of each name."""
        known = {folded(queue.name) for queue in self.queues}
        new = {folded(queue.name): queue for queue in reversed(self.found.queues)}
        return [queue for name, queue in reversed(new.items()) if name not in known]

    def queue(self, queue: FoundQueue) -> bool:
        """Add a queue."""
        place, said = self.queue_numbers.of(queue)
        if place is None:
            place = Place(self.usual_context, self.numbers.free())
            said[-1] += f"; {place.exten} is made up"
        notes = [f"strategy {queue.strategy}, {len(queue.members)} members", *said]
        name = spoken(queue.name)
        display = f"Queue {name}" if NUMBER.fullmatch(name) else name[:1].upper() + name[1:]
        entry = QueueEntry(
            id=next(self.ids["queues"]),
            name=queue.name,
            display_name=display,
            number=place.exten,
            context=self.context(place.context, notes),
            wrapup=queue.wrapup,
        )
        if not self.add("queues", entry, f"queue {queue.name} ({place.exten})", notes):
            return False
        self.numbers.take(place.exten)
        return True

    # -- agents

    def station(self, station: RungPhone, names: dict[str, str], added: set[str]) -> None:
        """Add the line and the agent of a phone; or the new queues of an agent that is there."""
        members = station.members
        queues: dict[str, int] = {}
        for queue, member in members:
            if (known := names.get(folded(queue))) is not None:
                queues.setdefault(known, min(member.penalty, MAX_PENALTY))
        line = self.line_of(station)
        own = station.person
        agent = self.agent_of(line, members)
        if agent is not None:
            self.join(agent, {name: p for name, p in queues.items() if name in added})
            return
        notes = doubts(station)
        if line is None:
            line = self.line(station.phone, station.interface)
            if line is None:
                return
        number = self.agent_number(members, line.number or "")
        first, last = person_name(own or station.phone.name, line.number or "")
        if not own and not is_phones(station.phone.name):
            notes.append("the queues name no person; the name is the phone's caller id")
        elif first == "Phone":
            notes.append("DOUBTFUL: nothing tells whose phone it is")
        login = login_of(first, last, line.number or "", self.logins)
        entry = AgentEntry(
            id=next(self.ids["agents"]),
            number=number,
            login=login,
            first_name=first,
            last_name=last,
            line=line.number,
            group=self.group(),
            queues=queues,
            context=line.context,
        )
        what = f"agent {first} {last}, login {login}, phone {line.number} ({station.key})"
        if self.add("agents", entry, what, notes):
            self.logins.add(login)
            self.agent_index[number] = len(self.agents) - 1
            self.agent_by_line[line.number or ""] = number

    def agent_of(
        self, line: LineEntry | None, members: list[tuple[str, FoundMember]]
    ) -> AgentEntry | None:
        """The agent that the centre has for a phone already, if it has."""
        numbers = [self.agent_by_line.get(line.number or "", "")] if line is not None else []
        numbers += [member.name.removeprefix(AGENT_MEMBER) for member in _named_agents(members)]
        index = next((self.agent_index[n] for n in numbers if n in self.agent_index), None)
        return None if index is None else self.agents[index]

    def join(self, agent: AgentEntry, queues: dict[str, int]) -> None:
        """Add queues that are new to the centre to an agent that is not."""
        present = agent.queues or {}
        lacking = {name: penalty for name, penalty in queues.items() if name not in present}
        if lacking:
            at = self.agent_index[agent.number]
            self.agents[at] = msgspec.structs.replace(agent, queues={**present, **lacking})
            self.new.append(f"agent {agent.login} in {', '.join(sorted(lacking))}")

    def agent_number(self, members: list[tuple[str, FoundMember]], line: str) -> str:
        """The number of an agent: its member's, if that is named so, else its phone's."""
        names = [member.name.removeprefix(AGENT_MEMBER) for member in _named_agents(members)]
        for number in (*names, line):
            if NUMBER.fullmatch(number) and _fits(number) and number not in self.agent_index:
                return number
        return self.numbers.free()

    def group(self) -> int:
        """The group of new agents: the first, made if there is none."""
        if not self.entries["groups"]:
            self.add(
                "groups", GroupEntry(id=next(self.ids["groups"]), name="agents"), "group agents"
            )
        return self.entries["groups"][0].id  # type: ignore[attr-defined, no-any-return]

    # -- lines

    def line_of(self, station: RungPhone) -> LineEntry | None:
        """The line that the centre has for a phone already, if it has."""
        by_device = self.line_by_key.get(folded(station.phone.device))
        return by_device or self.line_by_key.get(folded(station.interface))

    def line(self, phone: FoundPhone, interface: str) -> LineEntry | None:
        """Add a line; None if the centre file cannot take it."""
        notes: list[str] = []
        name = phone.device.partition("/")[2]
        sure = "" if phone.guess else phone.number
        number = next(
            (
                number
                for number in (phone.number, name)
                if number
                and number not in self.line_numbers
                # One that is guessed is rather that of a phone for which it is certain.
                and (number == sure or number not in self.certain)
                and _fits(number)
            ),
            "",
        )
        if number and number == phone.number and phone.guess:
            notes.append(f"DOUBTFUL: its number {number} is guessed: {phone.guess}")
        if number and number == name != phone.number and not NUMBER.fullmatch(number):
            notes.append("DOUBTFUL: no hint tells the phone's number; it has its device's name")
        if not number:
            number = self.numbers.free()
            notes.append(f"DOUBTFUL: the phone has no number of its own; {number} is made up")
        if not phone.device:
            notes.append(f"DOUBTFUL: which phone rings at {interface} is unknown")
        context = context_of(self.found, phone) or self.usual_context
        entry = LineEntry(
            id=next(self.ids["lines"]),
            number=number,
            interface=interface,
            device="" if phone.device == interface else phone.device,
            context=self.context(context, notes),
        )
        what = f"line {number} ({phone.device or interface})"
        if not self.add("lines", entry, what, notes):
            return None
        self.line_numbers.add(number)
        self.numbers.take(number)
        self.line_by_key |= {folded(key): entry for key in (entry.interface, entry.device) if key}
        return entry

    def phones_without_queue(self, devices: set[str]) -> None:
        """Add lines, and users where a name is known, for phones that are no members.

        A device without a number is a trunk rather than a phone: those are named. Of several phones
        that one hint names, those of one caller name are one person's.
        """
        known = set(map(folded, devices)) | self.line_by_key.keys()
        persons = {
            (phone.number, phone.name)
            for phone in self.found.phones
            if folded(phone.device) in known
        }
        unknown = []
        for phone in self.found.phones:
            if folded(phone.device) in known:
                continue
            if (other := self.line_by_key.get(folded(phone.device))) is not None:
                self.left_out.append(
                    f"left out: {phone.device}: queues take it for {other.interface}, since they"
                    " compare names in any case"
                )
                continue
            if not phone.number and not self.numbers.is_of_a_phone(phone.device.partition("/")[2]):
                unknown.append(phone.device)
                continue
            line = self.line(phone, phone.device)
            if line is None or not line.number or is_phones(phone.name):
                continue
            if phone.number and (phone.number, phone.name) in persons:
                continue
            persons.add((phone.number, phone.name))
            first, last = person_name(phone.name, line.number)
            login = login_of(first, last, line.number, self.logins)
            entry = UserEntry(login=login, first_name=first, last_name=last, line=line.number)
            what = f"user {first} {last}, login {login}, phone {line.number}"
            if self.add("users", entry, what, ["a phone that is in no queue"]):
                self.logins.add(login)
        if unknown:
            self.left_out.append(
                f"left out: {counted(unknown, 'device', 'devices')}: no queue, no hint and no"
                " extension of that name tells a number; a phone among them needs a hint, or a line"
                " in the centre file"
            )

    def context(self, context: str, notes: list[str]) -> str:
        """A context as the centre file takes it."""
        try:
            return validation.convert(context, Context)
        except ConfigValueError:
            if context:
                notes.append(f'DOUBTFUL: the context "{context}" cannot be used')
            return "default"


def _admins() -> Iterator[str]:
    """What the administrator may be called, the best first."""
    yield ADMIN
    yield from (f"{ADMIN}-{number}" for number in itertools.count(2))


def _fits(number: str) -> bool:
    """Whether the centre file takes an extension."""
    try:
        validation.convert(number, Extension)
    except ConfigValueError:
        return False
    return True


def _named_agents(members: list[tuple[str, FoundMember]]) -> list[FoundMember]:
    """The members that are named ``Agent/2501``."""
    return [member for _, member in members if member.name.startswith(AGENT_MEMBER)]
