"""What must agree between Asterisk and xucd while nothing happens. Pure: data in, sentences out.

Each rule gives the differences that it finds. What Asterisk does not list, such as who began a call
or which phone holds it, stands in `Known`: the actors know it. Not compared are sheets, variables,
names of parties, and which queue a call came through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from integration.model.answers import LOGINS, Body, Told
from integration.model.listed import AGENTS, LINES, MISSING, QUEUES, Channel, Listed, Member
from xucd.cti.messages import QueueStatistic

K = TypeVar("K")
WRAPUP = "xucd-wrapup"
DIALLED_BY_XUCD = "xucd-dial-"

FREE = ("0", "1")  # what a queue holds a phone to do that it would ring: unknown, not in use
TALKING, RINGING, DIALING, IDLE = "talking", "ringing", "dialing", "idle"
_STATES = {TALKING: "AgentOnCall", RINGING: "AgentRinging", DIALING: "AgentDialing"}


@dataclass(frozen=True)
class Known:
    """What the actors know of SIP calls, by Call-ID.

    `incoming` are those that rang a phone for somebody else's call, `outgoing` those that a phone,
    or a program for it, placed to a number; what is neither (pick-ups, parked calls) may be told
    either way. Of the `unsure` xucd does not know whether they are on hold. `held`, `muted` and
    `handed` are unique ids of channels of which Asterisk last said so: no list has it. Who is
    `handed` has transferred its call, which is over for it although the channel may live on.
    """

    incoming: frozenset[str] = frozenset()
    outgoing: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    handed: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()


def differences(listed: Listed, told: Told, known: Known) -> list[str]:
    """All that does not agree, as sentences that begin with what they are about."""
    return [found for rule in RULES for found in rule(listed, told, known)]


def agents(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """Each agent's state is what its members and its phone's channels say."""
    for agent_id, body in told.agents.items():
        who = f"agent {LOGINS[agent_id]} is told as {body['name']} ({body.get('cause', '')})"
        members = listed.of_agent(agent_id, _on_line(body))
        if body["name"] == "AgentLoggedOut":
            if members:
                yield f"{who}, but is a member of {sorted(each.queue for each in members)}"
            continue
        interface = LINES[body["phoneNb"]]
        if {each.phone for each in members} - {interface}:
            yield f"{who} on {interface}, but its members are {members}"
        phone = _phone(listed, interface)
        if phone == {IDLE}:
            yield from (f"{who}, but {found}" for found in _at_rest(listed, body, members))
        elif body["name"] not in {_STATES[each] for each in phone}:
            yield f"{who}, but its phone is {sorted(phone)}: {_shown(listed, interface)}"


def _on_line(body: Body) -> str:
    """The line on which an agent is logged in, "" if it is not."""
    return "" if body.get("name") == "AgentLoggedOut" else body.get("phoneNb", "")


def _at_rest(listed: Listed, body: Body, members: list[Member]) -> Iterator[str]:
    """What is wrong with the state of an agent whose phone does nothing."""
    name, cause = body["name"], body.get("cause", "")
    unreachable = listed.devices.get(LINES[body["phoneNb"]], "INVALID") in MISSING
    if name not in _AT_REST:
        yield "its phone is idle"
    elif unreachable and members:
        # A wrap-up hides it.
        if name != "AgentOnPause" and not (name == "AgentOnWrapup" and name in _stance(members)):
            yield "its phone cannot be reached"
    elif not members and name == "AgentReady" and body.get("queues"):
        yield f"is a member of none of {body['queues']}"
    elif members and name not in _stance(members):
        yield f"its members are {members}"
    elif members and name == "AgentOnPause" and cause not in {each.reason for each in members}:
        yield f"its members' reasons are {[each.reason for each in members]}"


_AT_REST = ("AgentReady", "AgentOnPause", "AgentOnWrapup")


def _stance(members: list[Member]) -> set[str]:
    if not all(member.paused for member in members):
        return {"AgentReady"}
    wraps = {member.reason == WRAPUP for member in members}
    return {"AgentOnWrapup" if each else "AgentOnPause" for each in wraps}


def _phone(listed: Listed, interface: str) -> set[str]:
    """What a phone may be told to do; several where Asterisk's list leaves it open."""
    channels = listed.on(interface)
    if any(channel.state == "Up" for channel in channels):
        # Called by a program, for which it dials: it talks once the other side does.
        dials = [each for each in channels if each.state == "Up" and not listed.others(each)]
        return {TALKING} | ({DIALING} if dials else set())
    if any(channel.state in ("Ring", "Dialing") for channel in channels):
        return {DIALING}
    if channels:
        # A call that xucd or a program rings so that the phone dials is outgoing from the start.
        own = [each for each in channels if each.application != "AppQueue"]
        return {RINGING} | ({DIALING} if own else set())
    return {IDLE}


