"""What holds of the centre after every step, and where it agrees with Asterisk at rest.

Each is a function of `tests.center_machine.Beside` that gives what is wrong, as sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from tests.scene import BILLING, SALES, SUPPORT
from xucd.center import changes as ch
from xucd.center.agent import AgentState, Phone, Stance, shown
from xucd.center.center import Center
from xucd.center.channels import interface_of
from xucd.center.events import ChannelState
from xucd.center.intents import (
    WRAPUP_REASON,
)
from xucd.center.live import LiveAgent, MembershipShown
from xucd.center.memberships import is_shelved
from xucd.center.queue_day import QueueDay
from xucd.center.snapshot import MemberSeen

if TYPE_CHECKING:
    from tests.center_machine import Beside

OUTCOMES = ("answered", "abandoned", "timed_out", "callbacks", "diverted", "unseen")


def waited_for(center: Center) -> dict[int, object]:
    """What commands that change an agent wait for, by the agent's id."""
    return {
        key: (live.stance, live.reason, center.owners.own(live), dict(live.members))
        for key, live in center.agents.items()
    }


# -- what holds after every step


def nobody_is_in_queues_who_is_logged_out(it: Beside) -> Iterator[str]:
    for live in it.center.agents.values():
        if live.stance is Stance.OUT and live.members and not live.leaving:
            yield f"{live.agent.number} is out, and in {dict(live.members)}"


def a_line_has_one_agent(it: Beside) -> Iterator[str]:
    held = it.center.on_device
    for interface, live in held.items():
        if live.line is None or live.line.interface != interface:
            yield f"{live.agent.number} holds {interface}, and is on {live.line}"
    for live in it.center.agents.values():
        inside = live.stance is not Stance.OUT and not live.leaving
        if inside and live.line is not None and held.get(live.line.interface) is not live:
            yield f"{live.agent.number} is logged in on {live.line}, which it does not hold"


def shown_is_what_is(it: Beside) -> Iterator[str]:
    for live in it.center.agents.values():
        if live.leaving or live.changing:
            continue  # what comes of it is shown once it is known
        phone = Phone.IDLE
        if live.stance is not Stance.OUT and live.line is not None:
            phone = it.center.phone_calls.phone(live.line.interface)
        state = shown(live.stance, phone, in_reach=live.in_reach)
        if live.shown.state is not state:
            yield f"{live.agent.number} is shown as {live.shown}, and is {live.stance} {phone}"
        if (live.shown.call is not None) != (state is AgentState.ON_CALL):
            yield f"{live.agent.number} is {state} with the call {live.shown.call}"


def told_is_what_is_shown(it: Beside) -> Iterator[str]:
    for key, live in it.center.agents.items():
        if it.told.agents[key] != live.shown:
            yield f"told {it.told.agents[key]}, shown {live.shown}"
        told = {
            queue_id: each
            for (agent, queue_id), each in it.told.members.items()
            if agent == key and each != MembershipShown(-1)
        }
        if told != dict(live.told):
            yield f"told {told}, thought to have told {live.told}"
        if not live.leaving and not live.changing and live.memberships() != told:
            yield f"{live.agent.number} was told in {told}, and is in {live.memberships()}"
    told_calls = {key: call for key, call in it.told.calls.items()}
    calls = {
        (line.id, leg.unique_id): leg.sent
        for line in it.center.directory.lines.values()
        for leg in it.center.phone_calls.of(line.interface)
        if leg.sent is not None and leg.sent.stage is not ch.Stage.RELEASED
    }
    if told_calls != calls:
        yield f"told of the calls {told_calls}, and there are {calls}"


def the_store_has_who_is_logged_in(it: Beside) -> Iterator[str]:
    for key, live in it.center.agents.items():
        kept = it.told.stations.get(key)
        if kept is not None and kept != it.center.stations[key]:
            yield f"{live.agent.number}: stored {kept}, remembered {it.center.stations[key]}"


