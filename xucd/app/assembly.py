"""Everything put together: the store, the centre, the link to Asterisk, and the port to listen on.

`start` needs Twisted's asyncio reactor on the running loop. `stop` leaves nothing behind.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from twisted.internet import reactor as twisted_reactor
from twisted.internet import ssl
from twisted.web.server import Site

from xucd.agi import callback, sheet, variables
from xucd.agi.server import AgiServer
from xucd.app.service import Service
from xucd.callbacks.voice_messages import Wishes
from xucd.center.center import Center, Remembered
from xucd.center.changes import SheetField
from xucd.center.directory import Directory, User
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.center.sheets import KeptSheet, SheetTemplate
from xucd.commands.default_memberships import tell_all
from xucd.config.settings import Settings, SheetSettings, StatusSettings
from xucd.cti.hub import Hub
from xucd.cti.link import LinkLimits
from xucd.cti.links import Links
from xucd.cti.messages import StatusAction, UserStatus
from xucd.store import AsyncStore, Store, StoreError, callback_reading
from xucd.store.journal import SAVE_DAYS_S, Journal, day_of, midnight_after
from xucd.web.api import Health
from xucd.web.site import make_site

SERVICE_RESTART = 1012
PING_STORE_S = 5.0

log = structlog.get_logger()
reactor: Any = twisted_reactor


class CannotListen(Exception):
    """The port is taken or not ours to take. The text names it."""


class Daemon:
    """xucd, whole. `port` is the one listened on, which settings may leave to the system.

    `agi_port` is that on which Asterisk's dialplan asks.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0
        self.agi_port = 0
        self._clock = steady_clock()
        self._store = AsyncStore(Store(settings.store.url))
        self._listening: Any = None  # Twisted types its ports in Zope's way only
        self._agi_listening: Any = None
        self._saving: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve. Raises `StoreError`, or `CannotListen`."""
        store, settings, clock = self._store, self.settings, self._clock
        await store.run(Store.migrate)
        center = await self._center()
        self._users = _Users(center.directory, store)
        loop = asyncio.get_running_loop()
        hub = Hub(loop)
        self.journal = Journal(store)
        self.service = Service(
            center,
            hub,
            self.journal,
            settings.ami,
            clock=clock,
            statuses=[_told(status) for status in settings.statuses],
            strict_rights=settings.strict_rights,
            features=settings.features,
            dialing=settings.dialing,
        )
        self._agi = AgiServer(
            {
                "variables": variables.script(self.service.context.requests),
                "sheet": sheet.script(
                    {profile.name: _profile(profile) for profile in settings.sheets},
                    self._keep_sheet,
                ),
                "callback": callback.script(Wishes(self.service.callbacks)),
            }
        )
        self.links = Links(hub, self.service, loop, LinkLimits(backlog=settings.limits.backlog))
        site = make_site(
            links=self.links,
            users=self._users,
            secret=await store.run(Store.token_secret),
            health=self._health,
            clock=time.time,
            origins=settings.web.origins,
            token_ttl=settings.web.token_ttl,
            legacy_links=settings.web.legacy_links,
            login_attempts=settings.limits.login_attempts_per_minute,
            callbacks=self.service.callbacks,
            rights=lambda user: rights_of(user, strict=settings.strict_rights),
        )
        self.service.callbacks.begin(
            await store.run(callback_reading.open_requests),
            await store.run(callback_reading.unfinished_tickets),
        )
        self._listen_to_dialplan()
        self._listen(site)
        self._saving = asyncio.create_task(self._save_days())
        self._watching = asyncio.create_task(self._watch_store())
        self.service.start()

    async def reload(self) -> None:
        """Take over the configuration as `xucd center apply` has left it.

        Pages of users who were changed are asked to connect anew. Raises `StoreError`.
        """
        async with self.service.context.stations_lock:
            before = self.service.center.directory
            await self.journal.save_days(self.service.center, self._clock())
            center = await self._center()
            self._users.directory = center.directory
            self.links.dismiss(
                lambda user: center.directory.users.get(user.id) != before.users.get(user.id),
                SERVICE_RESTART,
                b"configuration changed",
            )
            await self.service.reconfigure(center)
            try:
                await self.service.callbacks.reloaded()
            except Refused as refused:
                raise StoreError(refused.text) from refused
            tell_all(self.service.context, await self._store.run(Store.default_memberships))
        log.info("the contact centre was configured anew")

    async def _center(self) -> Center:
        store, now = self._store, self._clock()
        return Center(
            await store.run(Store.directory),
            now,
            midnight_after,
            Remembered(
                queues=await store.run(Store.memberships),
                stations=await store.run(Store.stations),
                days=await store.run(Store.agent_days, day_of(now)),
                queue_days=await store.run(Store.queue_days, day_of(now)),
            ),
        )

    async def stop(self) -> None:
        """Say goodbye to clients, leave Asterisk, write down what is not yet written."""
        if self._listening is not None:
            await self._listening.stopListening().asFuture(asyncio.get_running_loop())
        if self._agi_listening is not None:
            await self._agi_listening.stopListening().asFuture(asyncio.get_running_loop())
            self._agi.close()
        if self._saving is not None:
            self._saving.cancel()
        if self._watching is not None:
            self._watching.cancel()
            self.links.close()
            await self.service.close()
            try:
                await self.journal.written()
                await self.journal.save_days(self.service.center, self._clock())
            except (Refused, StoreError) as error:
                log.error("not everything could be written", error=str(error))
        await self._store.close()

    def _listen(self, site: Site) -> None:
        web = self.settings.web
        try:
            if web.tls_certificate and web.tls_key:
                context = ssl.DefaultOpenSSLContextFactory(  # type: ignore[no-untyped-call]
                    web.tls_key, web.tls_certificate
                )
                self._listening = reactor.listenSSL(web.port, site, context, interface=web.host)
            else:
                self._listening = reactor.listenTCP(web.port, site, interface=web.host)
        except Exception as error:
            raise CannotListen(f"cannot listen on {web.host}:{web.port}: {error}") from error
        self.port = self._listening.getHost().port
        log.info("listening", host=web.host, port=self.port)

    def _listen_to_dialplan(self) -> None:
        agi = self.settings.agi
        try:
            self._agi_listening = reactor.listenTCP(agi.port, self._agi, interface=agi.host)
        except Exception as error:
            raise CannotListen(
                f"cannot listen on {agi.host}:{agi.port} for FastAGI: {error}"
            ) from error
        self.agi_port = self._agi_listening.getHost().port

    async def _save_days(self) -> None:
        while True:
            await asyncio.sleep(SAVE_DAYS_S)
            try:
                await self.journal.save_days(self.service.center, self._clock())
            except StoreError as error:
                log.error("the figures of the day could not be written", error=str(error))

    def _keep_sheet(self, kept: KeptSheet) -> None:
        self.service.center.sheets.keep(kept)  # the centre of now: a reload makes another

    async def _watch_store(self) -> None:
        """Ask the database now and then whether it is there: `/health` tells what came of it."""
        while True:
            await self._store.ping()
            await asyncio.sleep(PING_STORE_S)

    def _health(self) -> Health:
        current, alive = self.service.context.current, self._store.alive
        last = self.service.link.last_event_at
        return Health(
            current=current and alive,
            asterisk="current" if current else "lost",
            store="ok" if alive else "failed",
            last_event_age=round(time.time() - last, 1) if last is not None else None,
        )


class _Users:
    """The directory and the store, as signing in needs them."""

    def __init__(self, directory: Directory, store: AsyncStore) -> None:
        self.directory = directory
        self._store = store

    def user(self, login: str) -> User | None:
        return self.directory.user_by_login.get(login)

    async def password_hash(self, login: str) -> str | None:
        return await self._store.run(Store.password_hash, login)


def steady_clock() -> Callable[[], float]:
    """Epoch seconds that never go back, whatever is done to the system's clock."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()


def _told(status: StatusSettings) -> UserStatus:
    return UserStatus(
        name=status.name,
        long_name=status.long_name,
        color=status.color,
        actions=[
            StatusAction(name=action.name, parameters=action.parameters)
            for action in status.actions
        ],
    )


def _profile(sheet: SheetSettings) -> SheetTemplate:
    items = tuple(SheetField(one.name, one.type, one.order, one.value) for one in sheet.items)
    return SheetTemplate(sheet.name, sheet.when, items)
