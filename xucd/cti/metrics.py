"""What is counted about clients and commands, for `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """The counters, on a registry of their own. Label values are ours, never a client's words."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.links = Gauge("xucd_links", "Open WebSocket links.", registry=self.registry)
        self.opened = Counter(
            "xucd_links_opened", "WebSocket links opened so far.", registry=self.registry
        )
        self.commands = Counter(
            "xucd_commands",
            "Commands carried out or refused, by name and outcome.",
            ("command", "outcome"),
            registry=self.registry,
        )
        self.bad_frames = Counter(
            "xucd_bad_frames",
            "Frames that were no command, by code.",
            ("code",),
            registry=self.registry,
        )
        self.messages = Counter(
            "xucd_messages", "Published messages, times their hearers.", registry=self.registry
        )
        self.events = Counter(
            "xucd_events", "Events from Asterisk, by kind.", ("event",), registry=self.registry
        )
        self.ami_connections = Gauge(
            "xucd_ami_connections",
            "Connections to Asterisk that have been up since the start.",
            registry=self.registry,
        )
        self.ami_undecodable = Gauge(
            "xucd_ami_undecodable",
            "Events from Asterisk that could not be decoded since the start.",
            registry=self.registry,
        )
        self.slow = Counter(
            "xucd_slow_closed",
            "Links closed because the client did not read.",
            registry=self.registry,
        )
        self.logins = Counter(
            "xucd_logins", "Log-ins, by outcome.", ("outcome",), registry=self.registry
        )
