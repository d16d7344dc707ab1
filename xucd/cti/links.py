"""All WebSocket links, and the sessions that outlive theirs.

The session of a client that asked to resume is parked when its link is lost, with its
subscriptions. A client that comes back in time with its last position is sent what it missed and
continues. One that comes back too late, or has missed more than the replay buffer holds, gets a new
session and a full opening.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from autobahn.twisted.websocket import WebSocketServerFactory

from xucd.center.directory import User
from xucd.cti.hub import Hub
from xucd.cti.link import MAX_FRAME, Application, Link, LinkLimits, Resume
from xucd.cti.session import ReplayBuffer, Session, SignInKey

GOING_AWAY = 1001


class _Resumable:
    """A session that can be resumed: it is on a link, or parked until a timer ends it."""

    def __init__(self, session: Session, replay: ReplayBuffer, link: Link) -> None:
        self.session = session
        self.replay = replay
        self.link: Link | None = link
        self.timer: asyncio.TimerHandle | None = None


class Links(WebSocketServerFactory):
    """All links of the daemon; see `Link` for what ends one."""

    def __init__(
        self,
        hub: Hub,
        application: Application,
        loop: asyncio.AbstractEventLoop,
        limits: LinkLimits | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.hub = hub
        self.application = application
        self.loop = loop
        self.limits = limits or LinkLimits()
        self.open: set[Link] = set()
        # Also those that have lost their link while a command of theirs is still carried out.
        self._sessions: WeakSet[Session] = WeakSet()
        self._resumable: dict[str, _Resumable] = {}  # by the epoch of the stream
        self._parked: dict[str, _Resumable] = {}  # those without a link, the oldest first
        self.setProtocolOptions(  # type: ignore[no-untyped-call]
            maxFramePayloadSize=MAX_FRAME,
            maxMessagePayloadSize=MAX_FRAME,
            failByDrop=False,
            closeHandshakeTimeout=self.limits.closing,
            perMessageCompressionAccept=lambda _: None,
            # The origin is checked before the handshake, with an answer that a page can read.
            allowedOrigins=["*"],
            tcpNoDelay=True,
        )

    def admit(self, user: User, sign_in: SignInKey, resume: Resume | None) -> "_Admission":
        """What Autobahn's resource builds this user's link with."""
        return _Admission(self, user, sign_in, resume)

    def attach(self, link: Link) -> Session:
        """Attach an open link to its session: the one it resumes, or a new one."""
        assert link.writer is not None
        self.open.add(link)
        self.hub.metrics.opened.inc()
        self.hub.metrics.links.set(len(self.open))
        resume = link.resume
        recovered = None
        if resume is not None and resume.epoch is not None:
            session = self._resume(link, resume.epoch, resume.position)
            if session is not None:
                return session
            recovered = False
        replay = ReplayBuffer() if resume is not None else None
        rights = self.application.rights_of(link.user)
        link.session = session = Session(link.user, link.sign_in, rights, link.writer, replay)
        self._sessions.add(session)
        if replay is not None:
            self._resumable[replay.epoch] = _Resumable(session, replay, link)
        session.greet(recovered)
        self.application.opened(session)
        return session

    def detach(self, link: Link) -> None:
        """Detach a lost link from its session, which is parked or ends."""
        self.open.discard(link)
        self.hub.metrics.links.set(len(self.open))
        session = link.session
        if session is None:
            return
        replay = session.replay
        resumable = self._resumable.get(replay.epoch) if replay is not None else None
        if resumable is None:
            self.hub.drop(session)
            return
        session.writer = resumable.link = None
        self._park(resumable)

    def close(self) -> None:
        """Close all links, and end all parked sessions."""
        for resumable in list(self._parked.values()):
            self._forget(resumable)
        for link in list(self.open):
            link.sendCloseFrame(GOING_AWAY, b"going away")

    def dismiss(self, whom: Callable[[User, SignInKey], bool], code: int, reason: bytes) -> None:
        """Dismiss the sessions of some users or sign-ins, at once, and close their links.

        They can no longer be resumed.
        """
        gone = {
            each for each in self._sessions if not each.dismissed and whom(each.user, each.sign_in)
        }
        for session in gone:
            session.dismissed = True
            self.hub.drop(session)
        for resumable in list(self._resumable.values()):
            if resumable.session in gone:
                self._forget(resumable)
        for link in list(self.open):
            if link.session in gone:
                link.dismiss(code, reason)

    def _resume(self, link: Link, epoch: str, position: int) -> Session | None:
        """Continue a session on a new link, or return None if it cannot be continued."""
        resumable = self._resumable.get(epoch)
        if resumable is None or resumable.session.user.id != link.user.id:
            return None
        session = resumable.session
        missed = resumable.replay.after(position)
        if resumable.link is not None:
            resumable.link.replace()
        if missed is None:
            self._forget(resumable)
            return None
        if resumable.timer is not None:
            resumable.timer.cancel()
            resumable.timer = None
        self._parked.pop(epoch, None)
        session.writer, session.sign_in = link.writer, link.sign_in
        resumable.link = link
        session.greet(True, missed)
        return session

    def _park(self, resumable: _Resumable) -> None:
        self._parked[resumable.replay.epoch] = resumable
        resumable.timer = self.loop.call_later(self.limits.parking, self._forget, resumable)
        if len(self._parked) > self.limits.parked:
            self._forget(next(iter(self._parked.values())))

    def _forget(self, resumable: _Resumable) -> None:
        if resumable.timer is not None:
            resumable.timer.cancel()
        self._parked.pop(resumable.replay.epoch, None)
        self._resumable.pop(resumable.replay.epoch, None)
        self.hub.drop(resumable.session)


class _Admission:
    """A factory for Autobahn's resource, which cannot pass a user and a position on itself."""

    def __init__(self, links: Links, user: User, sign_in: SignInKey, resume: Resume | None) -> None:
        self._links = links
        self._user = user
        self._sign_in = sign_in
        self._resume = resume

    def buildProtocol(self, address: Any) -> Link:
        link = Link(self._links, self._user, self._sign_in, self._resume)
        link.factory = self._links
        return link
