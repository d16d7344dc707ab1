"""What an edge has of one PBX: the feed of its owner.

An edge has clients' links and sessions; the owner has the state, and the same sessions once more.
What clients ask for goes to the owner, and what it answers and publishes comes back over one feed.
While there is none the clients are told so, and what they ask for is refused.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import structlog

from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.cluster import packets as pk
from xucd.cluster import schema
from xucd.cluster.mirror import Mirror
from xucd.cluster.requests import lost, served_by_owner, unavailable
from xucd.cluster.sessions_before import Before, in_slices
from xucd.cti.commands import Command
from xucd.cti.hub import Hub
from xucd.cti.links import OWNERS, owner_of
from xucd.cti.session import Session
from xucd.cti.streams.topics import decode_topic
from xucd.views import topics

SILENCE_S = 3.0
"""After so long without a word of the owner its part is stale."""
IDLE_S = 1.0
"""After so long without anything to say the edge says that it is there."""
PAUSE_S = 0.2
"""So long lies between the beginnings of two feeds."""
REFUSED_S = 2.0
"""So long an edge waits that was refused."""
BEGIN_S = 5.0
"""For how long a command may wait until the owner begins it."""

log = structlog.get_logger()


Hold = Callable[[bytes], bool]
"""Takes an encoded message of an answer, and returns whether it is kept from the client."""


class FeedPath(NamedTuple):
    """The name of an edge's node, and that of a PBX."""

    node: str
    pbx: str


class FeedParts(NamedTuple):
    """What a feed needs of the rest of its node.

    `rights_of` is that of `xucd.cti.link.Application`. `stale` tells a session that what it sees of
    this PBX is stale, `dismiss` closes the links of a session whose user is another to the owner,
    `at_home` is told of each agent whose home this PBX is, with the number of the change, `heard`
    of each message that is published, with its topics, and `settled` that the edge has the owner's
    state.
    """

    rights_of: Callable[[User], Rights]
    stale: Callable[[Session], None]
    dismiss: Callable[[Session], None]
    at_home: Callable[[int, int], None]
    heard: Callable[[list[Hashable], bytes], None]
    settled: Callable[[], None]


class _Pending:
    """A command that the owner has been asked for."""

    def __init__(self, outcome: "asyncio.Future[Any]", until: float, hold: Hold | None) -> None:
        self.outcome = outcome
        self.until = until
        self.hold = hold
        self.begun = False


