"""What versions of xucd understand of each other, which run beside each other during an upgrade.

What a later version adds needs no number of its own where it does no harm to do without: a value
behind the others of an item, or an item of another kind, is passed over by whoever does not know
it. What would be misunderstood raises `SCHEMA`. Then it is sent on a feed whose number is as high,
and on others all is as it was before. The number is the highest that both sides know; the owner
says it in each `Beat`, and what an edge says before it has heard one is as in `OLDEST`.

Topics, the names of things, and what is told of them (`xucd.cti.streams`) are parts of items.
"""

from typing import Any, get_args

import msgspec

SCHEMA = 1
"""The highest number that this xucd speaks."""
OLDEST = 1
"""The lowest. To be raised in a later release than `SCHEMA`, so that each works beside the last."""


def agreed(oldest: int, newest: int) -> int | None:
    """The number of a feed with a node that speaks these; None where there is none for both."""
    number = min(newest, SCHEMA)
    return number if number >= max(oldest, OLDEST) else None


class _Kind(msgspec.Struct, array_like=True, gc=False):
    """The beginning of an item."""

    kind: str


_raw = msgspec.msgpack.Decoder(list[msgspec.Raw])
_beginning = msgspec.msgpack.Decoder(_Kind)


class ItemReader:
    """Decodes lists of items of some kinds. Raises `msgspec.MsgspecError`."""

    def __init__(self, kinds: Any) -> None:
        self._all: msgspec.msgpack.Decoder[list[Any]] = msgspec.msgpack.Decoder(list[kinds])
        self._one = msgspec.msgpack.Decoder(kinds)
        self._kinds = {kind.__struct_config__.tag for kind in get_args(kinds)}

    def items(self, data: bytes) -> list[Any]:
        """The items, without those of kinds that a later version has added."""
        try:
            return self._all.decode(data)
        except msgspec.ValidationError:
            every = _raw.decode(data)
            known = [each for each in every if _beginning.decode(each).kind in self._kinds]
            return [self._one.decode(each) for each in known]
