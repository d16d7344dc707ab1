"""Which agent a queue's member is of, and which members are an agent's."""

from collections.abc import Mapping

from xucd.center.agent import Stance
from xucd.center.directory import AGENT_MEMBER, Directory, Line
from xucd.center.live import AgentRecord, LiveAgent
from xucd.center.memberships import Memberships, is_shelved
from xucd.center.snapshot import MemberSeen


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

    def of(self, member: MemberSeen) -> AgentRecord | None:
        """The logged-in agent that a member is of: by its name, or else by the line that it rings.

        None for one by an agent's name that rings another line than the agent's.
        """
        line = self._members.line_of(member)
        if line is None or is_shelved(member):
            return None
        holder = self._on_device.get(line.phone)
        if not member.member.startswith(AGENT_MEMBER):
            return holder
        agent = self._directory.agent_by_member_name.get(member.member)
        live = self._agents[agent.id] if agent is not None else None
        if live is None or live.line is not line:
            return None
        return live if live.stance is not Stance.OUT or live is holder else None

    def members(self, live: LiveAgent) -> list[tuple[int, MemberSeen]]:
        """All members of a logged-in agent, with their queues' ids; its line's own come first."""
        if live.line is None:
            return []
        found = self._members.on_line(live.line)
        return [(queue_id, member) for queue_id, member in found if self.of(member) is live]

    def shelved(self, live: LiveAgent, line: Line) -> list[tuple[int, MemberSeen]]:
        """The shelved members that are an agent's once it is logged in on a line."""
        ours = live.agent.member_name
        return [
            (queue_id, member)
            for queue_id, member in self._members.on_line(line)
            if is_shelved(member)
            and (member.member == ours or not member.member.startswith(AGENT_MEMBER))
        ]

    def interfaces(self, live: LiveAgent) -> list[str]:
        """What to pause, to pause an agent: its members' interfaces, or else its line's."""
        found = dict.fromkeys(member.interface for _, member in self.members(live))
        return list(found) or ([live.line.interface] if live.line is not None else [])
