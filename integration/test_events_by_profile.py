"""Each profile is told what an Admin is told, cut by its lists: frame by frame, in order.

Traffic over everything goes on between two signs that all see, a phone that comes and goes. What
each observer has got between them is held against the Admin's frames, cut by `integration.cut`.
What is told of a user itself no Admin gets: that has to be the observer's own.

Whole lists of callbacks are made in a thread, for one profile after the other. What else is told
meanwhile comes before them to some and after them to others; what is told of callbacks waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

import pytest

from integration.client import Client, Frame, Refused, token_of
from integration.cut import (
    ANSWERS,
    LISTS,
    MESSAGES,
    OPENING,
    OWN,
    Known,
    Viewer,
    cut,
    not_own,
    too_many,
)
from integration.fixtures import MakeXucd, World, a_world
from integration.phones import Phones
from integration.running import DEMO
from tests.plugin_proofs import Proof
from tests.rest_client import RestClient
from xucd.cti.messages import QueueStatistic
from xucd.signin.passwords import hash_password

pytestmark = pytest.mark.any_asterisk

SIGN = "1003"  # jack's phone: the only one that he is told of under strict_rights
QUEUES = {1: "support", 2: "sales", 3: "billing"}
GROUPS = {1: "default", 2: "boats"}
CAROLINE, JACK, BRUCE = 13, 10, 8
BILLING = 3
WORKERS = {
    "bruce": ("1001", BRUCE),
    "alice": ("1002", 9),
    "jack": (SIGN, JACK),
    "marice": ("1004", 11),
    "etienne": ("1005", 12),
}
"""The agents who work: their lines and ids."""
SHEETS = """[[sheets]]
name = "customer"
items = [{ name = "Caller", type = "text", order = 1, value = "{caller_number}" }]
"""
NUMBER, CALLER = "0230210083", "0612345678"
SUPERVISORS = {
    "several": Viewer(frozenset({1, 2}), frozenset({1})),
    "one": Viewer(frozenset({3}), frozenset({2})),
    "both": Viewer(frozenset({1, 2, 3}), frozenset({1, 2})),
    "queues-only": Viewer(frozenset({1, 3}), frozenset()),
    "groups-only": Viewer(frozenset(), frozenset({1})),
    "nothing": Viewer(frozenset(), frozenset()),
}
EVERYTHING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("subscribeToAgentEvents", {}),
    ("subscribeToAgentStats", {}),
    ("subscribeToQueueStats", {}),
    *(("subscribeToQueueCalls", {"queueId": queue_id}) for queue_id in QUEUES),
    *(
        ("getList", {"objectType": kind})
        for kind in ("agent", "agentgroup", "queue", "queuemember", "basequeuemember")
    ),
    ("subscribeToPhoneHints", {"phoneNumbers": [f"10{line:02}" for line in range(1, 11)]}),
    ("getCallbackLists", {}),
    ("getCallbackPreferredPeriods", {}),
)
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        (command, {"objectType": kind})
        for command in ("getList", "getConfig")
        for kind in ("agent", "agentgroup", "queue", "queuemember", "basequeuemember")
    ),
    ("getAgentStates", {}),
    ("getAgentDirectory", {}),
    ("getCallbackLists", {}),
    ("findCallbackRequest", {"id": 1, "request": {"order": "uuid", "limit": 1000}}),
    *(("getQueueStatistics", {"queueId": each, "window": 600, "xqos": 15}) for each in QUEUES),
)


def with_observers(center: str) -> str:
    """A centre with the supervisors, and a second list of callbacks; caroline supervises, too."""
    text = center.replace(
        "queues = {}",
        'queues = {}\nprofile = "Supervisor"\nvisibleQueues = ["support"]\n'
        'visibleGroups = ["default"]',
    )
    for login in ("bruce", "etienne"):  # who take callbacks, under strict_rights as well
        text = text.replace(f'login = "{login}"', f'login = "{login}"\nprofile = "Admin"')
    for name, viewer in SUPERVISORS.items():
        queues = [QUEUES[each] for each in sorted(viewer.queues or ())]
        groups = [GROUPS[each] for each in sorted(viewer.groups or ())]
        text += (
            f'[[users]]\nlogin = "{name}"\nfirstName = "Sue"\nlastName = "{name}"\n'
            f'profile = "Supervisor"\nqueues = {queues}\ngroups = {groups}\n'
        )
    return (
        text + '[[callbackLists]]\nname = "Bills"\nqueue = "billing"\n'
        f'callbacks = [{{ phoneNumber = "{NUMBER}", lastName = "Bill" }}]\n'
    )


class Observers:
    """Who watches: the Admin whose frames are the measure, and everybody who gets less.

    `sign` is jack's phone, which comes and goes, and `line` is caroline's.
    """

    def __init__(self, *, strict: bool, sign: str = SIGN, line: str = "1006") -> None:
        nobody: frozenset[int] | None = frozenset() if strict else None
        self._sign = sign
        self.viewers = {
            **SUPERVISORS,
            "caroline": Viewer(frozenset({1}), frozenset({1}), CAROLINE, line=line),
            "jack": Viewer(nobody, nobody, JACK, frozenset({sign}) if strict else None, sign),
        }
        self.admin: Client
        self.clients: dict[str, Client] = {}
        self.known = Known()
        self.answered: dict[str, list[tuple[str, Any]]] = {}

    async def sign_in(self, world: World) -> None:
        """Sign everybody in and subscribe to all that each may have."""
        store = world.xucd.store()
        password = await asyncio.to_thread(hash_password, "observer-demo")
        for login in SUPERVISORS:
            store.set_password_hash(login, password)
        store.close()
        self.admin = await world.client("ada")
        for login in self.viewers:
            of_demo = login in ("caroline", "jack")
            port = world.xucd.port
            token = await token_of(port, login, None if of_demo else "observer-demo")
            client = await Client.sign_in(port, login, token=token)
            await client.opened()
            self.clients[login] = client
        for client in (self.admin, *self.clients.values()):
            for command, arguments in EVERYTHING:
                with contextlib.suppress(Refused):
                    await client.ask(command, **arguments)
        for frame in self.admin.frames:
            self.known.learn(frame.type, frame.body)

    async def sign(self, world: World, *, comes: bool) -> dict[str, int]:
        """Let a phone come or go; where each observer was told of it, by login."""
        everybody = {"ada": self.admin, **self.clients}
        begun = {login: len(client.frames) for login, client in everybody.items()}
        await world.register(self._sign, seconds=3600 if comes else 0)
        seen = {}
        for login, client in everybody.items():
            status = 0 if comes else 4
            frame = await client.frame(
                lambda frame, status=status: frame.fits(  # type: ignore[misc]
                    "PhoneHintStatusEvent", {"number": self._sign, "status": status}
                ),
                after=begun[login],
            )
            seen[login] = client.frames.index(frame)
        return seen

    async def begin(self, world: World) -> dict[str, int]:
        """Sign in and see the first sign; where each observer was told of it."""
        await self.sign_in(world)
        await self.sign(world, comes=False)
        return await self.sign(world, comes=True)

    async def end(self, world: World) -> dict[str, int]:
        """See the last sign; where each observer was told of it."""
        end = await self.sign(world, comes=False)
        await self.sign(world, comes=True)  # told to all before they ask
        return end

    async def compare(self, begin: dict[str, int], end: dict[str, int]) -> int:
        """Hold what each was told between two signs, and is answered now, against the Admin's.

        Returns how many frames were compared.
        """
        admin = told(self.admin.frames[begin["ada"] : end["ada"] + 1])
        whole = await answers(self.admin)
        compared = 0
        for login, viewer in self.viewers.items():
            client = self.clients[login]
            got = told(client.frames[begin[login] : end[login] + 1])
            known = Known(**{name: dict(facts) for name, facts in vars(self.known).items()})
            wanted = cut(admin, viewer, known)
            for mine, admins in zip(orders(got), orders(wanted), strict=True):
                assert mine == admins, f"{login} is told else: {first_difference(mine, admins)}"
            self.answered[login] = await answers(client)
            assert self.answered[login] == cut(whole, viewer, known), login
            own = bodies(client.frames[begin[login] : end[login] + 1])
            strangers = not_own(own, viewer) + too_many(own, viewer)
            assert strangers == [], f"{login} is told of somebody else"
            assert not {kind for kind, _ in own} & (ANSWERS | OPENING), f"{login} has not asked"
            compared += len(wanted)
        return compared

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self.clients.values()))


def told_to_agents(agents: dict[str, Client], workers: Mapping[str, tuple[str, int]]) -> set[str]:
    """The kinds of messages about themselves that agents got, of which none may be another's."""
    found = set()
    for login, (line, agent_id) in workers.items():
        frames = bodies(agents[login].frames)
        assert not_own(frames, Viewer(own_agent=agent_id, line=line)) == [], login
        found |= {kind for kind, _ in frames} & OWN.keys()
    return found


