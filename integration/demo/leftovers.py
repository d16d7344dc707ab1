"""What a killed demo leaves behind: a daemon, containers, files. Never what belongs to others."""

import shutil
import time

from docker.errors import APIError, DockerException

from integration.demo import layout, places, processes
from integration.demo.layout import Layout, Node
from integration.pbx import remove_leftovers

DEADLINE = 15.0  # seconds in which all has to be gone


def remove() -> None:
    """Remove what is left of a demo that no longer runs; returns when it is gone.

    Raises:
        DemoError: something of it would not go.
    """
    for node in layout.CLUSTER.nodes + layout.ALONE.nodes:
        _end(node)
    _remove_containers()
    places.CONTROL.unlink(missing_ok=True)
    for kept in (f"{places.DATABASE.name}*", "streams-*"):
        for file in places.FOLDER.glob(kept):
            file.unlink()
    for link in places.SERVERS.glob("*"):
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()
    if places.SERVERS.exists():
        places.SERVERS.rmdir()
    _remove_scratch()


def _remove_scratch() -> None:
    """Another PBX that starts may remove the same leftovers, in the same moment."""
    until = time.monotonic() + DEADLINE
    while places.SCRATCH.exists():
        try:
            shutil.rmtree(places.SCRATCH)
        except FileNotFoundError:
            if time.monotonic() > until:
                raise


def wait_for_ports(ended: Layout) -> None:
    """Return when a demo's ports are free. Raises `DemoError` when one is not."""
    until = time.monotonic() + DEADLINE
    while (taken := ended.taken_port()) is not None:
        if time.monotonic() > until:
            raise places.DemoError(f"no demo runs any more, but {taken} is still taken")
        time.sleep(0.05)  # a port that is let go of announces it to nobody


def _end(node: Node) -> None:
    if node.process.exists():
        known = node.process.read_text()
        pid = int(known.partition(":")[0] or 0)
        if pid and processes.identity(pid) == known:
            processes.end(pid, patience=10)
    for file in (node.process, node.settings):
        file.unlink(missing_ok=True)


def _remove_containers() -> None:
    until = time.monotonic() + DEADLINE
    while True:
        try:
            remove_leftovers()
            return
        except APIError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)  # Docker is removing one of them itself, which nothing waits for
        except DockerException:
            return  # without Docker there are no containers
