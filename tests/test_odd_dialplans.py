"""Random dialplans, half of them broken: each is read in bounded time, and can be proposed for."""

import random

import pytest

from xucd.ami.actions import Action
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.tools.dialplan import read_dialplan
from xucd.tools.dialplan_ways import MAX_STOPS, PER_EXTENSION, PER_STEP, Ways
from xucd.tools.discovery import discover
from xucd.tools.proposal import propose

CONTEXTS = ("in", "from-internal", "macro-in", "ivr", "k y", "x" * 90)
EXTENS = (
    "500",
    "400",
    "s",
    "_5XX",
    "_9.",
    "201",
    "*45",
    "+49",
    "abc",
    "_X!",
    "_[9-1]",
    "_",
    "_[",
    "",
)
QUEUES = ("sales", "Sales", "500", "400", "my queue", "büro", "x,y", "*45", "a" * 90, 'q"x')
DEVICES = ("PJSIP/201", "pjsip/202", "SIP/204", "DAHDI/1", "PJSIP/ä", "Local/500@in/n", "Custom:x",
           "PJSIP/[x]", "MGCP/aaln/1@gw", "PJSIP/${EXTEN}", "Local/201@in")  # fmt: skip
STEPS = (
    "Queue({q},t)", "Queue(${{Q}})", "Queue(${{ARG1}})", "Queue(${{EXTEN:1}})", "Queue(${{E:2}}${{",
    "Queue(${{IF($[1]?{q}:${{Q}})}})", "Goto({c},{e},1)", "Goto({e},1)", "Goto({c},${{EXTEN:1}},1)",
    "Goto({c},${{EXTEN}},1)", "Goto(${{Q}},${{Q}},1)", "Goto()", "Gosub({c},{e},1({q},${{EXTEN}}))",
    "Gosub(,,)", "Macro(in,{q},{d})", "Macro()", "Set(Q={q})", "Set(__Q=${{ARG1}})",
    "MSet(Q={q},R=${{Q}}${{Q}})", "Set(Q=${{Q}}x)", "GotoIf($[1]?{c},{e},1:s,1)", "GotoIf($[1?{e}",
    "ExecIf(1?Queue({q}):Dial({d}))", "Exec(Exec({q}))", "GotoIfTime(9:00-17:00?{c},{e},1:{c},s,1)",
    "Dial({d},20)", "Dial({d}&{d})", "Dial(${{ARG2}})", "Dial(${{PJSIP_DIAL_CONTACTS({e})}})",
    "Background(x)", "",
)  # fmt: skip


def blocks(dice: random.Random) -> list[Block]:
    """A dialplan as `ShowDialPlan` might list it."""
    listed: list[Block] = []
    for context in CONTEXTS:
        block = {"Event": "ListDialplan", "Context": context}
        listed.append(block | {"IncludeContext": dice.choice(CONTEXTS)})
        for exten in dice.sample(EXTENS, 8):
            here = block | {"Extension": exten}
            hint = "&".join(dice.sample(DEVICES, 2))
            listed.append(here | {"Priority": "hint", "Application": hint, "AppData": ""})
            for priority in range(dice.randint(1, 5)):
                text = dice.choice(STEPS).format(
                    q=dice.choice(QUEUES), c=dice.choice(CONTEXTS), e=dice.choice(EXTENS),
                    d=dice.choice(DEVICES),
                )  # fmt: skip
                application, _, data = text.partition("(")
                step = {"Priority": str(priority), "Application": application}
                listed.append(here | step | {"AppData": data.removesuffix(")")})
    return listed


@pytest.mark.parametrize("seed", range(25))
async def test_a_dialplan_of_any_kind_is_read_and_proposed_for(seed: int) -> None:
    dice = random.Random(seed)
    members = [
        {"Event": "QueueMember", "Queue": queue, "Name": "Anna Berg", "Location": device,
         "StateInterface": dice.choice((device, "hint:500@in", ""))}
        for queue in QUEUES for device in dice.sample(DEVICES, 3)
    ]  # fmt: skip
    answers: dict[str, list[Block]] = {
        "QueueStatus": [*({"Event": "QueueParams", "Queue": each} for each in QUEUES), *members],
        "DeviceStateList": [{"Event": "DeviceStateChange", "Device": each} for each in DEVICES[:6]],
        "ShowDialPlan": blocks(dice),
    }

    async def query(action: Action) -> list[Block]:
        if action.name in answers:
            return answers[action.name]
        raise Rejected(action.name, "Permission denied")

    found = await discover(query)
    proposal = propose(found, admin=True)
    assert propose(found, proposal.plan, admin=True).new == ()


async def test_ways_that_branch_without_end_are_given_up() -> None:
    """Forty extensions, each of which goes to all of them with one more digit to hand over."""
    listed: list[Block] = [
        {"Event": "ListDialplan", "Context": "in", "Extension": str(exten), "Priority": "1",
         "Application": "Gosub", "AppData": f"in,{other},1(${{ARG1}}{exten})"}
        for exten in range(40) for other in range(40)
    ]  # fmt: skip
    last = {"Extension": "0", "Priority": "9", "Application": "Queue", "AppData": "${ARG1}"}
    listed.append({"Event": "ListDialplan", "Context": "in"} | last)
    ways = Ways(read_dialplan(listed))
    assert len(list(ways.to("queue"))) == MAX_STOPS + 40 * PER_EXTENSION + PER_STEP
    assert list(ways.to("dial")) == []

    async def query(action: Action) -> list[Block]:
        return listed if action.name == "ShowDialPlan" else []

    assert (await discover(query)).unread == (
        "not all numbers may be found: more ways of the dialplan lead to Queue() than xucd follows",
    )
