"""Making an agent of a queue's member that is none: what is added to the centre for one phone.

It is what `proposal` proposes for that phone, knowing of the others, in the queues that the centre
has and whose configuration has members that ring it, this one or others. They stay in Asterisk as
they are: from then on they ring a line that an agent has, and so are the agent's. One that another
program has added would stay that program's (see `xucd.center.owners`), so no agent is made of it.
"""

from collections.abc import Callable

import msgspec

from xucd.center.directory import AGENT_MEMBER, folded
from xucd.config.center_file import CenterFileError
from xucd.config.plan import Plan
from xucd.store.extending import Propose, StoredCenter
from xucd.tools.discovery import FoundMember, FoundPbx, FoundQueue
from xucd.tools.proposal import Proposal, propose
from xucd.tools.proposed_phones import rung_phones

DYNAMIC = """\
{interface} cannot be made an agent: another program, or AddQueueMember in the dialplan, has added \
it to {queues}, and would go on to add and remove it. Add a line and an agent for its phone, as \
xucd discover proposes them; then remove the member in Asterisk \
(queue remove member {interface} from {queue}), and log the agent in on its page."""


class NotAdoptable(Exception):
    """No agent can be made of a member. `code` is for programs, the text says why to people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def adopting(
    found: FoundPbx, interface: str, allow: Callable[[], object] = lambda: None
) -> Propose:
    """What adds an agent for the member of this interface, while the store is being changed.

    `allow` is called just before: what it raises prevents it, as `NotAdoptable` does.
    """

    def add(present: StoredCenter) -> Plan:
        allow()
        return adoption(found, present, interface).plan

    return add


def adoption(found: FoundPbx, present: StoredCenter, interface: str) -> Proposal:
    """The centre with an agent for the member of this interface. Raises `NotAdoptable`."""
    known = {folded(queue.name) for queue in present.plan.queues}
    ours = [queue for queue in found.queues if folded(queue.name) in known]
    queues = [q.name for q in ours if any(each.interface == interface for each in q.members)]
    if not queues:
        raise NotAdoptable("MemberUnknown", f"No queue of the centre has a member {interface}.")
    staying = msgspec.structs.replace(found, queues=tuple(map(_without_others, ours)))
    phone = next(
        (
            phone
            for phone in rung_phones(staying)
            if any(member.interface == interface for _, member in phone.members)
        ),
        None,
    )
    if phone is None:
        text = DYNAMIC.format(interface=interface, queues=", ".join(queues), queue=queues[0])
        raise NotAdoptable("NotAdoptable", text)
    alone = msgspec.structs.replace(
        found,
        queues=tuple(
            msgspec.structs.replace(
                queue, members=tuple(each for name, each in phone.members if name == queue.name)
            )
            for queue in staying.queues
        ),
    )
    try:
        proposal = propose(alone, present.plan, present.logins, members_alone=True)
    except CenterFileError as error:
        problem = " ".join(error.problems)
        text = f"{interface} cannot be made an agent. {problem}"
        raise NotAdoptable("NotAdoptable", text) from error
    if len(proposal.plan.agents) == len(present.plan.agents):
        problem = " ".join(proposal.left_out) or "Its phone is an agent's already."
        raise NotAdoptable("NotAdoptable", f"{interface} cannot be made an agent. {problem}")
    return proposal


def _without_others(queue: FoundQueue) -> FoundQueue:
    """A queue without the members that are not to stay."""
    members = tuple(member for member in queue.members if not _is_anothers(member))
    return msgspec.structs.replace(queue, members=members)


def _is_anothers(member: FoundMember) -> bool:
    """Whether another program made a member, and can take it away at any time."""
    return member.membership == "dynamic" and not member.name.startswith(AGENT_MEMBER)
