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

from xucd.agi import callback, may_ring, sheet, variables
from xucd.agi.server import AgiServer
from xucd.ami.protocol import always
from xucd.app import file_limit
from xucd.app.admission import still_granted
from xucd.app.adopting import Adopter
from xucd.app.audited import AuditedCommands
from xucd.app.clock import Clock
from xucd.app.following import Changes, Following
from xucd.app.front import CannotListen, Front, node_of, options_of
from xucd.app.gaps import Gaps, Logs
from xucd.app.may_ring import MayRing
from xucd.app.ownership import Tenure
from xucd.app.relaying import OwnersRelay
from xucd.app.rest_relay import EdgesRequests
from xucd.app.service import Pbx, Service
from xucd.app.streams import durable_streams
from xucd.app.users import DaemonUserImporter, is_new_to
from xucd.app.visiting import Visiting
from xucd.callbacks.service import Callbacks
from xucd.callbacks.voice_messages import CallerCallbacks
from xucd.center.center import Center, Remembered
from xucd.center.changes import SheetField
from xucd.center.directory import MAIN, Directory, User
from xucd.center.homes import at_home
from xucd.center.intents import Intent
from xucd.center.refused import Refused
from xucd.center.sheets import KeptSheet, SheetTemplate
from xucd.center.station import Station
from xucd.cluster.subjects import link_of
from xucd.cluster.visits import CallData
from xucd.commands.asterisk import AsteriskRequests
from xucd.commands.context import Context
from xucd.commands.default_memberships import publish_all
from xucd.commands.default_memberships import restore as restore_defaults
from xucd.config.settings import Settings, SheetSettings
from xucd.cti.hub import Hub
from xucd.store import (
    AsyncStore,
    Store,
    StoreError,
    StoreUnavailable,
    callback_reading,
    directory_users,
    homes,
    seen_settings,
)
from xucd.store.figures import queue_days
from xucd.store.journal import SAVE_S, Journal, day_of, midnight_after
from xucd.store.resuming import Memory, resume
from xucd.store.retention import expire_daily
from xucd.web.monitoring import Health
from xucd.web.rest_route import RestServices
from xucd.web.rest_work import RestWork

# How many FastAGI requests may wait to be accepted.
BACKLOG = 1024

log = structlog.get_logger()
reactor: Any = twisted_reactor


