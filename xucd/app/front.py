"""What of a node faces its clients: users and sign-ins, links, the site, and the port.

The owner of a PBX and an edge have it alike; what carries out the commands of its links differs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from twisted.internet import reactor as twisted_reactor

from xucd.app import configuration, directories, file_limit
from xucd.app.admission import Admission, with_user
from xucd.app.siblings import Siblings
from xucd.app.users import ConfiguredUsers, SignInRecords
from xucd.center.directory import Directory, User
from xucd.commands.context import Options
from xucd.config.settings import Settings, StatusSettings
from xucd.cti.hub import Hub
from xucd.cti.link import SIGNED_OUT, Application, LinkLimits
from xucd.cti.links import Links
from xucd.cti.messages import StatusAction, UserStatus
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.signin.revocations import Revocations
from xucd.signin.tokens import invalid_token
from xucd.store import AsyncStore, Store, callback_reading
from xucd.store.audit_trail import AuditTrail
from xucd.store.journal import Journal
from xucd.store.versions import versions
from xucd.views.statuses import with_own
from xucd.web.certificate import Certificate, CertificateError
from xucd.web.connections import ConnectionLimits, Connections
from xucd.web.elsewhere import Nowhere
from xucd.web.listening import listen
from xucd.web.monitoring import Health
from xucd.web.rest_work import ServeRest
from xucd.web.site import ClientSite, SiteOptions, SiteParts, make_site

SERVICE_RESTART = 1012
TICK_S = 5.0
FINISH_S = 2.0
"""For how long xucd waits at its end for commands that are under way, in seconds."""

log = structlog.get_logger()
reactor: Any = twisted_reactor


class CannotListen(Exception):
    """The port is in use, or the process may not open it. The text names it."""


class Front:
    """Serves the clients of a node.

    `changed` is called with each configuration by which users sign in from then on. `port` is the
    TCP port for clients, which the settings may leave to the system (0). `siblings` are other
    processes that serve it.
    """

    def __init__(
        self,
        settings: Settings,
        store: AsyncStore,
        journal: Journal,
        changed: Callable[[Directory], None],
        siblings: Siblings | None = None,
    ) -> None:
        self.settings = settings
        self.port = 0
        self.files = 0
        self.audit = AuditTrail(journal, time.time)
        self.sign_ins = SignInRecords(store, journal)
        self.revocations = Revocations(
            self.sign_ins, time.time, self.dismiss_ended, shared=settings.cluster is not None
        )
        self._store = store
        self._journal = journal
        self._changed = changed
        self._siblings = siblings
        self._port: Any = None  # Twisted types its ports in Zope's way only
        self._certificate: Certificate | None = None
        self._connections: Connections | None = None
        self._background: list[asyncio.Task[None]] = []

    async def load(self, directory: Directory, hub: Hub, application: Application) -> None:
        """Know the users and their sign-ins, and have links. Raises `StoreError`."""
        self.files = file_limit.raised()
        limits = LinkLimits(backlog=self.settings.limits.backlog)
        self.hub = hub
        self.links = Links(hub, application, asyncio.get_running_loop(), limits)
        self.users = ConfiguredUsers(directory, self._store, self._journal)
        await self.revocations.load()

    async def restore_streams(self, options: Options) -> list[Session]:
        """Take up the streams of an earlier process; returns their sessions, which are parked."""
        directory, streams = self.users.directory, self.hub.streams
        streams.load()
        digest = await self._digest_of_configuration(directory, options)
        if streams.configuration != digest:
            streams.end_all()
        streams.configure(digest)
        return self.links.restore(directory.users, self._has_ended)

    async def configure_streams(self, options: Options) -> None:
        """Record the present configuration as that of the streams."""
        digest = await self._digest_of_configuration(self.users.directory, options)
        self.hub.streams.configure(digest)

    async def forget_messages(self, options: Options) -> None:
        """Lose all messages that clients may have missed: a person's data were erased."""
        log.info("a person's data were erased: what clients have missed is lost")
        self.hub.streams.lose_messages()
        await self.configure_streams(options)

    async def _digest_of_configuration(self, directory: Directory, options: Options) -> bytes:
        return configuration.digest_of(
            directory,
            options,
            await self._store.run(callback_reading.lists),
            await self._store.run(Store.token_secret),
            # Alone, nothing is erased while this process is away.
            (await self._store.run(versions)).erased if self.settings.cluster else "",
        )

    async def listen(
        self,
        health: Callable[[], Health],
        rest: ServeRest,
        catch_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Open the port; `rest` serves the REST routes. Raises `CannotListen`.

        `catch_up` takes over the configuration that another node may have changed.
        """
        site = await self._site(health, rest, catch_up)
        self._connections = site.connections
        web = self.settings.web
        try:
            if web.tls_certificate and web.tls_key:
                self._certificate = Certificate(web.tls_certificate, web.tls_key)
            shared = self._siblings is not None
            place = (web.host, web.port)
            self._port = listen(reactor, place, site, self._certificate, shared=shared)
        except Exception as error:
            raise CannotListen(f"cannot listen on {web.host}:{web.port}: {error}") from error
        self.port = self._port.getHost().port
        log.info("listening", host=web.host, port=self.port)
        self._background = [
            asyncio.create_task(self.revocations.watch()),
            asyncio.create_task(self._tick_streams()),
        ]
        if self._siblings is not None:
            self._siblings.serve(site, health, self.hub.metrics.registry)
            self._background.append(asyncio.create_task(self._siblings.keep_reporting()))

    async def _site(
        self,
        health: Callable[[], Health],
        rest: ServeRest,
        catch_up: Callable[[], Awaitable[None]] | None,
    ) -> ClientSite:
        settings, siblings = self.settings, self._siblings
        secret = await self._store.run(Store.token_secret)
        admission = Admission(
            self._store,
            self.users,
            {"oidc": settings.oidc, "ldap": settings.ldap},
            lambda user: self.change_users(with_user(self.users.directory, user)),
        )
        return make_site(
            SiteParts(
                links=self.links,
                users=self.users,
                revocations=self.revocations,
                secret=secret,
                health=siblings.health if siblings is not None else health,
                clock=time.time,
                audit=self.audit,
                rest=rest,
                passwords=directories.ldap(settings),
                oidc=directories.oidc(settings, secret, self.sign_ins, admission.admit),
                admit=admission.admit,
                elsewhere=siblings or Nowhere(),
                metrics=siblings.metrics if siblings is not None else None,
                catch_up=catch_up,
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
        limits, total = self.settings.limits, file_limit.for_clients(self.files)
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

    def change_users(self, directory: Directory) -> None:
        """Let only the users of a new configuration sign in, and dismiss those who have changed."""
        self.users.directory = directory
        self._changed(directory)
        self.links.dismiss(
            lambda user, _: user.id not in directory.users, SIGNED_OUT, b"signed out"
        )
        self.dismiss_changed(lambda user: directory.users[user.id] != user)

    def dismiss_changed(self, whom: Callable[[User], bool]) -> None:
        """Have the pages of some users connect again, to what is configured now."""
        self.links.dismiss(lambda user, _: whom(user), SERVICE_RESTART, b"configuration changed")

    def dismiss_ended(self) -> None:
        """Dismiss the sessions whose sign-in has ended."""
        self.links.dismiss(self._has_ended, SIGNED_OUT, b"signed out")

    async def signed_in(self, user_id: int, sign_in: SignInKey) -> Callable[[], User]:
        """A function that returns a user at each time, of a sign-in at another node.

        It raises `SignInRefused` once that has ended, as the database knows it by now or later.
        """
        await self.revocations.refresh()

        def present() -> User:
            user = self.users.directory.users.get(user_id)
            if user is None or self._has_ended(user, sign_in):
                raise invalid_token()
            return user

        return present

    def _has_ended(self, user: User, sign_in: SignInKey) -> bool:
        return self.revocations.has_ended(user.login, sign_in)

    async def stop_listening(self) -> None:
        """Close the port."""
        if self._port is not None:
            await self._port.stopListening().asFuture(asyncio.get_running_loop())

    async def close(self) -> None:
        """Close all links, and let commands that are under way come to their end."""
        for task in self._background:
            task.cancel()
        commands = self.links.close()
        if commands:
            _, late = await asyncio.wait(commands, timeout=FINISH_S)
            for command in late:
                command.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._connections is not None:
            self._connections.end_all()  # or requests would come to a site that is no more

    async def _tick_streams(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.hub.streams.tick()


def node_of(settings: Settings) -> str:
    """The name of this node, "" if it is the only one."""
    return settings.cluster.node if settings.cluster is not None else ""


def options_of(settings: Settings) -> Options:
    """The settings that decide what commands do."""
    return Options(
        statuses=with_own(_user_status(status) for status in settings.statuses),
        features=settings.features,
        dialing=settings.dialing,
        hints_by_list=settings.web.hints == "own lists",
        pbx=settings.cluster.pbx if settings.cluster is not None else None,
    )


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
