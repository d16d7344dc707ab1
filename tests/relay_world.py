"""Owners and an edge with bad roads between them, for tests of the relay.

The hubs, the feeds and the mirror are the real ones. The state is a few queue members, which end,
and phones, which do not; a command asks for them. The road loses, repeats and reorders what it
carries, as it is told. Time goes on only when a test says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from xucd.center.directory import MAIN, Agent, Directory, Line, Queue, User
from xucd.center.rights import Rights, rights_of
from xucd.cluster import owner, sessions_before
from xucd.cluster.owner import PbxOwner
from xucd.cluster.packets import RequestSender
from xucd.cluster.pbxs import NodeParts, Pbxs
from xucd.cluster.source import Telling
from xucd.cti import messages as msg
from xucd.cti.commands import Command, GetList, PauseAgent, SubscribeToAgentEvents
from xucd.cti.hub import Broadcaster, Hub
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.views import topics

USERS = {number: User(number, f"user{number}", "U", "U", agent_id=number) for number in range(1, 4)}
QUEUES = (1, 2)
NODE = "edge-1"


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose time is set by hand."""

    now = 1000.0

    def time(self) -> float:
        return self.now


class Client:
    """A client of the edge: what it knows by what it was sent. It is its own socket writer."""

    open = True

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.queued: list[bytes] = []
        self.members: dict[tuple[int, int], int] = {}
        self.phone: int | None = None
        self.links: dict[str, str] = {}
        self.got: list[tuple[str, Any]] = []

    def send(self, frame: bytes) -> None:
        me: Any = self
        self.hub.flush.send(me, frame)

    def take(self, data: bytes) -> int:
        self.push(data)
        return len(data)

    def keep(self, rest: bytes) -> None:
        raise AssertionError

    def push(self, data: bytes) -> None:
        decoder, text = json.JSONDecoder(), data.decode("latin-1")
        place = 0
        while (place := text.find('{"msgType"', place)) >= 0:
            frame, place = decoder.raw_decode(text, place)
            self.hear(frame["msgType"], frame["ctiMessage"])

    def hear(self, kind: str, body: Any) -> None:
        self.got.append((kind, body))
        if kind == "QueueMember":
            member = body["agentId"], body["queueId"]
            if body["penalty"] < 0:
                self.members.pop(member, None)
            else:
                self.members[member] = body["penalty"]
        elif kind == "QueueMemberList":
            self.members = {(each["agentId"], each["queueId"]): each["penalty"] for each in body}
        elif kind == "PhoneStatusUpdate":
            self.phone = int(body["status"])
        elif kind == "LinkStatus":
            self.links[body["pbx"]] = body["asterisk"]

    @property
    def link(self) -> str | None:
        """What it was told last of whether it sees the present state, of the worst PBX."""
        return max(self.links.values(), default=None)  # "lost" comes behind "current"


class Center:
    """What the owner knows: it outlives the owner."""

    def __init__(self, users: Iterable[int] = USERS) -> None:
        self.members: dict[tuple[int, int], int] = {}
        self.phones = dict.fromkeys(users, 0)
        self.states: dict[int, str] = {}
        self.homes: dict[int, int] = {}  # of agents, with the numbers of the changes
        self.fails = False
        self.users = dict(USERS)
        self.begun: list[float] = []
        self.askers: list[tuple[SignInKey, str]] = []
        self.done: list[str] = []
        self.served: list[tuple[RequestSender, bytes]] = []
        self.gate: asyncio.Event | None = None
        self.reading: asyncio.Event | None = None


class Source:
    """The owner's application, over this centre."""

    def __init__(self, pbx: str, center: Center, hub: Hub, clock: Callable[[], float]) -> None:
        self.pbx = pbx
        self.center = center
        self.hub = hub
        self.clock = clock

    def user(self, user_id: int) -> User | None:
        return self.center.users.get(user_id)

    def rights_of(self, user: User) -> Rights:
        return rights_of(user, strict=False)

    def opened(self, session: Session) -> None:
        self.hub.subscribe(session, topics.EVERYBODY)
        self.hub.subscribe(session, topics.own_phone(session.user.id))
        if session.user.id in self.center.phones:
            session.send(phone(self.center, session.user.id))

    def attended(self, sessions: Sequence[Session]) -> None:
        """Nothing is kept of them."""

    async def carry_out(self, session: Session, command: Command) -> str | None:
        self.center.begun.append(self.clock())
        self.center.askers.append((session.sign_in, session.address))
        if self.center.gate is not None:
            await self.center.gate.wait()
        session.check()
        if isinstance(command, PauseAgent):
            self.center.done.append(command.reason or "")
            return "PhoneUnreachable"
        if isinstance(command, SubscribeToAgentEvents):
            self.hub.subscribe(session, VIEW)
            for agent_id in self.center.states:
                session.send(state(self.center, agent_id))
            return None
        self.hub.subscribe(session, (topics.QUEUE_MEMBERS, None))
        items = [member(*key, penalty) for key, penalty in sorted(self.center.members.items())]
        session.send(msg.QueueMemberList(items=items))
        return None

    async def serve(self, sender: RequestSender, request: bytes) -> bytes:
        self.center.begun.append(self.clock())
        self.center.served.append((sender, request))
        return request[::-1]

    async def known(self) -> None:
        if self.center.reading is not None:
            await self.center.reading.wait()

    async def publish_stored(self, to: Broadcaster) -> None:
        """Nothing is stored."""

    def snapshot(self) -> Source:
        return self

    holds = is_current = True

    def homes(self) -> dict[int, int]:
        return self.center.homes

    def shown(self) -> Iterator[list[Telling]]:
        for key, penalty in list(self.center.members.items()):
            yield [(topics.member_topics(*key), member(*key, penalty))]
        for user_id in self.center.phones:
            yield [([topics.own_phone(user_id)], phone(self.center, user_id))]
        for agent_id in self.center.states:
            cut = state(self.center, agent_id)
            yield [([VIEW], cut), ([(topics.AGENT_STATES, None), topics.own_agent(agent_id)], cut)]
        if self.center.fails:
            raise RuntimeError("as a defect would")

    def gone(self, about: bytes, value: bytes) -> Iterator[Telling]:
        kind, agent_id, queue_id = about.split()
        assert kind == b"QueueMember"
        yield topics.member_topics(int(agent_id), int(queue_id)), member(agent_id, queue_id, -1)

    def rest(self) -> Iterator[Telling]:
        yield from ()

    def status(self) -> msg.LinkStatus:
        return msg.LinkStatus(asterisk="current", pbx=self.pbx)


