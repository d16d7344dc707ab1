"""Ports of this machine for one process: no other that asks here is given the same ones.

They lie below those that the kernel gives out by itself. What is claimed is claimed for as long as
the process lives, by a name in the kernel: it goes with the process and leaves no file.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

FIRST, END = 16000, 20000
"""Between these lie the single ports; a PBX's lie above, the demo's below."""
BLOCK = 100

_claims: dict[int, socket.socket] = {}


def is_free(port: int, kind: socket.SocketKind) -> bool:
    """Whether a program could listen on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As servers do: a port whose last connection lingers is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def claim(base: int) -> bool:
    """Keep a block of ports for this process; False if one has it already, be it this one."""
    claimed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claimed.bind(f"\0xucd-ports-{base}")
    except OSError:
        claimed.close()
        return False
    _claims[base] = claimed
    return True


def release(base: int) -> None:
    """Let a claimed block of ports be others'."""
    claimed = _claims.pop(base, None)
    if claimed is not None:
        claimed.close()


def free_port() -> int:
    """A TCP port that nobody holds, and that nobody else is given."""
    return next(_single)


def _singles() -> Iterator[int]:
    """Port by port; those of before come again once all blocks are taken."""
    mine: list[int] = []
    while True:
        base = next((base for base in range(FIRST, END, BLOCK) if claim(base)), None)
        if base is None:
            if not mine:
                raise RuntimeError(f"no free block of ports between {FIRST} and {END}")
            base = mine.pop(0)
        mine.append(base)
        yield from (port for port in range(base, base + BLOCK) if is_free(port, socket.SOCK_STREAM))


_single = _singles()
