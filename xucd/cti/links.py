"""All WebSocket links, and the sessions that outlive theirs.

A client that asked to resume keeps its session for a while after its link is lost, subscriptions
and all. Back in time with the place it had got to, it is sent what it missed and nothing is opened
anew; back too late, or having missed more than was kept, it gets a new session and a full opening.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory

from xucd.center.directory import User
from xucd.cti.hub import Hub
from xucd.cti.link import MAX_FRAME, Application, Link, LinkLimits, Resume
from xucd.cti.session import Kept, Session

GOING_AWAY = 1001


class _Place:
    """Where a session that can be resumed stands: on a link, or parked until a timer ends it."""

    def __init__(self, session: Session, link: Link) -> None:
        self.session = session
        self.link: Link | None = link
        self.timer: asyncio.TimerHandle | None = None


class Links(WebSocketServerFactory):
    """One for the whole daemon. Raises nothing by itself; see `Link` for what ends a link."""

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
        self._places: dict[str, _Place] = {}
        self._parked: dict[str, _Place] = {}
        self.setProtocolOptions(  # type: ignore[no-untyped-call]
            maxFramePayloadSize=MAX_FRAME,
            maxMessagePayloadSize=MAX_FRAME,
            failByDrop=False,
            closeHandshakeTimeout=self.limits.closing,
            perMessageCompressionAccept=lambda _: None,
            # Judged before the handshake, with an answer that a page can read.
            allowedOrigins=["*"],
            tcpNoDelay=True,
        )

    def admit(self, user: User, resume: Resume | None) -> "_Admission":
        """What Autobahn's resource builds the link of this one user with."""
        return _Admission(self, user, resume)

    def joined(self, link: Link) -> Session:
        """Give an open link its session, and open that if it is new."""
        assert link.writer is not None
        self.open.add(link)
        self.hub.metrics.opened.inc()
        self.hub.metrics.links.set(len(self.open))
        resume = link.resume
        recovered = None
        if resume is not None and resume.epoch is not None:
            session = self._taken_up(link, resume.epoch, resume.position)
            if session is not None:
                return session
            recovered = False
        session = Session(link.user, link.writer, Kept() if resume is not None else None)
        link.session = session
        if session.kept is not None:
            self._places[session.kept.epoch] = _Place(session, link)
        session.greet(recovered)
        self.application.opened(session)
        return session

    def left(self, link: Link) -> None:
        """A link is lost; its session is parked or ends."""
        self.open.discard(link)
        self.hub.metrics.links.set(len(self.open))
        session = link.session
        if session is None:
            return
        place = self._places.get(session.kept.epoch) if session.kept is not None else None
        if place is None:
            self._ended(session)
            return
        session.writer = place.link = None
        self._park(place)

    def close(self) -> None:
        """Say goodbye to everybody, and end what is parked."""
        for place in list(self._parked.values()):
            self._forget(place)
        for link in list(self.open):
            link.sendCloseFrame(GOING_AWAY, b"going away")

    def dismiss(self, whom: Callable[[User], bool], code: int, reason: bytes) -> None:
        """End the links of some users, and all that they could take up again."""
        for place in list(self._places.values()):
            if whom(place.session.user):
                self._forget(place)
        for link in list(self.open):
            if whom(link.user):
                link.sendCloseFrame(code, reason)

    def _taken_up(self, link: Link, epoch: str, position: int) -> Session | None:
        place = self._places.get(epoch)
        if place is None or place.session.user.id != link.user.id:
            return None
        session = place.session
        assert session.kept is not None
        missed = session.kept.after(position)
        if place.link is not None:
            place.link.replace()
        if missed is None:
            self._forget(place)
            return None
        if place.timer is not None:
            place.timer.cancel()
            place.timer = None
        self._parked.pop(epoch, None)
        session.writer = link.writer
        place.link = link
        session.greet(True, missed)
        return session

    def _park(self, place: _Place) -> None:
        assert place.session.kept is not None
        self._parked[place.session.kept.epoch] = place
        place.timer = self.loop.call_later(self.limits.parking, self._forget, place)
        if len(self._parked) > self.limits.parked:
            self._forget(next(iter(self._parked.values())))

    def _forget(self, place: _Place) -> None:
        assert place.session.kept is not None
        if place.timer is not None:
            place.timer.cancel()
        self._parked.pop(place.session.kept.epoch, None)
        self._places.pop(place.session.kept.epoch, None)
        self._ended(place.session)

    def _ended(self, session: Session) -> None:
        self.hub.drop(session)


class _Admission:
    """Stands in for the factory towards Autobahn's resource, which cannot pass anything on."""

    def __init__(self, links: Links, user: User, resume: Resume | None) -> None:
        self._links = links
        self._user = user
        self._resume = resume

    def buildProtocol(self, address: Any) -> Link:
        link = Link(self._links, self._user, self._resume)
        link.factory = self._links
        return link