class Edge:
    """An edge, as the owner of one PBX knows it.

    `send` sends a packet to the owner, and returns False when it cannot. `has_owner` says whether
    the edge's state is the owner's.
    """

    def __init__(
        self,
        path: FeedPath,
        hub: Hub,
        parts: FeedParts,
        send: Callable[[bytes], bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.node, self.pbx = path
        self._instance = secrets.token_urlsafe(6)
        self.has_owner = False
        self._asterisk_is_current = False
        self._hub = hub
        self._parts = parts
        self._send = send
        self._loop = loop
        self._mirror = Mirror(self._tell)
        self._sessions: dict[int, Session] = {}
        self._numbers: dict[Session, int] = {}
        self._unopened: set[int] = set()  # those that have not had the owner's part of the opening
        self._last_number = 0
        self._pending: dict[int, _Pending] = {}
        self._commands = 0
        self._requests = 0
        # -- of the feed, None while there is none
        self._sending: pk.Sending | None = None
        self._receiving = pk.Receiving("", of_edge=False)
        self._topics: dict[int, Hashable] = {}
        self._owner_time: float | None = None  # none until the owner has spoken
        self._schema = schema.OLDEST  # until then
        # Until a snapshot is whole nothing is asked for: an answer would tell clients what the
        # mirror does not know that they know, if the feed ended then.
        self._is_whole = False
        self._snapshot_is_over = asyncio.Event()
        self._heard_at = 0.0
        self._said_at = 0.0
        self._begun_at = -PAUSE_S
        self._refusal = ""

    @property
    def is_current(self) -> bool:
        """Whether what clients see is Asterisk's state."""
        return self.has_owner and self._asterisk_is_current

    @property
    def known(self) -> dict[bytes, bytes]:
        """What clients know of the things of this PBX."""
        return self._mirror.known

    def forget(self, about: bytes) -> None:
        """A thing is another PBX's to tell of by now."""
        self._mirror.forget(about)

    @property
    def may_ask(self) -> bool:
        """Whether the owner can be asked for something, or will soon be."""
        return self._owner_time is not None

    # -- for links

    def attend(self, session: Session) -> None:
        """Have a new session; the owner's part of its opening comes when the owner is there."""
        number = self._take_in(session)
        self._unopened.add(number)
        if not self.has_owner:
            self._parts.stale(session)
        if self._is_whole:
            self._say([self._opened_item(number)])

    def restored(self, sessions: Iterable[Session], known: dict[bytes, bytes]) -> None:
        """Take in sessions of before a restart, and what they know."""
        for session in sessions:
            number = self._take_in(session)
            if topics.EVERYBODY not in session.topics:
                self._unopened.add(number)  # the owner was away from the first
            self._parts.stale(session)
        self._mirror.known = known

    def dropped(self, session: Session) -> None:
        """A session has ended."""
        number = self._numbers.pop(session, None)
        if number is not None:
            del self._sessions[number]
            self._unopened.discard(number)
            self._say([pk.SessionEnded(number, session.dismissed)])

    def changed(self, session: Session) -> None:
        """A session has got another sign-in, or another address."""
        number, key = self._numbers.get(session), session.sign_in
        if number is not None:
            self._say([pk.SessionChanged(number, key.sid, key.generation, session.address)])

    async def carry_out(
        self, session: Session, command: Command, hold: Hold | None = None
    ) -> str | None:
        """Have the owner carry out a command; returns the code of a warning, if any.

        Messages of its answer go through `hold`, if given. Raises `Refused`: with `PbxUnavailable`
        where the owner is not there, or was lost before the outcome was known.
        """
        session.check()
        of_session = self._numbers.get(session)
        if of_session is None:
            raise unavailable()
        name = str(command.__struct_config__.tag)
        arguments = msgspec.msgpack.encode(command)
        warning: str | None = await self._ask(
            lambda number, until: pk.CommandAsked(number, of_session, until, name, arguments),
            hold,
        )
        return warning

    async def serve(self, sender: pk.RequestSender, request: bytes) -> bytes:
        """Have the owner serve a request over HTTP; returns its answer, as the owner encoded it.

        Raises `Refused` as `carry_out` does.
        """
        self._requests += 1
        return await served_by_owner(self._ask, self._requests, sender, request)

    async def _ask(self, make: Callable[[int, float], pk.Item], hold: Hold | None = None) -> Any:
        """Have the owner do what an item asks for, which is made with a number and its `until`."""
        if self._owner_time is not None and not self._is_whole:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEGIN_S):
                    await self._snapshot_is_over.wait()
        if self._owner_time is None or not self._is_whole:
            raise unavailable()
        self._commands += 1
        number = self._commands
        # The owner's time as it was told is older than its time now: never too late.
        until = self._owner_time + (self._loop.time() - self._heard_at) + BEGIN_S
        pending = self._pending[number] = _Pending(self._loop.create_future(), until, hold)
        self._say([make(number, until)])
        try:
            return await pending.outcome
        finally:
            self._pending.pop(number, None)

    # -- for the node

    def receive(self, data: bytes) -> None:
        """Take a packet that came from the owner."""
        try:
            packet = pk.read(data)
            if self._sending is None or packet.feed != self._receiving.feed:
                return
            items = self._receiving.items(packet)
            self._heard_at = self._loop.time()
            for item in items:
                _TAKE[type(item)](self, item)
        except pk.FeedRefused as refusal:
            self._refused(str(refusal))
        except pk.FeedOver as over:
            self._lose(str(over))
            self.begin()
        except Exception:  # a part of it may have been done: only a snapshot can be trusted now
            log.exception("cannot take what a PBX's owner sent")
            self._lose("an error")
            self.begin()
        else:
            self._refuse_late()

    def tick(self) -> None:
        """See whether the owner is there; to be called several times a second."""
        now = self._loop.time()
        if self._sending is None:
            self.begin()
        elif now - self._heard_at > SILENCE_S:
            self._lose("silence")
            self.begin()
        elif now - self._said_at > IDLE_S:
            self._say([pk.Alive()])

    def lost(self) -> None:
        """The way to the owner is gone."""
        self._lose("not connected")

    def begin(self) -> None:
        """Begin a feed, if there is none and the last attempt is not of this moment."""
        if self._sending is None and self._loop.time() - self._begun_at >= PAUSE_S:
            self._begin()

    # -- the feed

    def _begin(self) -> None:
        self._begun_at = self._loop.time()
        feed = pk.new_feed()
        self._sending, self._receiving = pk.Sending(feed), pk.Receiving(feed, of_edge=False)
        self._topics.clear()
        self._owner_time = None
        self._is_whole = False
        self._snapshot_is_over.clear()
        self._heard_at = self._loop.time()
        self._mirror.begin()
        hello = pk.Hello(
            self.node, schema.SCHEMA, self._instance, socket.gethostname(), schema.OLDEST, OWNERS
        )
        self._say([hello])
        before = self._opened_before(sorted(self._sessions.keys() - self._unopened))
        self._say_next(self._sending, in_slices(before, self._topics))

    def _opened_before(self, numbers: list[int]) -> Iterator[Before]:
        for number in numbers:
            if number in self._sessions:  # it may have ended while others were told
                yield self._opened_item(number), self._sessions[number].topics

    def _say_next(self, feed: pk.Sending | None, slices: Iterator[pk.SessionsBefore]) -> None:
        """Say the next slice, and the others one a turn, as long as the feed is this one."""
        if feed is not None and feed is self._sending:
            part = next(slices)
            self._say([part])
            if not part.ends:
                self._loop.call_soon(self._say_next, feed, slices)

    def _lose(self, reason: str) -> None:
        """The feed is over: nothing that comes of it counts any more."""
        if self._sending is None:
            return
        self._sending, self._owner_time, self._is_whole = None, None, False
        self._snapshot_is_over.set()
        for pending in self._pending.values():
            if not pending.outcome.done():
                pending.outcome.set_exception(lost())
        if self.has_owner:
            log.warning("the PBX's owner is lost", pbx=self.pbx, reason=reason)
            self.has_owner = False
            for session in list(self._sessions.values()):
                self._parts.stale(session)

    def _refused(self, reason: str) -> None:
        self._lose("refused")
        self._begun_at = self._loop.time() + REFUSED_S - PAUSE_S
        if reason != self._refusal:
            log.error("the PBX's owner refuses this edge", pbx=self.pbx, reason=reason)
        self._refusal = reason

    def _say(self, items: list[Any]) -> None:
        if self._sending is None:
            return
        self._said_at = self._loop.time()
        for packet in self._sending.packets(items):
            if not self._send(packet):
                self._lose("not connected")
                return

    def _refuse_late(self) -> None:
        """Refuse what the owner has not begun, and now will not."""
        for pending in self._pending.values():
            late = self._owner_time is not None and self._owner_time > pending.until
            if late and not pending.begun and not pending.outcome.done():
                pending.outcome.set_exception(unavailable())

    # -- sessions

    def _take_in(self, session: Session) -> int:
        self._last_number += 1
        self._sessions[self._last_number] = session
        self._numbers[session] = self._last_number
        return self._last_number

    def _opened_item(self, number: int) -> pk.SessionOpened:
        session = self._sessions[number]
        owner = owner_of(session.user, self._parts.rights_of(session.user))
        return pk.SessionOpened(
            number,
            session.user.id,
            owner.rights,
            session.sign_in.sid,
            session.sign_in.generation,
            session.address,
        )

    # -- what the owner sends

    def _tell(
        self, topics: list[int], message: bytes, about: bytes | None, value: bytes | None
    ) -> None:
        named = [self._topics[each] for each in topics]
        self._hub.publish_encoded(named, message, about, value)
        self._parts.heard(named, message)

    def _beat(self, item: pk.Beat) -> None:
        self._owner_time = item.now
        self._schema = item.schema
        self._asterisk_is_current = item.is_current

    def _named(self, item: pk.NameTopic) -> None:
        self._topics[item.topic] = decode_topic(item.name)

    def _subscribed(self, item: pk.SubscribeSession) -> None:
        if item.session in self._sessions:
            self._hub.subscribe(self._sessions[item.session], self._topics[item.topic])

    def _unsubscribed(self, item: pk.UnsubscribeSession) -> None:
        if item.session in self._sessions:
            self._hub.unsubscribe(self._sessions[item.session], self._topics[item.topic])

    def _sent(self, item: pk.SendMessage) -> None:
        session = self._sessions.get(item.session)
        if session is None or session.dismissed:
            return
        self._unopened.discard(item.session)
        pending = self._pending.get(item.command)
        if pending is None or pending.hold is None or not pending.hold(item.message):
            session.send_encoded(item.message)

    def _told(self, item: pk.KnowThing) -> None:
        self._mirror.know(item.about, item.value)
        self._hub.streams.set_known(item.about, item.value)

    def _published(self, item: pk.PublishMessage) -> None:
        self._mirror.publish(item.topics, item.message, item.about, item.value)

    def _shown(self, item: pk.ShowMessage) -> None:
        self._mirror.show(item.topics, item.message, item.about, item.value)

    def _at_home(self, item: pk.AgentAtHome) -> None:
        self._parts.at_home(item.agent_id, item.number)

    def _slice_shown(self, item: pk.SliceShown) -> None:
        self._say([pk.SliceTaken()])

    def _snapshot_ends(self, item: pk.SnapshotEnds) -> None:
        self._is_whole = True
        self._snapshot_is_over.set()
        opened = [self._opened_item(number) for number in sorted(self._unopened)]
        self._say([pk.ThingsMissing(self._mirror.missing()), *opened])

    def _settled(self, item: pk.Settled) -> None:
        self._mirror.settle()
        self._refusal = ""
        self.has_owner = True
        for session in list(self._sessions.values()):
            session.send_encoded(item.status)
        log.info("the PBX's owner is there", pbx=self.pbx, schema=self._schema)
        self._parts.settled()

    def _begun(self, item: pk.CommandBegun) -> None:
        if item.command in self._pending:
            self._pending[item.command].begun = True

    def _done(self, item: pk.CommandDone) -> None:
        pending = self._pending.get(item.command)
        if pending is not None and not pending.outcome.done():
            pending.outcome.set_result(item.warning)

    def _answered(self, item: pk.RequestAnswered) -> None:
        pending = self._pending.get(item.command)
        if pending is not None and not pending.outcome.done():
            pending.outcome.set_result(item)

    def _turned_down(self, item: pk.CommandRefused) -> None:
        pending = self._pending.get(item.command)
        if pending is None or pending.outcome.done():
            return
        refusal: Exception = Failed()
        if item.code != pk.FAILED:
            refusal = Refused(item.code, item.text, silent=item.silent, **item.detail)
            refusal.partly = item.partly
        pending.outcome.set_exception(refusal)

    def _dismissed(self, item: pk.DismissSession) -> None:
        session = self._sessions.get(item.session)
        if session is not None:
            self._parts.dismiss(session)


class Failed(Exception):
    """The owner could not do what it was asked for; its log says why."""


_TAKE: dict[type[pk.Item], Callable[[Edge, Any], None]] = {
    pk.Beat: Edge._beat,
    pk.NameTopic: Edge._named,
    pk.SubscribeSession: Edge._subscribed,
    pk.UnsubscribeSession: Edge._unsubscribed,
    pk.SendMessage: Edge._sent,
    pk.KnowThing: Edge._told,
    pk.PublishMessage: Edge._published,
    pk.ShowMessage: Edge._shown,
    pk.AgentAtHome: Edge._at_home,
    pk.SliceShown: Edge._slice_shown,
    pk.SnapshotEnds: Edge._snapshot_ends,
    pk.Settled: Edge._settled,
    pk.CommandBegun: Edge._begun,
    pk.CommandDone: Edge._done,
    pk.RequestAnswered: Edge._answered,
    pk.CommandRefused: Edge._turned_down,
    pk.DismissSession: Edge._dismissed,
}
