"""What the owner of a PBX and an edge send each other, and how it is numbered, packed and divided.

The two speak over a *feed*, which the edge begins with a `Hello`. Each sends packets, numbered from
0 in each direction. A packet that came before is passed over. When one is missing the feed is over,
and the edge begins another with a snapshot: nothing is repeated, and no part is ever taken for the
whole. So neither loss nor duplication nor another order, nor a restart on either side, can leave
the two with different states.

What goes over is a list of items, MessagePack arrays whose first value says which kind it is.
Of another version of xucd, see `xucd.cluster.schema`.
"""

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from xucd.cluster.schema import ItemReader

FAILED = "InternalError"

MAX_DATA = 512 * 1024
"""How much of a list of items one packet carries, in bytes: NATS takes 1 MiB, unless told else."""


class Item(msgspec.Struct, array_like=True, tag=True, gc=False):
    """What a feed carries."""


# -- from the edge to the owner


class SessionOpened(Item):
    """A session of the edge: its number there, and whose it is. It asks for its opening.

    `rights` is a digest of the user and its rights, as the edge knows them.
    """

    session: int
    user_id: int
    rights: bytes
    sid: str
    generation: str
    address: str


class Hello(Item):
    """Begins a feed, alone in its list: its sessions follow in `SessionsBefore`.

    `node` is the edge's name, `host` that of its machine; `instance` is other for each start of the
    edge. It speaks all schemas from `oldest` to `schema`. These stay in all versions, so that an
    owner can tell why it does not serve another one. `users` says how the edge makes the digests of
    `SessionOpened`.
    """

    node: str
    schema: int
    instance: str
    host: str
    oldest: int = 1
    users: bytes = b""


class SessionBefore(msgspec.Struct, array_like=True, gc=False):
    """A session that has had its opening, and the numbers of the topics that it gets."""

    session: SessionOpened
    topics: list[int]


class SessionsBefore(Item):
    """Some of the sessions that have had their opening before a feed begins; `ends`: the last.

    `names` are topics that were not named before, encoded as in the log of streams. They are
    numbered in their order over all these items, from 1.
    """

    names: list[bytes]
    sessions: list[SessionBefore]
    ends: bool


class SessionEnded(Item):
    """A session has ended; dismissed, nothing more is begun for it."""

    session: int
    dismissed: bool = False


class SessionChanged(Item):
    """A session has got another sign-in, or another address."""

    session: int
    sid: str
    generation: str
    address: str


class CommandAsked(Item):
    """A session asks for a command: its wire name, and its arguments as MessagePack.

    It is not to be begun after `until`, in seconds by the owner's clock.
    """

    command: int
    session: int
    until: float
    name: str
    arguments: bytes


