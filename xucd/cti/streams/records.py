"""The records of the log, and how they stand in a file.

What the log holds is the fold of its records: live and after a restart the same code applies them.
Each stands in the file behind its length and checksum. A last record that is cut off was being
written when xucd was killed, before anything of it was sent: it is left out. Anything else that
does not fit is damage, and the file is no good.

Times are seconds of the machine's clock since it was booted. Topics and streams are named by
numbers, which the log gives out.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from xucd.center.rights import Rights
from xucd.cti.messages import PhoneEvent
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams.digest import layout

_MEANING = 1
"""To be raised when what is written means something else, though it is written alike."""

_HEAD = struct.Struct("!II")


class Record(msgspec.Struct, array_like=True, frozen=True, tag_field="kind"):
    """What happened to the log."""


class Tick(Record, frozen=True, tag=1):
    """The time of the records that follow."""

    at: float


class Named(Record, frozen=True, tag=2):
    """A topic has got its number."""

    topic: int
    name: bytes


class Opened(Record, frozen=True, tag=3):
    """A stream has begun, or stands like this at a checkpoint.

    `owner` is whose it is and under which rights, `sign_in` that of its last link. `start` is its
    first position. `topics` are its
    subscriptions, each with the position after which it holds; `ended` are former ones, with the
    position up to which they held. Its own messages up to `lost` are not in the log. `parked` says
    since when it has had no link.
    """

    stream: int
    epoch: str
    owner: "Owner"
    sign_in: SignInKey
    start: int
    topics: dict[int, int] = {}
    ended: list[tuple[int, int, int]] = []
    lost: int = 0
    parked: float | None = None


class Owner(msgspec.Struct, array_like=True, frozen=True):
    """Whose a stream is: a user, and a digest of its rights."""

    user_id: int
    rights: bytes


class Published(Record, frozen=True, tag=4):
    """A message was published. `about` and `value`: what it tells, see `told`."""

    position: int
    topics: tuple[int, ...]
    message: bytes
    about: bytes | None = None
    value: bytes = b""


class Sent(Record, frozen=True, tag=5):
    """A message was sent to one stream."""

    position: int
    stream: int
    message: bytes


class Subscribed(Record, frozen=True, tag=6):
    """A stream has subscribed to a topic."""

    stream: int
    topic: int


class Unsubscribed(Record, frozen=True, tag=7):
    """A stream's subscription has ended."""

    stream: int
    topic: int


class Parked(Record, frozen=True, tag=8):
    """A stream has lost its link."""

    stream: int
    at: float


class StreamResumed(Record, frozen=True, tag=9):
    """A stream has a link again, of this sign-in."""

    stream: int
    sign_in: SignInKey


class StreamEnded(Record, frozen=True, tag=10):
    """A stream cannot be resumed any more."""

    stream: int


class Told(Record, frozen=True, tag=11):
    """What clients know about a thing; None: there is no such thing."""

    about: bytes
    value: bytes | None


class Stored(Record, frozen=True, tag=12):
    """What clients know of a thing that the store keeps; None: there is no such thing."""

    about: bytes
    value: bytes | None


class Configured(Record, frozen=True, tag=13):
    """The configuration, as a digest."""

    digest: bytes


class Checkpoint(Record, frozen=True, tag=14):
    """All that is not a message, at the beginning of a file.

    Another `position` than that of the records before shows that some of them are missing.
    `topics` are the topics by number, `lost` their last positions; `told` is None while it is not
    known what clients were told.
    """

    version: bytes
    boot: str
    at: float
    position: int
    configuration: bytes
    topics: dict[int, bytes]
    lost: dict[int, int]
    streams: list[Opened]
    told: dict[bytes, bytes] | None
    stored: dict[bytes, bytes]


class Restarted(Record, frozen=True, tag=15):
    """xucd has started again: positions jump to this one."""

    position: int


AnyRecord = (
    Tick
    | Named
    | Opened
    | Published
    | Sent
    | Subscribed
    | Unsubscribed
    | Parked
    | StreamResumed
    | StreamEnded
    | Told
    | Stored
    | Configured
    | Checkpoint
    | Restarted
)

VERSION = layout(AnyRecord, Rights, PhoneEvent) + bytes([_MEANING])
"""Of all that is written: a log of another version is not read."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AnyRecord).decode


class Damaged(Exception):
    """A file of the log is not as it was written."""


def packed(record: Record) -> bytes:
    """A record as it stands in a file."""
    payload = _encode(record)
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def unpacked(content: bytes) -> Iterator[AnyRecord]:
    """The records of a file, but for a last one that is cut off. Raises `Damaged`."""
    view, at = memoryview(content), 0
    while len(view) - at >= _HEAD.size:
        size, checksum = _HEAD.unpack_from(view, at)
        payload = view[at + _HEAD.size : at + _HEAD.size + size]
        if len(payload) < size:
            return
        if zlib.crc32(payload) != checksum:
            raise Damaged("a record's checksum is wrong")
        try:
            yield _decode(payload)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise Damaged(str(error)) from error
        at += _HEAD.size + size
