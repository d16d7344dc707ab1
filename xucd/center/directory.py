"""Who and what the contact centre consists of, as configured: the directory.

Plain, immutable records and one index over them. Live facts (who is logged in, who talks) are not
here. Ids are positive integers chosen by the configuration; the wire shows them as they are.
"""

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, TypeVar, overload

import msgspec

Profile = Literal["Admin", "Supervisor"]
T = TypeVar("T")

MAIN = "main"
"""The PBX of a line or a queue of which no other is named, and of a centre that has one."""

_SHRUNK = re.compile(r"-|\.(?!\Z)")
"""What Asterisk leaves out of a caller id's number."""

AGENT_MEMBER = "Agent/"
"""How the names of our agents' queue members begin; the agent's number follows."""

LOCAL = "Local/"
"""How the names of Local channels, and of members that ring through the dialplan, begin."""

JUDGING_CONTEXT = "xucd-agent"
"""The dialplan's context in which xucd says whether an agent's phone may ring."""

_TECHNOLOGIES = {
    name.lower(): name
    for name in ("PJSIP", "SIP", "IAX2", "DAHDI", "SCCP", "Skinny", "MGCP", "Dongle", "Local")
}


class Group(msgspec.Struct, frozen=True, gc=False):
    """A group of agents, the unit of a supervisor's rights."""

    id: int
    name: str


class Queue(msgspec.Struct, frozen=True, gc=False):
    """A queue. `name` is Asterisk's own name for it; `wrapup` is in seconds, 0 for none.

    `pbx` is the PBX that it is on. Another one may have a queue of the same name.
    """

    id: int
    name: str
    display_name: str
    number: str
    context: str = "default"
    wrapup: int = 0
    pbx: str = MAIN

    @property
    def mark(self) -> str:
        """What another PBX knows it by, which may have a queue of its name: ``support,@south``.

        No queue's name holds a comma: the dialplan could not name it.
        """
        return f"{self.name},@{self.pbx}"


def queue_name(mark: str) -> str:
    """The name of a queue that is known by its name or by its `Queue.mark`."""
    return mark.partition(",")[0]


class Line(msgspec.Struct, frozen=True, gc=False):
    """A phone line. It has two keys, which often are one.

    `interface` is what its queue members are called by: ``PJSIP/1001``, or another way to the same
    phone, such as FreePBX's ``Local/1001@from-queue/n``. `device` is the phone itself,
    ``PJSIP/1001``; "" where the interface is that. `pbx` is the PBX that the phone is registered
    with; another one may have a phone that is called the same.
    """

    id: int
    number: str
    interface: str
    context: str = "default"
    device: str = ""
    pbx: str = MAIN

    @property
    def phone(self) -> str:
        """The device after which Asterisk names the phone's channels and states: ``PJSIP/1001``."""
        if self.device or not self.interface.startswith(LOCAL):
            return self.device or self.interface
        return "/".join(self.interface.split("/")[:2])  # without options, such as ``/n``

    @property
    def judged_interface(self) -> str:
        """The way to the phone on which xucd is asked first whether it may ring."""
        return f"{LOCAL}{self.number}@{JUDGING_CONTEXT}"

    @property
    def dial_string(self) -> str:
        """What to ring so that this phone rings, and no dialplan sends the call elsewhere."""
        return self.device or self.interface


class Agent(msgspec.Struct, frozen=True, gc=False):
    """A contact-centre agent. `line_id` is the line it usually works on, if it has one."""

    id: int
    number: str
    first_name: str
    last_name: str
    group_id: int
    user_id: int
    line_id: int | None = None
    context: str = "default"

    @property
    def member_name(self) -> str:
        """The name under which Asterisk knows the agent as a queue member: ``Agent/2501``."""
        return AGENT_MEMBER + self.number


class User(msgspec.Struct, frozen=True, gc=False):
    """Somebody who can sign in. `queue_ids` and `group_ids` bound what a Supervisor sees."""

    id: int
    login: str
    first_name: str
    last_name: str
    line_id: int | None = None
    agent_id: int | None = None
    profile: Profile | None = None
    queue_ids: frozenset[int] = frozenset()
    group_ids: frozenset[int] = frozenset()
    rights: tuple[str, ...] = ()
    mobile_number: str | None = None


