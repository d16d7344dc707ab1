"""Over two PBXs each profile is told, at an edge, what its lists leave of what an Admin is told.

As `integration.test_events_by_profile` shows for one PBX. What each is answered in the end is held
against the centre's file, too.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.client import Client
from integration.cut import OWN
from integration.edged import Databases, Edge
from integration.faults.centre import center
from integration.fixtures import World
from integration.nats import Nats
from integration.pbx import Pbx
from integration.phones import Leg, Phone, Phones
from integration.sites import LINES_OF, NORTH, QUEUES_OF, TwoSites
from integration.test_events_by_profile import (
    CALLER,
    CAROLINE,
    KINDS,
    QUEUES,
    Observers,
    all_figures_told,
    callbacks,
    no_wrapups,
    told,
    told_to_agents,
    with_observers,
)
from tests.plugin_proofs import Proof

pytestmark = pytest.mark.any_asterisk

BRUCE, ALICE, JACK, MARICE, ETIENNE = range(8, 13)
SUPPORT, SALES, BILLING = QUEUES
SIGN = "1006"  # jack's phone
WORKERS = {
    "bruce": ("1001", BRUCE),
    "alice": ("1002", ALICE),
    "jack": (SIGN, JACK),
    "marice": ("1007", MARICE),
    "etienne": ("1005", ETIENNE),
}


class EdgedSites(World):
    """Both sites, with the pages of all at an edge."""

    def __init__(self, sites: TwoSites, edge: Edge) -> None:
        super().__init__(edge, sites.north.phones)
        self.sites = sites

    def phone(self, number: str, answer_after: float | None = None) -> Phone:
        return self._site(number).phone(number, answer_after)

    async def register(self, number: str, seconds: int) -> None:
        await self._site(number).phones.register(number, seconds=seconds)

    def dial(self, number: str) -> Leg:
        """Place a call from outside, into a queue."""
        queue = QUEUES[int(number) - 2999]
        site = self.sites.north if queue in QUEUES_OF[NORTH] else self.sites.south
        return site.phones.dial(number, CALLER)

    def _site(self, number: str) -> World:
        """Where a phone is; those of the outside world are called from the south."""
        return self.sites.north if number in LINES_OF[NORTH] else self.sites.south


@pytest_asyncio.fixture(loop_scope="session", params=[False, True], ids=["", "strict"])
async def edged_sites(
    request: pytest.FixtureRequest,
    two_pbxs: dict[str, tuple[Pbx, Phones]],
    databases: Databases,
    nats: Nats,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[EdgedSites]:
    """A centre over both with the observers, in which nobody is logged in."""
    folder = tmp_path_factory.mktemp("profiles")
    sites = TwoSites(two_pbxs, folder, await databases.create(two_pbxs[NORTH][0]), nats)
    (folder / "edge").mkdir()
    edge = Edge(sites.north.xucd, folder / "edge", nats, sites.centre, "edge-1")
    settings = f"strict_rights = {str(request.param).lower()}"
    for node in (sites.north.xucd, sites.south.xucd, edge):
        node.file.write_text(f"{settings}\n{node.file.read_text()}")
    world = EdgedSites(sites, edge)
    try:
        await sites.start(with_observers(center()))
        await edge.start()
        yield world
    finally:
        await world.close()
        await edge.stop()
        await sites.stop()


async def work(world: EdgedSites) -> dict[str, Client]:
    """Traffic of every kind at both PBXs; returns the pages of the agents who work."""
    boss = await world.client("ada")
    agents = {}
    for login, (line, _) in WORKERS.items():
        world.phone(line, answer_after=0.1)
        agents[login] = await world.agent(login, line)
    await calls(world, boss, agents)
    await settings(boss)
    await callbacks(world, boss, agents)
    for login in ("alice", "marice", "jack"):
        await agents[login].ask("agentLogout")
    return agents


async def calls(world: EdgedSites, boss: Client, agents: dict[str, Client]) -> None:
    """Calls of each queue, one that is listened to, and some that wait."""
    for login in ("alice", "marice"):  # so that bruce and etienne get the calls
        await agents[login].ask("pauseAgent")
    placed = [world.dial(number) for number in ("3000", "3001", "3002")]
    await asyncio.gather(*(call.answered() for call in placed))
    for login in ("bruce", "jack", "etienne"):
        await agents[login].until_state("AgentOnCall")
    world.phone("1008", answer_after=0.1)
    await boss.ask("listenAgent", agentid=ETIENNE)
    await boss.until("AgentListen", started=True)
    await asyncio.gather(*(call.hang_up() for call in placed))
    for login in ("bruce", "alice", "jack", "marice"):
        await agents[login].ask("pauseAgent", reason="lunch")
    begun = len(boss.frames)
    waiting = {SUPPORT: world.dial("3000"), SALES: world.dial("3001")}
    for queue_id in waiting:
        await boss.ask("subscribeToQueueCalls", queueId=queue_id)
        await boss.frame(
            lambda frame, queue_id=queue_id: (  # type: ignore[misc]
                frame.fits("QueueCalls", {"queueId": queue_id}) and len(frame.body["calls"]) == 1
            ),
            after=begun,
        )
    await asyncio.gather(*(call.hang_up() for call in waiting.values()))
    await boss.ask("unpauseAgent", agentid=ALICE)
    await boss.ask("unpauseAgent", agentid=JACK)
    await agents["bruce"].ask("userStatusUpdate", status="available")


async def settings(boss: Client) -> None:
    """Queues, groups and default memberships of agents of both PBXs that change."""
    await boss.ask("setAgentQueue", agentId=ALICE, queueId=SUPPORT, penalty=1)
    await boss.ask("setAgentQueue", agentId=MARICE, queueId=SALES, penalty=4)
    await boss.ask("setAgentQueue", agentId=ETIENNE, queueId=SALES, penalty=2)
    await boss.ask("setAgentQueue", agentId=CAROLINE, queueId=SUPPORT, penalty=1)
    await boss.ask("removeAgentFromQueue", agentId=CAROLINE, queueId=SUPPORT)
    for agent_id in (ALICE, JACK):
        await boss.ask("setAgentGroup", agentId=agent_id, groupId=2)
        await boss.ask("pauseAgent", agentid=agent_id, reason="coaching")
        await boss.ask("setAgentGroup", agentId=agent_id, groupId=1)
    group = {"groupId": 2, "fromQueueId": BILLING, "fromPenalty": 0, "toQueueId": SALES}
    await boss.ask("addAgentsInGroup", **group, toPenalty=5)
    await boss.ask("removeAgentGroupFromQueueGroup", groupId=2, queueId=SALES, penalty=5)
    membership = [{"queueId": queue_id, "penalty": queue_id} for queue_id in QUEUES]
    await boss.ask("setUsersDefaultMembership", userIds=[1, 4, 6], membership=membership)


async def at_rest(world: EdgedSites) -> None:
    """Wait until nothing is left that either PBX would tell between two queries."""
    page = await world.client("ada")
    await no_wrapups(page)
    await all_figures_told(page, BRUCE, SUPPORT, joins=False)
    await all_figures_told(page, ETIENNE, SALES, joins=True)


def unlike_lists(observers: Observers) -> list[str]:
    """Where an answer has other agents or queues than the centre's file gives to a viewer."""
    agents = {each["id"]: each["group"] for each in tomllib.loads(center())["agents"]}
    found = []
    for login, viewer in observers.viewers.items():
        answered = observers.answered[login]
        wanted = {
            "AgentStateEvent": {
                agent_id
                for agent_id, group in agents.items()
                if viewer.groups is None or group in viewer.groups or agent_id == viewer.own_agent
            },
            "GetQueueStatistics": {each for each in QUEUES if viewer.queue(each)},
        }
        for (kind, ids), key in zip(wanted.items(), ("agentId", "queueId"), strict=True):
            got = {body[key] for each, body in answered if each == kind}
            if got != ids:
                found.append(f"{login} is answered {kind} of {got}, may see {ids}")
    return found


async def test_each_profile_is_told_of_both_pbxs_what_its_lists_leave_of_what_an_admin_is_told(
    edged_sites: EdgedSites, proof: Proof, request: pytest.FixtureRequest
) -> None:
    strict = "strict" in request.node.name
    observers = Observers(strict=strict, sign=SIGN, line="1003")
    begin = await observers.begin(edged_sites)
    agents = await work(edged_sites)
    await at_rest(edged_sites)
    end = await observers.end(edged_sites)
    admin = told(observers.admin.frames[begin["ada"] : end["ada"] + 1])
    assert {kind for kind, _ in admin} == KINDS
    assert told_to_agents(agents, WORKERS) == OWN.keys()
    compared = await observers.compare(begin, end)
    assert unlike_lists(observers) == []
    proof(
        "frames of each profile over two PBXs, held against an Admin's, cut by the lists"
        + (" (strict_rights)" if strict else ""),
        times=compared,
        lost="nothing beyond a list, nothing missing",
        note=f"{len(observers.viewers)} profiles at an edge",
    )
    await observers.close()