def told(frames: list[Frame]) -> list[tuple[str, Any]]:
    """What is told of the centre."""
    return [(kind, body) for kind, body in bodies(frames) if kind in LISTS or kind in MESSAGES]


def bodies(frames: list[Frame]) -> list[tuple[str, Any]]:
    return [(frame.type, frame.body) for frame in frames]


def orders(frames: list[tuple[str, Any]]) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """All frames but the whole lists of callbacks, and all of callbacks, each as they came."""
    return (
        [frame for frame in frames if frame[0] != "CallbackLists"],
        [frame for frame in frames if frame[0].startswith("Callback")],
    )


def first_difference(got: Any, wanted: Any, path: str = "") -> str:
    """Where two values part first, in short: of a test's failure little is kept in CI."""
    pairs: Iterable[tuple[Any, Any, Any]] = ()
    if isinstance(got, dict) and isinstance(wanted, dict) and got.keys() == wanted.keys():
        pairs = ((key, got[key], wanted[key]) for key in got)
    elif isinstance(got, list) and isinstance(wanted, list):
        pairs = ((place, *each) for place, each in enumerate(zip_longest(got, wanted)))
    elif isinstance(got, tuple) and isinstance(wanted, tuple) and got[0] == wanted[0]:
        pairs = [(got[0], got[1], wanted[1])]  # frames of one kind
    for key, one, other in pairs:
        if one != other:
            return first_difference(one, other, f"{path}/{key}")
    return f"{path}: {str(got)[:150]}, not {str(wanted)[:150]}"