_FOLD = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}


def folded(name: str) -> str:
    """A queue's name, or a member's interface, in a form that is one for what is so to app_queue.

    It compares both with ``strcasecmp``, though ``PJSIP/zoe`` and ``PJSIP/Zoe`` are two phones.
    """
    return name.translate(_FOLD)


def as_channels_are_named(interface: str) -> str:
    """The interface with its technology as in channels' names: Asterisk rings ``sip/204`` too."""
    technology, slash, name = interface.partition("/")
    return _TECHNOLOGIES.get(technology.lower(), technology) + slash + name


class QueuesByName(Mapping[str, Queue]):
    """Queues by name, in any case of A to Z: app_queue compares names with ``strcasecmp``."""

    def __init__(self, queues: Iterable[Queue]) -> None:
        self._exactly = {queue.name: queue for queue in queues}
        self._queues = {folded(queue.name): queue for queue in self._exactly.values()}

    def __getitem__(self, name: str) -> Queue:
        # As it is spelled here, nearly always: folding takes ten times as long.
        queue = self._exactly.get(name)
        return queue if queue is not None else self._queues[folded(name)]

    @overload
    def get(self, name: str, /) -> Queue | None: ...
    @overload
    def get(self, name: str, /, default: Queue | T) -> Queue | T: ...
    def get(self, name: str, /, default: object = None) -> object:
        """The queue of this name, or `default`."""
        queue = self._exactly.get(name)
        return queue if queue is not None else self._queues.get(folded(name), default)

    def __contains__(self, name: object) -> bool:
        return name in self._exactly or (isinstance(name, str) and folded(name) in self._queues)

    def __iter__(self) -> Iterator[str]:
        return (queue.name for queue in self._queues.values())

    def __len__(self) -> int:
        return len(self._queues)


def default_of(pbxs: Collection[str]) -> str:
    """Of a centre's PBXs, that of what is on none in particular."""
    return MAIN if MAIN in pbxs else min(pbxs)


