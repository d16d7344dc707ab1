"""uvloop's event loop with a workaround for connections that are reset while they are being read.

When a socket has both data and an error, as when a client sends a request and resets, uvloop (0.23)
reads it once and closes its poll handle, but keeps the closed handle: writing to the socket raises,
and the loss of the connection is never reported. Here the handle is replaced. The error is then
reported at once, as on asyncio's own loop.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVarTuple

import uvloop

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

_Ts = TypeVarTuple("_Ts")


class Loop(uvloop.Loop):
    """A drop-in replacement for `uvloop.Loop`."""

    def add_reader(
        self, fd: "FileDescriptorLike", callback: Callable[[*_Ts], Any], *args: *_Ts
    ) -> None:
        try:
            super().add_reader(fd, callback, *args)
        except RuntimeError:
            self._forget(fd)
            super().add_reader(fd, callback, *args)

    def add_writer(
        self, fd: "FileDescriptorLike", callback: Callable[[*_Ts], Any], *args: *_Ts
    ) -> None:
        try:
            super().add_writer(fd, callback, *args)
        except RuntimeError:
            self._forget(fd)
            super().add_writer(fd, callback, *args)

    def _forget(self, fd: "FileDescriptorLike") -> None:
        self.remove_reader(fd)
        self.remove_writer(fd)