async def work(world: World) -> dict[str, Client]:
    """Traffic of every kind; returns the pages of the agents who work."""
    boss = await world.client("ada")
    agents = {}
    for login, (line, _) in WORKERS.items():
        world.phone(line, answer_after=0.1)
        agents[login] = await world.agent(login, line)
    await calls(world, boss, agents)
    await settings(boss, agents)
    await callbacks(world, boss, agents)
    for login in ("alice", "marice", "jack"):
        await agents[login].ask("agentLogout")
    return agents


async def calls(world: World, boss: Client, agents: dict[str, Client]) -> None:
    """Calls of each queue, some that wait, one that is listened to."""
    await agents["alice"].ask("pauseAgent")  # so that bruce gets the first
    placed = []
    for number in ("3000", "3001", "3002"):
        placed.append(world.phones.dial(number, CALLER))
        await placed[-1].answered()
    await agents["bruce"].until_state("AgentOnCall")
    world.phone("1008", answer_after=0.1)
    await boss.ask("listenAgent", agentid=8)
    await boss.until("AgentListen", started=True)
    await asyncio.gather(*(call.hang_up() for call in placed))
    for login in ("bruce", "alice", "jack", "marice"):
        await agents[login].ask("pauseAgent", reason="lunch")
    waiting = world.phones.dial("3001", CALLER)
    begun = len(boss.frames)
    await boss.ask("subscribeToQueueCalls", queueId=2)
    await boss.frame(
        lambda frame: frame.fits("QueueCalls", {"queueId": 2}) and len(frame.body["calls"]) == 1,
        after=begun,
    )
    await waiting.hang_up()
    await boss.ask("unpauseAgent", agentid=9)
    await agents["bruce"].ask("userStatusUpdate", status="available")


