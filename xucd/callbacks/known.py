"""What clients know of the open callbacks, kept in the log of streams over a restart of xucd.

A change is committed to the store before it is told. When xucd is killed in between, or the store
is changed while xucd is away, the difference is found at the next start.
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from xucd.center.callbacks import Request
from xucd.cti.streams.digest import digest
from xucd.cti.streams.log import StreamLog

_PREFIX = b"Callback "


class KnownCallback(msgspec.Struct, frozen=True, array_like=True):
    """An open request as clients know it: whom it concerns, and a digest of all of it."""

    uuid: UUID
    queue_id: int
    agent_id: int | None
    digest: bytes


class KnownCallbacks:
    """The open callbacks that clients know of."""

    def __init__(self, streams: StreamLog) -> None:
        self._streams = streams

    def differences(self, found: Iterable[Request]) -> tuple[list[Request], list[KnownCallback]]:
        """Those of the open requests of which clients know another state, and those that are gone.

        There are none while nobody has a stream.
        """
        if not self._streams.streams:
            return [], []
        known = {one.uuid: one for one in self._all()}
        changed = [each for each in found if known.pop(each.uuid, None) != _known(each)]
        return changed, list(known.values())

    def replace(self, found: Iterable[Request]) -> None:
        """Clients know these, and no others."""
        found = list(found)
        present = {request.uuid for request in found}
        for one in self._all():
            if one.uuid not in present:
                self._streams.store(_PREFIX + one.uuid.bytes, None)
        self.add(*found)

    def add(self, *requests: Request) -> None:
        """Clients know these as they are, too; a closed one they forget."""
        for request in requests:
            value = None if request.clotured else msgspec.msgpack.encode(_known(request))
            self._streams.store(_PREFIX + request.uuid.bytes, value)

    def remove(self, request: Request) -> None:
        """Clients know no more of this one."""
        self._streams.store(_PREFIX + request.uuid.bytes, None)

    def _all(self) -> list[KnownCallback]:
        return [
            msgspec.msgpack.decode(value, type=KnownCallback)
            for about, value in self._streams.stored.items()
            if about.startswith(_PREFIX)
        ]


def _known(request: Request) -> KnownCallback:
    content = msgspec.msgpack.encode(request)
    return KnownCallback(request.uuid, request.queue_id, request.agent_id, digest(content))
