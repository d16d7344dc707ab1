"""Speaking to systemd, if it started us: ready, reloading, stopping, still alive.

The protocol is a datagram of ``KEY=VALUE`` lines to the socket named in the environment, as
sd_notify(3) has it.
"""

import asyncio
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells systemd; does nothing where no `NOTIFY_SOCKET` is named."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket
            self._address = "\0" + self._address[1:]
        self.watchdog_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6

    def tell(self, state: str) -> None:
        """Send one state, such as ``READY=1``. Raises `OSError` when the socket is gone."""
        if self._address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(state.encode(), self._address)

    async def stay_alive(self) -> None:
        """Tell the watchdog, twice per its time, for as long as the event loop turns."""
        while self.watchdog_s > 0:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 2)