async def settings(boss: Client, agents: dict[str, Client]) -> None:
    """Queues, groups and default memberships that change."""
    await boss.ask("setAgentQueue", agentId=11, queueId=1, penalty=4)
    await boss.ask("setAgentQueue", agentId=9, queueId=3, penalty=1)
    await boss.ask("setAgentQueue", agentId=CAROLINE, queueId=3, penalty=1)
    await boss.ask("removeAgentFromQueue", agentId=CAROLINE, queueId=3)
    await boss.ask("setAgentGroup", agentId=9, groupId=2)
    await boss.ask("pauseAgent", agentid=9, reason="coaching")
    await boss.ask("setAgentGroup", agentId=9, groupId=1)
    group = {"groupId": 2, "fromQueueId": 3, "fromPenalty": 0, "toQueueId": 2, "toPenalty": 5}
    await boss.ask("addAgentsInGroup", **group)
    await boss.ask("removeAgentGroupFromQueueGroup", groupId=2, queueId=2, penalty=5)
    membership = [{"queueId": queue_id, "penalty": queue_id} for queue_id in QUEUES]
    await boss.ask("setUsersDefaultMembership", userIds=[1, 4, 6], membership=membership)


async def callbacks(world: World, boss: Client, agents: dict[str, Client]) -> None:
    """Callbacks that are added, taken, called, closed and deleted, of both lists."""
    rest = RestClient(world.xucd.port, await token_of(world.xucd.port, "ada"))
    _, lists = await rest.ask("GET", "/callback_lists")
    added = {}
    for one in lists:
        path = f"/callback_lists/{one['uuid']}/callback_requests"
        _, answer = await rest.ask("POST", path, {"phoneNumber": CALLER, "lastName": "New"})
        added[one["name"]] = answer["uuids"][0]
        many = [{"phoneNumber": f"06123{number:05}"} for number in range(25)]
        await rest.ask("POST", path, many)  # told as whole lists
    for login, name in (("bruce", "Test list"), ("etienne", "Bills")):
        page, uuid = agents[login], added[name]
        await page.ask("takeCallback", uuid=uuid)
        await page.ask("releaseCallback", uuid=uuid)
    await agents["etienne"].ask("takeCallback", uuid=added["Bills"])
    begun = len(agents["etienne"].frames)
    await agents["etienne"].ask("startCallback", uuid=added["Bills"], number=NUMBER)
    mine = await world.phone("1005").rings()
    while mine.ended_at is not None:  # those of the queue's calls before
        mine = await world.phone("1005").rings()
    theirs = await world.phone(NUMBER).rings()
    theirs.answer()
    await theirs.answered()
    await mine.hang_up()
    started = await agents["etienne"].until("CallbackStarted", after=begun)
    ticket = {"uuid": started["ticketUuid"], "comment": "done"}
    await agents["etienne"].ask("updateCallbackTicket", status="Answered", **ticket)
    await rest.ask("DELETE", f"/callback_requests/{added['Test list']}")


async def answers(client: Client) -> list[tuple[str, Any]]:
    """What the queries answer, without what the seconds between two of them change."""
    found = []
    for command, arguments in ASKED:
        begun = len(client.frames)
        with contextlib.suppress(Refused):
            await client.ask(command, **arguments)
        answered = told(client.frames[begun:])
        if command == "getAgentStates":  # each PBX tells its own, whichever is first
            answered.sort(key=lambda frame: int(frame[1]["agentId"]))
        found += answered
    text = [(kind, json.dumps(body)) for kind, body in found]
    return [(kind, json.loads(body, object_hook=_timeless)) for kind, body in text]


