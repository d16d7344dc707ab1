"""What the nodes of a cluster share: a PostgreSQL and a NATS server of the demo's own."""

from contextlib import ExitStack
from pathlib import Path

from integration.demo import places
from integration.nats import Nats
from tests.postgres_server import PostgresServer


class Servers:
    """Both of them. They end with the demo even when it is killed."""

    def __init__(self) -> None:
        self._undo = ExitStack()
        self.nats = ""
        self.database = ""

    def start(self) -> None:
        """Start both and make a database. Blocks for some seconds."""
        places.SERVERS.mkdir(exist_ok=True)
        postgres, nats = PostgresServer(), Nats()
        for server in (postgres, nats):
            _note(server.folder)
            self._undo.enter_context(server)
        self.nats, self.database = nats.url, postgres.create("demo")

    def stop(self) -> None:
        """End both, and remove what they kept. Blocks."""
        self._undo.close()


def _note(folder: Path) -> None:
    """Let whoever clears up after a killed demo find a server's folder."""
    (places.SERVERS / folder.name).symlink_to(folder)
