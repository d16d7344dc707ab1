"""Builds xucd from its parts: store, centre, AMI connection, commands, callbacks, and ports.

`Assembly.start` needs Twisted's asyncio reactor on the running event loop.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from twisted.internet import reactor as twisted_reactor
from twisted.web.server import Site

from xucd.agi import callback, sheet, variables
from xucd.agi.server import AgiServer
from xucd.app import configuration, directories, file_limit
from xucd.app.admission import Admission, still_granted, with_user
from xucd.app.adopting import Adopter
from xucd.app.audited import AuditedCommands
from xucd.app.clock import Clock
from xucd.app.gaps import Gaps, Logs
from xucd.app.service import Pbx, Service
from xucd.app.streams import durable_streams
from xucd.app.users import ConfiguredUsers, DaemonUserImporter, SignInRecords, is_new_to
from xucd.callbacks.service import Callbacks
from xucd.callbacks.voice_messages import CallerCallbacks
from xucd.center.center import Center, Remembered
from xucd.center.changes import SheetField
from xucd.center.directory import Directory, User
from xucd.center.intents import Intent
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.center.sheets import KeptSheet, SheetTemplate
from xucd.center.station import Station
from xucd.commands.asterisk import AsteriskRequests
from xucd.commands.context import Context, Options
from xucd.commands.default_memberships import publish_all
from xucd.commands.default_memberships import restore as restore_defaults
from xucd.config.settings import Settings, SheetSettings, StatusSettings
from xucd.cti.hub import Hub
from xucd.cti.link import SIGNED_OUT, LinkLimits
from xucd.cti.links import Links
from xucd.cti.messages import StatusAction, UserStatus
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.signin.revocations import Revocations
from xucd.store import (
    AsyncStore,
    Store,
    StoreError,
    StoreUnavailable,
    callback_reading,
    directory_users,
    seen_settings,
)
from xucd.store.audit_trail import AuditTrail
from xucd.store.figures import Memory, queue_days, resume
from xucd.store.journal import SAVE_S, Journal, day_of, midnight_after
from xucd.store.retention import expire_daily
from xucd.views.statuses import with_own
from xucd.web.api import Health
from xucd.web.certificate import Certificate, CertificateError
from xucd.web.connections import ConnectionLimits
from xucd.web.listening import listen
from xucd.web.site import SiteOptions, SiteParts, make_site

SERVICE_RESTART = 1012
# How many FastAGI requests may wait to be accepted.
BACKLOG = 1024
TICK_S = 5.0
FINISH_S = 2.0
"""For how long xucd waits at its end for commands that are under way, in seconds."""

log = structlog.get_logger()
reactor: Any = twisted_reactor


class CannotListen(Exception):
    """The port is in use, or the process may not open it. The text names it."""


class Assembly:
    """All of xucd. `start` builds and starts it, `stop` ends it and releases everything.

    `port` is the TCP port for clients, which the settings may leave to the system (0).
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0
        self._clock = Clock()
        self._store = AsyncStore(Store(settings.store.url))
        self._web_port: Any = None  # Twisted types its ports in Zope's way only
        self._agi_port: Any = None
        self._certificate: Certificate | None = None
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to serve. Raises `StoreError`, or `CannotListen`."""
        store, settings = self._store, self.settings
        self._files = file_limit.raised()
        await store.run(Store.migrate)
        left = still_granted(settings.oidc, settings.ldap)
        await store.run(directory_users.revise, left, time.time())
        memory = await store.run(resume, self._clock.reading(), midnight_after)
        if memory is not None:
            self._clock.goes_on_from(memory.clock)
        self._context = await self._build_context(memory)
        self._callbacks = Callbacks(self._context)
        self._audit = AuditTrail(self._context.journal, time.time)
        self._service = Service(
            self._context,
            self._callbacks,
            AuditedCommands(self._audit, self._context, self._callbacks).carry_out,
            self._pbx(memory),
            strict_rights=settings.strict_rights,
        )
        limits = LinkLimits(backlog=settings.limits.backlog)
        self._links = Links(self._context.hub, self._service, asyncio.get_running_loop(), limits)
        journal = self._context.journal
        self._users = ConfiguredUsers(self._context.center.directory, store, journal)
        self._sign_ins = SignInRecords(store, journal)
        self._revocations = Revocations(self._sign_ins, time.time, self._dismiss_ended)
        await self._revocations.load()
        resumable = await self._restore_streams()
        self._agi = self._build_agi_server()
        site = await self._build_site()
        self._callbacks.restore(
            await store.run(callback_reading.open_requests),
            await store.run(callback_reading.unfinished_tickets),
            resumable,
        )
        restore_defaults(self._context, await store.run(Store.default_memberships))
        await store.run(seen_settings.record_changes, settings, Settings(), time.time())
        self._listen_for_agi()
        self._listen_for_clients(site)
        self._background = [
            asyncio.create_task(self._keep_time_and_figures()),
            asyncio.create_task(self._revocations.watch()),
            asyncio.create_task(self._tick_streams()),
            asyncio.create_task(expire_daily(store, settings.retention)),
        ]
        self._service.start()

    def _pbx(self, memory: Memory | None) -> Pbx:
        asterisk = self.settings.asterisk
        logs = Logs(queue_log=_path(asterisk.queue_log), cdr=_path(asterisk.cdr))
        gaps = Gaps(self._context, self._clock, logs, memory)
        return Pbx(self.settings.ami, self._clock, gaps)

    async def _restore_streams(self) -> list[Session]:
        """Take up the streams of an earlier process; returns their sessions, which are parked."""
        context, streams = self._context, self._context.hub.streams
        streams.load()
        digest = await self._digest_of_configuration(context.center.directory)
        if streams.configuration != digest:
            streams.end_all()
        streams.configure(digest)
        sessions = self._links.restore(context.center.directory.users, self._has_ended)
        self._service.restored(sessions)
        return sessions

    async def _digest_of_configuration(self, directory: Directory) -> bytes:
        return configuration.digest_of(
            directory,
            self._context.options,
            await self._store.run(callback_reading.lists),
            await self._store.run(Store.token_secret),
        )

    async def _build_context(self, memory: Memory | None) -> Context:
        settings = self.settings
        return Context(
            center=await self._build_center(partial(self._store.run, Store.stations), memory),
            asterisk=AsteriskRequests(
                self._send,
                timeout=settings.ami.action_timeout,
                started_at=self._clock.now(),
            ),
            journal=Journal(self._store),
            hub=Hub(asyncio.get_running_loop(), streams=durable_streams(settings.store.url)),
            options=Options(
                statuses=with_own(_user_status(status) for status in settings.statuses),
                features=settings.features,
                dialing=settings.dialing,
                hints_by_list=settings.web.hints == "own lists",
            ),
            now=self._clock.now,
            publish=self._publish_changes,
        )

    # The context is part of the service, which these two reach once it is built.

    async def _send(self, intent: Intent) -> None:
        await self._service.send(intent)

    def _publish_changes(self) -> None:
        self._service.publish_changes()

    def _build_agi_server(self) -> AgiServer:
        """The FastAGI scripts, by the names under which the dialplan asks for them."""
        templates = {profile.name: _sheet_template(profile) for profile in self.settings.sheets}
        self._context.center.sheets.templates_are(templates, self.settings.queue_sheet)
        return AgiServer(
            {
                "variables": variables.script(self._context.call_variables),
                "sheet": sheet.script(templates, self._keep_sheet),
                "callback": callback.script(CallerCallbacks(self._callbacks)),
            },
            max_connections=file_limit.for_agi(self._files),
        )

    async def _build_site(self) -> Site:
        settings, store = self.settings, self._store
        secret = await self._store.run(Store.token_secret)
        admission = Admission(
            self._store,
            self._users,
            {"oidc": settings.oidc, "ldap": settings.ldap},
            lambda user: self._change_users(with_user(self._users.directory, user)),
        )
        return make_site(
            SiteParts(
                links=self._links,
                users=self._users,
                revocations=self._revocations,
                secret=secret,
                health=self._health,
                clock=time.time,
                callbacks=self._callbacks,
                rights=lambda user: rights_of(user, strict=settings.strict_rights),
                audit=self._audit,
                user_importer=DaemonUserImporter(self._store, self.reload),
                passwords=directories.ldap(settings),
                oidc=directories.oidc(settings, secret, self._sign_ins, admission.admit),
                admit=admission.admit,
                adopt=lambda *asked: Adopter(self._service.connection, store, self.reload).adopt(
                    *asked
                ),
            ),
            SiteOptions(
                origins=settings.web.origins,
                trusted_proxies=settings.web.trusted_proxies,
                forwarded_header=settings.web.forwarded_header,
                connections=self._connection_limits(),
                token_ttl=settings.web.token_ttl,
                session_ttl=settings.web.session_ttl,
                legacy_links=settings.web.legacy_links,
                security_contact=settings.web.security_contact,
                login_attempts=settings.limits.login_attempts_per_minute,
            ),
        )

    def _connection_limits(self) -> ConnectionLimits:
        limits, total = self.settings.limits, file_limit.for_clients(self._files)
        return ConnectionLimits(
            total=total,
            # One address alone never gets all.
            by_address=min(limits.connections_per_address, max(1, total // 2)),
            links_by_user=limits.links_per_user,
        )

    def reload_certificate(self) -> None:
        """Use what is in the files of certificate and key now; logged if they cannot be used."""
        if self._certificate is None:
            return
        try:
            self._certificate.reload()
        except CertificateError as error:
            log.error("cannot use the new certificate; the old one stays", reason=str(error))
        else:
            log.info("certificate reloaded")

    async def reload(self) -> None:
        """Apply the configuration that `xucd center apply` has left in the store.

        Links of users who have changed are closed, so that their pages connect again. These users'
        rights change at once, before what others have under way is finished. Raises `StoreError`.
        """
        context = self._context
        before = context.center.directory
        self._change_users(await self._store.run(Store.directory))
        async with context.locks.alone():
            await self._service.save_figures()
            center = await self._build_center(context.journal.stations)
            self._change_users(center.directory)
            await self._service.reconfigure(center)
            # Who was back before this was shown a centre that lacked its new agent or line.
            self._dismiss_changed(lambda user: is_new_to(before, user))
            try:
                await self._callbacks.publish_reloaded()
            except Refused as refusal:
                raise StoreError(refusal.text) from refusal
            publish_all(context, await self._store.run(Store.default_memberships))
            streams = context.hub.streams
            streams.configure(await self._digest_of_configuration(center.directory))
        log.info("configuration reloaded")

    def _change_users(self, directory: Directory) -> None:
        """Let only the users of a new configuration sign in, and dismiss those who have changed."""
        self._users.directory = self._service.directory = directory
        self._links.dismiss(
            lambda user, _: user.id not in directory.users, SIGNED_OUT, b"signed out"
        )
        self._dismiss_changed(lambda user: directory.users[user.id] != user)

    def _dismiss_changed(self, whom: Callable[[User], bool]) -> None:
        """Have the pages of some users connect again, to what is configured now."""
        self._links.dismiss(lambda user, _: whom(user), SERVICE_RESTART, b"configuration changed")

    def _dismiss_ended(self) -> None:
        """Dismiss the sessions whose sign-in has ended."""
        self._links.dismiss(self._has_ended, SIGNED_OUT, b"signed out")

    def _has_ended(self, user: User, sign_in: SignInKey) -> bool:
        return self._revocations.has_ended(user.login, sign_in)

    async def _build_center(
        self,
        read_stations: Callable[[], Awaitable[Mapping[int, Station]]],
        memory: Memory | None = None,
    ) -> Center:
        store, now = self._store, self._clock.now()
        return Center(
            await store.run(Store.directory),
            now,
            midnight_after,
            Remembered(
                queues=await store.run(Store.memberships),
                days=await store.run(Store.agent_days, day_of(now)),
                queue_days=await store.run(queue_days, day_of(now)),
                # Last: events that come while the rest is read change them in the centre of before.
                stations=await read_stations(),
                resumed=memory.resumed if memory is not None else None,
            ),
        )

    async def stop(self) -> None:
        """Close clients' links and the connection to Asterisk; write what is not yet written."""
        loop = asyncio.get_running_loop()
        for port in (self._web_port, self._agi_port):
            if port is not None:
                await port.stopListening().asFuture(loop)
        if self._agi_port is not None:
            self._agi.close()
        if self._background:
            for task in self._background:
                task.cancel()
            await self._finish(self._links.close())
            await self._service.close()
            await asyncio.gather(*self._background, return_exceptions=True)
            await self._write_rest()
            self._context.journal.close()
            self._context.hub.streams.close()
        await self._store.close()

    async def _finish(self, commands: list[asyncio.Task[None]]) -> None:
        """Let commands that are under way come to their end, as far as that does not take long."""
        if commands:
            _, late = await asyncio.wait(commands, timeout=FINISH_S)
            for command in late:
                command.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _write_rest(self) -> None:
        context = self._context
        self._audit.flush()
        try:
            await context.journal.written()
            await self._service.save_figures()
        except (Refused, StoreError) as error:
            log.error("cannot write everything before stopping", reason=str(error))

    def _listen_for_clients(self, site: Site) -> None:
        web = self.settings.web
        try:
            if web.tls_certificate and web.tls_key:
                self._certificate = Certificate(web.tls_certificate, web.tls_key)
            self._web_port = listen(reactor, (web.host, web.port), site, self._certificate)
        except Exception as error:
            raise CannotListen(f"cannot listen on {web.host}:{web.port}: {error}") from error
        self.port = self._web_port.getHost().port
        log.info("listening", host=web.host, port=self.port)

    def _listen_for_agi(self) -> None:
        agi = self.settings.agi
        try:
            self._agi_port = reactor.listenTCP(agi.port, self._agi, BACKLOG, agi.host)
        except Exception as error:
            raise CannotListen(
                f"cannot listen on {agi.host}:{agi.port} for FastAGI: {error}"
            ) from error

    async def _keep_time_and_figures(self) -> None:
        """See whether the clock was set, and write what has moved; `/health` shows if it cannot."""
        while True:
            await asyncio.sleep(SAVE_S)
            self._service.correct_clock()
            try:
                await self._service.save_figures()
            except StoreUnavailable:
                pass  # logged, and written with the next
            except StoreError as error:
                log.error("the database rejected the figures", reason=str(error))
            except Exception:  # whatever it is: the next second's figures are not to be lost for it
                log.exception("could not write the figures")

    async def _tick_streams(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._context.hub.streams.tick()

    def _keep_sheet(self, kept: KeptSheet) -> None:
        self._context.center.sheets.keep(kept)  # a reload replaces the centre

    def _health(self) -> Health:
        current, alive = self._context.asterisk.current, self._store.alive
        last = self._service.connection.last_event_at
        return Health(
            current=current and alive,
            asterisk="current" if current else "lost",
            store="ok" if alive else "failed",
            last_event_age=round(time.monotonic() - last, 1) if last is not None else None,
        )


def _path(file: str | None) -> Path | None:
    return Path(file) if file is not None else None


def _user_status(status: StatusSettings) -> UserStatus:
    return UserStatus(
        name=status.name,
        long_name=status.long_name,
        color=status.color,
        actions=[
            StatusAction(name=action.name, parameters=action.parameters)
            for action in status.actions
        ],
    )


def _sheet_template(sheet: SheetSettings) -> SheetTemplate:
    items = tuple(SheetField(item.name, item.type, item.order, item.value) for item in sheet.items)
    return SheetTemplate(sheet.name, sheet.when, items)
