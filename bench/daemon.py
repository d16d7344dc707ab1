"""A real xucd on the server's core, beside an Asterisk that the load plays, or a real one."""

import json
import ssl
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

from bench.links import Address
from bench.machine import SERVER_CORE, on_core
from integration.pages.busy import LOGIN, BusyXucd, Size
from xucd.signin.tokens import Tokens

FOLLOWS = ('{"claz":"web","command":"subscribeToAgentEvents"}',)
"""What a client says that follows the states of all agents."""
ENVIRONMENT = (
    # An installed xucd is compiled already; one that may not keep that takes seconds to start.
    "env", "--unset=PYTHONDONTWRITEBYTECODE",
    "XUCD_LIMITS_LINKS_PER_USER=20000", "XUCD_LIMITS_CONNECTIONS_PER_ADDRESS=20000",
)  # fmt: skip
"""What becomes a measured node, after its core."""


class MeasuredXucd(BusyXucd):
    """The daemon, alone on its core, with a centre of a size; all clients may be one user's."""

    deadline = 120.0

    def __init__(self, ami_port: int, size: Size, folder: Path) -> None:
        asterisk: Any = SimpleNamespace(port=ami_port)
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(asterisk, size, folder)
        self.launcher = (*on_core(SERVER_CORE), *ENVIRONMENT)
        self._tls: ssl.SSLContext | None = None
        self._tokens: dict[str, str] = {}

    def use_tls(self, chain: str, key: str) -> None:
        """Serve over TLS. To be called before the start."""
        names = (f"XUCD_WEB_TLS_CERTIFICATE={chain}", f"XUCD_WEB_TLS_KEY={key}")
        self.launcher = (*self.launcher, *names)
        self._tls = ssl.create_default_context(cafile=chain)

    @property
    def pid(self) -> int:
        """The daemon's process: the launcher has become it."""
        assert self._process is not None
        return int(self._process.pid)

    def address(self, *commands: str, login: str = LOGIN, resume: bool = False) -> Address:
        """Where a client of a user connects to, already signed in; by default the supervisor's.

        Without `commands` it follows the states of all agents that the user may see.
        """
        path = f"/xuc/api/2.0/cti?token={self.token(login)}{'&resume=1' if resume else ''}"
        return Address(self.port, path, commands or FOLLOWS, tls=self._tls is not None)

    def token(self, login: str) -> str:
        """A token of a sign-in of the user, made as the daemon makes it."""
        if not self._tokens:
            store = self.store()
            tokens = Tokens(store.token_secret(), 3600, 43200, time.time)
            self._tokens = {
                each: tokens.sign(tokens.begin(each, generation))
                for each, generation in store.generations().items()
            }
            store.close()
        return self._tokens[login]

    def _health(self) -> dict[str, Any] | None:
        if self._tls is None:
            return super()._health()
        try:
            with urlopen(f"https://127.0.0.1:{self.port}/health", context=self._tls) as answer:
                health: dict[str, Any] = json.load(answer)
        except OSError:  # also 503, while it is not current
            return None
        return health
