"""Which way an agent's members ring its phone: straight, or through the context that asks xucd.

While an agent has queues on another PBX, two queues that know nothing of each other may ring it at
once. Then all its members go through the dialplan's `xucd-agent`, which asks xucd first; it is the
one that knows of both (docs/adr/0022-queues-of-another-pbx.md). Others are rung straight.
"""

from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.directory import Line
from xucd.center.intents import AddMember, RemoveMember, SetPause
from xucd.center.live import LiveAgent


def switch(center: Center, live: LiveAgent) -> None:
    """Have a logged-in agent's members ring it the way that they are to, each added first.

    A queue is never without the agent. Members that stand in Asterisk's configuration stay.
    """
    line = live.line
    if line is None or live.stance is Stance.OUT or live.leaving:
        return
    way, name = live.way_to(line), live.agent.member_name
    for queue_id, member in center.owners.own(live):
        if not (member.dynamic and member.member == name):
            continue
        if not is_other_way(live, line, member.interface):
            continue
        queue = member.queue
        if center.members.get(queue_id, way.interface) is None:
            center.intents.append(
                AddMember(
                    queue, way.interface, name, member.penalty, member.paused, way.state_interface
                )
            )
            if member.paused and member.reason:
                center.intents.append(SetPause(way.interface, True, member.reason, queue))
        center.intents.append(RemoveMember(queue, member.interface))


def is_other_way(live: LiveAgent, line: Line, interface: str) -> bool:
    """Whether an interface is a way to an agent's phone that its members are not to go just now."""
    ways = (line.interface, line.judged_interface)
    return interface in ways and interface != live.way_to(line).interface