class Assembly:
    """All of xucd. `start` builds and starts it, `stop` ends it and releases everything.

    `tenure` is this node's of the PBX, where others may own it in its place. `port` is the TCP port
    for clients, which the settings may leave to the system (0).
    """

    def __init__(self, settings: Settings, tenure: Tenure | None = None) -> None:
        self.settings = settings
        self.port = 0
        self._clock = Clock()
        store = Store(settings.store.url)
        self._migrates = tenure is None  # else `PbxNode` has
        self._is_ours: Callable[[], bool] = always
        if tenure is not None:
            store.check, self._is_ours = tenure.check, tenure.holds
        self._store = AsyncStore(store)
        self._journal = Journal(self._store)
        self._following = Following(self._store)
        self.front = Front(settings, self._store, self._journal, self._users_changed)
        self._relay: OwnersRelay | None = None
        self._visiting: Visiting | None = None
        self._agi_port: Any = None  # Twisted types its ports in Zope's way only
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to serve. Raises `StoreError`, or `CannotListen`."""
        store, settings = self._store, self.settings
        if self._migrates:
            await store.run(Store.migrate)
        left = still_granted(settings.oidc, settings.ldap)
        await store.run(directory_users.revise, left, time.time())
        await self._following.begin()
        memory = await store.run(resume, self._pbx_name, self._clock.reading(), midnight_after)
        if memory is not None:
            self._clock.goes_on_from(memory.clock)
        self._context = context = await self._build_context(memory)
        self._callbacks = Callbacks(context, self._pbx_name)
        front = self.front
        self._service = Service(
            context,
            self._callbacks,
            AuditedCommands(front.audit, context, self._callbacks).carry_out,
            self._pbx(memory),
            strict_rights=settings.strict_rights,
        )
        await front.load(context.center.directory, context.hub, self._service)
        resumable = await front.restore_streams(context.options)
        self._service.restored(resumable)
        self._agi = self._build_agi_server()
        self._callbacks.restore(
            await store.run(callback_reading.open_requests),
            await store.run(callback_reading.unfinished_tickets, self._pbx_name),
            resumable,
        )
        restore_defaults(context, await store.run(Store.default_memberships))
        await store.run(seen_settings.record_changes, settings, Settings(), time.time())
        self._listen_for_agi()
        rest = self._rest_work()
        forget = partial(front.forget_messages, context.options)
        changes = Changes(self.reload, self._change_users, forget, self._service.homes.refresh)
        catch_up = partial(self._following.catch_up, changes)
        clustered = settings.cluster is not None
        await front.listen(self._health, rest.serve, catch_up if clustered else None)
        self.port = front.port
        self._background = [
            asyncio.create_task(self._keep_time_and_figures()),
            asyncio.create_task(expire_daily(store, settings.retention)),
        ]
        self._service.start()
        if settings.cluster is not None:
            requests = EdgesRequests(front, rest)
            link = link_of(settings.cluster)
            self._relay = OwnersRelay(
                self._service, settings.cluster, requests.serve, self._is_ours, link
            )
            visiting = Visiting(self._context, settings.cluster, link, self._is_ours)
            self._visiting = self._service.visiting = visiting
            self._context.pause_elsewhere = visiting.pause_recording
            visiting.start()
            await self._relay.start()
            self._background.append(asyncio.create_task(self._following.watch(changes)))

    def _pbx(self, memory: Memory | None) -> Pbx:
        asterisk = self.settings.asterisk
        logs = Logs(queue_log=_path(asterisk.queue_log), cdr=_path(asterisk.cdr))
        gaps = Gaps(self._context, self._clock, logs, memory, self._pbx_name)
        agi = self.settings.agi.address if self.settings.cluster is not None else ""
        return Pbx(self.settings.ami, self._clock, gaps, self._is_ours, agi)

    async def _build_context(self, memory: Memory | None) -> Context:
        settings = self.settings
        return Context(
            center=await self._build_center(partial(self._store.run, Store.stations), memory),
            asterisk=AsteriskRequests(
                self._send,
                timeout=settings.ami.action_timeout,
                started_at=self._clock.now(),
            ),
            journal=self._journal,
            hub=Hub(
                asyncio.get_running_loop(),
                streams=durable_streams(settings.store.url, node_of(settings)),
            ),
            options=options_of(settings),
            now=self._clock.now,
            publish=self._publish_changes,
            save_figures=self._save_figures,
        )

    def reaches_asterisk(self) -> bool:
        """Whether Asterisk has let this node in; to be asked once it has started."""
        return self._service.connection.logged_in

    # The context is part of the service, which these three reach once it is built.

    async def _send(self, intent: Intent) -> None:
        await self._service.send(intent)

    async def _save_figures(self) -> None:
        await self._service.save_figures()

    def _publish_changes(self) -> None:
        self._service.publish_changes()

    def _users_changed(self, directory: Directory) -> None:
        self._service.directory = directory
        if self._relay is not None:
            self._relay.dismiss(lambda user: directory.users.get(user.id) != user)

    def _build_agi_server(self) -> AgiServer:
        """The FastAGI scripts, by the names under which the dialplan asks for them."""
        templates = {profile.name: _sheet_template(profile) for profile in self.settings.sheets}
        self._context.center.sheets.templates_are(templates, self.settings.queue_sheet)
        return AgiServer(
            {
                "variables": variables.script(self._context.call_variables),
                "sheet": sheet.script(templates, self._keep_sheet),
                "callback": callback.script(CallerCallbacks(self._callbacks)),
                "may_ring": may_ring.script(
                    MayRing(self._context, self._is_ours, self._ask_elsewhere).answer
                ),
            },
            max_connections=file_limit.for_agi(self.front.files),
        )

    async def _ask_elsewhere(self, pbx: str, linked_id: str) -> CallData | None:
        """What is known of a call at another PBX."""
        return await self._visiting.ask(pbx, linked_id) if self._visiting is not None else None

    def _rest_work(self) -> RestWork:
        services = RestServices(
            callbacks=self._callbacks,
            audit=self.front.audit,
            users=DaemonUserImporter(self._store, self.reload),
            adopt=lambda *asked: Adopter(
                self._service.connection,
                self._store,
                self.reload,
                several_pbxs=self._context.center.directory.pbx is not None,
            ).adopt(*asked),
        )
        return RestWork(services, self._service.rights_of)

    def reload_certificate(self) -> None:
        """Use what is in the files of certificate and key now; logged if they cannot be used."""
        self.front.reload_certificate()

    async def reload(self) -> None:
        """Apply the configuration that `xucd center apply` has left in the store.

        Links of users who have changed are closed, so that their pages connect again. These users'
        rights change at once, before what others have under way is finished. Raises `StoreError`.
        """
        async with self._following.taking_over():
            await self._take_over()
        log.info("configuration reloaded")

    async def _take_over(self) -> None:
        context, front = self._context, self.front
        before = context.center.directory
        await self._change_users()
        async with context.locks.alone():
            await self._service.save_figures()
            center = await self._build_center(context.journal.stations)
            front.change_users(center.directory)
            await self._service.reconfigure(center)
            # Who was back before this was shown a centre that lacked its new agent or line.
            self._dismiss_changed(lambda user: is_new_to(before, center.directory, user))
            try:
                await self._callbacks.publish_reloaded()
            except Refused as refusal:
                raise StoreError(refusal.text) from refusal
            publish_all(context, await self._store.run(Store.default_memberships))
            await front.configure_streams(context.options)

    def _dismiss_changed(self, whom: Callable[[User], bool]) -> None:
        self.front.dismiss_changed(whom)
        if self._relay is not None:
            self._relay.dismiss(whom)

    async def _change_users(self) -> None:
        self.front.change_users(await self._directory())

    async def _directory(self) -> Directory:
        """The configuration, with the lines and queues that are on this node's PBX."""
        directory = await self._store.run(Store.directory)
        return directory.of_pbx(self._pbx_name)

    @property
    def _pbx_name(self) -> str:
        cluster = self.settings.cluster
        return cluster.pbx if cluster is not None else MAIN

    async def _build_center(
        self,
        read_stations: Callable[[], Awaitable[Mapping[int, Station]]],
        memory: Memory | None = None,
    ) -> Center:
        store, now = self._store, self._clock.now()
        directory = await self._directory()
        memberships = await store.run(Store.memberships)
        home = None
        if self.settings.cluster is not None and directory.pbx is not None:
            home = at_home(directory, await store.run(homes.homes))
        self._journal.pbx = directory.pbx if home is not None else None
        return Center(
            directory,
            now,
            midnight_after,
            Remembered(
                queues=memberships,
                days=await store.run(Store.agent_days, day_of(now)),
                queue_days=await store.run(queue_days, day_of(now)),
                # Last: events that come while the rest is read change them in the centre of before.
                stations=await read_stations(),
                resumed=memory.resumed if memory is not None else None,
                at_home=home,
            ),
        )

    async def stop(self) -> None:
        """Close clients' links and the connection to Asterisk; write what is not yet written."""
        await self.front.stop_listening()
        if self._agi_port is not None:
            await self._agi_port.stopListening().asFuture(asyncio.get_running_loop())
            self._agi.close()
        if self._background:
            for task in self._background:
                task.cancel()
            await self.front.close()
            if self._visiting is not None:
                self._visiting.close()
            if self._relay is not None:
                await self._relay.close()
            await self._service.close()
            await asyncio.gather(*self._background, return_exceptions=True)
            await self._write_rest()
            self._context.journal.close()
            self._context.hub.streams.close()
        await self._store.close()

    async def _write_rest(self) -> None:
        context = self._context
        self.front.audit.flush()
        try:
            await context.journal.written()
            await self._service.save_figures()
        except (Refused, StoreError) as error:
            log.error("cannot write everything before stopping", reason=str(error))

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


def _sheet_template(sheet: SheetSettings) -> SheetTemplate:
    items = tuple(SheetField(item.name, item.type, item.order, item.value) for item in sheet.items)
    return SheetTemplate(sheet.name, sheet.when, items)
