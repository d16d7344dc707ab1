"""What is done to others and to recordings, over links beside Asterisk, is in the audit trail."""

from __future__ import annotations

import asyncio

import pytest

from integration.client import Refused
from integration.fixtures import World
from integration.test_listen import call, listen, told
from xucd.center.audit import AuditEntry, Kind, Target
from xucd.store import audit
from xucd.store.audit import AuditSearch

BRUCE, ALICE = Target("agent", 8, "2501 Bruce Wail"), Target("agent", 9, "2502 Alice Johnson")


async def test_who_listens_pauses_a_recording_pauses_or_logs_out_another_is_told(
    world: World,
) -> None:
    bruce, sue = await world.agent("bruce", "1001"), await world.client("sue")
    caller, _ = await call(world)
    await bruce.until_state("AgentOnCall", monitorState="ACTIVE")
    await listen(world, sue)
    await told(sue, True)
    await sue.ask("monitorPause", agentid=8)
    await sue.ask("monitorUnpause", agentid=8)
    await caller.hang_up()
    await sue.ask("agentLogin", agentphonenumber="1002", agentid=9)
    await sue.ask("pauseAgent", agentid=9, reason="coaching")
    await sue.ask("unpauseAgent", agentid=9)
    await sue.ask("agentLogout", agentid=9)
    with pytest.raises(Refused, match="AgentNotLoggedIn"):
        await sue.ask("pauseAgent", agentid=9)
    entries = [each for each in await trail(world) if each.actor.login == "sue"]
    assert [(each.kind, each.outcome, each.targets) for each in entries] == [
        (Kind.SIGN_IN, "ok", ()),
        (Kind.LISTEN, "asked", (BRUCE,)),
        (Kind.LISTEN, "ok", (BRUCE,)),
        (Kind.PAUSE_RECORDING, "ok", (BRUCE,)),
        (Kind.RESUME_RECORDING, "ok", (BRUCE,)),
        (Kind.LOG_IN_AGENT, "ok", (ALICE,)),
        (Kind.PAUSE_AGENT, "ok", (ALICE,)),
        (Kind.UNPAUSE_AGENT, "ok", (ALICE,)),
        (Kind.LOG_OUT_AGENT, "ok", (ALICE,)),
    ]
    assert len({(each.actor.user_id, each.actor.session) for each in entries}) == 1
    assert {each.actor.address for each in entries} == {"127.0.0.1"}
    assert entries[6].detail["reason"] == "coaching"


async def trail(world: World) -> list[AuditEntry]:
    """All that is durable by now, as another process reads it."""
    store = world.xucd.store()
    found = await asyncio.to_thread(audit.read, store, AuditSearch(limit=1000))
    store.close()
    return [each.entry for each in found]
