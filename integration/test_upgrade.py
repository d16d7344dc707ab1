"""This xucd with an older one's database, beside an Asterisk with the older one's files."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from integration.fixtures import LINES, World, clear
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import Xucd
from integration.shown import members_of
from integration.test_check import Agi, Ami
from tests.upgrades import FIXTURES, VERSIONS, load_sqlite
from xucd.store.journal import day_of
from xucd.tools.check import check
from xucd.tools.checks import as_text

TO_RENEW = {"0.1.0": {"FilterOutdated", "DialplanOutdated"}}
"""By version: what `xucd check` finds of its files for Asterisk."""


@pytest.fixture(scope="module", params=VERSIONS)
def old(request: pytest.FixtureRequest) -> Path:
    """The fixture of an older version."""
    return FIXTURES / str(request.param)


@pytest.fixture(scope="module")
def pbx(asterisk_image: str, old: Path) -> Iterator[Pbx]:
    """An Asterisk with the files of that version."""
    pbx = Pbx(asterisk_image)
    pbx.conf = old / "asterisk-conf"
    with pbx:
        yield pbx


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def phones(pbx: Pbx) -> AsyncIterator[Phones]:
    async with Phones(pbx) as phones:
        await phones.register(*LINES)
        yield phones


@pytest_asyncio.fixture(loop_scope="session")
async def world(pbx: Pbx, phones: Phones, old: Path, tmp_path: Path) -> AsyncIterator[World]:
    """This xucd with that version's database, in which two agents are logged in."""
    load_sqlite(old, tmp_path / "xucd.db")
    async with Xucd(pbx, tmp_path) as xucd:
        world = World(xucd, phones)
        yield world
        await world.close()
        await clear(world)


async def test_agents_go_on_where_they_were(world: World) -> None:
    bruce = await world.client("bruce")
    paused = await bruce.until_state("AgentOnPause", agentId=8)
    assert (paused["phoneNb"], paused["cause"], paused["queues"]) == ("1001", "lunch", [1, 2, 3])
    alice = await world.client("alice")
    await alice.until_state("AgentReady", agentId=9, phoneNb="1007")
    for queue, penalty in (("support", 0), ("sales", 1), ("billing", 7)):
        members = {member.name: member for member in await members_of(world.pbx, queue)}
        assert (members["Agent/2501"].interface, members["Agent/2501"].penalty) == (
            "PJSIP/1001",
            penalty,
        )


async def test_a_queue_call_goes_through_and_is_counted(world: World) -> None:
    sue = await world.client("sue")
    await sue.ask("agentLogout", agentid=9)
    bruce = await world.client("bruce")
    await bruce.ask("unpauseAgent")
    await bruce.until_state("AgentReady", agentId=8)
    begun = len(bruce.frames)
    call = world.phones.dial("3000", caller_number="0230210082")
    leg = await world.phone("1001").rings()
    leg.answer()
    await call.answered()
    await bruce.until_state("AgentOnCall", agentId=8, after=begun)
    gives_up = world.phones.dial("3000")
    await gives_up.rang()
    await gives_up.hang_up()
    await call.hang_up()
    await bruce.until_state("AgentOnWrapup", agentId=8, after=begun)
    await bruce.until_state("AgentReady", agentId=8, after=begun)
    outside = world.phone("0123456789", answer_after=0.1)
    await bruce.ask("dial", destination="0123456789")
    (await world.phone("1001").rings()).answer()
    await (await outside.rings()).answered()
    await bruce.until_state("AgentOnCall", agentId=8, acd=False, after=begun)
    await world.xucd.stop()
    store = world.xucd.store()
    day = store.queue_days(day_of(leg.answered_at or 0.0))[1]
    store.close()
    assert (day.entered, day.answered, day.abandoned) == (2, 1, 1)


async def test_the_check_names_what_is_to_be_renewed(pbx: Pbx, old: Path) -> None:
    queues = ("support", "sales", "billing")
    findings = await check(Ami(pbx.ami_port, "xucd", pbx.ami_secret), Agi(pbx.agi_port), queues)
    expected = TO_RENEW.get(old.name, set())
    assert {finding.code for finding in findings} == expected, as_text(findings)
    assert len(findings) == len(expected), as_text(findings)
