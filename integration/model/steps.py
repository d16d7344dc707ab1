"""What the actors can do, as a table: each row says when it is possible, and does it.

`may` lists every way in which the step can be done now; the arguments are words (a phone, a
caller's number), so that a step can be done again in another run where the rest differs. `do` finds
what they stand for, and does nothing when it is not there any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from integration.legs import Leg
from integration.model.answers import ADMIN, LOGINS, OWN_LINES
from integration.model.listed import AGENTS, LINES, QUEUES
from integration.model.scene import CALLERS, CRM, MISHAPS, OUTSIDE, Scene

Arguments = dict[str, str]
SOON = 5.0  # seconds that a phone waits for the effect of what it did
PHONES = tuple(LINES)
DESKS = PHONES[:6]  # of the agents
ANYWHERE = (*PHONES, OUTSIDE)
ENTRIES = ("3000", "3001", "3002", "3101", "3200")  # 3101 with music, 3200 for four seconds
TARGETS = (*PHONES, "3001", "3101")
FOREIGN = (  # members that others add: interface, name, state interface
    ("PJSIP/1007", "Panel seven", ""),
    ("PJSIP/1002", "Alice J", ""),
    ("Local/1006@phones/n", "Local six", "PJSIP/1006"),
)
STATIC = "PJSIP/1006,1,Agent/2506"  # a member of queues.conf
MOST_CALLS = 8  # channels; while there are so many, nobody begins another call


@dataclass(frozen=True)
class Step:
    """A row: `weight` is how often it is chosen among those that are possible."""

    name: str
    weight: int
    may: Callable[[Scene], list[Arguments]]
    do: Callable[..., Awaitable[None]]


def every(**choices: Any) -> list[Arguments]:
    """All combinations of the choices."""
    found: list[Arguments] = [{}]
    for name, values in choices.items():
        found = [{**each, name: value} for each in found for value in values]
    return found


# -- what there is to act on


def room(scene: Scene) -> bool:
    return len(scene.listed.channels) < MOST_CALLS


def that_ring(scene: Scene) -> list[str]:
    return [number for number in ANYWHERE if scene.ringing(number)]


def that_talk(scene: Scene) -> list[str]:
    return [number for number in PHONES if scene.talking(number)]


def idle(scene: Scene) -> list[str]:
    return [
        number for number in PHONES if not scene.busy(number) and number not in scene.unregistered
    ]


def joined(scene: Scene) -> list[str]:
    """Phones that talk with somebody, by one call only."""
    found = []
    for number in that_talk(scene):
        legs = scene.talking(number)
        channel = scene.channel(legs[0]) if len(legs) == 1 and not scene.ringing(number) else None
        if channel is not None and scene.listed.others(channel) and not scene.out(number)[1:]:
            found.append(number)
    return found


def logged_in(scene: Scene) -> list[str]:
    states = scene.states()
    return [
        LOGINS[each] for each in AGENTS if states.get(each, "AgentLoggedOut") != "AgentLoggedOut"
    ]


def logged_out(scene: Scene) -> list[str]:
    inside = logged_in(scene)
    return [LOGINS[each] for each in AGENTS if LOGINS[each] not in inside]


def at_own_lines(scene: Scene) -> list[str]:
    """The ids of agents whom a program may add on their own line: on no other one, as it is."""
    lines = {each.name: each.interface for each in scene.listed.members}
    inside = logged_in(scene)
    return [
        str(agent_id)
        for agent_id, number in AGENTS.items()
        if lines.get(f"Agent/{number}") == LINES[OWN_LINES[LOGINS[agent_id]]]
        or LOGINS[agent_id] not in inside
    ]


def members(scene: Scene) -> list[tuple[str, str]]:
    return sorted(
        (each.queue, each.interface)
        for each in scene.listed.members
        if each.queue in QUEUES.values()
    )


def elsewhere(scene: Scene, found: list[Arguments]) -> list[Arguments]:
    """Those that do not call the phone that acts, or whom it talks with, itself."""
    return [each for each in found if each["number"] not in around(scene, each)]


def around(scene: Scene, each: Arguments) -> set[str]:
    phone = each.get("phone") or OWN_LINES[each["login"]]
    channels = [scene.channel(leg) for leg in scene.talking(phone)]
    others = [other for one in channels if one is not None for other in scene.listed.others(one)]
    return {phone, *(other.interface.removeprefix("PJSIP/") for other in others)}


def pairs(scene: Scene) -> list[Arguments]:
    return [{"queue": queue, "interface": interface} for queue, interface in members(scene)]


# -- phones and callers


async def answered(leg: Leg) -> None:
    with contextlib.suppress(*MISHAPS):
        await leg.answered(SOON)


async def call_in(scene: Scene, caller: str, number: str) -> None:
    scene.callers[caller] = scene.phones.dial(number, caller_number=caller)
    with contextlib.suppress(*MISHAPS):
        await scene.callers[caller].rang(SOON)


async def call_out(scene: Scene, phone: str, number: str) -> None:
    with contextlib.suppress(*MISHAPS):
        await scene.dial(number, phone).rang(SOON)


async def answer(scene: Scene, phone: str) -> None:
    if (leg := scene.ringing(phone)) is not None:
        leg.answer()
        await answered(leg)


async def refuse(scene: Scene, phone: str) -> None:
    if (leg := scene.ringing(phone)) is not None:
        with contextlib.suppress(*MISHAPS):
            await leg.decline(SOON)


async def forward(scene: Scene, phone: str, number: str) -> None:
    if (leg := scene.ringing(phone)) is not None:
        with contextlib.suppress(*MISHAPS):
            await leg.forward(number, SOON)


async def ring_out(scene: Scene, phone: str) -> None:
    if (leg := scene.ringing(phone)) is not None:
        with contextlib.suppress(*MISHAPS):
            await leg.ended(20.0)


async def hold(scene: Scene, phone: str) -> None:
    for leg in scene.rung(phone)[:1]:
        held = leg.call_id not in scene.held
        with contextlib.suppress(*MISHAPS):
            await leg.hold(held, SOON)
            (scene.held.add if held else scene.held.discard)(leg.call_id)
            scene.unsure.discard(leg.call_id)


async def hang_up(scene: Scene, phone: str) -> None:
    for leg in (scene.talking(phone) + scene.out(phone))[:1]:
        with contextlib.suppress(*MISHAPS):
            await leg.hang_up(SOON)


async def caller_hangs_up(scene: Scene, caller: str) -> None:
    if caller in scene.callers:
        with contextlib.suppress(*MISHAPS):
            await scene.callers[caller].hang_up(SOON)


async def transfer(scene: Scene, phone: str, number: str) -> None:
    for leg in scene.talking(phone)[:1]:
        # It goes on until the number has answered.
        await asyncio.wait({scene.begin(leg.transfer(number))}, timeout=1.0)


async def consult(scene: Scene, phone: str, number: str) -> None:
    await call_out(scene, phone, number)


async def hand_over(scene: Scene, phone: str) -> None:
    legs = scene.talking(phone)
    asked = [leg for leg in legs if leg in scene.placed[phone]]
    had = [leg for leg in legs if leg is not (asked[-1] if asked else None)]
    if asked and had:
        with contextlib.suppress(*MISHAPS):
            await had[0].hand_over(asked[-1], SOON)


async def retrieve(scene: Scene, phone: str, slot: str) -> None:
    await answered(scene.dial(slot, phone, either=True))


async def pick_up(scene: Scene, phone: str, victim: str) -> None:
    await answered(scene.dial(f"*8{victim}", phone, either=True))


async def unregister(scene: Scene, phone: str) -> None:
    await scene.phones.register(phone, seconds=0)
    scene.unregistered.add(phone)


async def register(scene: Scene, phone: str) -> None:
    await scene.phones.register(phone)
    scene.unregistered.discard(phone)


async def use_code(scene: Scene, phone: str, code: str) -> None:
    with contextlib.suppress(*MISHAPS):
        await scene.dial(code, phone).ended(SOON)


# -- a foreign AMI client


def channel_of(scene: Scene, caller: str) -> str:
    leg = scene.callers.get(caller)
    channel = scene.channel(leg) if leg is not None else None
    return channel.name if channel is not None else ""


async def press(scene: Scene, caller: str, key: str) -> None:
    await scene.panel.ask("PlayDTMF", Channel=channel_of(scene, caller), Digit=key, Receive="true")


async def ami_add(scene: Scene, queue: str, number: str) -> None:
    interface, name, state = FOREIGN[int(number)]
    await scene.panel.ask(
        "QueueAdd", Queue=queue, Interface=interface, MemberName=name, StateInterface=state
    )


async def ami_add_agent(scene: Scene, queue: str, agent: str) -> None:
    login = LOGINS[int(agent)]
    await scene.panel.ask(
        "QueueAdd",
        Queue=queue,
        Interface=LINES[OWN_LINES[login]],
        MemberName=f"Agent/{AGENTS[int(agent)]}",
        Penalty="2",
    )


async def ami_remove(scene: Scene, queue: str, interface: str) -> None:
    await scene.panel.ask("QueueRemove", Queue=queue, Interface=interface)


async def ami_pause(scene: Scene, queue: str, interface: str, paused: str) -> None:
    where = {"Queue": queue} if queue else {}
    reason = {"Reason": "panel"} if paused == "true" else {}
    await scene.panel.ask("QueuePause", Interface=interface, Paused=paused, **where, **reason)


async def ami_penalty(scene: Scene, queue: str, interface: str, penalty: str) -> None:
    await scene.panel.ask("QueuePenalty", Interface=interface, Penalty=penalty, Queue=queue)


async def redirect(scene: Scene, caller: str, number: str) -> None:
    scene.takings += 1
    await scene.panel.ask(
        "Redirect", Channel=channel_of(scene, caller), Context="default", Exten=number, Priority="1"
    )


async def bridge(scene: Scene, caller: str, phone: str) -> None:
    scene.takings += 1
    for leg in scene.talking(phone)[:1]:
        if (channel := scene.channel(leg)) is not None:
            await scene.panel.ask(
                "Bridge", Channel1=channel_of(scene, caller), Channel2=channel.name, Tone="no"
            )


async def ami_park(scene: Scene, caller: str) -> None:
    scene.takings += 1
    await scene.panel.ask("Park", Channel=channel_of(scene, caller), Timeout="8000")


async def click(scene: Scene, phone: str, number: str) -> None:
    await scene.panel.ask(
        "Originate",
        Channel=LINES[phone],
        Context="default",
        Exten=number,
        Priority="1",
        CallerID=f"{CRM} <{phone}>",
        Async="true",
    )


async def ami_transfer(scene: Scene, action: str, phone: str, number: str) -> None:
    """Asterisk's own transfers, of whom the phone talks with: BlindTransfer, Atxfer."""
    for leg in scene.talking(phone)[:1]:
        if (channel := scene.channel(leg)) is not None:
            await scene.panel.ask(action, Channel=channel.name, Context="default", Exten=number)


