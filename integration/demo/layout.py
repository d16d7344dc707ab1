"""What a demo consists of: an Asterisk with an xucd, or two of both, with edges, in a cluster.

Both are run, called and ended by the same commands; one of them runs at a time.
"""

from pathlib import Path
from typing import NamedTuple

from integration.demo import places
from integration.pbx import DEMO_PORTS, Ports


class Site(NamedTuple):
    """A PBX, with the phones and queues that are on it.

    `pbx` is its name in the centre's file. `lines` are the numbers of the phones that answer by
    themselves, `queues` those that callers dial in turn, and `with_keys` one where they hear music
    and can press keys, "" for none. `numbers` are the patterns of the dialplan for all its phones
    and queues, and `address` is where the trunk to another site ends. That by which queues ring
    agents of another site ends at `agents_address`.
    """

    pbx: str
    version: str
    ports: Ports
    container: str
    address: str
    agents_address: str
    lines: tuple[str, ...]
    queues: tuple[str, ...]
    with_keys: str
    numbers: tuple[str, str]


class Node(NamedTuple):
    """An xucd: its name, the port of its pages, and the PBX that it is beside, if there is one."""

    name: str
    port: int
    site: Site | None = None

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def settings(self) -> Path:
        return places.FOLDER / f"{self.name}.toml"

    @property
    def log(self) -> Path:
        return places.FOLDER / f"{self.name}.log"

    @property
    def process(self) -> Path:
        return places.FOLDER / f"{self.name}.pid"


class Layout(NamedTuple):
    """The parts of a demo. `center` are the centre's files, `doors` where users sign in."""

    name: str
    center: tuple[Path, ...]
    sites: tuple[Site, ...]
    nodes: tuple[Node, ...]
    doors: tuple[Node, ...]

    @property
    def is_cluster(self) -> bool:
        return len(self.nodes) > 1

    @property
    def where(self) -> str:
        """The addresses, in words."""
        return " and ".join(node.url for node in self.doors)

    def taken_port(self) -> str | None:
        """The first of its ports that some program holds, in words; None if all are free."""
        for node in self.nodes:
            if places.is_taken(node.port):
                return f"web port {node.port} (TCP)"
        return next((taken for site in self.sites if (taken := site.ports.taken())), None)


MAIN = Site(
    pbx="main",
    version="22",
    ports=DEMO_PORTS,
    container="xucd-demo-asterisk",
    address="127.0.0.22",
    agents_address="127.0.1.22",
    lines=tuple(str(number) for number in range(1001, 1009)),
    queues=("3000", "3001", "3002"),
    with_keys="3100",
    numbers=("_10XX", "_300X"),
)
SOUTH = Site(
    pbx="south",
    version="16",
    ports=Ports(
        ami=14038, agi=13573, sip=14060, phones=14100, rtp_start=14200, rtp_end=14399, media=14400
    ),
    container="xucd-demo-asterisk-south",
    address="127.0.0.16",
    agents_address="127.0.1.16",
    lines=tuple(str(number) for number in range(1101, 1109)),
    queues=("3500", "3501"),
    with_keys="",
    numbers=("_11XX", "_350X"),
)

_XUCD = Node("xucd", places.WEB_PORT, MAIN)
_EDGES = (Node("edge-1", places.WEB_PORT), Node("edge-2", places.WEB_PORT + 1))
_OWNERS = (Node("main", places.WEB_PORT + 2, MAIN), Node("south", places.WEB_PORT + 3, SOUTH))

ALONE = Layout("demo", (places.CENTER,), (MAIN,), (_XUCD,), (_XUCD,))
CLUSTER = Layout(
    "cluster", (places.CENTER, places.CENTER_SOUTH), (MAIN, SOUTH), _OWNERS + _EDGES, _EDGES
)


def remember(layout: Layout) -> None:
    """Let other commands know which of them this is."""
    places.LAYOUT.write_text(layout.name)


def last() -> Layout:
    """Which of them runs, or ran last."""
    name = places.LAYOUT.read_text() if places.LAYOUT.exists() else ""
    return CLUSTER if name == CLUSTER.name else ALONE


def runs_already(wanted: Layout) -> str:
    """That a demo runs. Raises `DemoError` if it is another than is wanted."""
    running = last()
    if running != wanted:
        raise places.DemoError(
            f"another demo runs: {running.where}. End it with 'make demo-down', then try again"
        )
    return f"xucd demo runs already: {running.where}"
