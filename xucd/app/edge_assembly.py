"""Builds an edge from its parts: store, sign-ins, links, relays to the owners of PBXs, the port.

`EdgeAssembly.start` needs Twisted's asyncio reactor on the running event loop.
"""

import asyncio
import contextlib
import time
from functools import partial

import structlog

from xucd.app.following import Changes, Following
from xucd.app.front import SERVICE_RESTART, Front, options_of
from xucd.app.rest_relay import OwnersRest
from xucd.app.siblings import Siblings
from xucd.app.streams import durable_streams
from xucd.center.directory import Directory, User
from xucd.center.refused import Refused
from xucd.center.rights import Rights, rights_of
from xucd.cluster.pbxs import NodeParts, Pbxs
from xucd.cluster.subjects import link_of, send, subjects_of
from xucd.config.cluster import Cluster
from xucd.config.settings import Settings
from xucd.cti.hub import Hub
from xucd.cti.session import Session
from xucd.publishing.link_status import link_status
from xucd.publishing.opening import send_configured
from xucd.store import AsyncStore, Store, StoreError
from xucd.store.journal import Journal
from xucd.web.monitoring import Health

TICK_S = 0.25
PROVE_S = 1.0

log = structlog.get_logger()


class EdgeAssembly:
    """An edge. `start` builds and starts it, `stop` ends it and releases everything.

    `siblings` are other processes that serve the same port.
    """

    def __init__(
        self, settings: Settings, siblings: Siblings | None = None, *, migrates: bool = True
    ) -> None:
        assert settings.cluster is not None
        self.settings = settings
        self.cluster: Cluster = settings.cluster
        self._migrates = migrates
        self._store = AsyncStore(Store(settings.store.url))
        self._journal = Journal(self._store)
        self._following = Following(self._store)
        self.front = Front(settings, self._store, self._journal, self._users_changed, siblings)
        self._options = options_of(settings)
        self._link, self._subjects = link_of(self.cluster), subjects_of(self.cluster)
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to serve. Raises `StoreError`, or `CannotListen`."""
        store, front, loop = self._store, self.front, asyncio.get_running_loop()
        if self._migrates:
            await store.run(Store.migrate)
        hub = Hub(loop, streams=durable_streams(self.settings.store.url, self.cluster.node))
        self._hub = hub
        parts = NodeParts(
            directory=lambda: front.users.directory,
            present=self._present,
            rights_of=self._rights_of,
            open=lambda session: send_configured(self._options, session),
            stale=self._tell_stale,
            dismiss=self._dismiss,
            send=self._send,
        )
        self._pbxs = Pbxs(self.cluster.node, hub, parts, loop)
        await self._following.begin()
        await front.load(await store.run(Store.directory), hub, self._pbxs)
        self._pbxs.configure()
        self._pbxs.restored(await front.restore_streams(self._options))
        self._link.subscribe(self._subjects.from_any_pbx(self.cluster.node), self._receive)
        self._link.on_up, self._link.on_down = self._pbxs.begin, self._pbxs.lost
        forget = partial(front.forget_messages, self._options)
        changes = Changes(self.reload, self._change_users, forget)
        catch_up = partial(self._following.catch_up, changes)
        await front.listen(self._health, OwnersRest(self._pbxs).serve, catch_up)
        self._background = [
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._prove()),
            asyncio.create_task(self._following.watch(changes)),
        ]
        await self._link.start()

    def _send(self, pbx: str, packet: bytes) -> bool:
        return send(self._link, self._subjects.to_owner(self.cluster.node, pbx), packet)

    def _receive(self, subject: str, packet: bytes) -> None:
        self._pbxs.receive(self._subjects.pbx_of(subject), packet)

    async def reload(self) -> None:
        """Apply the configuration that `xucd center apply` has left in the store.

        Links of users who have changed are closed, so that their pages connect again. Raises
        `StoreError`.
        """
        async with self._following.taking_over():
            await self._change_users()
            if self._pbxs.configure():  # pages are to forget what was on a PBX that is no more
                self.front.dismiss_changed(lambda _: True)
            await self.front.configure_streams(self._options)
        log.info("configuration reloaded")

    async def _change_users(self) -> None:
        self.front.change_users(await self._store.run(Store.directory))

    def reload_certificate(self) -> None:
        """Use what is in the files of certificate and key now; logged if they cannot be used."""
        self.front.reload_certificate()

    async def stop(self) -> None:
        """Close clients' links and the link to NATS; write what is not yet written."""
        await self.front.stop_listening()
        if self._background:
            for task in self._background:
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)
            await self.front.close()
            self._pbxs.close()
            await self._link.close()
            self.front.audit.flush()
            try:
                await self._journal.written()
            except (Refused, StoreError) as error:
                log.error("cannot write everything before stopping", reason=str(error))
            self._journal.close()
            self._hub.streams.close()
        await self._store.close()

    def _users_changed(self, directory: Directory) -> None:
        """Users are looked up where they sign in."""

    def _present(self, user: User) -> User:
        return self.front.users.directory.users.get(user.id, user)

    def _rights_of(self, user: User) -> Rights:
        return rights_of(user, strict=self.settings.strict_rights)

    def _tell_stale(self, session: Session, pbx: str) -> None:
        session.send(link_status(time.time(), pbx))

    def _dismiss(self, session: Session) -> None:
        """A session's user is another to the owner: its page is to connect again."""
        self.front.links.dismiss_session(session, SERVICE_RESTART, b"configuration changed")

    def _health(self) -> Health:
        current, alive = self._pbxs.is_current, self._store.alive
        return Health(
            current=current and alive,
            asterisk="current" if current else "lost",
            store="ok" if alive else "failed",
            last_event_age=None,
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)  # silence is no event
            self._pbxs.tick()

    async def _prove(self) -> None:
        """See whether a database that failed can be written to again: an edge seldom writes."""
        while True:
            await asyncio.sleep(PROVE_S)
            if not self._store.alive:
                with contextlib.suppress(StoreError):  # logged when it began
                    await self._store.prove(Store.check_writable)