def callers_are_counted_once(it: Beside) -> Iterator[str]:
    for queue_id, name in ((SUPPORT, "support"), (SALES, "sales"), (BILLING, "billing")):
        stats = it.center.queue_stats
        for day in (stats.day(queue_id), stats.figures(queue_id)):
            ends = sum(getattr(day, each) for each in OUTCOMES)
            if day.entered + it.carried.get(queue_id, 0) != ends + len(day.waiting):
                yield f"{name}: {day}"
        waiting = [call.unique_id for call in it.center.waiting.calls(name)]
        if len(set(waiting)) != len(waiting):
            yield f"{name}: {waiting} wait"
        stored = it.told.queue_days.get(queue_id, QueueDay())
        if stored != stats.day(queue_id):
            yield f"{name}: stored {stored}, counted {stats.day(queue_id)}"


def counts_never_go_back(it: Beside) -> Iterator[str]:
    now: dict[object, dict[str, float]] = {}
    for queue_id, day in it.center.queue_stats.days.items():
        now["queue", queue_id] = {
            key: value
            for key, value in msgspec.structs.asdict(day).items()
            if isinstance(value, int)
        }
    for key, live in it.center.agents.items():
        day_so_far = msgspec.structs.asdict(live.day(it.now))
        now["agent", key] = {
            name: value for name, value in day_so_far.items() if not name.endswith("_at")
        }
    for who, figures in now.items():
        before = it.counted.get(who, {})
        for name, value in figures.items():
            if value < before.get(name, 0) - 1e-6:
                yield f"{who}: {name} was {before[name]} and is {value}"
    it.counted = now


def no_time_is_negative(it: Beside) -> Iterator[str]:
    for live in it.center.agents.values():
        if live.since > it.now:
            yield f"{live.agent.number} is so since {live.since - it.now} s from now"
    for queue in it.center.directory.queues.values():
        for call in it.center.waiting.calls(queue.name):
            if call.since > it.now:
                yield f"{call} waits since {call.since - it.now} s from now"


def channels_are_in_their_places(it: Beside) -> Iterator[str]:
    channels = it.center.channels
    for channel in channels.by_id.values():
        if channel not in channels.on(interface_of(channel.name)):
            yield f"{channel.name} is not on its interface"
        if channel not in channels.in_call(channel.linked_id):
            yield f"{channel.name} is not in its call"
        if channel.bridge and channel not in channels.in_bridge(channel.bridge):
            yield f"{channel.name} is not in its bridge"
    for kind in ("_by_interface", "_by_call", "_by_bridge"):
        for key, found in getattr(channels, kind).items():
            if not found or any(each not in channels.by_id for each in found):
                yield f"{kind} has {key}: {list(found)}"
    names = Counter(channel.name for channel in channels.by_id.values())
    for name, leg in it.center.phone_calls.legs.items():
        if names[name] != 1 or leg.channel.name != name:
            yield f"{name} is a call without a channel"


def agents_of_queues_add_up(it: Beside) -> Iterator[str]:
    for queue_id in it.center.directory.queues:
        present = it.center.presence.of(queue_id)
        inside = [
            live
            for live in it.center.agents.values()
            if live.shown.state is not AgentState.LOGGED_OUT and queue_id in live.members
        ]
        talking = sum(live.shown.call is not None for live in inside)
        if (present.logged_in, present.talking) != (len(inside), talking):
            yield f"queue {queue_id} has {present}, not {len(inside)} of which {talking} talk"
        if not 0 <= present.available <= present.logged_in - present.talking:
            yield f"queue {queue_id} has {present}"


def differences_are_of_configured_queues(it: Beside) -> Iterator[str]:
    for live in it.center.agents.values():
        apart = live.taken | live.lost
        if not apart <= live.queues.keys() or apart & live.members.keys() or live.taken & live.lost:
            yield f"{live.agent.number}: taken {live.taken}, lost {live.lost}, in {live.members}"


INVARIANTS = (
    nobody_is_in_queues_who_is_logged_out,
    a_line_has_one_agent,
    shown_is_what_is,
    told_is_what_is_shown,
    the_store_has_who_is_logged_in,
    callers_are_counted_once,
    counts_never_go_back,
    no_time_is_negative,
    channels_are_in_their_places,
    agents_of_queues_add_up,
    differences_are_of_configured_queues,
)


# -- what agrees with Asterisk once nothing is to come


def channels_agree(it: Beside) -> Iterator[str]:
    known = {
        key: (each.name, each.state, each.bridge) for key, each in it.center.channels.by_id.items()
    }
    real = {key: (each.name, each.state, each.bridge) for key, each in it.asterisk.channels.items()}
    for key in known.keys() | real.keys():
        if known.get(key) != real.get(key):
            yield f"channel {key} is {real.get(key)}, known {known.get(key)}"