def member(agent_id: Any, queue_id: Any, penalty: int) -> msg.QueueMember:
    return msg.QueueMember(agent_id=int(agent_id), queue_id=int(queue_id), penalty=penalty)


VIEW = (topics.AGENT_STATES, (1, (frozenset({1}), None)))
"""The states of a group's agents for who sees one queue alone."""


def state(center: Center, agent_id: int) -> msg.AgentStateEvent:
    return msg.AgentStateEvent(
        name=center.states[agent_id],  # type: ignore[arg-type]
        agent_id=agent_id,
        phone_number="1001",
        since=0,
        queues=[1],
    )


def phone(center: Center, user_id: int) -> msg.PhoneStatusUpdate:
    return msg.PhoneStatusUpdate(status=str(center.phones[user_id]))  # type: ignore[arg-type]


class Site:
    """A PBX's owner, and the road to it. What is on that stands in `to_owner` and `to_edge`."""

    def __init__(self, pbx: str, loop: Loop, users: Iterable[int] = USERS) -> None:
        self.pbx = pbx
        self.loop = loop
        self.center = Center(users)
        self.to_owner: list[bytes] = []
        self.to_edge: list[bytes] = []
        self.cut = False
        self._make_owner()

    def start_owner(self) -> None:
        """Start the owner again: nothing of the one before is left."""
        for task in self.owner.under_way:
            task.cancel()
        self._make_owner()

    def _make_owner(self) -> None:
        hub = Hub(self.loop)
        self.owner_hub = hub
        source = Source(self.pbx, self.center, hub, self.loop.time)
        self.owner = PbxOwner(hub, source, self._send_to_edge, self.loop)

    def _send_to_edge(self, node: str, packet: bytes) -> bool:
        assert node == NODE
        if not self.cut:
            self.to_edge.append(packet)
        return not self.cut

    def send_to_owner(self, packet: bytes) -> bool:
        """Put a packet on the road to the owner."""
        if not self.cut:
            self.to_owner.append(packet)
        return not self.cut

    def set_member(self, agent_id: int, queue_id: int, penalty: int) -> None:
        """A membership changes; -1 ends it."""
        if penalty < 0:
            self.center.members.pop((agent_id, queue_id), None)
        else:
            self.center.members[agent_id, queue_id] = penalty
        audience = topics.member_topics(agent_id, queue_id)
        self.owner_hub.publish(audience, member(agent_id, queue_id, penalty))

    def set_phone(self, user_id: int, state: int) -> None:
        """A phone's state changes."""
        self.center.phones[user_id] = state
        self.owner_hub.publish([topics.own_phone(user_id)], phone(self.center, user_id))


