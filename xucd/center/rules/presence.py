"""What members' events do to the figures of their queues, and to the callers who wait there."""

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.live import LiveAgent

MemberEvent = ev.MemberAdded | ev.MemberRemoved | ev.MemberPaused | ev.MemberStatus


def joined(center: Center, event: ev.MemberAdded, now: float) -> None:
    """Note that an agent is new to a queue: it is offered to its callers once it is free."""
    live = _agent(center, event)
    queue = center.directory.queue_by_name.get(event.queue)
    if live is not None and queue is not None and queue.id in live.members:
        center.offers.joined(live.agent.id, queue.id)


def counted(
    center: Center,
    event: MemberEvent,
    now: float,
) -> None:
    """Count an agent anew in its queues, and offer it to callers where it has become free."""
    live = _agent(center, event)
    if live is not None:
        center.update_presence(live)
        center.offer_to_callers(live, now)


def _agent(center: Center, event: MemberEvent) -> LiveAgent | None:
    """The agent of a member's name or, under another name, on the line that the member rings."""
    agent = center.directory.agent_by_member_name.get(event.member)
    if agent is not None:
        return center.agents.get(agent.id)
    line = center.members.line_of_device(event.interface)
    return center.on_device.get(line.phone) if line is not None else None
