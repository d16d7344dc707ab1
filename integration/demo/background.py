"""The demo in the background: bringing it up, and taking it down."""

import os
import subprocess
import sys
import time

from integration.demo import claim, layout, leftovers, places, processes
from integration.demo.layout import Layout
from integration.demo.places import DemoError

STOP = 40.0  # seconds a demo may take to take itself down


def up(wanted: Layout) -> int:
    """Start a demo and return when it is ready. Returns the exit code."""
    places.FOLDER.mkdir(mode=0o700, exist_ok=True)
    running = claim.holder()
    if running is not None:
        return _wait_until_ready(running, wanted)
    heard, told = os.pipe()
    also = ["--cluster"] if wanted.is_cluster else []
    with places.LOG.open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "integration.demo", "run", "--tell", str(told), *also],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[told],
            start_new_session=True,
        )
    os.close(told)
    try:
        # The demo closes its end when it is ready, and the kernel does when it has died.
        with os.fdopen(heard, encoding="utf-8") as lines:
            for line in lines:
                print(line, end="", flush=True)
    except KeyboardInterrupt:
        processes.end(demo.pid, STOP)
        return 130
    if places.CONTROL.exists():
        print(f"log: {places.LOG}; end it with 'make demo-down'")
        return 0
    code = demo.wait()
    if code:
        print(f"xucd demo: it did not start; its log: {places.LOG}", file=sys.stderr)
    return code


def down() -> int:
    """Take the demo down, and what a killed one left; returns when all is gone."""
    running = claim.holder()
    if running is not None:
        processes.end(running, STOP)
    claim.wait_for_the_last()
    was_there = running is not None or places.SCRATCH.exists()
    leftovers.remove()
    if was_there:
        leftovers.wait_for_ports(layout.last())
    print("xucd demo is down" if was_there else "xucd demo: none runs")
    return 0


def _wait_until_ready(running: int, wanted: Layout) -> int:
    while not places.CONTROL.exists():
        if processes.ended(running, within=0):
            raise DemoError(f"the demo that was starting has ended; its log: {places.LOG}")
        time.sleep(0.1)  # it is another command's child: no pipe of ours says that it is ready
    print(layout.runs_already(wanted))
    return 0
