"""Many users at once, each with commands on its own agents, whatever Asterisk does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from integration.client import Client, token_of
from integration.fixtures import MakeXucd
from integration.pbx import Pbx
from integration.running import DEMO, Xucd
from integration.test_demotion import penalties

pytestmark = pytest.mark.any_asterisk

LINKS = 50  # of one user, as many as it may have
AGENTS = range(3001, 3101)
RELOADS = 3
BETWEEN = 300  # commands from one reload to the next
SUPPORT, BILLING = 1, 3
FILE = "/etc/asterisk/queues.conf"


def center() -> str:
    """The demo's centre, with a hundred more agents."""
    lines = '[[lines]]\nids = "3001-3100"\nnumbers = "3001-3100"\ninterface = "PJSIP/{number}"\n'
    agents = [
        f'[[agents]]\nid = {number}\nnumber = "{number}"\nlogin = "agent{number}"\n'
        f'firstName = "Agent"\nlastName = "{number}"\nline = "{number}"\ngroup = 1\n'
        "queues = { support = 0 }\n"
        for number in AGENTS
    ]
    return DEMO.read_text() + lines + "".join(agents)


@pytest_asyncio.fixture(loop_scope="session")
async def queues_conf(pbx: Pbx) -> AsyncIterator[str]:
    """What is in queues.conf, which is put back afterwards."""
    text = pbx.read(FILE)
    yield text
    pbx.write(FILE, text)
    pbx.cli("queue reload all")


class Work:
    """Commands on agents, over links,, one after another, until `over`."""

    def __init__(self) -> None:
        self.over = False
        self.done = 0
        self._progressed = asyncio.Event()

    async def on(self, link: Client, agents: Sequence[int]) -> None:
        penalty = 0
        while not self.over:
            penalty = penalty % 9 + 1
            for number in agents:
                member = {"agentId": number, "queueId": BILLING}
                await link.ask("setAgentQueue", **member, penalty=penalty)
                await link.ask("setAgentQueue", agentId=number, queueId=SUPPORT, penalty=penalty)
                if penalty % 2:
                    await link.ask("removeAgentFromQueue", **member)
                self.done += 1
                self._progressed.set()

    async def goes_on(self, count: int) -> None:
        until = self.done + count
        while self.done < until:
            self._progressed.clear()
            await self._progressed.wait()


async def test_asterisks_queues_are_reloaded_while_many_change_memberships_and_none_is_refused(
    make_xucd: MakeXucd, queues_conf: str
) -> None:
    xucd = await make_xucd(center=center())
    token = await token_of(xucd.port, "ada")
    links = [await Client.sign_in(xucd.port, "ada", token=token) for _ in range(LINKS)]
    own = [AGENTS[place::LINKS] for place in range(LINKS)]

    async def log_in(link: Client, agents: Sequence[int]) -> None:
        for number in agents:
            await link.ask("agentLogin", agentid=number, agentphonenumber=str(number))

    async def log_out(link: Client, agents: Sequence[int]) -> None:
        for number in agents:
            await link.ask("agentLogout", agentid=number)

    await asyncio.gather(*map(log_in, links, own))
    work = Work()

    async def reload() -> None:
        for count in range(RELOADS):
            await work.goes_on(BETWEEN // 3)
            # A file that has not changed is not read anew.
            await asyncio.to_thread(xucd.pbx.write, FILE, f"{queues_conf}\n; {count}\n")
            await asyncio.to_thread(xucd.pbx.cli, "queue reload all")
        await work.goes_on(BETWEEN // 3)
        work.over = True

    async with asyncio.TaskGroup() as all_of_them:
        for link, agents in zip(links, own, strict=True):
            all_of_them.create_task(work.on(link, agents))
        all_of_them.create_task(reload())
    await agree(xucd)
    await asyncio.gather(*map(log_out, links, own))
    await asyncio.gather(*(link.close() for link in links))


async def agree(xucd: Xucd) -> None:
    """Asterisk has what is configured."""
    store = xucd.store()
    memberships = await asyncio.to_thread(store.memberships)
    store.close()
    for queue_id, name in ((SUPPORT, "support"), (BILLING, "billing")):
        kept = {
            number: memberships[number][queue_id]
            for number in AGENTS
            if queue_id in memberships[number]
        }
        assert await penalties(xucd.pbx, name) == kept