class RequestSender(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The user of a request over HTTP, and its sign-in."""

    user_id: int
    sid: str
    generation: str
    address: str


class RequestPart(Item):
    """Part of a request that is too long for one item; it is done when the owner has it."""

    command: int
    request: int
    part: bytes


class RequestAsked(Item):
    """The last part of a request over HTTP, which is to be begun as a command is."""

    command: int
    request: int
    until: float
    sender: RequestSender
    part: bytes


class AnswerAwaited(Item):
    """The edge has a part of an answer to a request, and wants the next one."""

    command: int
    request: int


class SliceTaken(Item):
    """The edge has taken a slice of a snapshot."""


class ThingsMissing(Item):
    """What clients know of and the snapshot did not have: each with what was known of it."""

    things: list[tuple[bytes, bytes]]


class Alive(Item):
    """Nothing else was due for a while."""


# -- from the owner to the edge


class Beat(Item):
    """The owner's clock, in seconds, whether its state is Asterisk's, and the feed's schema.

    It begins each list of the owner's items.
    """

    now: float
    is_current: bool
    schema: int = 1


class NameTopic(Item):
    """From now on a number stands for a topic, encoded as in the log of streams.

    It is below 0, since those above are the edge's: see `SessionsBefore`.
    """

    topic: int
    name: bytes


class SubscribeSession(Item):
    """From now on a session gets the messages of a topic."""

    session: int
    topic: int


class UnsubscribeSession(Item):
    """A session gets the messages of a topic no longer."""

    session: int
    topic: int


class SendMessage(Item):
    """An encoded message to one session; `command` is what it answers, 0 for nothing."""

    session: int
    message: bytes
    command: int = 0


class KnowThing(Item):
    """What is to be known of a thing from now on, None for one that is no more.

    It was told to no client of the edge, since none has subscribed to it.
    """

    about: bytes
    value: bytes | None


class PublishMessage(Item):
    """An encoded message to the subscribers of any of these topics.

    `about` and `value` are what it tells, as the log of streams has it: None and None for a message
    that tells no lasting state.
    """

    topics: list[int]
    message: bytes
    about: bytes | None
    value: bytes | None


class ShowMessage(Item):
    """As `PublishMessage`, of a snapshot: to be sent if it is other than what clients know."""

    topics: list[int]
    message: bytes
    about: bytes | None
    value: bytes | None


class AgentAtHome(Item):
    """An agent's home is the PBX of this owner since the change of this number, 0 for the first.

    The home is where the agent is logged in, or was last. Of two owners that say so the one with
    the higher number is right. It comes before anything else that is told of the agent from there.
    """

    agent_id: int
    number: int


class SliceShown(Item):
    """A slice of a snapshot: few are sent before the edge has said that it has taken one."""


class SnapshotEnds(Item):
    """All that is shown has been told: what clients know besides is no more."""


class Settled(Item):
    """The edge's state is the owner's; the encoded message says whether that is Asterisk's."""

    status: bytes


class CommandBegun(Item):
    """A command is being carried out."""

    command: int


class CommandDone(Item):
    """A command was carried out; `warning` is a code, if any."""

    command: int
    warning: str | None = None


class RequestAnswered(Item):
    """A part of the answer to a request; `ends` says whether it is the last one."""

    command: int
    part: bytes
    ends: bool


class CommandRefused(Item):
    """A command was refused, for which see `Refused`, or has failed, with the code `FAILED`."""

    command: int
    code: str
    text: str
    silent: bool = False
    detail: dict[str, str | int] = {}
    partly: bool = False


class DismissSession(Item):
    """A session's user is another to the owner than to the edge, or unknown to it."""

    session: int


FromEdge = (
    Hello
    | SessionsBefore
    | SessionOpened
    | SessionEnded
    | SessionChanged
    | CommandAsked
    | RequestPart
    | RequestAsked
    | AnswerAwaited
    | SliceTaken
    | ThingsMissing
    | Alive
)
FromOwner = (
    Beat
    | NameTopic
    | SubscribeSession
    | UnsubscribeSession
    | SendMessage
    | KnowThing
    | PublishMessage
    | ShowMessage
    | AgentAtHome
    | SliceShown
    | SnapshotEnds
    | Settled
    | CommandBegun
    | CommandDone
    | RequestAnswered
    | CommandRefused
    | DismissSession
)


class Packet(msgspec.Struct, array_like=True, gc=False):
    """A part of a list of items; `ends` says whether it is the last of the list.

    `sender` is other for each beginning of the same feed: an owner that was started again, and is
    sent the packet that began a feed before, would begin it again.
    """

    feed: str
    sender: str
    number: int
    data: bytes
    ends: bool = True


_NEVER = 2**63 - 1

_items_of_edge = ItemReader(FromEdge)
_items_of_owner = ItemReader(FromOwner)
_packet = msgspec.msgpack.Decoder(Packet)
_encode = msgspec.msgpack.Encoder().encode


class FeedOver(Exception):
    """A packet is missing, or cannot be read: the feed is over."""


class FeedRefused(FeedOver):
    """The owner does not serve this edge; the text says why, and what is to be done."""


def new_feed() -> str:
    """A name that no feed had before."""
    return secrets.token_urlsafe(9)


def read(packet: bytes) -> Packet:
    """Read a packet. Raises `FeedOver` for what is none."""
    try:
        return _packet.decode(packet)
    except msgspec.MsgspecError as error:
        raise FeedOver(str(error)) from None


def over(feed: str, refusal: str = "") -> bytes:
    """A packet that tells the edge that a feed is over, or refused: it follows upon no other."""
    return _encode(Packet(feed, "", _NEVER, refusal.encode()))


class Sending:
    """Numbers what one side of a feed sends."""

    def __init__(self, feed: str) -> None:
        self.feed = feed
        self._sender = secrets.token_urlsafe(6)
        self._number = 0

    def packets(self, items: list[Any]) -> Iterator[bytes]:
        """The packets that carry some items."""
        data = _encode(items)
        for begin in range(0, len(data), MAX_DATA):
            part = data[begin : begin + MAX_DATA]
            ends = begin + MAX_DATA >= len(data)
            yield _encode(Packet(self.feed, self._sender, self._number, part, ends))
            self._number += 1


class Receiving:
    """Takes what the other side of a feed sends, in order; it is of an edge or of the owner."""

    def __init__(self, feed: str, *, of_edge: bool) -> None:
        self.feed = feed
        self._reader = _items_of_edge if of_edge else _items_of_owner
        self._sender: str | None = None
        self._next = 0
        self._parts: list[bytes] = []

    def items(self, packet: Packet) -> list[Any]:
        """The items that a packet completes: none, if it came before. Raises `FeedOver`."""
        if packet.number == _NEVER and packet.data:
            raise FeedRefused(packet.data.decode(errors="replace"))
        if packet.number == _NEVER:
            raise FeedOver("the other side knows of no such feed")
        if self._sender is not None and packet.sender != self._sender:
            raise FeedOver("the feed was begun again")
        if packet.number < self._next:
            return []
        if packet.number > self._next:
            raise FeedOver(f"packet {packet.number} instead of {self._next}")
        self._sender = packet.sender
        self._next += 1
        self._parts.append(packet.data)
        if not packet.ends:
            return []
        data, self._parts = b"".join(self._parts), []
        try:
            return self._reader.items(data)
        except msgspec.MsgspecError as error:
            raise FeedOver(str(error)) from None
