"""Agents in queues of other PBXs: what ours are to be there, and what theirs are to be here."""

from collections.abc import Collection, Iterable

from xucd.center.agent import Phone, Recording, Stance
from xucd.center.center import Center
from xucd.center.changes import QueueStatsChanged
from xucd.center.channels import FarCall
from xucd.center.intents import WRAPUP_REASON, Intent
from xucd.center.live import LiveAgent
from xucd.center.rules import phones
from xucd.center.sheets import written_down
from xucd.center.visitors import AWAY, BUSY, FREE, RINGING, Visitor

TRUNK = "PJSIP/xucd-"
"""How the names of trunks between PBXs begin; the other one's name follows."""


def visits(center: Center, live: LiveAgent) -> dict[str, Visitor]:
    """What an agent at home here is to be at other PBXs, by their names; empty if it is out."""
    line = live.line
    if line is None or live.stance is Stance.OUT or live.leaving or center.at_home is None:
        return {}
    by_pbx: dict[str, dict[int, int]] = {}
    for queue_id, penalty in live.elsewhere.items():
        queue = center.directory.queues_elsewhere[queue_id]
        by_pbx.setdefault(queue.pbx, {})[queue_id] = penalty
    paused = live.stance in (Stance.PAUSED, Stance.WRAPPING)
    reason = WRAPUP_REASON if live.stance is Stance.WRAPPING else live.reason
    number, talks = center.at_home.get(live.agent.id, 0), live.shown.call is not None
    device = _device(center, live, line.phone)
    return {
        pbx: Visitor(live.agent.id, number, line.number, queues, device, talks, paused, reason)
        for pbx, queues in by_pbx.items()
    }


def _device(center: Center, live: LiveAgent, phone: str) -> str:
    does = center.phone_calls.phone(phone)
    if does is Phone.RINGING:
        return RINGING
    if does is not Phone.IDLE:
        return BUSY
    if center.devices.get(phone) in (AWAY, "INVALID"):
        return AWAY
    return FREE if live.in_reach else AWAY


def told(center: Center, home: str, visitor: Visitor, now: float) -> None:
    """A home says what one of its agents is to be here; a former one has heard of the move late."""
    if center.at_home is not None and center.at_home.get(visitor.agent_id, -1) >= visitor.number:
        return
    _ask(center, center.visitors.take(home, visitor), [visitor.agent_id])
    center.nudge(center.visitors.freed(visitor.agent_id), now)


def left(center: Center, home: str, agent_id: int) -> None:
    """An agent is in no queue here any more, as its home says."""
    _ask(center, center.visitors.leave(home, agent_id), [agent_id])


def all_told(center: Center, home: str, agent_ids: Collection[int]) -> None:
    """A home has told of all its agents that are here."""
    known = center.visitors.of(home)
    _ask(center, center.visitors.is_whole(home, agent_ids), known)


def lost(center: Center, home: str) -> None:
    """A home is not heard of."""
    _ask(center, center.visitors.lose(home), center.visitors.of(home))


def call_data(center: Center, linked_id: str) -> tuple[dict[str, str], str]:
    """The ``USR_`` variables of a call here, and its sheet as it is written down ("" for none)."""
    variables: dict[str, str] = {}
    channels = list(center.channels.in_call(linked_id))
    for channel in channels:
        variables |= channel.variables or {}
    sheet = center.sheets.of(channels)
    return variables, written_down(sheet) if sheet is not None else ""


def calls_from(center: Center, pbx: str) -> list[str]:
    """The calls of another PBX's queues that are here, by their linked ids there."""
    channels = center.channels.by_id.values()
    return [each.far.linked_id for each in channels if each.far and each.far.pbx == pbx]


def ways_to(center: Center, home: str, linked_id: str) -> list[str]:
    """The channels, by unique id, over which a call of a queue here goes to a home.

    They stay when a transfer gives the call another linked id.
    """
    trunk = f"{TRUNK}{home}"
    return [
        each.unique_id for each in center.channels.in_call(linked_id) if each.interface == trunk
    ]


def recording_of(center: Center, ways: Iterable[str]) -> Recording | None:
    """Whether a call of a queue here is recorded; None once none of its channels is there."""
    known = center.channels.by_id
    there = next((known[each] for each in ways if each in known), None)
    return center.channels.recording(there) if there is not None else None


def recorded_elsewhere(center: Center, call: FarCall, now: float) -> None:
    """Another PBX says whether a call that is here is recorded there."""
    for channel in list(center.channels.by_id.values()):
        far = channel.far
        if far is not None and (far.pbx, far.linked_id) == (call.pbx, call.linked_id):
            far.recording = call.recording
            for each in center.channels.talk(channel):
                center.channels.touch(each)
    phones.read_touched(center, now)


def listed(center: Center, *, again: bool) -> None:
    """Asterisk's members were listed: correct those of visitors."""
    members = center.members
    center.intents += center.visitors.listed(members.queue_ids, members.all(), again=again)


def _ask(center: Center, intents: list[Intent], agent_ids: Iterable[int]) -> None:
    center.intents += intents
    for agent_id in agent_ids:
        if agent_id not in center.agents:
            present = center.visitors.queues_of(agent_id)
            moved = center.presence.visit(agent_id, present)
            center.changes.extend(QueueStatsChanged(queue_id) for queue_id in moved)
