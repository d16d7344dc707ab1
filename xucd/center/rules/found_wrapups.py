"""The wrap-up of an agent that is found in one, or in a call, as the state is read anew."""

from xucd.center.agent import AgentState, Stance
from xucd.center.center import Center
from xucd.center.live import AgentRecord
from xucd.center.rules.talkers import claim
from xucd.center.snapshot import MemberSeen


def kept_wrapup(center: Center, live: AgentRecord, heard_until: float | None) -> int | None:
    """The wrap-up that an agent was in, or was to have, in seconds; None if a call came after it.

    A call that goes on, or one that has ended unheard, has the wrap-up of its own queue.
    """
    wraps = live.shown.state is AgentState.ON_WRAPUP
    if not (wraps or live.stance is Stance.WRAPPING or live.owes_wrapup):
        return None
    there = center.members.on_line(live.line) if live.line is not None else []
    ended = max((each.last_call for _, each in there), default=0)
    unheard = heard_until is not None and ended > heard_until
    return None if unheard or center.phone_calls.of_queues(live.line) else live.wrapup_s


def wrapup_of_last_call(center: Center, live: AgentRecord) -> int:
    """The wrap-up of the queue whose call an agent had last, in seconds; 0 if it is in another.

    With `shared_lastcall` all of its members have that call: the longest wrap-up is taken then. One
    of a queue without any would not have paused the agent.
    """
    if center.phone_calls.of_queues(live.line):
        return 0
    queues = center.directory.queues
    calls = [
        (member.last_call, queues[queue_id].wrapup)
        for queue_id, member in center.owners.members(live)
    ]
    return max(calls, default=(0, 0))[1]


def claim_calls(center: Center, live: AgentRecord, now: float) -> None:
    """Let queues' calls that the agent is in have their wrap-up: they may have begun unheard."""
    for leg in center.phone_calls.of_queues(live.line):
        claim(center, leg, now)


def resume_wrapup(
    center: Center, live: AgentRecord, seen: list[MemberSeen], until: float, now: float
) -> None:
    """Go on with a wrap-up that was running, `until` then if that is known.

    What is over by now ends at once. Asterisk does not tell when the call ended, only when the
    member last ended one and when it was last paused, which a reload of queues.conf makes later;
    the later of the two is the nearest that can be had.
    """
    if live.shown.state is not AgentState.ON_WRAPUP or live.wrapup_s <= 0:
        return
    began = max((max(member.last_call, member.last_pause) for member in seen), default=0)
    if began:
        until = min(until, began + live.wrapup_s)
        center.wrapup_ends.rerun(live, until)
        live.set_since(min(now, until - live.wrapup_s))
