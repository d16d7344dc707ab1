"""A supervisor who is demoted in the middle of what it has asked for, beside a real Asterisk."""

import asyncio
import datetime
import re
import signal

import pytest

from integration.client import Client, Refused
from integration.fixtures import MakeXucd
from integration.pbx import Pbx
from integration.running import DEMO, Xucd
from tests.plugin_proofs import Proof
from xucd.config import center_file
from xucd.store.apply import apply

pytestmark = pytest.mark.any_asterisk

COMMANDS = 200
FLOODED, MOVED = range(3001, 3021), range(3101, 3221)
SUPPORT, SALES, BILLING = 1, 2, 3
TWO_GROUPS = 'queues = ["support", "sales", "billing"]\ngroups = ["default", "boats"]'
SUES = 'queues = ["support"]\ngroups = ["default"]'


def center(sues: str) -> str:
    """The demo's centre, with more agents: those of one group are flooded, of another moved."""
    text = DEMO.read_text().replace(SUES, sues)
    lines = '[[lines]]\nids = "3001-3220"\nnumbers = "3001-3220"\ninterface = "PJSIP/{number}"\n'
    agents = [
        f'[[agents]]\nid = {number}\nnumber = "{number}"\nlogin = "agent{number}"\n'
        f'firstName = "Agent"\nlastName = "{number}"\nline = "{number}"\ngroup = {group}\n'
        f"queues = {{ {queue} }}\n"
        for numbers, group, queue in ((FLOODED, 1, "support = 0"), (MOVED, 2, "sales = 3"))
        for number in numbers
    ]
    return text + lines + "".join(agents)


async def change(xucd: Xucd, sues: str) -> None:
    """Store a changed centre; the daemon reads it at the next signal."""
    file = xucd.folder / "changed.toml"
    file.write_text(center(sues))
    plan = center_file.read(file, datetime.date.today()).plan
    store = xucd.store()
    assert any(
        line.startswith("changed user sue") for line in await asyncio.to_thread(apply, store, plan)
    )
    store.close()


async def penalties(pbx: Pbx, queue: str) -> dict[int, int]:
    """What Asterisk has: the agents in a queue, with their penalties."""
    shown = await asyncio.to_thread(pbx.cli, f"queue show {queue}")
    found = re.findall(r"Agent/(3\d{3}) \(PJSIP/\d+\)(?: with penalty (\d+))?", shown)
    return {int(number): int(penalty or 0) for number, penalty in found}


async def test_what_asterisk_has_after_a_demotion_is_what_was_acknowledged(
    make_xucd: MakeXucd, proof: Proof
) -> None:
    xucd = await make_xucd(center=center(TWO_GROUPS))
    # Two links, since the commands of one are carried out one after another.
    ada, sue, mover = [await xucd.client(login) for login in ("ada", "sue", "sue")]
    await asyncio.gather(
        *(
            ada.ask("agentLogin", agentid=number, agentphonenumber=str(number))
            for number in (*FLOODED, *MOVED)
        )
    )
    await ada.ask("getList", objectType="queuemember")
    await change(xucd, SUES.replace('"support"', "").replace('"default"', ""))
    asked: dict[str, tuple[int, int]] = {}
    for count in range(COMMANDS):
        agent, penalty = FLOODED[count % len(FLOODED)], count // len(FLOODED) + 1
        asked[f"flood-{count}"] = agent, penalty
        await sue.say(
            {"claz": "web", "command": "setAgentQueue", "requestId": f"flood-{count}",
             "agentId": agent, "queueId": SUPPORT, "penalty": penalty}
        )  # fmt: skip
    await sue.until("CommandResult", requestId="flood-9")
    store = xucd.store()
    with store.writing():  # else all may be moved before the signal is read
        moving = asyncio.create_task(
            mover.ask(
                "moveAgentsInGroup",
                groupId=2, fromQueueId=SALES, fromPenalty=3, toQueueId=BILLING, toPenalty=5,
            )
        )  # fmt: skip
        await takes_in(xucd)
        xucd.signal(signal.SIGHUP)
        await takes_in(xucd)
    with pytest.raises(Refused, match="NotAuthorized") as refused:
        await moving
    for client in (sue, mover):
        assert await client.closed() == (1012, "configuration changed")
    await ada.until("LinkStatus", asterisk="current", after=1)
    done = await outcomes(sue, asked)
    wanted = dict.fromkeys(FLOODED, 0) | {asked[name][0]: asked[name][1] for name in done}
    assert {number: penalty for number, penalty in (await penalties(xucd.pbx, "support")).items()
            if number in FLOODED} == wanted  # fmt: skip
    there, here = await penalties(xucd.pbx, "billing"), await penalties(xucd.pbx, "sales")
    assert set(there) | set(here) == set(MOVED)
    assert not set(there) & set(here)
    said = re.search(r"(\d+) of 120 agents were changed", refused.value.text)
    assert said is not None
    assert 5 < len(there) == int(said[1]) < len(MOVED)
    memberships = await asyncio.to_thread(store.memberships)
    store.close()
    for number in (*FLOODED, *MOVED):
        held = {SUPPORT: wanted.get(number), BILLING: there.get(number), SALES: here.get(number)}
        assert memberships[number] == {
            key: value for key, value in held.items() if value is not None
        }
    proof(
        "a supervisor is demoted while 200 commands and a move of 120 agents are under way",
        times=1,
        lost="nothing",
        note=f"{len(done)} commands and {len(there)} agents before, none after",
    )
    # Others' tests list all members.
    await asyncio.gather(*(ada.ask("agentLogout", agentid=number) for number in (*FLOODED, *MOVED)))
    await asyncio.gather(*(client.close() for client in (ada, sue, mover)))


async def takes_in(xucd: Xucd) -> None:
    """Let xucd go once round its loop, and once more: what was sent to it has begun."""
    for _ in range(3):
        await asyncio.to_thread(xucd.metrics)


async def outcomes(sue: Client, asked: dict[str, tuple[int, int]]) -> list[str]:
    """The commands that were carried out, in order; all others were refused."""
    results = {
        body["requestId"]: body
        for body in sue.bodies("CommandResult")
        if body["requestId"] in asked
    }
    assert list(results) == list(asked)
    assert {body["error"] for body in results.values() if not body["ok"]} == {"NotAuthorized"}
    return [name for name, body in results.items() if body["ok"]]