async def ami_hangup(scene: Scene, caller: str) -> None:
    await scene.panel.ask("Hangup", Channel=channel_of(scene, caller))


async def priority(scene: Scene, queue: str, caller: str) -> None:
    await scene.panel.ask(
        "QueueChangePriorityCaller",
        Queue=queue,
        Caller=channel_of(scene, caller),
        Priority="9",
        Immediate="yes",
    )


async def set_variable(scene: Scene, caller: str) -> None:
    await scene.panel.ask(
        "Setvar", Channel=channel_of(scene, caller), Variable="USR_folder", Value="42"
    )


# -- asterisk -rx


async def cli(scene: Scene, command: str) -> None:
    await scene.cli(command)


async def bounce(scene: Scene) -> None:
    await scene.cli("module unload app_queue.so")
    await scene.cli("module load app_queue.so")


RELOADS = ("queue reload all", "core reload", "module reload app_queue.so")


async def configure(scene: Scene, member: str, missing: str) -> None:
    await scene.configure(member, missing)


def configurable(scene: Scene) -> list[Arguments]:
    """Other contents of queues.conf; a queue in which somebody waits is not taken away."""
    member, missing = scene.configured
    ways = every(member=["", STATIC], missing=["", "sales"])
    now = {"member": member, "missing": missing}
    return [
        each
        for each in ways
        if each != now and (not each["missing"] or not scene.listed.callers.get("sales"))
    ]


