"""The metrics that `/metrics` exposes."""

import collections
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class EventCounts(Collector):
    """Counts Asterisk's events by type. There are thousands a second: a `Counter` takes longer."""

    def __init__(self) -> None:
        self._counts: collections.Counter[type] = collections.Counter()

    def count(self, event: object) -> None:
        """Count an event."""
        self._counts[type(event)] += 1

    def describe(self) -> list[CounterMetricFamily]:
        """What is exposed, without values: the registry keeps its name."""
        return [self._family()]

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What is exposed; called by the registry."""
        family = self._family()
        for kind, count in self._counts.items():
            family.add_metric((kind.__name__,), count)
        yield family

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(
            "xucd_events", "Events received from Asterisk, by type.", labels=("event",)
        )


class Metrics:
    """All metrics, on a registry of their own. Label values never come from a client."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.links = Gauge("xucd_links", "WebSocket links that are open.", registry=self.registry)
        self.opened = Counter(
            "xucd_links_opened", "WebSocket links opened.", registry=self.registry
        )
        self._commands = Counter(
            "xucd_commands",
            "Commands received, by name and outcome (ok, refused, failed).",
            ("command", "outcome"),
            registry=self.registry,
        )
        self.bad_frames = Counter(
            "xucd_bad_frames",
            "Frames that were not a valid command, by error code.",
            ("code",),
            registry=self.registry,
        )
        self.messages = Counter(
            "xucd_messages",
            "Broadcast messages delivered to clients (one per recipient).",
            registry=self.registry,
        )
        self.events = EventCounts()
        self.registry.register(self.events)
        self.ami_connections = Gauge(
            "xucd_ami_connections",
            "Connections to Asterisk established since the start.",
            registry=self.registry,
        )
        self.ami_undecodable = Gauge(
            "xucd_ami_undecodable",
            "Events from Asterisk since the start that could not be decoded.",
            registry=self.registry,
        )
        self.slow = Counter(
            "xucd_slow_closed",
            "Links closed because the unread backlog of the client exceeded limits.backlog.",
            registry=self.registry,
        )
        self.logins = Counter(
            "xucd_logins", "Sign-in attempts, by outcome.", ("outcome",), registry=self.registry
        )
        self._by_command: dict[tuple[str, str], Counter] = {}  # each is slow to look up

    def count_command(self, name: str, outcome: str) -> None:
        """Count a command that was carried out, refused, or has failed."""
        counter = self._by_command.get((name, outcome))
        if counter is None:
            counter = self._by_command[name, outcome] = self._commands.labels(name, outcome)
        counter.inc()
