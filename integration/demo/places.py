"""Where the demo keeps its things, and where it listens.

All paths are relative to the project's folder, which is the working directory of all that runs
here: the path of a Unix socket may only be some hundred characters long.
"""

import socket
from pathlib import Path

from integration.ports import is_free

PROJECT = Path(__file__).resolve().parents[2]
CENTER = Path("integration/demo/center.toml")
CENTER_SOUTH = Path("integration/demo/south.toml")
FOLDER = Path(".demo")
CLAIM = FOLDER / "claim"  # locked for as long as the demo runs
PROCESS = FOLDER / "demo.pid"
CONTROL = FOLDER / "control"  # there once the demo is ready
LOG = FOLDER / "demo.log"
LAYOUT = FOLDER / "layout"  # which of the demos it is
DATABASE = FOLDER / "xucd.db"
SERVERS = FOLDER / "servers"  # links to the folders of PostgreSQL and NATS, which are elsewhere
SCRATCH = FOLDER / "scratch"

WEB_PORT = 8090
URL = f"http://127.0.0.1:{WEB_PORT}/"


class DemoError(Exception):
    """The demo cannot do what it was asked; the message says why, and what to do."""


def is_taken(port: int) -> bool:
    """Whether some program holds this port of TCP."""
    return not is_free(port, socket.SOCK_STREAM)
