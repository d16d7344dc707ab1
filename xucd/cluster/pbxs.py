"""All PBXs of a centre, as an edge has them: one application for the links of its clients.

There is a feed from the owner of each PBX; `xucd.cluster.routes` says whose a command is. What one
of them alone tells goes to clients as it comes. What every PBX answers is united. If one could not
be asked, its part is told once it is back.
"""

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from xucd.center.directory import Directory, User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.cluster.edge import Edge, Failed, FeedParts, FeedPath
from xucd.cluster.packets import RequestSender
from xucd.cluster.requests import lost, unavailable
from xucd.cluster.routes import REPEATED, ROUTES, home_of_user
from xucd.cluster.united import UnitedAnswer
from xucd.cti.commands import Command, SubscribeToPhoneHints, UnsubscribeFromAllPhoneHints
from xucd.cti.hub import Hub
from xucd.cti.session import Session
from xucd.cti.streams.topics import encode_topic
from xucd.views import topics

MAX_OWED = 100
"""How many commands of a session are asked again of a PBX that is back."""


class NodeParts(NamedTuple):
    """What is needed of the rest of the node.

    `directory` is the whole centre as configured. `present` and `rights_of` are those of
    `xucd.cti.link.Application`. `open` sends a session what of its opening is known without an
    owner, `stale` tells it that what it sees of a PBX is stale, and `dismiss` closes the links of
    one whose user is another to an owner. `send` sends a packet to the owner of a PBX, and returns
    False when it cannot.
    """

    directory: Callable[[], Directory]
    present: Callable[[User], User]
    rights_of: Callable[[User], Rights]
    open: Callable[[Session], None]
    stale: Callable[[Session, str], None]
    dismiss: Callable[[Session], None]
    send: Callable[[str, bytes], bool]


