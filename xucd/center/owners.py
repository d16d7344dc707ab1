"""Which agent a queue's member is of, and which members are an agent's.

Of the members that ring an agent's phone, some are its *own*: those by its name, and those that
stand in Asterisk's configuration (queues.conf, a database, FreePBX) and ring a line that an agent
has for its usual one. The others are *strangers*: another program made them, or an operator. Who
is logged in on a stranger's phone has its calls, and on pause gets none through it. Nothing else is
done to a stranger: it is not removed, its penalty stays, and a logout leaves it as it was.
"""

from collections.abc import Mapping, Sequence

from xucd.center.agent import Stance
from xucd.center.directory import AGENT_MEMBER, Agent, Directory, Line
from xucd.center.live import AgentRecord, LiveAgent
from xucd.center.memberships import Listed, Memberships, is_named, is_shelved
from xucd.center.snapshot import MemberSeen

_Parted = tuple[list[Listed], list[Listed]]
"""An agent's members: its own, and strangers."""


class Owners:
    """Reads who owns whom off the members, the agents and who holds which line."""

    def __init__(
        self,
        directory: Directory,
        members: Memberships,
        agents: Mapping[int, AgentRecord],
        on_device: Mapping[str, AgentRecord],
    ) -> None:
        self._directory = directory
        self._members = members
        self._agents = agents
        self._on_device = on_device
        # What was read off last, and by what: an event of a member asks for it several times.
        self._basis: tuple[Agent | None, tuple[Listed, ...], bool, bool] = None, (), False, False
        self._parts: _Parted = [], []

    def of(self, member: MemberSeen) -> AgentRecord | None:
        """The logged-in agent that a member is of: by its name, or else by the line that it rings.

        None for one by an agent's name that rings another line than the agent's.
        """
        line = self._members.line_of(member)
        if line is None or is_shelved(member):
            return None
        holder = self._on_device.get(line.phone)
        if not is_named(member):
            return holder
        agent = self._directory.agent_by_member_name.get(member.member)
        live = self._agents.get(agent.id) if agent is not None else None
        if live is None or live.line is not line:
            return None
        return live if live.stance is not Stance.OUT or live is holder else None

    def members(self, live: LiveAgent) -> Sequence[Listed]:
        """All members of a logged-in agent, with their queues' ids.

        Its own come before strangers, and of these the ones that its line's interface names.
        """
        own, strangers = self._parted(live)
        return own + strangers if strangers else own

    def own(self, live: LiveAgent) -> Sequence[Listed]:
        """The members of a logged-in agent that are no strangers."""
        return self._parted(live)[0]

    def strangers(self, live: LiveAgent) -> Sequence[Listed]:
        """The members of a logged-in agent that are none of its own."""
        return self._parted(live)[1]

    def counting(self, live: LiveAgent) -> Sequence[Listed]:
        """The members that say what an agent's stance is: its own, or strangers if it has none."""
        own, strangers = self._parted(live)
        return own or strangers

    def _parted(self, live: LiveAgent) -> _Parted:
        """An agent's own members, and strangers: by the rules of `of` and `is_stranger`."""
        line = live.line
        if line is None:
            return [], []
        on_line = self._members.on_line(line)
        holds = self._on_device.get(line.phone) is live
        is_by_name = holds or live.stance is not Stance.OUT
        agent, members, held, named = self._basis
        if members is on_line and agent is live.agent and held is holds and named is is_by_name:
            return self._parts
        own: list[Listed] = []
        strangers: list[Listed] = []
        name, usual = live.agent.member_name, line.id in self._directory.agent_ids_by_line
        for listed in on_line:
            member = listed[1]
            if member.member.startswith(AGENT_MEMBER):
                if is_by_name and member.member == name and not is_shelved(member):
                    own.append(listed)
            elif holds and not is_shelved(member):
                (strangers if member.dynamic or not usual else own).append(listed)
        self._basis, self._parts = (live.agent, on_line, holds, is_by_name), (own, strangers)
        return self._parts

    def is_stranger(self, member: MemberSeen) -> bool:
        """Whether a member is none of an agent's own; see above."""
        if is_named(member):
            return False
        line = self._members.line_of(member)
        return member.dynamic or line is None or line.id not in self._directory.agent_ids_by_line

    def is_other(self, member: MemberSeen) -> bool:
        """Whether a member is to be told as what it is, since no agent is told in its place."""
        if is_named(member) or is_shelved(member):
            return False
        return self.is_stranger(member) or self.of(member) is None

    def others(self) -> list[Listed]:
        """The members of our queues that are told as what they are."""
        return [each for each in self._members.all() if self.is_other(each[1])]

    def shelved(self, live: LiveAgent, line: Line) -> list[Listed]:
        """The shelved members that are an agent's once it is logged in on a line."""
        ours = live.agent.member_name
        return [
            (queue_id, member)
            for queue_id, member in self._members.on_line(line)
            if is_shelved(member) and (member.member == ours or not is_named(member))
        ]

    def interfaces(self, live: LiveAgent) -> list[str]:
        """What to pause, to pause an agent: its members' interfaces, or else its line's."""
        found = dict.fromkeys(member.interface for _, member in self.members(live))
        return list(found) or ([live.way_to(live.line).interface] if live.line is not None else [])
