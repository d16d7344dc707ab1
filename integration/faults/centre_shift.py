"""A shift at two PBXs whose clients are at two edges: see `integration.faults.shift`.

What both Asterisks list is put together, and held against what is told at the edges and what is
stored: to a client it is one centre.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Container, Mapping

from integration.edged import Edge
from integration.faults.agreement import unlike_fresh
from integration.faults.centre import EDGES, MOVED, Centre
from integration.faults.shift import CALLERS, WATCHED, Agents, Disagree, Shift
from integration.faults.way import Way
from integration.legs import Leg
from integration.model import answers
from integration.model.answers import ADMIN, OWN_LINES, Told
from integration.model.compare import Known
from integration.model.listed import LINES, QUEUES, Listed
from integration.model.panel import Panel
from integration.model.run import unlike_log
from integration.model.scene import LoggedFailures, Scene
from integration.phones import Phone
from integration.sites import LINES_OF, NORTH, QUEUES_OF, SOUTH
from xucd.client import CenterClient, connect
from xucd.cti.messages import AgentStateEvent, LinkStatus, QueueCalls, QueueMember
from xucd.store.homes import homes

AGENTS: Agents = {"bruce": ("1001", 8, 1), "alice": ("1002", 9, 1), "jack": ("1006", 10, 2),
                  "marice": ("1007", 11, 2), "etienne": ("1005", 12, 3)}  # fmt: skip
NUMBERS_OF = {NORTH: ("3000", "3100"), SOUTH: ("3001", "3002", "3101")}
PBX_OF_LINE = {line: pbx for pbx, lines in LINES_OF.items() for line in lines}
AGENTS_OF = {
    pbx: {agent_id for line, agent_id, _ in AGENTS.values() if PBX_OF_LINE[line] == pbx}
    for pbx in LINES_OF
}
QUEUE_IDS_OF = {
    pbx: {queue_id: name for queue_id, name in QUEUES.items() if name in queues}
    for pbx, queues in QUEUES_OF.items()
}
OUT = "AgentLoggedOut"
LATE = 40.0  # seconds in which calls go on, on a machine that runs other tests besides


class Side(Scene):
    """One of the PBXs. Nobody has a page at its owner."""

    async def _open(self) -> None:
        pass

    async def _close(self) -> None:
        pass


class CentreScene(Scene):
    """Both PBXs as one, with pages at both edges."""

    def __init__(self, sides: Mapping[str, Side], edges: list[Edge]) -> None:
        north = sides[NORTH]
        super().__init__(edges[0], north.phones, north.panel)
        self.sides, self.edges = sides, edges
        self._logs = [LoggedFailures(edge) for edge in edges]

    async def __aenter__(self) -> CentreScene:
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.panel.listeners.remove(self._hear)
        await self._close()

    async def _open(self) -> None:
        logins = [ADMIN, *AGENTS]
        self.stories.new_pages()
        self.pages = {
            login: await self.edges[(place + 1) % 2].client(login)
            for place, login in enumerate(logins)
        }
        self.silent = await self.edges[0].client(ADMIN)
        await answers.open_pages(self.pages)
        await answers.open_pages({ADMIN: self.silent})

    @property
    def heard(self) -> int:
        return sum(side.panel.heard for side in self.sides.values())

    async def look(self) -> Listed:
        found = {pbx: await side.look() for pbx, side in self.sides.items()}
        phones = {LINES[line]: pbx for pbx, lines in LINES_OF.items() for line in lines}
        self.listed = Listed(
            members=tuple(member for each in found.values() for member in each.members),
            channels=tuple(channel for each in found.values() for channel in each.channels),
            callers={
                queue: found[pbx].callers.get(queue, ())
                for pbx, queues in QUEUES_OF.items()
                for queue in queues
            },
            devices={phone: found[pbx].devices.get(phone, "") for phone, pbx in phones.items()},
            queues=frozenset(queue for queues in QUEUES_OF.values() for queue in queues),
        )
        return self.listed

    def known(self) -> Known:
        known = [side.known() for side in self.sides.values()]
        names = [field.name for field in dataclasses.fields(Known)]
        return Known(
            **{name: frozenset().union(*(getattr(each, name) for each in known)) for name in names}
        )

    def phone(self, number: str) -> Phone:
        return self.sides[PBX_OF_LINE[number]].phone(number)

    def call(self, number: str, caller: str) -> Leg:
        pbx = next(pbx for pbx, numbers in NUMBERS_OF.items() if number in numbers)
        return self.sides[pbx].call(number, caller)

    def tracebacks(self) -> list[str]:
        found = [each for log in self._logs for each in log.new()]
        return found + [each for side in self.sides.values() for each in side.tracebacks()]

    async def end(self) -> None:
        await asyncio.gather(*(side.end() for side in self.sides.values()))

    async def empty_queues(self) -> None:
        for side in self.sides.values():
            await side.empty_queues()


class CentreShift(Shift):
    """The people of a centre over two PBXs at work.

    Each has a steady client at both edges: `steady` at one, by which they ask unless it is the edge
    that is `away`, and `others` at the other.
    """

    scene: CentreScene

    def __init__(self, centre: Centre, scene: CentreScene, way: Way) -> None:
        super().__init__(scene, way, AGENTS)
        self.may_leave = False  # or somebody would be about to as the first fault begins
        self.centre = centre
        self.others: dict[str, CenterClient] = {}
        self.away = ""
        self.unheard_of: dict[str, list[tuple[float, float]]] = {pbx: [] for pbx in LINES_OF}

    async def begin(self, callers: int = CALLERS) -> None:
        await super().begin(callers)
        for login in self.scene.pages:
            self.others[login] = await self._at(1 - self._edge_of(login), login)

    async def leave(self) -> None:
        await super().leave()
        await asyncio.gather(*(client.close() for client in self.others.values()))

    async def fresh(self, login: str) -> CenterClient:
        return await self._at(self._edge_of(login), login)

    def boards(self) -> dict[str, CenterClient]:
        """The administrator's steady clients, by the edge at which they are."""
        return {EDGES[self._edge_of(ADMIN)]: self.steady[ADMIN],
                EDGES[1 - self._edge_of(ADMIN)]: self.others[ADMIN]}  # fmt: skip

    async def all_are_in(self) -> None:
        """Let nobody leave, and wait until all clients are told that all agents are logged in."""
        self.may_leave = False

        def out(board: CenterClient) -> bool:
            states = (board.state.agents[agent_id].state for _, agent_id, _ in AGENTS.values())
            return any(state is None or state.name == OUT for state in states)

        for board in self.boards().values():
            while out(board):
                await board.until(AgentStateEvent, within=LATE)

    async def calls_at_both(self, count: int) -> None:
        """Wait until so many more calls have ended at each PBX."""
        await asyncio.gather(*(self.calls(count, numbers) for numbers in NUMBERS_OF.values()))

    def _asks_by(self, login: str) -> CenterClient:
        clients = self.others if EDGES[self._edge_of(login)] == self.away else self.steady
        return clients[login]

    def _edge_of(self, login: str) -> int:
        return list(self.scene.pages).index(login) % 2

    async def _at(self, edge: int, login: str) -> CenterClient:
        token = self.steady[login].token if login in self.steady else ""
        address = f"http://127.0.0.1:{self.scene.edges[edge].port}"
        client = await connect(address, login, f"{login}-demo", token=token)
        await client.watch(*(WATCHED if login == ADMIN else ()))
        return client

    # -- the comparison

    async def _told(self) -> Told:
        return dataclasses.replace(await super()._told(), own_lines=OWN_LINES | MOVED)

    async def _unlike_log(self, told: Told) -> list[str]:
        found = []
        for pbx, side in self.scene.sides.items():
            down, queues = self.unheard_of[pbx], QUEUE_IDS_OF[pbx]
            found += unlike_log(await side.logged(), told.figures, down, 0, queues)
        return found

    async def _unlike_fresh(self) -> list[str]:
        """Where a steady client shows something else than one that has just come elsewhere."""
        found: list[str] = []
        for login in self.steady:
            edge = self._edge_of(login)
            for steady, at in ((self.steady[login], 1 - edge), (self.others[login], edge)):
                fresh = await self._at(at, login)
                found += unlike_fresh(f"{login} at {EDGES[1 - at]}", steady.state, fresh.state)
                await fresh.close()
        return found + await asyncio.to_thread(self._unlike_homes)

    def _unlike_homes(self) -> list[str]:
        """Where an agent's row names another PBX than that of its line."""
        store = self.scene.xucd.store()
        try:
            rows = {home.agent_id: home.pbx for home in homes(store)}
        finally:
            store.close()
        wanted = {agent_id: PBX_OF_LINE[line] for line, agent_id, _ in AGENTS.values()}
        return [
            f"home: agent {agent_id} is at home in {pbx}"
            for agent_id, pbx in rows.items()
            if pbx != wanted.get(agent_id, pbx)
        ]


