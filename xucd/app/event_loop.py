"""uvloop's event loop, made to tell of connections that are reset while they are being read.

When a socket has both something to read and an error, as when a client asks and resets, uvloop
(0.23) has it read once and then watches it no more, but keeps the closed watch: writing to the
socket raises, and nobody ever hears that the connection is lost. Here the watch is made anew. The
error then shows at once, as on asyncio's own loop.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVarTuple

import uvloop

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

_Ts = TypeVarTuple("_Ts")


class Loop(uvloop.Loop):
    """To be used as any event loop."""

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