def _timeless(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "since"}


@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
async def test_each_profile_is_told_what_its_lists_leave_of_what_an_admin_is_told(
    make_xucd: MakeXucd, phones: Phones, proof: Proof, strict: bool
) -> None:
    setting = f"strict_rights = {str(strict).lower()}\n{SHEETS}"
    async with a_world(make_xucd, phones, setting, with_observers(DEMO.read_text())) as world:
        observers = Observers(strict=strict)
        begin = await observers.begin(world)
        agents = await work(world)
        await at_rest(world)
        end = await observers.end(world)
        admin = told(observers.admin.frames[begin["ada"] : end["ada"] + 1])
        kinds = {kind for kind, _ in admin}
        assert kinds == KINDS
        assert told_to_agents(agents, WORKERS) == OWN.keys()
        compared = await observers.compare(begin, end)
        proof(
            "frames of each profile, held against an Admin's, cut by the lists"
            + (" (strict_rights)" if strict else ""),
            times=compared,
            lost="nothing beyond a list, nothing missing",
            note=f"{len(observers.viewers)} profiles, {len(kinds)} kinds of event",
        )
        assert CALLER not in world.xucd.log.read_text()
        await observers.close()


KINDS = {
    "AgentConfig", "AgentStateEvent", "AgentStatistics", "CallbackClotured", "CallbackLists",
    "CallbackReleased", "CallbackRequestUpdated", "CallbackStarted", "CallbackTaken",
    "PhoneHintStatusEvent", "QueueCalls", "QueueMember", "QueueStatistics",
    "UserQueueDefaultMembership",
}  # fmt: skip


async def at_rest(world: World) -> None:
    """Wait until nothing is left that would be told between two queries."""
    page = await world.client("ada")
    await no_wrapups(page)
    await all_figures_told(page, BRUCE, BILLING, joins=True)


async def no_wrapups(page: Client) -> None:
    """Wait until no wrap-up is left that would end by itself."""
    await page.ask("subscribeToAgentEvents")
    begun = len(page.frames)
    await page.ask("getAgentStates")
    for body in page.bodies("AgentStateEvent", begun):
        if body["name"] in ("AgentOnWrapup", "AgentOnCall"):
            await page.frame(
                lambda frame, agent_id=body["agentId"]: (  # type: ignore[misc]
                    frame.type == "AgentStateEvent"
                    and frame.body["agentId"] == agent_id
                    and frame.body["name"] in ("AgentReady", "AgentOnPause", "AgentLoggedOut")
                ),
                20,
                after=begun,
            )


async def all_figures_told(page: Client, agent_id: int, queue_id: int, *, joins: bool) -> None:
    """Wait until no figures of queues are left that the throttle holds back.

    It tells all of them at once: those of one more change come with or after those before it.
    """
    await page.ask("subscribeToQueueStats")
    before, begun = logged_in(page, queue_id, 0)[-1], len(page.frames)
    change = {"agentId": agent_id, "queueId": queue_id}
    if joins:
        await page.ask("setAgentQueue", **change, penalty=6)
    else:
        await page.ask("removeAgentFromQueue", **change)
    after = before + (1 if joins else -1)
    await page.frame(lambda _: after in logged_in(page, queue_id, begun), after=begun)


def logged_in(page: Client, queue_id: int, after: int) -> list[int]:
    """How many agents are logged in to a queue, each time that its figures were told."""
    told = [body for body in page.bodies("QueueStatistics", after) if body["queueId"] == queue_id]
    return [
        each["value"]
        for body in told
        for each in body["counters"]
        if each["statName"] == QueueStatistic.LOGGED_IN_AGENTS
    ]
