"""All WebSocket links, and the sessions that outlive theirs.

The session of a client that asked to resume is parked when its link is lost, with its
subscriptions. A client that comes back in time with its last position is sent what it missed and
continues. One that comes back too late, or has missed more than the log of streams holds, gets a
new session and a full opening. So does one whose user or rights are others, or whose
sign-in has ended.

What the log has kept over a restart of xucd is parked at the start, for the rest of its time.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from weakref import WeakSet

import msgspec
from autobahn.twisted.websocket import WebSocketServerFactory

from xucd.center.directory import User
from xucd.center.rights import Rights
from xucd.cti.hub import Hub
from xucd.cti.link import MAX_FRAME, Application, Link, LinkLimits, Resume
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams.contents import ClientStream
from xucd.cti.streams.digest import digest, layout
from xucd.cti.streams.records import Owner

GOING_AWAY = 1001


class _Resumable:
    """A session that can be resumed: it is on a link, or parked until a timer ends it."""

    def __init__(self, session: Session, stream: ClientStream, link: Link | None) -> None:
        self.session = session
        self.stream = stream
        self.link = link
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
        self._workers: set[asyncio.Task[None]] = set()
        self._resumable: dict[str, _Resumable] = {}  # by the epoch of the stream
        self._parked: dict[str, _Resumable] = {}  # those without a link, the oldest first
        self._parked_of: dict[int, dict[str, _Resumable]] = {}  # the same, by their users' ids
        self._closing = False
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
        # Autobahn copies all options to each link, and formats them each time for a debug log that
        # nobody sees. Here the links' class has them.
        options: dict[str, Any] = {name: getattr(self, name) for name in Link.CONFIG_ATTRS}
        # A function of a class would be taken for a method.
        options["perMessageCompressionAccept"] = staticmethod(self.perMessageCompressionAccept)
        self.make_link: type[Link] = type("Link", (Link,), {**options, "CONFIG_ATTRS": ()})

    def admit(self, user: User, sign_in: SignInKey, resume: Resume | None) -> "_Admission":
        """What Autobahn's resource builds this user's link with."""
        return _Admission(self, user, sign_in, resume)

    def attach(self, link: Link) -> Session:
        """Attach an open link to its session: the one it resumes, or a new one."""
        assert link.writer is not None
        # It may have been changed since it signed in.
        link.user = self.application.present(link.user)
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
        rights = self.application.rights_of(link.user)
        stream = None
        if resume is not None:
            stream = self.hub.streams.open(owner_of(link.user, rights), link.sign_in)
        link.session = session = Session(link.user, link.sign_in, rights, link.writer, stream)
        session.address = link.address
        self._sessions.add(session)
        if stream is not None:
            self._resumable[stream.epoch] = _Resumable(session, stream, link)
        session.greet(recovered, self.hub.streams.position)
        self.application.opened(session)
        return session

    def restore(
        self, users: Mapping[int, User], has_ended: Callable[[User, SignInKey], bool]
    ) -> list[Session]:
        """Park the sessions of the streams that the log has kept over a restart; returns them.

        `users` are the present ones, by id; `has_ended` says whether a sign-in has. To be called
        before there are links.
        """
        streams, now = self.hub.streams, self.hub.streams.now()
        for stream in sorted(streams.streams.values(), key=lambda each: each.parked or now):
            user = users.get(stream.owner.user_id)
            rights = self.application.rights_of(user) if user is not None else None
            left = self.limits.parking - (now - (stream.parked or now))
            known = user and rights and stream.owner == owner_of(user, rights)
            if user is None or rights is None or not known or left <= 0:
                streams.end(stream)
                continue
            if has_ended(user, stream.sign_in):
                streams.end(stream)
                continue
            session = Session(user, stream.sign_in, rights, None, stream)
            self._sessions.add(session)
            self.hub.restore(session)
            self._resumable[stream.epoch] = resumable = _Resumable(session, stream, None)
            self._park(resumable, left)
        return [resumable.session for resumable in self._parked.values()]

    def detach(self, link: Link) -> None:
        """Detach a lost link from its session, which is parked or ends."""
        self.open.discard(link)
        self.hub.metrics.links.set(len(self.open))
        session = link.session
        if session is None:
            return
        stream = session.stream
        resumable = self._resumable.get(stream.epoch) if stream is not None else None
        if resumable is None:
            self.hub.drop(session)
            return
        self.hub.connect(session, None)
        resumable.link = None
        self.hub.streams.park(resumable.stream)
        self._park(resumable, self.limits.parking)

    def close(self) -> list[asyncio.Task[None]]:
        """Close all links. Sessions that can be resumed stay in the log, for the next start.

        Returns the commands that are under way.
        """
        self._closing = True
        for resumable in self._parked.values():
            if resumable.timer is not None:
                resumable.timer.cancel()
        for link in list(self.open):
            link.sendCloseFrame(GOING_AWAY, b"going away")
        return list(self._workers)

    def work(self, commands: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Carry out a link's commands; they are finished though the link is lost."""
        worker = self.loop.create_task(commands)
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)
        return worker

    def dismiss(self, whom: Callable[[User, SignInKey], bool], code: int, reason: bytes) -> None:
        """Dismiss the sessions of some users or sign-ins, at once, and close their links.

        They can no longer be resumed.
        """
        # Of those dismissed before, the user may be in no configuration any more.
        left = [each for each in self._sessions if not each.dismissed]
        self._dismiss({each for each in left if whom(each.user, each.sign_in)}, code, reason)

    def dismiss_session(self, session: Session, code: int, reason: bytes) -> None:
        """Dismiss one session in the same way."""
        if not session.dismissed:
            self._dismiss({session}, code, reason)

    def _dismiss(self, gone: set[Session], code: int, reason: bytes) -> None:
        for session in gone:
            session.dismissed = True
            self.hub.drop(session)
        for resumable in list(self._resumable.values()):
            if resumable.session in gone:
                self._forget(resumable)
        for link in list(self.open):
            if link.session in gone:
                link.dismiss(code, reason)

    def rename_sign_in(self, old: SignInKey, new: SignInKey) -> None:
        """Let the links and sessions of one sign-in be known by another key."""
        for link in self.open:
            if link.sign_in == old:
                link.sign_in = new
        for session in self._sessions:
            if session.sign_in == old:
                session.sign_in = new
                if session.stream is not None:
                    self.hub.streams.rename_sign_in(session.stream, new)
                self.hub.changed(session)

    def _resume(self, link: Link, epoch: str, position: int) -> Session | None:
        """Continue a session on a new link, or return None if it cannot be continued."""
        resumable = self._resumable.get(epoch)
        rights = self.application.rights_of(link.user)
        if resumable is None or resumable.stream.owner != owner_of(link.user, rights):
            return None
        session = resumable.session
        if resumable.link is not None:
            resumable.link.replace()
        missed = self.hub.streams.after(resumable.stream, position)
        if missed is None:
            self._forget(resumable)
            return None
        if resumable.timer is not None:
            resumable.timer.cancel()
            resumable.timer = None
        self._unpark(resumable)
        self.hub.streams.resume(resumable.stream, link.sign_in)
        self.hub.connect(session, link.writer)
        session.sign_in, session.address = link.sign_in, link.address
        self.hub.changed(session)
        resumable.link = link
        session.greet(True, position, missed)
        return session

    def _park(self, resumable: _Resumable, seconds: float) -> None:
        self._parked[resumable.stream.epoch] = resumable
        of_user = self._parked_of.setdefault(resumable.session.user.id, {})
        of_user[resumable.stream.epoch] = resumable
        if self._closing:
            return
        resumable.timer = self.loop.call_later(seconds, self._forget, resumable)
        if len(of_user) > self.limits.parked_by_user:
            self._forget(next(iter(of_user.values())))
        if len(self._parked) > self.limits.parked:
            self._forget(next(iter(self._parked.values())))

    def _unpark(self, resumable: _Resumable) -> None:
        if self._parked.pop(resumable.stream.epoch, None) is not None:
            of_user = self._parked_of[resumable.session.user.id]
            del of_user[resumable.stream.epoch]
            if not of_user:
                del self._parked_of[resumable.session.user.id]

    def _forget(self, resumable: _Resumable) -> None:
        if resumable.timer is not None:
            resumable.timer.cancel()
        self._unpark(resumable)
        self._resumable.pop(resumable.stream.epoch, None)
        self.hub.drop(resumable.session)


OWNERS = layout(User, Rights)
"""Digests of `owner_of` can be compared where this is the same: it is not in all versions."""


def owner_of(user: User, rights: Rights) -> Owner:
    """Whose a stream is. A change of the user or its rights makes it another's."""
    known = msgspec.json.encode((user, rights), order="deterministic")
    return Owner(user.id, digest(known))


class _Admission:
    """A factory for Autobahn's resource, which cannot pass a user and a position on itself.

    `address` is that of the client.
    """

    address = ""

    def __init__(self, links: Links, user: User, sign_in: SignInKey, resume: Resume | None) -> None:
        self._links = links
        self._user = user
        self._sign_in = sign_in
        self._resume = resume

    def buildProtocol(self, address: Any) -> Link:
        link = self._links.make_link(self._links, self._user, self._sign_in, self._resume)
        link.factory = self._links
        link.address = self.address
        return link