def callers_agree(it: Beside) -> Iterator[str]:
    for queue, callers in it.asterisk.callers.items():
        known = [call.unique_id for call in it.center.waiting.calls(queue)]
        if known != callers:
            yield f"{callers} wait in {queue}, known {known}"


def members_agree(it: Beside) -> Iterator[str]:
    def of(member: MemberSeen) -> tuple[object, ...]:
        reason = "" if member.unsaid else member.reason
        return member.member, member.penalty, member.paused, reason, member.status

    known = {(each.queue, each.interface): of(each) for _, each in it.center.members.all()}
    ours = it.center.directory.queue_by_name
    real = {
        (each.queue, each.interface): of(each)
        for each in it.asterisk.all_members()
        if each.queue in ours
    }
    for key in known.keys() | real.keys():
        if known.get(key) != real.get(key):
            yield f"{key} is {real.get(key)}, known {known.get(key)}"


def phones_agree(it: Beside) -> Iterator[str]:
    for line in it.center.directory.lines.values():
        real = it.asterisk.device(line.interface)
        if it.told.devices.get(line.id) != real:
            yield f"{line.interface} is {real}, told {it.told.devices.get(line.id)}"


def calls_agree(it: Beside) -> Iterator[str]:
    told = Counter(line_id for line_id, _ in it.told.calls)
    for line in it.center.directory.lines.values():
        real = [each.name for each in it.asterisk.on(line.interface)]
        # Who has transferred a call away has none, though its channel may be there.
        if told[line.id] != len(real):
            yield f"{line.interface} has {real}, told {it.told.calls}"


def agents_agree(it: Beside) -> Iterator[str]:
    for live in it.center.agents.values():
        mine = list(members_of(it, live))
        named = [
            each
            for each in it.asterisk.all_members()
            if each.member == live.agent.member_name
            and each.queue in it.center.directory.queue_by_name
            and not is_shelved(each)
        ]
        who = f"{live.agent.number} is told as {it.told.agents[live.agent.id]}"
        if live.stance is Stance.OUT:
            if named:
                yield f"{who}, and is {named}"
            continue
        if any(each not in mine for each in named):
            yield f"{who}, and is {named}"
        state = it.told.agents[live.agent.id].state
        if state not in states_of(it, live, mine):
            yield f"{who}, and its members are {mine}, its phone {it.asterisk.on(line_of(live))}"


def wrapups_have_ended(it: Beside) -> Iterator[str]:
    """Whoever is paused by choice ends all pauses when it makes itself ready."""
    for member in it.asterisk.all_members():
        wraps = member.paused and member.reason == WRAPUP_REASON
        holder = it.center.on_device.get(member.interface)
        paused = holder is not None and holder.stance is Stance.PAUSED
        if wraps and not paused and not it.asterisk.on(member.interface):
            yield f"{member} is paused for ever"


def line_of(live: LiveAgent) -> str:
    return live.line.interface if live.line is not None else ""


def members_of(it: Beside, live: LiveAgent) -> Iterator[MemberSeen]:
    for member in it.asterisk.all_members():
        named = member.member in (live.agent.member_name, member.interface)
        ours = member.queue in it.center.directory.queue_by_name
        if member.interface == line_of(live) and named and ours and not is_shelved(member):
            yield member


def states_of(it: Beside, live: LiveAgent, mine: list[MemberSeen]) -> set[AgentState]:
    """What an agent who is logged in may be shown as, by Asterisk alone."""
    states = {each.state for each in it.asterisk.on(line_of(live))}
    if ChannelState.UP in states:
        return {AgentState.ON_CALL}
    if ChannelState.RING in states:
        return {AgentState.DIALING}
    if ChannelState.RINGING in states:
        return {AgentState.RINGING}
    if mine and all(each.paused for each in mine):
        return {AgentState.ON_PAUSE}
    if mine:
        reached = any(each.status.in_reach for each in mine)
        return {AgentState.READY if reached else AgentState.ON_PAUSE}
    return {AgentState.ON_PAUSE} if live.queues else {AgentState.READY, AgentState.ON_PAUSE}


AGREEMENTS = (
    channels_agree,
    callers_agree,
    members_agree,
    phones_agree,
    calls_agree,
    agents_agree,
    wrapups_have_ended,
)
