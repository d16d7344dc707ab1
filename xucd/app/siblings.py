"""A process of an edge that has several: what it tells the others, by way of their parent.

`xucd.app.process_channel` has the messages, `xucd.app.processes` the parent.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest

from xucd.app.merged_metrics import MergedMetrics, MetricValue, metric_values
from xucd.app.process_channel import (
    Counts,
    Familiar,
    GiveWay,
    Message,
    ProcessChannel,
    ProcessEnded,
    ProcessState,
    Report,
)
from xucd.signin.earlier_attempts import AttemptCells, EarlierAttempts
from xucd.web.connections import Connections
from xucd.web.elsewhere import WAITING, CountsElsewhere, Elsewhere
from xucd.web.monitoring import Health, worst

REPORT_S = 1.0
STANDSTILL_S = 5.0
"""After so many seconds without a report, a process counts as one whose clients see nothing."""


class Bounded(Protocol):
    """What bounds the clients of this process: the site."""

    connections: Connections
    earlier: EarlierAttempts


class Siblings(Elsewhere):
    """The other processes that serve the same port. `end` is this one's end of a channel."""

    def __init__(self, end: socket.socket, cells: AttemptCells) -> None:
        self.cells = cells
        self._end = end
        self._process = os.getpid()
        self._counts = CountsElsewhere()
        self._reports: dict[int, tuple[float, Report]] = {}
        self._site: Bounded | None = None

    def begin(self, parent_ended: Callable[[], None]) -> None:
        """Tell and hear, on the running event loop; `parent_ended` is called when all is to end."""
        self._loop = asyncio.get_running_loop()
        self._channel = ProcessChannel(self._end, self._loop, self._heard, parent_ended)

    def serve(
        self, site: Bounded, health: Callable[[], Health], registry: CollectorRegistry
    ) -> None:
        """Let this process's clients count, and report its health and its metrics."""
        self._site, self._health, self._registry = site, health, registry

    async def keep_reporting(self) -> None:
        """Report regularly, also as a sign of life."""
        while True:
            self._report()
            await asyncio.sleep(REPORT_S)

    # -- as systemd, whom the parent tells

    def send(self, state: str) -> None:
        """Tell the parent a state of this process."""
        self._channel.send(ProcessState(state))

    async def stay_alive(self) -> None:
        """Reports are a sign of life."""

    # -- bounds

    def count(self, name: str) -> int:
        """How many of something the others have."""
        return self._counts.sum(name)

    def report_count(self, name: str, number: int) -> None:
        """This process has so many of it now."""
        self._channel.send(Counts(self._process, {name: number}))

    def give_way(self, address: str) -> bool:
        """Have one of the others end a connection of an address, if one has any to end."""
        if not self.count(f"{WAITING} {address}"):
            return False
        self._channel.send(GiveWay(address))
        return True

    def report_familiar(self, login: str, place: str) -> None:
        """A user has become known at a place."""
        self._channel.send(Familiar(login, place))

    # -- monitoring

    def health(self) -> Health:
        """The worst health of all processes."""
        late = self._loop.time() - STANDSTILL_S
        found = [self._health()]
        for heard_at, report in self._reports.values():
            if report.health is not None:
                found.append(report.health)
                if heard_at < late:
                    found.append(Health(False, "lost", report.health.store, None))
        return worst(found)

    def metrics(self) -> bytes:
        """The metrics of all processes."""
        # Told first, so that no count that somebody has seen is lost if this process ends.
        own = self._report()

        def of_all() -> list[MetricValue]:
            others = (report.metrics for _, report in self._reports.values())
            return [*own, *(each for metrics in others for each in metrics)]

        return generate_latest(MergedMetrics(self._registry, of_all, self._serving))

    def _serving(self) -> int:
        return 1 + sum(report.health is not None for _, report in self._reports.values())

    def _report(self) -> list[MetricValue]:
        metrics = metric_values(self._registry)
        self._channel.send(Report(self._process, self._health(), metrics))
        return metrics

    def _heard(self, message: Message) -> None:
        match message:
            case Counts(process, numbers):
                self._counts.hear(process, numbers)
            case Report(process):
                self._reports[process] = (self._loop.time(), message)
            case ProcessEnded(process):
                self._counts.forget(process)
                self._reports.pop(process, None)
            case Familiar(login, place) if self._site is not None:
                self._site.earlier.add_familiar(login, place)
            case GiveWay(address) if self._site is not None:
                self._site.connections.give_way(address)