class Directory:
    """All configured records, indexed by the keys that events and commands name them by.

    Raises nothing itself: look-ups are dictionaries, and the caller handles a missing key.
    Queues by name, and lines by interface, device or caller id, are those that one PBX calls so:
    of a centre with several, `of_pbx` has them. Lines' numbers are unique in the whole centre.
    """

    def __init__(
        self,
        groups: Iterable[Group] = (),
        queues: Iterable[Queue] = (),
        lines: Iterable[Line] = (),
        agents: Iterable[Agent] = (),
        users: Iterable[User] = (),
    ) -> None:
        self.groups = {group.id: group for group in groups}
        self.queues = {queue.id: queue for queue in queues}
        self.lines = {line.id: line for line in lines}
        self.agents = {agent.id: agent for agent in agents}
        self.users = {user.id: user for user in users}
        self.queue_by_name = QueuesByName(self.queues.values())
        self.queue_numbers = frozenset(queue.number for queue in self.queues.values())
        self.line_by_number = {line.number: line for line in self.lines.values()}
        self.line_by_interface = {line.interface: line for line in self.lines.values()}
        self.line_by_device = self.line_by_interface
        if any(line.device for line in self.lines.values()):
            self.line_by_device = {line.phone: line for line in self.lines.values()}
        self.line_by_caller_id = {
            _SHRUNK.sub("", line.number): line
            for line in self.lines.values()
            if re.search("[A-Za-z]", line.number)
        }
        """Lines whose number holds letters, by what is left of it in a caller id."""
        self.agent_by_member_name = {agent.member_name: agent for agent in self.agents.values()}
        self.users_by_line = _by_line((user.line_id, user) for user in self.users.values())
        self.agent_ids_by_line = _by_line(
            (agent.line_id, agent.id) for agent in self.agents.values()
        )
        self.user_by_login = {user.login: user for user in self.users.values()}
        self.pbx: str | None = None
        """The PBX of these lines and queues, where the centre has others as well."""
        self.elsewhere: Mapping[int, Line] = {}
        """The lines of these others, by id."""
        self.queues_elsewhere: Mapping[int, Queue] = {}
        """Their queues, by id."""
        self.all_queues: Mapping[int, Queue] = self.queues
        """The queues here and elsewhere, by id."""

    @functools.cached_property
    def line_by_folded(self) -> dict[str, Line]:
        """Lines by interface or device as app_queue compares them; see `folded`."""
        return {
            folded(key): line
            for by_key in (self.line_by_device, self.line_by_interface)
            for key, line in by_key.items()
        }

    @functools.cached_property
    def numbers_elsewhere(self) -> frozenset[str]:
        """The numbers of the lines of other PBXs."""
        return frozenset(line.number for line in self.elsewhere.values())

    @functools.cached_property
    def pbxs(self) -> tuple[str, ...]:
        """The PBXs of the centre, by name: those of lines and queues, or the one there is."""
        queues = {queue.pbx for queue in self.queues.values()}
        return tuple(sorted(queues | {line.pbx for line in self.lines.values()})) or (MAIN,)

    @property
    def default_pbx(self) -> str:
        """The PBX of what is on none in particular."""
        return default_of(self.pbxs)

    def first_home(self, agent_id: int | None, line_id: int | None = None) -> str:
        """The PBX of an agent that has not logged in yet, or of a user who has none: its line's."""
        agent = self.agents.get(agent_id) if agent_id is not None else None
        if agent is not None:
            line_id = agent.line_id
        if line_id is None:
            return self.default_pbx
        line = self.lines.get(line_id) or self.elsewhere.get(line_id)
        return line.pbx if line is not None else self.default_pbx

    def of_pbx(self, pbx: str) -> "Directory":
        """The centre as one PBX has it: the lines and queues that are on it, and everybody.

        Users and agents keep the ids of lines and queues that are elsewhere.
        """
        queues = [queue for queue in self.queues.values() if queue.pbx == pbx]
        lines = [line for line in self.lines.values() if line.pbx == pbx]
        if len(queues) == len(self.queues) and len(lines) == len(self.lines):
            return self
        groups, agents, users = self.groups, self.agents, self.users
        part = Directory(groups.values(), queues, lines, agents.values(), users.values())
        part.pbx, part.pbxs = pbx, self.pbxs
        part.elsewhere = {line.id: line for line in self.lines.values() if line.pbx != pbx}
        part.queues_elsewhere = {
            queue.id: queue for queue in self.queues.values() if queue.pbx != pbx
        }
        part.all_queues = self.queues
        return part

    @functools.cached_property
    def _elsewhere_by_mark(self) -> dict[str, Queue]:
        return {queue.mark: queue for queue in self.queues_elsewhere.values()}

    def queue_of_call(self, name: str) -> Queue | None:
        """The queue of a call by what the call says: a name here, or a `Queue.mark` elsewhere."""
        return self.queue_by_name.get(name) or self._elsewhere_by_mark.get(name)

    def put_agent(self, agent: Agent) -> None:
        """Replace one agent's record by another of the same id."""
        del self.agent_by_member_name[self.agents[agent.id].member_name]
        self.agents[agent.id] = agent
        self.agent_by_member_name[agent.member_name] = agent


def _by_line(found: Iterable[tuple[int | None, T]]) -> dict[int, tuple[T, ...]]:
    """What has a line, by its id: one, nearly always."""
    by_line: dict[int, tuple[T, ...]] = {}
    for line_id, each in found:
        if line_id is not None:
            by_line[line_id] = (*by_line.get(line_id, ()), each)
    return by_line


Said = TypeVar("Said", bound=msgspec.Struct)


def spelled(directory: Directory, said: Said) -> Said:
    """What Asterisk said of a `queue`, with the queue's name as the directory spells it."""
    name = getattr(said, "queue", "")
    queue = directory.queue_by_name.get(name) if name else None
    if queue is None or queue.name == name:
        return said
    return msgspec.structs.replace(said, queue=queue.name)
