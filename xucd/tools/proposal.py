"""From what a PBX has to a contact centre: the centre file that xucd proposes.

What the centre has already stays as it is; the proposal adds to it. So the same PBX gives nothing
the second time. A phone is told by its device: members that reach the same phone in several ways
are one agent. Whatever had to be guessed has a note, which stands as a comment above its entry.
"""

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from xucd.center.directory import AGENT_MEMBER, LOCAL, folded
from xucd.config import center_file, validation, writing
from xucd.config.entries import (
    AgentEntry,
    Context,
    Entry,
    GroupEntry,
    LineEntry,
    QueueEntry,
    UserEntry,
)
from xucd.config.plan import Plan
from xucd.config.validation import ConfigValueError
from xucd.tools.dialplan import NUMBER, Hint, Place
from xucd.tools.discovery import FoundMember, FoundPbx, FoundPhone, FoundQueue, is_phone
from xucd.tools.proposed_names import is_phones, login_of, person_name, spoken

ADMIN = "admin"
FIRST_MADE_UP = 9000
"""Numbers that are made up begin here; those that the dialplan has are left out."""

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


class _Station(msgspec.Struct):
    """A phone as queues ring it, and in which queues it is a member."""

    device: str
    phone: FoundPhone
    members: list[tuple[str, FoundMember]] = []

    @property
    def key(self) -> str:
        return self.device or self.members[0][1].interface


def propose(found: FoundPbx, present: Plan = Plan(), *, admin: bool = False) -> Proposal:  # noqa: B008
    """The centre for a PBX; `admin` adds an administrator where there is none."""
    maker = _Maker(found, writing.entries(present))
    maker.make(admin)
    text = writing.text(maker.entries, _heading(found, maker.left_out), maker.notes)
    # Read as any such file is: what is proposed can be applied.
    plan = center_file.parse(text, "the proposal", datetime.date.today()).plan
    return Proposal(plan, text, tuple(maker.new), tuple(maker.left_out))


def phone_of(found: FoundPbx, member: FoundMember) -> FoundPhone:
    """The phone that a member rings, as far as the PBX tells."""
    return _Maker(found, writing.entries(Plan())).phone_of(member)


def _heading(found: FoundPbx, left_out: Iterable[str]) -> str:
    return HEADING + writing.comments([*found.unread, *left_out]) + "\n"


