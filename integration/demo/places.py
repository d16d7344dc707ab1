"""Where the demo keeps its things, and where it listens.

All paths are relative to the project's folder, which is the working directory of all that runs
here: the path of a Unix socket may only be some hundred characters long.
"""

import socket
from pathlib import Path

from integration.pbx import DEMO_PORTS
from integration.ports import is_free

PROJECT = Path(__file__).resolve().parents[2]
CENTER = Path("integration/demo/center.toml")
FOLDER = Path(".demo")
CLAIM = FOLDER / "claim"  # locked for as long as the demo runs
PROCESS = FOLDER / "demo.pid"
CONTROL = FOLDER / "control"  # there once the demo is ready
LOG = FOLDER / "demo.log"
SETTINGS = FOLDER / "xucd.toml"
DATABASE = FOLDER / "xucd.db"
XUCD_LOG = FOLDER / "xucd.log"
XUCD_PROCESS = FOLDER / "xucd.pid"
SCRATCH = FOLDER / "scratch"

WEB_PORT = 8090
URL = f"http://127.0.0.1:{WEB_PORT}/"
RUNS_ALREADY = f"xucd demo runs already: {URL}"
ORIGINS = ("http://127.0.0.1:8090", "http://localhost:8090", "http://127.0.0.1:8099")
CONTAINER = "xucd-demo-asterisk"
PORTS = DEMO_PORTS


class DemoError(Exception):
    """The demo cannot do what it was asked; the message says why, and what to do."""


def taken_port() -> str | None:
    """The first of the demo's ports that some program holds, in words; None if all are free."""
    if not is_free(WEB_PORT, socket.SOCK_STREAM):
        return f"web port {WEB_PORT} (TCP)"
    return PORTS.taken()