class Pbxs:
    """The application of an edge's links: see `xucd.cti.link.Application`.

    `edges` are the feeds, by PBX: those of the configuration, once `configure` is called.
    """

    def __init__(
        self, node: str, hub: Hub, parts: NodeParts, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.edges: dict[str, Edge] = {}
        self._node = node
        self._hub = hub
        self._parts = parts
        self._loop = loop
        self._sessions: dict[Session, dict[bytes, Command]] = {}  # with what each is owed
        self._homes: dict[int, tuple[int, str]] = {}  # of agents, with the number of the change
        self._answering: set[UnitedAnswer] = set()
        self._again: set[asyncio.Task[None]] = set()
        hub.dropped, hub.changed = self._dropped, self._changed

    def configure(self) -> bool:
        """Have a feed of each PBX that is configured; returns whether one is so no longer."""
        wanted = self.directory.pbxs
        gone = self.edges.keys() - set(wanted)
        for pbx in gone:
            self.edges.pop(pbx).lost()
        for pbx in wanted:
            if pbx not in self.edges:
                self.edges[pbx] = self._feed(pbx)
                self.edges[pbx].restored(self._sessions, {})
        return bool(gone)

    def _feed(self, pbx: str) -> Edge:
        parts = FeedParts(
            rights_of=self.rights_of,
            stale=lambda session: self._parts.stale(session, pbx),
            dismiss=self._parts.dismiss,
            at_home=lambda agent_id, number: self._at_home(pbx, agent_id, number),
            heard=self._heard,
            settled=self._settled,
        )
        path = FeedPath(self._node, pbx)
        return Edge(
            path, self._hub, parts, lambda packet: self._parts.send(pbx, packet), self._loop
        )

    # -- what is known of the centre

    @property
    def directory(self) -> Directory:
        """The whole centre, as it is configured."""
        return self._parts.directory()

    def home(self, agent_id: int) -> str:
        """The PBX where an agent is logged in, or was last."""
        _, pbx = self._homes.get(agent_id, (0, ""))
        return pbx if pbx in self.edges else self.directory.first_home(agent_id)

    @property
    def is_current(self) -> bool:
        """Whether what clients see is the state of every Asterisk."""
        return all(edge.is_current for edge in self.edges.values())

    # -- for links

    def present(self, user: User) -> User:
        """The user as it is in the present configuration; as given if it was removed from that."""
        return self._parts.present(user)

    def rights_of(self, user: User) -> Rights:
        """What a user may see and do."""
        return self._parts.rights_of(user)

    def opened(self, session: Session) -> None:
        """Send a new session its opening; the owners' parts of it come when they are there."""
        if session.stream is not None and self._hub.streams.told is None:
            self._hub.streams.remember(self._known())
        self._sessions[session] = {}
        self._parts.open(session)
        for edge in self.edges.values():
            edge.attend(session)

    def restored(self, sessions: Iterable[Session]) -> None:
        """Take in sessions of before a restart, which know what the log of streams says."""
        self._sessions = {session: {} for session in sessions}
        for edge in self.edges.values():
            edge.restored(self._sessions, dict(self._hub.streams.told or {}))

    async def carry_out(self, session: Session, command: Command) -> str | None:
        """Have the owner, or all of them, carry out a command; returns a warning's code, if any.

        Raises `Refused`: with `PbxUnavailable` where the owner is not there, or was lost before the
        outcome was known.
        """
        session.check()
        pbx = ROUTES[type(command)](self, command, session.user)
        if pbx is None and len(self.edges) == 1:
            (pbx,) = self.edges
        if pbx is not None:
            return await self._edge(pbx).carry_out(session, command)
        return await self._every(session, command)

    def _edge(self, pbx: str) -> Edge:
        if pbx not in self.edges:
            raise unavailable()  # the configuration is about to change
        return self.edges[pbx]

    async def _every(self, session: Session, command: Command) -> str | None:
        """Have every owner carry out a command; those that cannot be asked are owed it."""
        answers = UnitedAnswer(session.topics, lambda pbx, agent_id: self.home(agent_id) == pbx)
        self._answering.add(answers)
        edges = list(self.edges.values())
        try:
            outcomes = await asyncio.gather(
                *(edge.carry_out(session, command, _holding(answers, edge.pbx)) for edge in edges),
                return_exceptions=True,
            )
            away = [edge for edge, each in zip(edges, outcomes, strict=True) if _is_away(each)]
            for each in outcomes:
                if isinstance(each, BaseException) and (not _is_away(each) or away == edges):
                    raise each
            for message in answers.whole():
                session.send_encoded(message)
            if away and type(command) not in REPEATED:
                refusal = lost()
                refusal.partly = True
                raise refusal
            if away:
                self._owe(session, command, away)
        finally:
            self._answering.discard(answers)
        return next((each for each in outcomes if isinstance(each, str)), None)

    async def serve(self, sender: RequestSender, request: bytes) -> bytes:
        """Have an owner serve a request over HTTP; returns its answer, as the owner encoded it.

        It is that of the user's own PBX, or another: what REST is about is in the database. Raises
        `Refused` as `carry_out` does.
        """
        user = self.directory.users.get(sender.user_id)
        own = home_of_user(self, user) if user is not None else self.directory.default_pbx
        there = [pbx for pbx, edge in self.edges.items() if edge.may_ask]
        pbx = own if own in there or not there else there[0]
        return await self._edge(pbx).serve(sender, request)

    # -- for the node

    def receive(self, pbx: str, packet: bytes) -> None:
        """Take a packet that came from the owner of a PBX."""
        if (edge := self.edges.get(pbx)) is not None:
            edge.receive(packet)

    def tick(self) -> None:
        """See whether the owners are there; to be called several times a second."""
        for edge in self.edges.values():
            edge.tick()

    def begin(self) -> None:
        """The way to the owners is there."""
        for edge in self.edges.values():
            edge.begin()

    def lost(self) -> None:
        """The way to the owners is gone."""
        for edge in self.edges.values():
            edge.lost()

    def close(self) -> None:
        """Ask nothing more."""
        for task in self._again:
            task.cancel()

    # -- what the feeds tell

    def _dropped(self, session: Session) -> None:
        self._sessions.pop(session, None)
        for edge in self.edges.values():
            edge.dropped(session)

    def _changed(self, session: Session) -> None:
        for edge in self.edges.values():
            edge.changed(session)

    def _at_home(self, pbx: str, agent_id: int, number: int) -> None:
        before, former = self._homes.get(agent_id, (-1, ""))
        if number < before:
            return
        self._homes[agent_id] = number, pbx
        if former not in ("", pbx) and former in self.edges:
            for about in list(self._about(agent_id, self.edges[former].known)):
                self.edges[former].forget(about)

    def _about(self, agent_id: int, known: dict[bytes, bytes]) -> Iterator[bytes]:
        """What clients know of an agent, its user and their phone."""
        agent = self.directory.agents.get(agent_id)
        own = {
            b"AgentStateEvent %d" % agent_id,
            b"UserStatusUpdate " + encode_topic(topics.own_agent(agent_id)),
        }
        phone = encode_topic(topics.own_phone(agent.user_id)) if agent is not None else None
        member, config = b"QueueMember %d " % agent_id, b" %d" % agent_id
        for about in known:
            kind, _, of = about.partition(b" ")
            if (
                about in own
                or about.startswith(member)
                or (kind == b"AgentConfig" and of.endswith(config))
                or (phone is not None and kind.startswith(b"Phone") and of.startswith(phone))
            ):
                yield about

    def _heard(self, topics: list[Hashable], message: bytes) -> None:
        for answers in self._answering:
            answers.heard(topics, message)

    def _settled(self) -> None:
        if self._hub.streams.told is not None:
            self._hub.streams.remember(self._known())
        for session, owed in self._sessions.items():
            for command in owed.values():
                self._ask_again(session, command)
            owed.clear()

    def _known(self) -> dict[bytes, bytes]:
        """What clients know of all PBXs: the word of those that are there counts most."""
        known: dict[bytes, bytes] = {}
        for edge in sorted(self.edges.values(), key=lambda edge: edge.has_owner):
            known |= edge.known
        return known

    # -- what a PBX that was away is yet to be asked for

    def _owe(self, session: Session, command: Command, away: list[Edge]) -> None:
        """Ask again once one of those that were away is back, which it may be by now."""
        owed = self._sessions.get(session)
        if ends := isinstance(command, UnsubscribeFromAllPhoneHints):
            self._end_hints(session)
        if any(edge.may_ask if ends else edge.has_owner for edge in away):
            self._ask_again(session, command)
        elif owed is not None and len(owed) < MAX_OWED and not ends:
            owed[msgspec.json.encode(command)] = command

    def _end_hints(self, session: Session) -> None:
        """Let who is away hear of none as it is back."""
        for topic in [topic for topic in session.topics if topics.is_phone_hint(topic)]:
            self._hub.unsubscribe(session, topic)
        owed = self._sessions.get(session, {})
        for key in [key for key, each in owed.items() if isinstance(each, SubscribeToPhoneHints)]:
            del owed[key]

    def _ask_again(self, session: Session, command: Command) -> None:
        task = self._loop.create_task(self._again_every(session, command))
        self._again.add(task)
        task.add_done_callback(self._again.discard)

    async def _again_every(self, session: Session, command: Command) -> None:
        with contextlib.suppress(Refused, Failed):  # it was answered already, as far as it went
            await self._every(session, command)


def _holding(answers: UnitedAnswer, pbx: str) -> Callable[[bytes], bool]:
    return lambda message: answers.hold(pbx, message)


def _is_away(outcome: object) -> bool:
    return isinstance(outcome, Refused) and outcome.code == "PbxUnavailable"
