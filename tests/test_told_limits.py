"""The times and bounds that docs/operating.md tells are those of a running daemon's defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.test_reload_rights import Daemon
from tests.test_reload_rights import daemon as daemon  # noqa: PLC0414  # a fixture
from xucd.app import file_limit
from xucd.app.assembly import Assembly
from xucd.config.settings import Agi, Ami, Limits, Settings, StorePlace, Web
from xucd.cti.link import MAX_WAITING, MAX_WAITING_BYTES
from xucd.cti.streams.log import LIMIT
from xucd.store.journal import SAVE_S
from xucd.web.channel import MIN_RATE, ClientChannel
from xucd.web.import_slots import SLOTS_OF_USER
from xucd.web.site import MAX_BODY, MAX_IMPORT

NUMBERS = ("no", "one", "two", "three", "four")
TIMES = {1.0: "once", 0.5: "twice"}


@pytest.fixture(autouse=True)
def many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many files as the daemon could want, whatever this machine allows."""
    monkeypatch.setattr(file_limit, "raised", lambda: 1 << 20)


def told(daemon: Daemon) -> list[str]:
    """What the page has to say of this daemon."""
    assembly = daemon.assembly
    site, links, streams = (
        assembly.front._port.factory,
        assembly.front.links,
        assembly._context.hub.streams,
    )
    connections, deadlines, agi = site.connections._limits, site._deadlines, assembly._agi
    assert links.limits.stalled == deadlines.stalled  # one row tells of both
    assert file_limit.for_agi(400) == 400 // 4
    reserved, many = file_limit.RESERVED, agi._max_connections
    return [
        f"`limits.connections_per_address` ({connections.by_address}); then the one that has been",
        f"`limits.links_per_user` ({connections.links_by_user}); more are refused",
        f"after {reserved} files and FastAGI ({many}, or a quarter), at most {connections.total:,}",
        f"| a request's head | {deadlines.head:g} s, TLS handshake included;"
        f" {ClientChannel.totalHeadersSize // 1024} KiB |",
        f"| a request's body | {deadlines.body:g} s, and longer while {MIN_RATE // 1024} KiB arrive"
        f" each second; {MAX_BODY // 1024} KiB, {MAX_IMPORT >> 20} MiB for an import by a user who"
        f" may do it, {NUMBERS[SLOTS_OF_USER]} of these at a time |",
        f"closed after {deadlines.idle:g} s; a WebSocket on which nothing is received after"
        f" {links.limits.silence:g} s |",
        f"| closed when the client takes nothing for {deadlines.stalled:g} s;",
        f"| commands that wait on one WebSocket | {MAX_WAITING},"
        f" and {MAX_WAITING_BYTES >> 10} KiB |",
        f"| connections to FastAGI | {many}; a silent one gives way",
        f"xucd keeps the messages of the last {streams._keep:g} s,"
        f" at most {LIMIT >> 20} MiB of them",
        f"what lies after the last write: they are written {TIMES.get(SAVE_S)} a second",
    ]


async def test_every_bound_that_is_told_is_the_one_that_holds(daemon: Daemon) -> None:
    page = " ".join((PROJECT / "docs/operating.md").read_text(encoding="utf-8").split())
    assert [sentence for sentence in told(daemon) if sentence not in page] == []


async def test_bounds_that_are_set_hold_in_place_of_the_defaults(tmp_path: Path) -> None:
    settings = Settings(
        web=Web(port=0),
        ami=Ami(port=1, secret="nobody-listens"),
        agi=Agi(port=0),
        store=StorePlace(url=f"sqlite:///{tmp_path}/xucd.db"),
        limits=Limits(connections_per_address=77, links_per_user=7, backlog=2048),
    )
    assembly = Assembly(settings)
    await assembly.start()
    try:
        connections = assembly.front._port.factory.connections._limits
        assert (connections.by_address, connections.links_by_user) == (77, 7)
        assert assembly.front.links.limits.backlog == 2048
    finally:
        await assembly.stop()