def by_cli(scene: Scene) -> list[Arguments]:
    """Members of a queue that the command line takes out or pauses, and one that it adds."""
    found = ["queue add member PJSIP/1008 to sales", "queue add member PJSIP/1005 to support"]
    for queue, interface in members(scene):
        found += [
            f"queue remove member {interface} from {queue}",
            f"queue pause member {interface} queue {queue} reason shell",
            f"queue unpause member {interface} queue {queue}",
        ]
    return [{"command": command} for command in found]


# -- pages


async def log_in(scene: Scene, login: str, line: str) -> None:
    if line != OWN_LINES[login]:
        scene.stories.moved.add(login)
    await scene.say(login, "agentLogin", agentphonenumber=line)


async def page(scene: Scene, login: str, command: str, reason: str = "") -> None:
    await scene.say(login, command, **({"reason": reason} if reason else {}))


async def page_dials(scene: Scene, login: str, number: str) -> None:
    await scene.say(login, "dial", destination=number)


async def page_transfers(scene: Scene, login: str, number: str) -> None:
    await scene.say(login, "directTransfer", destination=number)


async def set_queue(scene: Scene, agent: str, queue: str, penalty: str) -> None:
    await scene.say(
        ADMIN, "setAgentQueue", agentId=int(agent), queueId=int(queue), penalty=int(penalty)
    )


