"""Notifications to systemd, if it has started xucd: ready, reloading, stopping, watchdog.

The protocol is a datagram of ``KEY=VALUE`` lines to the socket named in the environment, as
sd_notify(3) has it.
"""

import asyncio
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Notifies systemd; does nothing without `NOTIFY_SOCKET` in the environment."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket
            self._address = "\0" + self._address[1:]
        self.watchdog_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6

    def send(self, state: str) -> None:
        """Send one state, such as ``READY=1``. Raises `OSError` when the socket is gone."""
        if self._address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(state.encode(), self._address)

    async def stay_alive(self) -> None:
        """Notify the watchdog twice per interval, as long as the event loop runs."""
        while self.watchdog_s > 0:
            self.send("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 2)
