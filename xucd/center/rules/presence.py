"""What members' events do to the figures of their queues, and to the callers who wait there."""

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.live import LiveAgent


def joined(center: Center, event: ev.MemberAdded, now: float) -> None:
    """Note that an agent is new to a queue: it is offered to its callers once it is free."""
    live = _agent(center, event.member)
    queue = center.directory.queue_by_name.get(event.queue)
    if live is not None and queue is not None and queue.id in live.members:
        center.offers.joined(live.agent.id, queue.id)


def counted(
    center: Center,
    event: ev.MemberAdded | ev.MemberRemoved | ev.MemberPaused | ev.MemberStatus,
    now: float,
) -> None:
    """Count an agent anew in its queues, and offer it to callers where it has become free."""
    live = _agent(center, event.member)
    if live is not None:
        center.update_presence(live)
        center.offer_to_callers(live, now)


def _agent(center: Center, member: str) -> LiveAgent | None:
    agent = center.directory.agent_by_member_name.get(member)
    return center.agents[agent.id] if agent is not None else None