class _Maker:
    """Collects the entries, those of the present centre first."""

    def __init__(self, found: FoundPbx, entries: dict[str, list[Entry]]) -> None:
        self.found = found
        self.entries = entries
        self.notes: dict[tuple[str, int], list[str]] = {}
        self.new: list[str] = []
        self.left_out: list[str] = []
        self.hints = {(hint.number, hint.context): hint for hint in found.dialplan.hints}
        self.hints_by_number: dict[str, list[Hint]] = {}
        for hint in found.dialplan.hints:
            self.hints_by_number.setdefault(hint.number, []).append(hint)
        self.phones = {phone.device: phone for phone in found.phones}
        self.agents: list[AgentEntry] = entries["agents"]  # type: ignore[assignment]
        self.lines: list[LineEntry] = entries["lines"]  # type: ignore[assignment]
        self.queues: list[QueueEntry] = entries["queues"]  # type: ignore[assignment]
        self.users: list[UserEntry] = entries["users"]  # type: ignore[assignment]
        self.line_by_key = {
            key: line for line in self.lines for key in (line.interface, line.device) if key
        }
        self.agent_by_line = {agent.line: agent.number for agent in self.agents if agent.line}
        self.agent_index = {agent.number: index for index, agent in enumerate(self.agents)}
        self.logins = {person.login for person in self.people()} | {ADMIN}
        dialled = {place.exten for place in found.dialplan.steps}
        self.numbers = dialled | {queue.number for queue in self.queues}
        self.numbers |= {line.number for line in self.lines if line.number}
        self.line_numbers = {line.number for line in self.lines}
        self.queue_numbers = {queue.number for queue in self.queues}
        self.made_up = itertools.count(FIRST_MADE_UP)
        self.ids = {
            kind: itertools.count(1 + max((entry.id for entry in of_kind), default=0))  # type: ignore[attr-defined]
            for kind, of_kind in entries.items()
            if kind in ("groups", "queues", "lines", "agents")
        }

    def people(self) -> list[AgentEntry | UserEntry]:
        """All who can sign in."""
        return [*self.agents, *self.users]

    def make(self, admin: bool) -> None:
        """Add what the PBX has and the centre has not."""
        known = {folded(queue.name) for queue in self.queues}
        added = {
            queue.name
            for queue in self.found.queues
            if folded(queue.name) not in known and self.queue(queue)
        }
        names = {folded(queue.name): queue.name for queue in self.queues}
        stations = self.stations()
        for station in stations:
            self.station(station, names, added)
        self.phones_without_queue({station.device for station in stations})
        if admin and not any(person.profile == "Admin" for person in self.people()):
            self.add(
                "users",
                UserEntry(
                    login=ADMIN, first_name="The", last_name="Administrator", profile="Admin",
                    rights=("recording", "dissuasion"),
                ),
                f"administrator {ADMIN}",
            )  # fmt: skip

    def add(self, kind: str, entry: Entry, what: str, notes: Iterable[str] = ()) -> bool:
        """Add an entry if the centre file takes it; else say why not."""
        try:
            validation.convert(msgspec.to_builtins(entry), type(entry))
        except ConfigValueError as error:
            problem = f"{validation.dotted(error.path)} {error.problem}"
            self.left_out.append(f"left out: {what}: {problem}")
            return False
        self.notes[kind, len(self.entries[kind])] = list(notes)
        self.entries[kind].append(entry)
        self.new.append(what)
        return True

    # -- queues

    def queue(self, queue: FoundQueue) -> bool:
        """Add a queue."""
        notes = [f"strategy {queue.strategy}, {len(queue.members)} members"]
        places = [place for place in queue.places if place.exten not in self.queue_numbers]
        if places:
            place = places[0]
            others = {p.exten for p in queue.places} - {place.exten}
            if others:
                notes.append(f"also reached by {', '.join(sorted(others))}")
        else:
            place = Place(self.usual_context(), self.free_number())
            notes.append(
                f"DOUBTFUL: no number of the dialplan leads to it; {place.exten} is made up"
            )
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
        self.queue_numbers.add(place.exten)
        self.numbers.add(place.exten)
        return True

    # -- agents

    def stations(self) -> list[_Station]:
        """The members' phones, by device; a member whose phone is unknown stands for itself."""
        found: dict[str, _Station] = {}
        for queue in self.found.queues:
            for member in queue.members:
                phone = self.phone_of(member)
                key = phone.device or member.interface
                station = found.setdefault(key, _Station(phone.device, phone, []))
                station.members.append((queue.name, member))
        return sorted(found.values(), key=lambda s: (len(s.phone.number), s.phone.number, s.key))

    def phone_of(self, member: FoundMember) -> FoundPhone:
        """The phone that a member rings, as its state interface and the hints tell."""
        for device in (member.interface, member.state_interface):
            if is_phone(device):
                return self.phones.get(device, FoundPhone(device))
        number = ""
        if member.interface.startswith(LOCAL):
            number = member.interface.removeprefix(LOCAL).partition("@")[0]
        hints = self.hints_by_number.get(number, [])
        if member.state_interface.startswith("hint:"):
            exten, _, context = member.state_interface.removeprefix("hint:").partition("@")
            named = self.hints.get((exten, context))
            hints = [named] if named else self.hints_by_number.get(exten, hints)
        for hint in hints:
            for device in filter(is_phone, hint.devices):
                phone = self.phones.get(device, FoundPhone(device))
                if phone.number:
                    return phone
                return msgspec.structs.replace(phone, number=hint.number, hint_context=hint.context)
        return FoundPhone("", number=number if NUMBER.fullmatch(number) else "")

    def station(self, station: _Station, names: dict[str, str], added: set[str]) -> None:
        """Add the line and the agent of a phone; or the new queues of an agent that is there."""
        members = station.members
        interface = _most(member.interface for _, member in members)
        queues: dict[str, int] = {}
        for queue, member in members:
            if (known := names.get(folded(queue))) is not None:
                queues.setdefault(known, member.penalty)
        line = self.line_of(station, interface)
        own = _most(
            (member.name.strip() for _, member in members if not is_phones(member.name)),
            default="",
        )
        agent = self.agent_of(line, members)
        if agent is not None:
            self.join(agent, {name: p for name, p in queues.items() if name in added})
            return
        notes = _doubts(station, interface)
        if line is None:
            line = self.line(station.phone, interface)
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
            if NUMBER.fullmatch(number) and number not in self.agent_index:
                return number
        return self.free_number()

    def group(self) -> int:
        """The group of new agents: the first, made if there is none."""
        if not self.entries["groups"]:
            self.add(
                "groups", GroupEntry(id=next(self.ids["groups"]), name="agents"), "group agents"
            )
        return self.entries["groups"][0].id  # type: ignore[attr-defined, no-any-return]

    # -- lines

    def line_of(self, station: _Station, interface: str) -> LineEntry | None:
        """The line that the centre has for a phone already, if it has."""
        return self.line_by_key.get(station.device) or self.line_by_key.get(interface)

    def line(self, phone: FoundPhone, interface: str) -> LineEntry | None:
        """Add a line; None if the centre file cannot take it."""
        notes: list[str] = []
        name = phone.device.partition("/")[2]
        number = next(
            (
                number
                for number in (phone.number, name)
                if number not in self.line_numbers and re.match(validation.EXTENSION, number)
            ),
            "",
        )
        if number and number == name != phone.number and not NUMBER.fullmatch(number):
            notes.append("DOUBTFUL: no hint tells the phone's number; it has its device's name")
        if not number:
            number = self.free_number()
            notes.append(f"DOUBTFUL: the phone has no number of its own; {number} is made up")
        if not phone.device:
            notes.append(f"DOUBTFUL: which phone rings at {interface} is unknown")
        context = phone.context or self.context_around(phone.hint_context)
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
        self.numbers.add(number)
        self.line_by_key |= {key: entry for key in (entry.interface, entry.device) if key}
        return entry

    def phones_without_queue(self, devices: set[str]) -> None:
        """Add lines, and users where a name is known, for phones that are no members.

        A device without a number is a trunk rather than a phone.
        """
        for phone in self.found.phones:
            if phone.device in devices or phone.device in self.line_by_key or not phone.number:
                continue
            line = self.line(phone, phone.device)
            if line is None or not line.number or is_phones(phone.name):
                continue
            first, last = person_name(phone.name, line.number)
            login = login_of(first, last, line.number, self.logins)
            entry = UserEntry(login=login, first_name=first, last_name=last, line=line.number)
            what = f"user {first} {last}, login {login}, phone {line.number}"
            if self.add("users", entry, what, ["a phone that is in no queue"]):
                self.logins.add(login)

    # -- numbers and contexts

    def free_number(self) -> str:
        """A number that nothing has."""
        number = next(str(n) for n in self.made_up if str(n) not in self.numbers)
        self.numbers.add(number)
        return number

    def context(self, context: str, notes: list[str]) -> str:
        """A context as the centre file takes it."""
        try:
            return validation.convert(context, Context)
        except ConfigValueError:
            if context:
                notes.append(f'DOUBTFUL: the context "{context}" cannot be used')
            return "default"

    def context_around(self, context: str) -> str:
        """The context in which phones dial that have their hints in this one."""
        if not context:
            return self.usual_context()
        around = self.found.dialplan.includers(context)
        if "from-internal" in around:  # FreePBX and Issabel
            return "from-internal"
        return around[-1] if around else context

    def usual_context(self) -> str:
        """The context in which most phones dial."""
        return _most((phone.context for phone in self.found.phones if phone.context), "default")


def _named_agents(members: list[tuple[str, FoundMember]]) -> list[FoundMember]:
    """The members that are named ``Agent/2501``."""
    return [member for _, member in members if member.name.startswith(AGENT_MEMBER)]


def _doubts(station: _Station, interface: str) -> list[str]:
    """What is odd about a phone's members."""
    notes = []
    members = [member for _, member in station.members]
    ways = sorted({member.interface for member in members} - {interface})
    if ways:
        notes.append(f"DOUBTFUL: queues also reach this phone by {', '.join(ways)}")
    names = sorted({m.name for m in members if not is_phones(m.name)})
    if len(names) > 1:
        notes.append(f"DOUBTFUL: its members have several names: {'; '.join(names)}")
    kinds = sorted({member.membership for member in members})
    if kinds != ["static"]:
        notes.append(f"its members are {' and '.join(kinds)}")
    return notes


def _most(values: Iterable[str], default: str = "") -> str:
    """The most frequent value; of several, the first in order."""
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value), default=default)
