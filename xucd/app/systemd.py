"""Notifications to systemd, if it has started xucd: ready, reloading, stopping, watchdog.

The protocol is a datagram of ``KEY=VALUE`` lines to the socket named in the environment, as
sd_notify(3) has it. Nothing here waits for systemd: while it reads nothing, a change of state is
kept and sent later, and a sign of life is left out.
"""

import asyncio
import os
import socket
from collections.abc import Mapping

import structlog

RETRY_S = 0.1
MAX_KEPT = 16

log = structlog.get_logger()


class Notifier:
    """Notifies systemd; does nothing without `NOTIFY_SOCKET` in the environment."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket
            self._address = "\0" + self._address[1:]
        self.watchdog_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6
        self._kept: list[str] = []
        self._retry: asyncio.TimerHandle | None = None

    def send(self, state: str) -> None:
        """Send one state, such as ``READY=1``, or keep it until systemd reads again."""
        if not self._address:
            return
        self._kept.append(state)
        del self._kept[:-MAX_KEPT]
        if self._retry is None:
            self._send_kept()

    async def stay_alive(self) -> None:
        """Notify the watchdog twice per interval, as long as the event loop runs."""
        while self.watchdog_s > 0:
            if self._address and not self._kept:
                self._sent("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 2)

    def _send_kept(self) -> None:
        self._retry = None
        while self._kept:
            if not self._sent(self._kept[0]):
                self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._send_kept)
                return
            del self._kept[0]

    def _sent(self, state: str) -> bool:
        """Send a state now; False if systemd has to read others first."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto(state.encode(), self._address)
            except BlockingIOError:
                return False
            except OSError as error:  # nobody to tell any more
                log.error("cannot notify systemd", state=state, reason=str(error))
        return True
