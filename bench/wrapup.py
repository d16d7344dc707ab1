"""How soon the phone of an agent who is free again rings for a waiting caller.

A real Asterisk and real phones. The agent ends its wrap-up early while a caller waits; app_queue by
itself looks once a second, and xucd wakes it.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, measured
from integration.fixtures import LINES, World
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import Xucd

CALLS = 20
AGENT, LINE, NUMBER = "bruce", "1001", "3000"


async def _measure(folder: Path) -> list[float]:
    with Pbx() as pbx:
        async with Phones(pbx) as phones:
            await phones.register(*LINES)
            xucd = Xucd(pbx, folder)
            await xucd.prepare()
            async with xucd:
                return await _rings(World(xucd, phones))


async def _rings(world: World) -> list[float]:
    """Milliseconds from asking for the end of each wrap-up to the ring of the phone."""
    agent, taken = await world.agent(AGENT, LINE), []
    caller = world.phones.dial(NUMBER)
    (await world.phone(LINE).rings()).answer()
    await caller.answered()
    for _ in range(CALLS):
        following = world.phones.dial(NUMBER)
        await following.rang()
        seen = len(agent.frames)
        await caller.hang_up()
        await agent.until("AgentStateEvent", name="AgentOnWrapup", after=seen)
        asked = time.time()
        await agent.tell("unpauseAgent")
        leg = await world.phone(LINE).rings()
        leg.answer()
        await following.answered()
        assert leg.invited_at is not None
        taken.append(1000 * (leg.invited_at - asked))
        caller = following
    await caller.hang_up()
    await world.close()
    return taken


def measure() -> list[Figure]:
    """Milliseconds from the end of a wrap-up to the next ring."""
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(_measure(Path(folder)))
    return [
        measured("from the end of a wrap-up to the next ring", taken, "ms"),
        Figure(what="the longest of these", value=round(max(taken)), unit="ms"),
    ]