def _shown(listed: Listed, interface: str) -> list[str]:
    return [
        f"{each.name} {each.state} {each.application}({each.data})" for each in listed.on(interface)
    ]


def sent(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """What was sent by itself is what is answered."""
    for agent_id, body in told.agents.items():
        # That its queues alone have changed is told by `QueueMember`.
        queues = {"queues": body.get("queues", [])}
        if agent_id in told.sent_agents and told.sent_agents[agent_id] | queues != body | queues:
            yield f"sent: agent {LOGINS[agent_id]} as {told.sent_agents[agent_id]}, asked: {body}"
    if told.sent_members != told.members:
        yield f"sent: members {_unlike(told.sent_members, told.members)} (sent, asked)"
    for login, calls in told.sent_calls.items():
        for unique_id in told.calls[login].keys() - calls.keys():
            yield f"sent: {login}'s call {_call(told.calls[login][unique_id])} was never sent"
        for unique_id, event in calls.items():
            now = told.calls[login].get(unique_id)
            if now is None:
                yield f"sent: {login}'s call {_call(event)} was not released, but is over"
            elif _call(now) != _call(event):
                yield f"sent: {login}'s call {_call(event)}, asked: {_call(now)}"


def members(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """A logged-in agent's memberships and penalties are told as Asterisk has them."""
    ids = {name: queue_id for queue_id, name in QUEUES.items()}
    for agent_id, body in told.agents.items():
        if body["name"] == "AgentLoggedOut":
            continue
        members = by_queue(listed.of_agent(agent_id, _on_line(body)))
        live = {ids[queue]: member.penalty for queue, member in members.items()}
        seen = {
            queue: penalty for (agent, queue), penalty in told.members.items() if agent == agent_id
        }
        for queue_id in live.keys() - seen.keys():
            yield f"member: {LOGINS[agent_id]} is in {QUEUES[queue_id]}, but told in {seen}"
        for queue_id in live.keys() & seen.keys():
            if live[queue_id] != seen[queue_id]:
                yield f"member: {LOGINS[agent_id]} in {QUEUES[queue_id]} {live}, but told {seen}"
        for queue_id in seen.keys() - live.keys():
            yield f"member: {LOGINS[agent_id]} is not in {QUEUES[queue_id]}, but told in {seen}"


def by_queue(members: Iterable[Member]) -> dict[str, Member]:
    """An agent's member of each queue; of several one that is not paused, and its phone's own."""
    found: dict[str, Member] = {}
    for member in sorted(members, key=lambda each: (each.paused, each.interface != each.phone)):
        found.setdefault(member.queue, member)
    return found


def wrapups_end(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """A pause for wrap-up has an owner: an agent who talks, or whose wrap-up is shown."""
    for member in listed.members:
        if not (member.paused and member.reason == WRAPUP):
            continue
        owners = [
            body["name"]
            for body in told.agents.values()
            if body["name"] != "AgentLoggedOut" and LINES[body["phoneNb"]] == member.phone
        ]
        if not set(owners) & {"AgentOnWrapup", "AgentOnCall", "AgentDialing", "AgentRinging"}:
            yield f"wrap-up: {member} is paused for ever, of agents {owners}"


def callers(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """Who waits in a queue, in its order; of one that was taken away, Asterisk lists nobody."""
    for queue_id, queue in QUEUES.items():
        if queue not in listed.queues:
            continue
        waiting = [_number(block["CallerIDNum"]) for block in listed.callers.get(queue, ())]
        seen = [call["number"] for call in told.callers.get(queue_id, [])]
        if waiting != seen:
            yield f"callers of {queue} are {waiting}, but told {seen}"
        positions = [call["position"] for call in told.callers.get(queue_id, [])]
        if positions != list(range(1, len(positions) + 1)):
            yield f"callers of {queue} have the positions {positions}"


def _number(text: str) -> str:
    return "" if text == "<unknown>" else text


def calls(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """Every channel of a user's phone is a call of its page: stage, direction, other party."""
    for login, events in told.calls.items():
        interface = LINES[_line(told, login)]
        open_ = dict(events)
        for channel in listed.on(interface):
            event = _event_of(channel, open_, known)
            if channel.unique_id in known.handed:
                open_.pop(event["uniqueId"] if event else "", None)
                continue
            if event is None:
                yield f"call of {login}: {channel.name} {channel.state} is not told, but {open_}"
                continue
            del open_[event["uniqueId"]]
            yield from _unlike_call(listed, known, login, channel, event)
        for event in open_.values():
            yield f"call of {login}: {_call(event)} is told, but there is no such channel"


def _event_of(channel: Channel, events: Mapping[str, Body], known: Known) -> Body | None:
    if channel.unique_id in events:
        return events[channel.unique_id]
    # A channel that took another's place keeps the first one's id, and by a pick-up gets its call.
    strays = [event for event in events.values() if event["linkedId"] == channel.linked_id]
    if not strays and channel.call_id not in known.incoming | known.outgoing:
        strays = list(events.values())
    return strays[0] if strays else None


def _unlike_call(
    listed: Listed, known: Known, login: str, channel: Channel, event: Body
) -> Iterator[str]:
    what = f"call of {login}: {_call(event)} is told, but {channel.name} {channel.state}"
    others = listed.others(channel)
    if event["eventType"].removeprefix("Event") not in _stages(channel, bool(others), known):
        yield f"{what}, talking with {[each.name for each in others]}"
    direction = event["callDirection"]
    if channel.call_id in known.incoming and direction != "Incoming":
        yield f"{what} is incoming"
    # What a program rings a phone for, Asterisk does not say before the phone answers.
    rings = channel.state == "Ringing"
    if channel.call_id in known.outgoing and direction != "Outgoing" and not rings:
        yield f"{what} is outgoing"
    if channel.state == "Up" and len(others) == 1 and event["otherDN"] != _party(others[0]):
        yield f"{what} talks with {_party(others[0])} ({others[0].name})"


def _stages(channel: Channel, joined: bool, known: Known) -> set[str]:
    if channel.state == "Up":
        if channel.call_id in known.unsure:
            return {"Established", "OnHold"}
        stage = "OnHold" if channel.unique_id in known.held else "Established"
        return {stage} if joined else {stage, "Dialing"}
    if channel.state in ("Ring", "Dialing"):
        return {"Dialing"}
    return {"Ringing"} if channel.call_id in known.incoming else {"Ringing", "Dialing"}


def _party(channel: Channel) -> str:
    line = next((number for number, each in LINES.items() if each == channel.interface), None)
    return line or channel.number


def _line(told: Told, login: str) -> str:
    for agent_id, name in LOGINS.items():
        body = told.agents.get(agent_id)
        if name == login and body is not None and body["name"] != "AgentLoggedOut":
            return str(body["phoneNb"])
    return told.own_lines[login]


def _call(event: Body) -> tuple[str, ...]:
    kept = ("eventType", "DN", "otherDN", "callDirection")
    return (*(event[key] for key in kept), event.get("queueName", ""), event["uniqueId"])


def one_model(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """An agent's state and its phone's calls agree about direction and queue."""
    for agent_id, body in told.agents.items():
        if body["name"] != "AgentOnCall":
            continue
        events = [
            event
            for event in told.calls.get(LOGINS[agent_id], {}).values()
            if event["eventType"] in ("EventEstablished", "EventOnHold")
        ]
        said = body["direction"], body["acd"]
        heard = [(event["callDirection"], bool(event.get("queueName"))) for event in events]
        if heard and said not in heard:
            yield f"two models: agent {LOGINS[agent_id]} is {said}, its calls are {heard}"


def recordings(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """An agent on a call is shown as recorded when a channel of that call is."""
    for agent_id, body in told.agents.items():
        if body["name"] != "AgentOnCall":
            continue
        up = [each for each in listed.on(LINES[body["phoneNb"]]) if each.state == "Up"]
        if not all(listed.others(channel) for channel in up):
            continue  # it is recorded while two talk; of two calls, it is not said which it is
        possible = {_recording(listed, known, channel) for channel in up}
        if possible and body["monitorState"] not in possible:
            recorded = [each.name for each in listed.channels if each.recorded]
            talks = _shown(listed, LINES[body["phoneNb"]])
            yield (
                f"recording: agent {LOGINS[agent_id]} is told {body['monitorState']}, "
                f"but Asterisk has {sorted(possible)}: {talks}, recorded {recorded}"
            )


def _recording(listed: Listed, known: Known, channel: Channel) -> str:
    parties = [channel, *listed.others(channel)]
    halves = {each.linked_id for each in parties}
    recorded = [
        each
        for each in listed.channels
        if each.recorded and (each in parties or each.linked_id in halves)
    ]
    if not recorded:
        return "DISABLED"
    paused = all(each.unique_id in known.muted for each in recorded)
    return "PAUSED" if paused else "ACTIVE"


def figures(listed: Listed, told: Told, known: Known) -> Iterator[str]:
    """Entered is waiting and outcomes together; present figures are what Asterisk lists."""
    for queue_id, queue in QUEUES.items():
        seen = told.figures.get(queue_id)
        if seen is None or queue not in listed.queues:
            continue
        waiting = len(listed.callers.get(queue, ()))
        counted = {
            name.removeprefix("TotalNumberCalls"): value
            for name, value in seen.items()
            if name.startswith("TotalNumberCalls")
        }
        entered = counted.pop("Entered")
        counted.pop("Closed")
        if entered != waiting + sum(counted.values()):
            yield f"figures of {queue}: entered {entered}, {waiting} wait, ends {counted}"
        told_waiting = seen[QueueStatistic.WAITING_CALLS]
        if told_waiting != waiting:
            yield f"figures of {queue}: {waiting} wait, but told {told_waiting}"
        yield from _present(listed, told, queue_id, seen)


def _present(listed: Listed, told: Told, queue_id: int, seen: Mapping[str, float]) -> Iterator[str]:
    queue = QUEUES[queue_id]
    members = {
        agent_id: theirs
        for agent_id in AGENTS
        if (
            theirs := [
                member
                for member in listed.of_agent(agent_id, _on_line(told.agents.get(agent_id, {})))
                if member.queue == queue
            ]
        )
    }
    states = {agent_id: told.agents[agent_id] for agent_id in members if agent_id in told.agents}
    lines = {agent_id: theirs[0].phone for agent_id, theirs in members.items()}
    phones = {agent_id: _phone(listed, lines[agent_id]) for agent_id in states}
    free = [
        agent_id
        for agent_id, phone in phones.items()
        if phone == {IDLE}
        and any(not each.paused and each.status in FREE for each in members[agent_id])
        and listed.devices.get(lines[agent_id], "INVALID") not in MISSING
    ]
    talking = [
        agent_id
        for agent_id, phone in phones.items()
        if phone == {TALKING} or (TALKING in phone and states[agent_id]["name"] == "AgentOnCall")
    ]
    wanted = {
        QueueStatistic.LOGGED_IN_AGENTS: len(members),
        QueueStatistic.AVAILABLE_AGENTS: len(free),
        QueueStatistic.TALKING_AGENTS: len(talking),
    }
    found = {name: seen[name] for name in wanted}
    if found != wanted:
        yield f"figures of {queue}: {found}, but {wanted}: {[LOGINS[each] for each in members]}"


def _unlike(one: Mapping[K, int], other: Mapping[K, int]) -> dict[K, tuple[int | None, int | None]]:
    return {
        key: (one.get(key), other.get(key))
        for key in {*one, *other}
        if one.get(key) != other.get(key)
    }


Rule = Callable[[Listed, Told, Known], Iterator[str]]
RULES: tuple[Rule, ...] = (
    agents,
    sent,
    members,
    wrapups_end,
    callers,
    calls,
    one_model,
    recordings,
    figures,
)
