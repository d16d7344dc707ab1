"""Agents in queues of other PBXs: the owners tell each other who is to be a member where.

To each other PBX of the centre this one is both, a home and a host; see `xucd.cluster.visits`.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import structlog

from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import Recording
from xucd.center.center import Center
from xucd.center.channels import FarCall
from xucd.center.events import Event
from xucd.center.rules import visitors
from xucd.center.visitors import Visitor
from xucd.cluster.nats_link import NatsLink
from xucd.cluster.requests import unavailable
from xucd.cluster.subjects import send, subjects_of
from xucd.cluster.visits import CallData, HomeParts, HostParts, VisitsHome, VisitsHost
from xucd.commands.context import Context
from xucd.commands.recording import pause_call
from xucd.config.cluster import Cluster

TICK_S = 0.5
SOON_S = 0.05
"""Within so long several changes of recordings are told together."""

log = structlog.get_logger()

_OF_RECORDINGS = (
    ev.RecordingStarted,
    ev.RecordingStopped,
    ev.RecordingMuted,
    ev.BridgeEntered,
    ev.BridgeLeft,
    ev.ChannelGone,
)

_OF_AGENTS = (
    ch.AgentChanged,
    ch.StationChanged,
    ch.MembershipChanged,
    ch.AgentCameHome,
    ch.AgentLeft,
)


class Visiting:
    """What this owner tells others of its agents, and hears of theirs, over a link to NATS.

    `is_ours` says whether this node owns the PBX at this moment.
    """

    def __init__(
        self, context: Context, cluster: Cluster, link: NatsLink, is_ours: Callable[[], bool]
    ) -> None:
        self._context = context
        self._link = link
        self._pbx = cluster.pbx
        self._subjects = subjects_of(cluster)
        self._is_ours = is_ours
        self._hosts: dict[str, VisitsHost] = {}  # by the home that they are of
        self._homes: dict[str, VisitsHome] = {}  # by the host that they are of
        self._center: Center | None = None
        self._ticks: asyncio.Task[None] | None = None
        self._due: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Hear the others once the link is up."""
        self._link.subscribe(self._subjects.hosts_of(self._pbx), self._from_host)
        self._link.subscribe(self._subjects.homes_of(self._pbx), self._from_home)
        self._ticks = asyncio.create_task(self._tick())

    def close(self) -> None:
        """Tell and hear nothing more."""
        if self._ticks is not None:
            self._ticks.cancel()
        if self._due is not None:
            self._due.cancel()
        self._hosts.clear()
        self._homes.clear()

    def apply_changes(self, changes: Iterable[ch.Change]) -> None:
        """Tell the other PBXs what the agents are to be there by now."""
        if not self._homes:
            return
        center = self._context.center
        if center is not self._center:
            self._center = center
            for home in self._homes.values():
                home.send_all()
            return
        for agent_id in dict.fromkeys(_concerned(center, changes)):
            live = center.agents.get(agent_id)
            visits = visitors.visits(center, live) if live is not None else {}
            for pbx, home in self._homes.items():
                home.send(agent_id, visits.get(pbx))

    def heard(self, event: Event) -> None:
        """Tell the homes of visitors, soon, what an event changes of recordings of their calls."""
        if isinstance(event, _OF_RECORDINGS) and self._hosts and self._due is None:
            self._due = asyncio.get_running_loop().call_later(SOON_S, self._send_recordings)

    def _send_recordings(self) -> None:
        self._due = None
        for host in self._hosts.values():
            host.send_recordings()

    async def pause_recording(self, pbx: str, linked_id: str, paused: bool) -> None:
        """Have another PBX pause the recording of a call of its queue. Raises `Refused`."""
        home = self._homes.get(pbx)
        if home is None:
            raise unavailable()
        await home.pause(linked_id, paused=paused)

    async def ask(self, pbx: str, linked_id: str) -> CallData | None:
        """What the owner of another PBX knows of a call that a queue there has sent here."""
        home = self._homes.get(pbx)
        return await home.ask(linked_id) if home is not None else None

    def _visitors_of(self, pbx: str) -> list[Visitor]:
        center = self._context.center
        away = [live for live in center.agents.values() if live.elsewhere]
        found = (visitors.visits(center, live).get(pbx) for live in away)
        return [visitor for visitor in found if visitor is not None]

    # -- the two sides, for each other PBX

    def _configure(self) -> None:
        directory = self._context.center.directory
        others = {pbx for pbx in directory.pbxs if pbx != self._pbx}
        for gone in self._homes.keys() - others:
            del self._homes[gone]
            self._hosts.pop(gone).lose()
        loop = asyncio.get_running_loop()
        for pbx in others - self._homes.keys():
            to_host = partial(self._send, self._subjects.to_host(self._pbx, pbx))
            self._homes[pbx] = VisitsHome(self._home_parts(pbx), to_host, loop)
            to_home = partial(self._send, self._subjects.to_home(self._pbx, pbx))
            self._hosts[pbx] = VisitsHost(pbx, self._host_parts(pbx), to_home, loop)

    def _home_parts(self, pbx: str) -> HomeParts:
        context = self._context

        def recorded(linked_id: str, recording: Recording) -> None:
            call = FarCall(pbx, linked_id, recording)
            visitors.recorded_elsewhere(context.center, call, context.now())
            context.publish()

        return HomeParts(
            visitors=partial(self._visitors_of, pbx),
            calls=lambda: visitors.calls_from(context.center, pbx),
            is_current=lambda: context.asterisk.current,
            recorded=recorded,
        )

    def _host_parts(self, pbx: str) -> HostParts:
        context = self._context

        def told(visitor: Visitor) -> None:
            visitors.told(context.center, pbx, visitor, context.now())
            context.publish()

        def left(agent_id: int) -> None:
            visitors.left(context.center, pbx, agent_id)
            context.publish()

        def whole(agent_ids: set[int]) -> None:
            visitors.all_told(context.center, pbx, agent_ids)
            context.publish()

        def lost() -> None:
            visitors.lost(context.center, pbx)
            context.publish()

        return HostParts(
            told=told,
            left=left,
            whole=whole,
            lost=lost,
            call=self._known,
            ways=lambda linked_id: visitors.ways_to(context.center, pbx, linked_id),
            recording=lambda ways: visitors.recording_of(context.center, ways),
            pause=partial(pause_call, context),
            is_current=lambda: context.asterisk.current,
        )

    def _known(self, linked_id: str) -> CallData:
        """What is known here of a call that a queue of ours sends to another PBX."""
        variables, sheet = visitors.call_data(self._context.center, linked_id)
        return CallData(variables, sheet)

    def _send(self, subject: str, packet: bytes) -> bool:
        return self._is_ours() and send(self._link, subject, packet)

    def _from_host(self, subject: str, packet: bytes) -> None:
        home = self._homes.get(self._subjects.speaker_of(subject))
        if home is not None and self._is_ours():
            home.receive(packet)

    def _from_home(self, subject: str, packet: bytes) -> None:
        host = self._hosts.get(self._subjects.speaker_of(subject))
        if host is not None and self._is_ours():
            host.receive(packet)

    async def _tick(self) -> None:
        while True:
            try:
                self._look()
            except Exception:  # whatever it is: the others are to be told in the next turn
                log.exception("cannot speak to the owners of other PBXs")
            await asyncio.sleep(TICK_S)  # the beats are what they know each other by

    def _look(self) -> None:
        if not (self._link.connected and self._is_ours()):
            for host in self._hosts.values():
                host.lose()
            return
        self._configure()
        for host in self._hosts.values():
            host.tick()
        for home in self._homes.values():
            home.tick()


def _concerned(center: Center, changes: Iterable[ch.Change]) -> Iterator[int]:
    """The agents who may be something else to other PBXs by now."""
    for change in changes:
        if isinstance(change, ch.StationChanged):
            yield change.station.agent_id
        elif isinstance(change, _OF_AGENTS):
            yield change.agent_id
        elif isinstance(change, ch.PhoneChanged):
            line = center.directory.lines.get(change.line_id)
            live = center.on_device.get(line.phone) if line is not None else None
            if live is not None:
                yield live.agent.id