class RelayWorld(Site):
    """An owner, and the edge. Of a centre with several PBXs, `sites` are those of all."""

    def __init__(self, users: Iterable[int] = USERS) -> None:
        super().__init__(MAIN, Loop(), users)
        self.sites: list[Site] = [self]
        self.directory = Directory(users=USERS.values())
        self.clients: dict[Client, Session] = {}
        self.dismissed: list[Session] = []
        self.asked: list[asyncio.Task[str | None]] = []
        self.requests: list[asyncio.Task[bytes]] = []
        self.start_edge()

    def start_edge(self) -> None:
        """Start the edge, or start it again: its clients are gone."""
        for task in self.asked:
            task.cancel()
        self.asked.clear()
        self.clients.clear()
        self.hub = Hub(self.loop)
        front = NodeParts(
            directory=lambda: self.directory,
            present=lambda user: user,
            rights_of=lambda user: rights_of(user, strict=False),
            open=lambda session: session.send(msg.RightProfile(profile="Admin", rights=[])),
            stale=self._stale,
            dismiss=self._dismiss,
            send=lambda pbx, packet: self.site(pbx).send_to_owner(packet),
        )
        self.pbxs = Pbxs(NODE, self.hub, front, self.loop)
        self.pbxs.configure()
        self.edge = self.pbxs.edges[MAIN]

    def site(self, pbx: str) -> Site:
        """The site of a PBX."""
        return next(site for site in self.sites if site.pbx == pbx)

    def _stale(self, session: Session, pbx: str) -> None:
        session.send(msg.LinkStatus(asterisk="lost", since="2026-11-22T10:00:00Z", pbx=pbx))

    def _dismiss(self, session: Session) -> None:
        session.dismissed = True
        self.dismissed.append(session)
        self.hub.drop(session)

    # -- what happens

    def run(self) -> None:
        """Let the loop do all that is due."""
        for _ in range(8):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def client(self, user_id: int) -> Client:
        """A client of a user opens a link to the edge."""
        client = Client(self.hub)
        user = USERS[user_id]
        writer: Any = client
        session = Session(user, SignInKey("s", "g"), rights_of(user, strict=False), writer)
        self.clients[client] = session
        self.pbxs.opened(session)
        return client

    def leave(self, client: Client) -> None:
        """A client has left."""
        self.hub.drop(self.clients.pop(client))

    def ask(self, client: Client, command: Command | None = None) -> asyncio.Task[str | None]:
        """A client asks for a command: the members of queues, unless another is given."""
        wanted = command if command is not None else GetList(object_type="queuemember")
        work: Coroutine[Any, Any, str | None] = self.pbxs.carry_out(self.clients[client], wanted)
        task = self.loop.create_task(work)
        self.asked.append(task)
        self.run()
        return task

    def request(self, request: bytes) -> asyncio.Task[bytes]:
        """A user of the edge sends a request over HTTP; its answer is the same backwards."""
        sender = RequestSender(1, "s", "g", "192.0.2.1")
        work: Coroutine[Any, Any, bytes] = self.pbxs.serve(sender, request)
        task = self.loop.create_task(work)
        self.requests.append(task)
        self.run()
        return task

    def deliver(self, road: list[bytes], place: int = 0) -> None:
        """What is on a road at this place arrives."""
        packet = road.pop(place)
        for site in self.sites:
            if road is site.to_owner:
                site.owner.receive(NODE, packet)
            elif road is site.to_edge:
                self.pbxs.receive(site.pbx, packet)
        self.run()

    def deliver_all(self) -> None:
        """All that is on the roads arrives, in order, and what comes of it."""
        self.run()
        while road := next((road for road in self.roads if road), None):
            self.deliver(road)

    @property
    def roads(self) -> list[list[bytes]]:
        """The roads, to each owner and from it."""
        return [road for site in self.sites for road in (site.to_owner, site.to_edge)]

    def wait(self, seconds: float = 0.5) -> None:
        """Time goes on, and all sides look at it."""
        self.loop.now += seconds
        for site in self.sites:
            site.owner.beat()
        self.pbxs.tick()
        self.run()

    def settle(self) -> None:
        """The roads are good again, for as long as it takes."""
        for site in self.sites:
            site.cut = False
        for _ in range(16):
            self.wait()
            self.deliver_all()
        assert self.pbxs.is_current

    def close(self) -> None:
        """Nothing is left under way."""
        self.pbxs.close()
        begun = [task for site in self.sites for task in site.owner.close()]
        for task in (*self.asked, *self.requests, *begun):
            task.cancel()
        self.run()
        self.loop.close()


NORTH = "north"


class TwoPbxs(RelayWorld):
    """Two owners and an edge: agent 1 and queue 1 are on one PBX, all else on the other."""

    def __init__(self) -> None:
        super().__init__(users=[1])
        self.north = Site(NORTH, self.loop, users=[2, 3])
        self.sites.append(self.north)
        self.directory = Directory(
            queues=[Queue(1, "sales", "Sales", "500"), Queue(2, "tours", "T", "8500", pbx=NORTH)],
            lines=[Line(number, f"10{number}", f"PJSIP/{number}", pbx=pbx) for number, pbx in PBXS],
            agents=[Agent(n, f"250{n}", "A", "A", 1, n, line_id=n) for n, _ in PBXS],
            users=[replace(user, line_id=user.id) for user in USERS.values()],
        )
        self.start_edge()


PBXS = ((1, MAIN), (2, NORTH), (3, NORTH))
"""The PBXs of users' lines."""


def cut_off(world: RelayWorld) -> None:
    """Cut the road until the edge knows."""
    world.cut = True
    for _ in range(8):
        world.wait()


def in_small_slices(patch: pytest.MonkeyPatch) -> None:
    """Few clients and little state go over in as many slices as those of a large centre."""
    patch.setattr(sessions_before, "SLICE", 1)
    patch.setattr(owner, "SLICE", 1)
    patch.setattr(owner, "HOMES", 1)
    patch.setattr(owner, "AHEAD", 2)