async def leave_queue(scene: Scene, agent: str, queue: str) -> None:
    await scene.say(ADMIN, "removeAgentFromQueue", agentId=int(agent), queueId=int(queue))


async def kill(scene: Scene) -> None:
    await scene.kill()


def if_room(found: Callable[[Scene], list[Arguments]]) -> Callable[[Scene], list[Arguments]]:
    return lambda scene: found(scene) if room(scene) else []


def waiting(scene: Scene) -> list[str]:
    return [caller for _, caller, _ in scene.waiting()]


def owners(scene: Scene, phones: list[str]) -> list[str]:
    """The logins of agents at their own lines, of which these are phones."""
    return [login for login, line in OWN_LINES.items() if line in phones]


STEPS: tuple[Step, ...] = (
    # -- phones and callers
    Step(
        "call_in",
        12,
        if_room(
            lambda s: every(
                caller=[each for each in CALLERS if each not in s.calling()],
                number=(*ENTRIES, *ENTRIES[:2], "1002", "3901"),
            )
        ),
        call_in,
    ),
    Step(
        "call_out",
        5,
        if_room(
            lambda s: elsewhere(
                s, every(phone=idle(s), number=(OUTSIDE, "1001", "1002", "3101", "3901"))
            )
        ),
        call_out,
    ),
    Step("answer", 30, lambda s: every(phone=that_ring(s)), answer),
    Step("refuse", 4, lambda s: every(phone=that_ring(s)), refuse),
    Step(
        "forward",
        4,
        lambda s: every(phone=[each for each in that_ring(s) if each in PHONES], number=idle(s)),
        forward,
    ),
    Step("ring_out", 1, lambda s: every(phone=that_ring(s)), ring_out),
    Step("hold", 3, lambda s: every(phone=[each for each in PHONES if s.rung(each)]), hold),
    Step("hang_up", 8, lambda s: every(phone=that_talk(s)), hang_up),
    Step("caller_hangs_up", 7, lambda s: every(caller=s.calling()), caller_hangs_up),
    Step("transfer", 4, lambda s: elsewhere(s, every(phone=joined(s), number=TARGETS)), transfer),
    Step("park", 3, lambda s: every(phone=joined(s), number=["700"]), transfer),
    Step("retrieve", 8, lambda s: every(phone=idle(s), slot=sorted(s.listed.parked)), retrieve),
    Step(
        "consult",
        4,
        if_room(lambda s: elsewhere(s, every(phone=joined(s), number=(*DESKS, "3101")))),
        consult,
    ),
    Step(
        "hand_over",
        12,
        lambda s: every(phone=[each for each in that_talk(s) if len(s.talking(each)) > 1]),
        hand_over,
    ),
    Step(
        "pick_up",
        5,
        lambda s: (
            every(phone=idle(s), victim=["", *(each for each in that_ring(s) if each in PHONES)])
            if set(that_ring(s)) & set(PHONES)
            else []
        ),
        pick_up,
    ),
    Step("unregister", 1, lambda s: every(phone=idle(s)[:4]), unregister),
    Step("register", 4, lambda s: every(phone=sorted(s.unregistered)), register),
    # -- the dialplan
    Step(
        "use_code",
        3,
        lambda s: every(
            phone=idle(s), code=("*413001", "*423001", "*433001", "*443001", "*423000")
        ),
        use_code,
    ),
    Step("press", 3, lambda s: every(caller=waiting(s), key=["0", "5"]), press),
    # -- a foreign AMI client
    Step(
        "ami_add", 2, lambda s: every(queue=["support", "sales"], number=["0", "1", "2"]), ami_add
    ),
    Step(
        "ami_add_agent",
        1,
        lambda s: every(queue=["support", "billing"], agent=at_own_lines(s)),
        ami_add_agent,
    ),
    Step("ami_remove", 2, pairs, ami_remove),
    Step(
        "ami_pause",
        3,
        lambda s: [
            {**each, "queue": queue, "paused": paused}
            for each in pairs(s)
            for queue in (each["queue"], "")
            for paused in ("true", "false")
        ],
        ami_pause,
    ),
    Step("ami_penalty", 1, lambda s: [{**each, "penalty": "3"} for each in pairs(s)], ami_penalty),
    Step("redirect", 3, lambda s: every(caller=waiting(s), number=PHONES), redirect),
    Step("bridge", 1, lambda s: every(caller=waiting(s), phone=joined(s)), bridge),
    Step("ami_park", 1, lambda s: every(caller=s.calling()), ami_park),
    Step(
        "click",
        3,
        if_room(lambda s: elsewhere(s, every(phone=idle(s), number=[OUTSIDE, "1003"]))),
        click,
    ),
    Step(
        "ami_transfer",
        3,
        lambda s: elsewhere(
            s, every(action=["BlindTransfer", "Atxfer"], phone=joined(s), number=TARGETS)
        ),
        ami_transfer,
    ),
    Step("ami_hangup", 1, lambda s: every(caller=s.calling()), ami_hangup),
    Step(
        "priority",
        2,
        lambda s: [
            {"queue": queue, "caller": caller}
            for queue, caller, _ in s.waiting()
            if len(s.listed.callers[queue]) > 1
        ],
        priority,
    ),
    Step("set_variable", 1, lambda s: every(caller=s.calling()), set_variable),
    # -- asterisk -rx
    Step("cli", 4, by_cli, cli),
    Step("reload", 2, lambda _: every(command=RELOADS), cli),
    Step("configure", 3, configurable, configure),
    Step("bounce", 1, lambda _: [{}], bounce),
    # -- pages
    Step(
        "log_in",
        12,
        lambda s: [{"login": each, "line": OWN_LINES[each]} for each in logged_out(s)],
        log_in,
    ),
    Step(
        "log_in_elsewhere",
        1,
        lambda s: every(login=logged_out(s), line=["1001", "1007"]),
        log_in,
    ),
    Step("log_out", 2, lambda s: every(login=logged_in(s), command=["agentLogout"]), page),
    Step(
        "pause",
        3,
        lambda s: every(login=logged_in(s), command=["pauseAgent"], reason=["lunch"]),
        page,
    ),
    Step("unpause", 4, lambda s: every(login=logged_in(s), command=["unpauseAgent"]), page),
    Step(
        "set_queue",
        2,
        lambda s: every(agent=["8", "9", "13"], queue=["1", "2", "3"], penalty=["0", "4"]),
        set_queue,
    ),
    Step("leave_queue", 1, lambda s: every(agent=["8", "9"], queue=["1", "2"]), leave_queue),
    Step(
        "monitor",
        5,
        lambda s: every(
            login=owners(s, joined(s)), command=["monitorPause", "monitorPause", "monitorUnpause"]
        ),
        page,
    ),
    Step(
        "page_transfers",
        3,
        lambda s: elsewhere(s, every(login=owners(s, joined(s)), number=TARGETS)),
        page_transfers,
    ),
    Step("page_hangs_up", 3, lambda s: every(login=owners(s, joined(s)), command=["hangup"]), page),
    Step(
        "page_dials",
        3,
        if_room(lambda s: elsewhere(s, every(login=owners(s, idle(s)), number=[OUTSIDE, "1002"]))),
        page_dials,
    ),
    Step("kill", 1, lambda s: [{}] if s.kills < 3 else [], kill),
)
BY_NAME = {step.name: step for step in STEPS}
