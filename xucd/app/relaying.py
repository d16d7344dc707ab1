"""The owner's side of the relay: edges are served from the same centre as clients of this node."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import structlog

from xucd.app.front import FINISH_S
from xucd.app.service import Service
from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.cluster.nats_link import NatsLink
from xucd.cluster.owner import PbxOwner
from xucd.cluster.packets import RequestSender
from xucd.cluster.source import Telling
from xucd.cluster.subjects import send, subjects_of
from xucd.commands.default_memberships import show_all
from xucd.config.cluster import Cluster
from xucd.cti.commands import Command
from xucd.cti.hub import Broadcaster
from xucd.cti.messages import Message
from xucd.cti.session import Session
from xucd.publishing import differences
from xucd.publishing.link_status import link_status
from xucd.publishing.opening import send_live, subscribe_to_own
from xucd.store import StoreError

BEAT_S = 0.5
UNKNOWN_S = 15.0
"""For how long an owner that has just started shows nothing until it has read Asterisk."""
RETRY_S = 1.0
"""After so long it is tried again to read what is stored."""

ServeRequest = Callable[[RequestSender, bytes], Awaitable[bytes]]
"""Serves a request over HTTP of an edge's user."""

log = structlog.get_logger()


class CenterSource:
    """The owner's application: see `xucd.cluster.source.Source`."""

    def __init__(self, service: Service, serve: ServeRequest) -> None:
        self._service = service
        self._context = service.context
        self._serve = serve
        self._was_current = False

    @property
    def is_current(self) -> bool:
        """Whether what it knows is Asterisk's state."""
        return self._context.asterisk.current

    def user(self, user_id: int) -> User | None:
        """The user of this id in the present configuration."""
        return self._service.directory.users.get(user_id)

    def rights_of(self, user: User) -> Rights:
        """What a user may see and do."""
        return self._service.rights_of(user)

    def opened(self, session: Session) -> None:
        """Subscribe a new session, and send it what its edge cannot know."""
        subscribe_to_own(self._context, session)
        send_live(self._context, session)

    def attended(self, sessions: Sequence[Session]) -> None:
        """Take in sessions that have had their opening, and have subscribed, before."""
        differences.restore(self._context, sessions)
        self._service.callbacks.take_in(sessions)

    async def carry_out(self, session: Session, command: Command) -> str | None:
        """Carry out a command; returns the code of a warning, if any. Raises `Refused`."""
        return await self._service.carry_out(session, command)

    async def serve(self, sender: RequestSender, request: bytes) -> bytes:
        """Serve a request over HTTP."""
        return await self._serve(sender, request)

    async def known(self) -> None:
        """Wait until what is shown was Asterisk's state once, or that takes too long.

        A centre that has not read Asterisk yet would show all calls as over.
        """
        end = time.monotonic() + UNKNOWN_S
        while not self._was_current and time.monotonic() < end:
            self._was_current = self.is_current
            await asyncio.sleep(BEAT_S / 5)  # seldom, and soon over
        self._was_current = True
        # Who has gone while this node had no lease is not to be shown as it was here.
        if begun := await self._service.homes.refresh():
            await asyncio.wait(begun)

    def snapshot(self) -> "CenterSnapshot":
        """All that is shown, from this moment on."""
        return CenterSnapshot(self._service)

    async def publish_stored(self, to: Broadcaster) -> None:
        """Publish callbacks and default memberships; waits as long as the database is lost."""
        while True:
            try:
                await self._service.callbacks.show_lists(to)
                await show_all(self._context, to)
            except (Refused, StoreError) as error:
                log.warning("cannot read what an edge may have missed", reason=str(error))
                await asyncio.sleep(RETRY_S)  # a database does not tell when it is back
            else:
                return


class CenterSnapshot:
    """See `xucd.cluster.source.ShownState`."""

    def __init__(self, service: Service) -> None:
        self._context = service.context
        self._center = service.context.center

    @property
    def holds(self) -> bool:
        """Whether the configuration is still the same."""
        return self._context.center is self._center

    def homes(self) -> Mapping[int, int]:
        """The agents whose home is this PBX, with the numbers of the changes."""
        return self._center.at_home or {}

    def shown(self) -> Iterator[Sequence[Telling]]:
        """All that is shown of lasting state, a part at a time."""
        return differences.shown(self._context)

    def gone(self, about: bytes, value: bytes) -> Iterator[Telling]:
        """That a thing is no more."""
        return differences.gone(self._context, about, value)

    def rest(self) -> Iterator[Telling]:
        """Figures."""
        return differences.figures(self._context)

    def status(self) -> Message:
        """Whether all of it is Asterisk's state."""
        return link_status(self._context.asterisk.lost_since, self._context.options.pbx)


class OwnersRelay:
    """Serves the edges of a PBX over a link to NATS, which it starts and closes.

    It does so as long as `is_ours` says that this node owns the PBX.
    """

    def __init__(
        self,
        service: Service,
        cluster: Cluster,
        serve: ServeRequest,
        is_ours: Callable[[], bool],
        link: NatsLink,
    ) -> None:
        self._is_ours = is_ours
        self._closing = False
        self._link = link
        self._subjects = subjects_of(cluster)
        self._pbx = cluster.pbx
        loop = asyncio.get_running_loop()
        self._owner = PbxOwner(service.context.hub, CenterSource(service, serve), self._send, loop)
        self._beats: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect to NATS, and serve edges from then on."""
        self._link.subscribe(self._subjects.from_any_edge(self._pbx), self._receive)
        self._beats = asyncio.create_task(self._beat())
        await self._link.start()

    def dismiss(self, whom: Callable[[User], bool]) -> None:
        """Dismiss the sessions of some users on all edges."""
        self._owner.dismiss(whom)

    async def close(self) -> None:
        """Let commands that are under way come to their end, end all feeds, and disconnect."""
        if self._beats is not None:
            self._beats.cancel()
        self._closing = True
        if work := self._owner.under_way:
            await asyncio.wait(work, timeout=FINISH_S)
        work = self._owner.close()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await self._link.close()

    def _send(self, node: str, packet: bytes) -> bool:
        subject = self._subjects.to_edge(self._pbx, node)
        return self._is_ours() and send(self._link, subject, packet)

    def _receive(self, subject: str, data: bytes) -> None:
        if self._is_ours() and not self._closing:
            self._owner.receive(self._subjects.node_of(subject), data)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)  # the beats are what the edges know the owner by
            self._owner.beat()
