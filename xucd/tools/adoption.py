"""Making an agent of a queue's member that is none: what is added to the centre for one phone.

It is what `proposal` proposes for that phone alone, in the queues that the centre has. The member
stays in Asterisk as it is: from then on it rings a line that an agent has, and so is the agent's.
"""

import msgspec

from xucd.center.directory import folded
from xucd.config.plan import Plan
from xucd.tools.discovery import FoundPbx
from xucd.tools.proposal import Proposal, propose
from xucd.tools.proposed_phones import phone_of


class NotAdoptable(Exception):
    """No agent can be made of a member. `code` is for programs, the text says why to people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def adoption(found: FoundPbx, present: Plan, interface: str) -> Proposal:
    """The centre with an agent for the member of this interface. Raises `NotAdoptable`."""
    known = {folded(queue.name) for queue in present.queues}
    members = [
        (queue, member)
        for queue in found.queues
        if folded(queue.name) in known
        for member in queue.members
        if member.interface == interface
    ]
    if not members:
        raise NotAdoptable("MemberUnknown", f"No queue of the centre has a member {interface}.")
    phone = phone_of(found, members[0][1])
    alone = msgspec.structs.replace(
        found,
        queues=tuple(
            msgspec.structs.replace(queue, members=(member,)) for queue, member in members
        ),
        phones=tuple(each for each in found.phones if each.device == phone.device),
    )
    proposal = propose(alone, present)
    if len(proposal.plan.agents) == len(present.agents):
        problem = " ".join(proposal.left_out) or "Its phone is an agent's already."
        raise NotAdoptable("NotAdoptable", f"{interface} cannot be made an agent. {problem}")
    return proposal