class Watch:
    """What the boards at both edges are told while something is away.

    `wrong` has what they must not be told: that an agent has left, which none does meanwhile, and
    that a PBX is lost that is not of those in `lost`, by edge.
    """

    def __init__(self, boards: Mapping[str, CenterClient], lost: Mapping[str, set[str]]) -> None:
        self.wrong: list[str] = []
        self._boards, self._lost = boards, lost
        self._told: dict[str, set[str]] = {edge: set() for edge in boards}
        self._news = asyncio.Event()
        self._live: dict[str, set[str]] = {edge: set() for edge in boards}
        self._ends = [end for edge in boards for end in self._listen(edge)]

    def close(self) -> None:
        for end in self._ends:
            end()

    async def until_lost(self) -> None:
        """Wait until all are told so of what is lost."""
        await self._until(
            lambda: {edge: self._lost[edge] - told for edge, told in self._told.items()}
        )

    async def until_live(self, live: Mapping[str, set[str]]) -> None:
        """Wait until each is told anew of agents and callers of these PBXs, by edge."""
        self._live = {edge: set() for edge in self._boards}
        wanted = {
            edge: {f"{what} in {pbx}" for pbx in pbxs for what in ("agents", "callers")}
            for edge, pbxs in live.items()
        }
        await self._until(lambda: {edge: wanted[edge] - self._live[edge] for edge in live})

    async def _until(self, missing: Callable[[], Mapping[str, set[str]]]) -> None:
        """Wait until nothing is missing, by edge."""
        try:
            async with asyncio.timeout(LATE):
                while any(missing().values()):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            links = {edge: board.state.link for edge, board in self._boards.items()}
            raise Disagree(f"nothing is told of {missing()}, links {links}: {self.wrong}") from None

    def _listen(self, edge: str) -> list[Callable[[], None]]:
        def link(body: LinkStatus) -> None:
            pbx = str(body.pbx)
            if body.asterisk == "lost":
                if pbx not in self._lost[edge]:
                    self.wrong.append(f"{edge} tells that {pbx} is lost")
                self._told[edge].add(pbx)
            self._news.set()

        def state(body: AgentStateEvent) -> None:
            if body.name == OUT and body.agent_id in AGENTS_OF[NORTH] | AGENTS_OF[SOUTH]:
                self.wrong.append(f"{edge} tells that agent {body.agent_id} is logged out")
            self._is_live(edge, "agents", body.agent_id, AGENTS_OF)

        def member(body: QueueMember) -> None:
            # Of agents whose calls nobody ends no pause is told as a state.
            self._is_live(edge, "agents", body.agent_id, AGENTS_OF)

        def calls(body: QueueCalls) -> None:
            self._is_live(edge, "callers", body.queue_id, QUEUE_IDS_OF)

        board = self._boards[edge]
        return [board.on(LinkStatus, link), board.on(AgentStateEvent, state),
                board.on(QueueMember, member), board.on(QueueCalls, calls)]  # fmt: skip

    def _is_live(self, edge: str, what: str, of: int, ids: Mapping[str, Container[int]]) -> None:
        self._live[edge] |= {f"{what} in {pbx}" for pbx in ids if of in ids[pbx]}
        self._news.set()


@contextlib.asynccontextmanager
async def a_centre_shift(centre: Centre) -> AsyncIterator[CentreShift]:
    """A shift in a centre that runs; nobody works yet."""
    async with contextlib.AsyncExitStack() as stack:
        sides = {}
        for pbx, site in centre.sites.sites.items():
            panel = await stack.enter_async_context(Panel(site.pbx))
            side = Side(site.xucd, site.phones, panel)
            sides[pbx] = await stack.enter_async_context(side)
        scene = await stack.enter_async_context(CentreScene(sides, centre.edges))
        shift = CentreShift(centre, scene, await stack.enter_async_context(Way(0)))
        try:
            yield shift
        finally:
            await shift.leave()
            await shift.drop_calls()
            await scene.end()
            await scene.empty_queues()
            for line in LINES:
                scene.phone(line).forget()
