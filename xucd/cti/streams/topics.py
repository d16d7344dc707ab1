"""How topics are written into the log: the same bytes for equal topics, in every process.

A topic is made of strings, numbers, None, tuples, frozensets and `Rights`. Sets are written sorted,
since their order differs from process to process.
"""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import msgspec

from xucd.center.rights import Rights

_TUPLE, _SET, _RIGHTS = range(3)


@lru_cache(maxsize=10_000)
def encode_topic(topic: Hashable) -> bytes:
    """A topic as bytes."""
    return msgspec.msgpack.encode(_plain(topic))


def decode_topic(encoded: bytes) -> Hashable:
    """The topic that was encoded."""
    return _topic(msgspec.msgpack.decode(encoded))


def _plain(part: Any) -> Any:
    if isinstance(part, tuple):
        return [_TUPLE, *map(_plain, part)]
    if isinstance(part, frozenset):
        return [_SET, *sorted(part)]
    if isinstance(part, Rights):
        return [_RIGHTS, *map(_plain, msgspec.structs.astuple(part))]
    return part


def _topic(part: Any) -> Hashable:
    if not isinstance(part, list):
        return part  # type: ignore[no-any-return]  # a plain value
    kind, *parts = part
    if kind == _SET:
        return frozenset(parts)
    found = tuple(map(_topic, parts))
    return Rights(*found) if kind == _RIGHTS else found  # type: ignore[arg-type]
