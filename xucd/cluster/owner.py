"""The owner of a PBX, as edges know it: it has their sessions, and does what these ask for.

Each edge has one feed at a time, and a new one ends the one before. Commands of a session are
carried out as those of a client that is linked to the owner itself: with the rights that its user
has here and now.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from itertools import islice
from typing import Any
from weakref import WeakSet

import msgspec
import structlog

from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.cluster import packets as pk
from xucd.cluster.feed import OneEdge, OwnersFeed, RemoteSession, answering
from xucd.cluster.refusals import Refusals, ServedEdge
from xucd.cluster.requests import Requests
from xucd.cluster.schema import agreed
from xucd.cluster.source import Source
from xucd.cti.commands import COMMANDS, Command
from xucd.cti.hub import Hub
from xucd.cti.links import OWNERS, owner_of
from xucd.cti.messages import encode
from xucd.cti.sign_in import SignInKey

SILENCE_S = 10.0
"""After so long without a word of an edge its sessions are forgotten; its patience is shorter."""
SLICE = 200
"""How many messages of a snapshot are a slice, after which others have their turn."""
HOMES = 2000
"""How many homes of agents are one; each is much shorter than a message."""
AHEAD = 8
"""How many slices are sent that the edge has not taken yet: a link to NATS holds so much."""
TAKES_LONG = (pk.SessionsBefore, pk.SessionOpened)
"""What an edge may send much of: others have their turn after each."""

log = structlog.get_logger()


class _Edge:
    """An edge at the owner: its feed, its sessions, and what is done for it."""

    def __init__(
        self, hello: pk.Hello, feed: OwnersFeed, receiving: pk.Receiving, heard_at: float
    ) -> None:
        self.hello = hello
        self.node = hello.node
        self.feed = feed
        self.receiving = receiving
        self.heard_at = heard_at
        self.sent: deque[Any] = deque()  # items that are yet to be taken
        self.goes_on = False  # whether that is due in a turn to come
        self.sessions: dict[int, RemoteSession] = {}
        self.requests = Requests()
        self.snapshot: asyncio.Task[None] | None = None
        self.ahead = asyncio.Semaphore(AHEAD)


class PbxOwner:
    """All edges of a PBX's owner.

    `send` sends a packet to the node of this name, and returns False when it cannot.
    """

    def __init__(
        self,
        hub: Hub,
        source: Source,
        send: Callable[[str, bytes], bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._hub = hub
        self._source = source
        self._send = send
        self._loop = loop
        self._edges: dict[str, _Edge] = {}
        self._refusals = Refusals()
        # Those of clients and edges that are gone, as long as a command of theirs is carried out.
        self._gone: WeakSet[RemoteSession] = WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def edges(self) -> list[str]:
        """The names of the edges that have a feed."""
        return sorted(self._edges)

    def receive(self, node: str, data: bytes) -> None:
        """Take a packet that came from the edge of this name."""
        try:
            packet = pk.read(data)
        except pk.FeedOver as gap:
            log.warning("not a packet of an edge", node=node, reason=str(gap))
            return
        edge = self._edges.get(node)
        if edge is None or edge.feed.name != packet.feed:
            self._begin(node, packet)
            return
        edge.heard_at = self._loop.time()
        try:
            edge.sent += edge.receiving.items(packet)
        except pk.FeedOver as over:
            log.warning("the feed of an edge is over", node=node, reason=str(over))
            self._give_up(edge)
        else:
            if not edge.goes_on:
                self._take(edge)

    def beat(self) -> None:
        """Tell all edges that the owner is alive; to be called once a second, or more often."""
        now = self._loop.time()
        for edge in list(self._edges.values()):
            edge.feed.beat()
            if edge.feed.over or now - edge.heard_at > SILENCE_S:
                log.warning("an edge is lost", node=edge.node)
                self._end(edge)

    def dismiss(self, whom: Callable[[User], bool]) -> None:
        """Dismiss the sessions of some users, at once: their pages are to connect again."""
        for edge in self._edges.values():
            for session in [each for each in edge.sessions.values() if whom(each.user)]:
                self._dismiss(edge, session)
        for session in self._gone:
            session.dismissed = session.dismissed or whom(session.user)

    @property
    def under_way(self) -> list[asyncio.Task[None]]:
        """What is being done for edges."""
        return list(self._tasks)

    def close(self) -> list[asyncio.Task[None]]:
        """End all feeds, and tell the edges so; returns what is still under way."""
        for edge in list(self._edges.values()):
            edge.feed.flush()
            self._give_up(edge)
        return self.under_way

    # -- feeds

    def _begin(self, node: str, packet: pk.Packet) -> None:
        """Begin a feed, unless the packet is of one that is over, or the edge is not served."""
        receiving = pk.Receiving(packet.feed, of_edge=True)
        try:
            (hello,) = receiving.items(packet)
        except (pk.FeedOver, ValueError):
            hello = None
        if not isinstance(hello, pk.Hello):
            self._send(node, pk.over(packet.feed))
            return
        now, before = self._loop.time(), self._edges.get(node)
        present = ServedEdge(before.hello, before.heard_at) if before is not None else None
        if refusal := self._refusals.of(node, hello, present, now):
            self._send(node, pk.over(packet.feed, refusal))
            return
        number = agreed(hello.oldest, hello.schema)
        assert number is not None  # or it would be refused
        if before is not None:
            self._end(before)
        feed = OwnersFeed(
            packet.feed,
            lambda packet: self._send(node, packet),
            self._loop,
            lambda: self._source.is_current,
            number,
        )
        self._edges[node] = _Edge(hello, feed, receiving, now)

    def _give_up(self, edge: _Edge) -> None:
        """End a feed, and have the edge begin another."""
        self._end(edge)
        self._send(edge.node, pk.over(edge.feed.name))

    def _end(self, edge: _Edge) -> None:
        edge.feed.over = True
        if self._edges.get(edge.node) is edge:
            del self._edges[edge.node]
        if edge.feed in self._hub.feeds:
            self._hub.feeds.remove(edge.feed)
        self._gone.update(edge.sessions.values())
        for session in edge.sessions.values():
            session.topics.clear()  # with those of all others of this feed
            self._hub.drop(session)
        edge.sessions.clear()
        edge.sent.clear()
        if edge.snapshot is not None:
            edge.snapshot.cancel()

    # -- what an edge sends

    def _take(self, edge: _Edge) -> None:
        """Take what an edge has sent, in its order: all, or the rest in turns to come."""
        edge.goes_on = False
        try:
            while edge.sent:
                item = edge.sent.popleft()
                _TAKE[type(item)](self, edge, item)
                if isinstance(item, TAKES_LONG):
                    edge.goes_on = True
                    self._loop.call_soon(self._take, edge)
                    return
        except Exception:  # a part of it may have been done: the edge is to begin anew
            log.exception("cannot take what an edge sent", node=edge.node)
            self._give_up(edge)

    def _attended(self, edge: _Edge, item: pk.SessionsBefore) -> None:
        known = []
        edge.feed.name_topics(item.names)
        for each in item.sessions:
            topics = [edge.feed.named(number) for number in each.topics]
            session = self._session(edge, each.session)
            if session is not None:
                session.topics.update(dict.fromkeys(topics, 0))
                self._hub.restore(session)
                known.append(session)
        self._source.attended(known)
        if item.ends:
            edge.snapshot = self._start(self._or_end(edge, self._show(edge)))

    def _attending(self, edge: _Edge, item: pk.SessionOpened) -> None:
        session = self._session(edge, item)
        if session is not None:
            self._source.opened(session)

    def _session(self, edge: _Edge, item: pk.SessionOpened) -> RemoteSession | None:
        """The session of an edge's client, unless its user is another one here.

        A version of xucd that knows more of users, or less, has other digests of all of them: then
        the id counts alone. What the user may do is judged here in any case.
        """
        user = self._source.user(item.user_id)
        rights = self._source.rights_of(user) if user is not None else None
        comparable = edge.hello.users == OWNERS
        if (
            user is None
            or rights is None
            or (comparable and owner_of(user, rights).rights != item.rights)
        ):
            edge.feed.add(pk.DismissSession(item.session))
            return None
        sign_in = SignInKey(item.sid, item.generation)
        session = RemoteSession(user, sign_in, rights, edge.feed, item.session)
        session.address = item.address
        edge.sessions[item.session] = session
        return session

    def _left(self, edge: _Edge, item: pk.SessionEnded) -> None:
        session = edge.sessions.pop(item.session, None)
        if session is not None:
            session.dismissed = item.dismissed
            self._hub.drop(session)
            self._gone.add(session)

    def _changed(self, edge: _Edge, item: pk.SessionChanged) -> None:
        session = edge.sessions.get(item.session)
        if session is not None:
            session.sign_in = SignInKey(item.sid, item.generation)
            session.address = item.address

    def _asked(self, edge: _Edge, item: pk.CommandAsked) -> None:
        session = edge.sessions.get(item.session)
        # Too late, the edge knows from the time that the owner tells that it was not begun.
        if session is None or self._loop.time() > item.until:
            return
        kind = COMMANDS.get(item.name)
        try:
            if kind is None:
                raise Refused("NotSupported", "This version of xucd does not support this command.")
            command = msgspec.msgpack.decode(item.arguments, type=kind)
        except msgspec.MsgspecError:
            refused = pk.CommandRefused(
                item.command, "InvalidArgument", "An argument is ill-typed."
            )
            edge.feed.add(refused)
        except Refused as refusal:
            edge.feed.add(_turned_down(item.command, refusal))
        else:
            self._do(edge, item.command, self._carry_out(session, item.command, command))

    def _partly(self, edge: _Edge, item: pk.RequestPart) -> None:
        edge.requests.keep(item)
        edge.feed.add(pk.CommandDone(item.command))

    def _requested(self, edge: _Edge, item: pk.RequestAsked) -> None:
        request = edge.requests.whole(item)
        if self._loop.time() <= item.until:
            self._do(edge, item.command, self._serve(edge, item, request))

    def _awaited(self, edge: _Edge, item: pk.AnswerAwaited) -> None:
        edge.feed.add(edge.requests.next_part(item))

    def _do(self, edge: _Edge, number: int, work: Coroutine[Any, Any, pk.Item]) -> None:
        edge.feed.add(pk.CommandBegun(number))
        self._start(self._tell_outcome(edge, number, work))

    async def _tell_outcome(
        self, edge: _Edge, number: int, work: Coroutine[Any, Any, pk.Item]
    ) -> None:
        try:
            outcome = await work
        except Refused as refusal:
            outcome = _turned_down(number, refusal)
        except Exception:  # the edge answers its client, and goes on with the next command
            log.exception("a command failed", node=edge.node)
            outcome = pk.CommandRefused(number, pk.FAILED, "")
        edge.feed.add(outcome)

    async def _carry_out(self, session: RemoteSession, number: int, command: Command) -> pk.Item:
        answering.set(number)  # in this task alone
        return pk.CommandDone(number, await self._source.carry_out(session, command))

    async def _serve(self, edge: _Edge, item: pk.RequestAsked, request: bytes) -> pk.Item:
        return edge.requests.answer(item, await self._source.serve(item.sender, request))

    def _missing(self, edge: _Edge, item: pk.ThingsMissing) -> None:
        """Tell an edge what is no more, and what is told in any case."""
        snapshot, to = self._source.snapshot(), OneEdge(edge.feed)
        for about, value in edge.feed.still_missing(item.things):
            for topics, body in snapshot.gone(about, value):
                to.publish(topics, body)
        for topics, body in snapshot.rest():
            to.publish(topics, body)
        edge.snapshot = self._start(self._or_end(edge, self._settle(edge)))

    def _slice_taken(self, edge: _Edge, item: pk.SliceTaken) -> None:
        edge.ahead.release()

    def _alive(self, edge: _Edge, item: pk.Alive) -> None:
        """It was heard."""

    # -- snapshots

    async def _show(self, edge: _Edge) -> None:
        """Show an edge all that is shown, in slices: what changes meanwhile is published behind.

        A new configuration begins it again.
        """
        await self._source.known()
        homes = await self._show_homes(edge)
        # No sooner: what is read of Asterisk at first is no news to these sessions, and of what
        # they hear nothing may be told as heard by nobody.
        self._hub.feeds.append(edge.feed)
        while True:
            snapshot = self._source.snapshot()
            for agent_id, number in _unlike(homes, snapshot.homes()).items():
                edge.feed.at_home(agent_id, number)
            homes = dict(snapshot.homes())
            shown = 0
            for part in snapshot.shown():
                for topics, body in part:
                    edge.feed.show(list(topics), body)
                shown += len(part)
                if shown >= SLICE:
                    shown = 0
                    await self._end_slice(edge)
                    if not snapshot.holds:
                        break
            else:
                edge.feed.end_snapshot()
                return

    async def _show_homes(self, edge: _Edge) -> dict[int, int]:
        """Tell an edge who is at home here, in slices; returns the homes that were told."""
        told: dict[int, int] = {}
        while len(more := _unlike(told, self._source.snapshot().homes())) > HOMES:
            for agent_id, number in islice(more.items(), HOMES):
                edge.feed.at_home(agent_id, number)
                told[agent_id] = number
            await self._end_slice(edge)
        return told

    async def _end_slice(self, edge: _Edge) -> None:
        """Let others have their turn, and the edge keep up."""
        edge.feed.add(pk.SliceShown())
        await edge.ahead.acquire()
        await asyncio.sleep(0)

    async def _or_end(self, edge: _Edge, work: Coroutine[Any, Any, None]) -> None:
        """Do a part of a snapshot; if that fails, the feed is over."""
        try:
            await work
        except Exception:  # the edge, which waits for it, begins anew
            log.exception("cannot show an edge the state", node=edge.node)
            self._give_up(edge)

    async def _settle(self, edge: _Edge) -> None:
        await self._source.publish_stored(OneEdge(edge.feed))
        edge.feed.add(pk.Settled(encode(self._source.snapshot().status())))

    def _dismiss(self, edge: _Edge, session: RemoteSession) -> None:
        session.dismissed = True
        self._hub.drop(session)
        del edge.sessions[session.number]
        edge.feed.add(pk.DismissSession(session.number))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _unlike(told: Mapping[int, int], homes: Mapping[int, int]) -> dict[int, int]:
    """The homes that were not told, or are others by now."""
    return {agent_id: number for agent_id, number in homes.items() if told.get(agent_id) != number}


def _turned_down(number: int, refusal: Refused) -> pk.CommandRefused:
    return pk.CommandRefused(
        number, refusal.code, refusal.text, refusal.silent, dict(refusal.detail), refusal.partly
    )


_TAKE: dict[type[pk.Item], Callable[[PbxOwner, _Edge, Any], None]] = {
    pk.SessionsBefore: PbxOwner._attended,
    pk.SessionOpened: PbxOwner._attending,
    pk.SessionEnded: PbxOwner._left,
    pk.SessionChanged: PbxOwner._changed,
    pk.CommandAsked: PbxOwner._asked,
    pk.RequestPart: PbxOwner._partly,
    pk.RequestAsked: PbxOwner._requested,
    pk.AnswerAwaited: PbxOwner._awaited,
    pk.SliceTaken: PbxOwner._slice_taken,
    pk.ThingsMissing: PbxOwner._missing,
    pk.Alive: PbxOwner._alive,
}
