"""What clients know of the open callbacks, kept in the log of streams over a restart of xucd.

A change is committed to the store before it is told. When xucd is killed in between, or the store
is changed while xucd is away, the difference is found at the next start.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from xucd.center.callbacks import Request
from xucd.cti.streams.digest import digest
from xucd.cti.streams.log import StreamLog

_PREFIX = b"Callback "
STEP = 500
"""How many requests are recorded in one turn of the loop: some 5 ms."""


class KnownCallback(msgspec.Struct, frozen=True, array_like=True):
    """An open request as clients know it: whom it concerns, and a digest of all of it."""

    uuid: UUID
    queue_id: int
    agent_id: int | None
    digest: bytes


class Difference(NamedTuple):
    """An open request that is another than clients know, and the agent whom they know with it."""

    request: Request
    agent_id: int | None


class KnownCallbacks:
    """The open callbacks that clients know of."""

    def __init__(self, streams: StreamLog) -> None:
        self._streams = streams

    def differences(self, found: Iterable[Request]) -> tuple[list[Difference], list[KnownCallback]]:
        """Those of the open requests of which clients know another state, and those that are gone.

        There are none while nobody has a stream.
        """
        if not self._streams.streams:
            return [], []
        known = {one.uuid: one for one in self._all()}
        changed = []
        for request in found:
            before = known.pop(request.uuid, None)
            if before != _known(request):
                changed.append(Difference(request, None if before is None else before.agent_id))
        return changed, list(known.values())

    def replace(self, found: Sequence[Request]) -> None:
        """Clients know these, and no others."""
        self._keep_only(found)
        self.add(*found)

    async def replace_in_steps(self, found: Sequence[Request]) -> None:
        """Clients know these, and no others; other work gets its turn between the steps."""
        self._keep_only(found)
        await self.add_in_steps(found)

    async def add_in_steps(self, requests: Sequence[Request]) -> None:
        """Clients know these, too; other work gets its turn between the steps."""
        for start in range(0, len(requests), STEP):
            self.add(*requests[start : start + STEP])
            await asyncio.sleep(0)

    def add(self, *requests: Request) -> None:
        """Clients know these as they are, too; a closed one they forget."""
        for request in requests:
            value = None if request.clotured else msgspec.msgpack.encode(_known(request))
            self._streams.store(_PREFIX + request.uuid.bytes, value)

    def remove(self, request: Request) -> None:
        """Clients know no more of this one."""
        self._streams.store(_PREFIX + request.uuid.bytes, None)

    def _keep_only(self, found: Sequence[Request]) -> None:
        present = {_PREFIX + request.uuid.bytes for request in found}
        for about in [each for each in self._streams.stored if each.startswith(_PREFIX)]:
            if about not in present:
                self._streams.store(about, None)

    def _all(self) -> list[KnownCallback]:
        return [
            msgspec.msgpack.decode(value, type=KnownCallback)
            for about, value in self._streams.stored.items()
            if about.startswith(_PREFIX)
        ]


def _known(request: Request) -> KnownCallback:
    content = msgspec.msgpack.encode(request)
    return KnownCallback(request.uuid, request.queue_id, request.agent_id, digest(content))
