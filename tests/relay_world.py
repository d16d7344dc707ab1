"""An owner and an edge with a bad road between them, for tests of the relay.

The hubs, the feeds and the mirror are the real ones. The state is a few queue members, which end,
and phones, which do not; a command asks for them. The road loses, repeats and reorders what it
carries, as it is told. Time goes on only when a test says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from xucd.center.directory import MAIN, Directory, User
from xucd.center.rights import Rights, rights_of
from xucd.cluster.owner import PbxOwner, Telling
from xucd.cluster.packets import RequestSender
from xucd.cluster.pbxs import NodeParts, Pbxs
from xucd.cti import messages as msg
from xucd.cti.commands import Command, GetList, PauseAgent, SubscribeToAgentEvents
from xucd.cti.hub import Hub
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
        self.link: str | None = None
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
            self.members |= {(each["agentId"], each["queueId"]): each["penalty"] for each in body}
        elif kind == "PhoneStatusUpdate":
            self.phone = int(body["status"])
        elif kind == "LinkStatus":
            self.link = body["asterisk"]


class Center:
    """What the owner knows: it outlives the owner."""

    def __init__(self) -> None:
        self.members: dict[tuple[int, int], int] = {}
        self.phones = dict.fromkeys(USERS, 0)
        self.states: dict[int, str] = {}
        self.fails = False
        self.users = dict(USERS)
        self.begun: list[float] = []
        self.done: list[str] = []
        self.served: list[tuple[RequestSender, bytes]] = []
        self.gate: asyncio.Event | None = None


class Source:
    """The owner's application, over this centre."""

    def __init__(self, center: Center, hub: Hub, clock: Callable[[], float]) -> None:
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
        session.send(phone(self.center, session.user.id))

    def attended(self, sessions: Sequence[Session]) -> None:
        """Nothing is kept of them."""

    async def carry_out(self, session: Session, command: Command) -> str | None:
        self.center.begun.append(self.clock())
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
        """It is known from the first."""

    async def publish_stored(self) -> None:
        """Nothing is stored."""

    def snapshot(self) -> Source:
        return self

    holds = is_current = True

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
        return msg.LinkStatus(asterisk="current")


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


class RelayWorld:
    """All of it. What is on the road stands in `to_owner` and `to_edge`, in order."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.center = Center()
        self.to_owner: list[bytes] = []
        self.to_edge: list[bytes] = []
        self.cut = False
        self.clients: dict[Client, Session] = {}
        self.dismissed: list[Session] = []
        self.asked: list[asyncio.Task[str | None]] = []
        self.requests: list[asyncio.Task[bytes]] = []
        self.start_owner()
        self.start_edge()

    def start_owner(self) -> None:
        """Start the owner, or start it again: nothing of the one before is left."""
        hub = Hub(self.loop)
        self.owner_hub = hub
        source = Source(self.center, hub, self.loop.time)
        self.owner = PbxOwner(hub, source, self._send_to_edge, self.loop)

    def start_edge(self) -> None:
        """Start the edge, or start it again: its clients are gone."""
        for task in self.asked:
            task.cancel()
        self.asked.clear()
        self.clients.clear()
        self.hub = Hub(self.loop)
        front = NodeParts(
            directory=lambda: Directory(users=USERS.values()),
            present=lambda user: user,
            rights_of=lambda user: rights_of(user, strict=False),
            open=lambda session: session.send(msg.RightProfile(profile="Admin", rights=[])),
            stale=self._stale,
            dismiss=self._dismiss,
            send=self._send_to_owner,
        )
        self.pbxs = Pbxs(NODE, self.hub, front, self.loop)
        self.pbxs.configure()
        self.edge = self.pbxs.edges[MAIN]

    def _send_to_edge(self, node: str, packet: bytes) -> bool:
        assert node == NODE
        if not self.cut:
            self.to_edge.append(packet)
        return not self.cut

    def _send_to_owner(self, pbx: str, packet: bytes) -> bool:
        if not self.cut:
            self.to_owner.append(packet)
        return not self.cut

    def _stale(self, session: Session, pbx: str) -> None:
        session.send(msg.LinkStatus(asterisk="lost", since="2026-11-22T10:00:00Z"))

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

    def deliver(self, road: list[bytes], place: int = 0) -> None:
        """What is on a road at this place arrives."""
        packet = road.pop(place)
        if road is self.to_owner:
            self.owner.receive(NODE, packet)
        else:
            self.edge.receive(packet)
        self.run()

    def deliver_all(self) -> None:
        """All that is on the roads arrives, in order, and what comes of it."""
        self.run()
        while self.to_owner or self.to_edge:
            self.deliver(self.to_owner or self.to_edge)

    def wait(self, seconds: float = 0.5) -> None:
        """Time goes on, and both sides look at it."""
        self.loop.now += seconds
        self.owner.beat()
        self.edge.tick()
        self.run()

    def settle(self) -> None:
        """The road is good again, for as long as it takes."""
        self.cut = False
        for _ in range(16):
            self.wait()
            self.deliver_all()
        assert self.edge.is_current

    def close(self) -> None:
        """Nothing is left under way."""
        for task in (*self.asked, *self.requests, *self.owner.close()):
            task.cancel()
        self.run()
        self.loop.close()
