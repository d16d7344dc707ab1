"""The log of all streams: what was published and sent, for as long as a client may ask for it.

Each message has one position, counted for the whole daemon, so that a broadcast is encoded and
framed once for all. A client that is back gets what its subscriptions say that it missed: all
messages behind its position that were published to a topic while it was subscribed, or sent to it.

The log is bounded in time and bytes. It knows the last position that it has lost of each topic, and
of each stream: whoever missed more gets nothing. Restored from its files it holds what it held.
"""

import math
import secrets
from collections.abc import Callable, Hashable

import structlog

from xucd.cti.messages import Message
from xucd.cti.sign_in import SignInKey
from xucd.cti.socket_writer import framed
from xucd.cti.streams import records as rec
from xucd.cti.streams import told
from xucd.cti.streams.contents import (
    ClientStream,
    Contents,
    LoggedMessage,
    Topic,
    collect,
    last,
)
from xucd.cti.streams.file import StreamFile
from xucd.cti.streams.records import AnyRecord, Owner
from xucd.cti.streams.topics import decode_topic, encode_topic

KEEP_S = 120.0
"""For how long a message can be asked for, and a stream resumed, in seconds."""
LIMIT = 64 * 1024 * 1024
"""The size of all messages in the log, in bytes."""
RESTART = 1_000_000
"""How far positions jump at a restart: what was sent and is not in the file stays recognisable."""

log = structlog.get_logger()


class StreamLog:
    """The log. `clock` gives seconds since the machine was booted; `file` makes the log durable.

    `stale` is called when there is something to write. `configuration` is a digest.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        file: StreamFile | None = None,
        *,
        keep: float = KEEP_S,
        limit: int = LIMIT,
    ) -> None:
        self.position = 0
        self.configuration = b""
        self.streams: dict[str, ClientStream] = {}
        self.told: dict[bytes, bytes] | None = None
        self.stored: dict[bytes, bytes] = {}
        self.stale: Callable[[], None] = _nothing
        self._clock = clock
        self._file = file
        self._keep = keep
        self._at = clock()
        self._contents = Contents(limit)
        self._topics: dict[int, Topic] = {}
        self._by_key: dict[Hashable, Topic] = {}
        self._by_number: dict[int, ClientStream] = {}
        self._numbers = 0
        self._topic_numbers = 0
        self._gaps: list[tuple[int, int]] = []
        self._together: dict[tuple[int, ...], tuple[Topic, ...]] = {}  # topics, by their numbers
        self._frame = b""  # the last one that was made

    # -- a client's stream

    def open(self, owner: Owner, sign_in: SignInKey) -> ClientStream:
        """Begin a stream."""
        epoch = secrets.token_urlsafe(12)
        self._do(rec.Opened(self._next_number(), epoch, owner, sign_in, self.position))
        return self.streams[epoch]

    def subscribe(self, stream: ClientStream, topic: Hashable) -> None:
        """From now on messages of the topic are the stream's. Idempotent."""
        if topic not in stream.topics and stream.epoch in self.streams:
            self._do(rec.Subscribed(stream.number, self._topic(topic).number))

    def unsubscribe(self, stream: ClientStream, topic: Hashable) -> None:
        """From now on messages of the topic are not the stream's. Idempotent."""
        if topic in stream.topics:
            self._do(rec.Unsubscribed(stream.number, self._topic(topic).number))

    def park(self, stream: ClientStream) -> None:
        """A stream has lost its link."""
        self._do(rec.Parked(stream.number, self._clock()))

    def resume(self, stream: ClientStream, sign_in: SignInKey) -> None:
        """A stream has a link again, of this sign-in."""
        self._do(rec.StreamResumed(stream.number, sign_in))

    def rename_sign_in(self, stream: ClientStream, sign_in: SignInKey) -> None:
        """A stream's sign-in is known by another key."""
        parked = stream.parked
        self._do(rec.StreamResumed(stream.number, sign_in))
        if parked is not None:
            self._do(rec.Parked(stream.number, parked))

    def end(self, stream: ClientStream) -> None:
        """End a stream: it cannot be resumed. Idempotent."""
        if stream.epoch in self.streams:
            self._do(rec.StreamEnded(stream.number))
            if not self.streams:
                self._clear()

    def end_all(self) -> None:
        """End all streams."""
        for stream in list(self.streams.values()):
            self.end(stream)

    def lose_messages(self) -> None:
        """Lose all messages, in the files as well: who has missed any of them cannot resume."""
        self._contents.lose_before(math.inf)
        if self._file is not None and self.streams:
            self._file.remove()
            self._file.prepare(self._clock(), self.checkpoint)
            self.stale()

    def after(self, stream: ClientStream, position: int) -> list[bytes] | None:
        """The frames that a stream has after `position`, or None if they are not all here."""
        if not stream.start <= position <= self.position:
            return None
        if any(reached < position < begun for reached, begun in self._gaps):
            return None
        found: dict[int, bytes] = {}
        if stream.lost > position:
            return None
        collect(found, stream.entries, position, self.position)
        held = [(topic, since, self.position) for topic, since in stream.topics.items()]
        for key, since, until in (*held, *stream.ended):
            topic, after = self._by_key[key], max(position, since)
            if min(topic.lost, until) > after:
                return None
            collect(found, topic.entries, after, until)
        return [found[position] for position in sorted(found)]

    # -- messages

    def publish(
        self, topics: list[Hashable], heard: list[Hashable], body: Message, message: bytes
    ) -> bytes:
        """Add an encoded message to the streams of those topics that are heard; returns its frame.

        `topics` are all that it is published to.
        """
        about = told.about(topics, body) if self.told is not None else None
        value = None if about is None else told.value(body, message)
        return self.publish_known(heard, message, about, value)

    def publish_known(
        self, heard: list[Hashable], message: bytes, about: bytes | None, value: bytes | None
    ) -> bytes:
        """The same, where it is known what the message tells: see `xucd.cti.streams.told`."""
        numbers = tuple(self._topic(topic).number for topic in heard)
        self._do(rec.Published(self.position + 1, numbers, message, about, value or b""))
        return self._frame

    def send(self, stream: ClientStream, message: bytes) -> bytes:
        """Add an encoded message to one stream; returns its frame."""
        if stream.epoch not in self.streams:
            return framed(message)  # it has ended, and so does its link
        self._do(rec.Sent(self.position + 1, stream.number, message))
        return self._frame

    # -- what clients know

    def set_known(self, about: bytes, value: bytes | None) -> None:
        """Record what all clients know of a thing; None: there is no such thing."""
        if self.told is not None and self.told.get(about) != value:
            self._do(rec.Told(about, value))

    def unheard(self, topics: list[Hashable], body: Message) -> None:
        """A message went to no stream: what clients knew of its thing is out of date."""
        if self.told is not None:
            about = told.about(topics, body)
            if about is not None:
                self.set_known(about, told.unheard(body))

    def store(self, about: bytes, value: bytes | None) -> None:
        """Record what all clients know of a thing that the store keeps, None: it is gone."""
        if self.stored.get(about) != value:
            self._do(rec.Stored(about, value))

    def remember(self, known: dict[bytes, bytes]) -> None:
        """Replace all of what clients know."""
        self.told = known
        if self._file is not None and self.streams:
            self._file.prepare(self._clock(), self.checkpoint)
            self._file.append(self.checkpoint())
            self.stale()

    def configure(self, digest: bytes) -> None:
        """Record the configuration."""
        self._do(rec.Configured(digest))

    # -- time, and the files

    def load(self) -> None:
        """Take up what an earlier process has left; to be called once, first.

        Without a link since then, a stream that had one is parked.
        """
        if self._file is None:
            return
        try:
            for record in self._file.load(self._clock()):
                self._apply(record)
        except Exception as error:  # whatever stands there, it must not keep xucd from starting
            log.warning(
                "clients cannot resume: the log of streams is damaged",
                reason=f"{type(error).__name__}: {error}",
            )
            self._lose_all()
        if not self.streams:
            self._clear()
            return
        for stream in self.streams.values():
            if stream.parked is None:
                stream.parked = self._at
        self._do(rec.Restarted(self.position + RESTART))
        self._contents.lose_before(self._clock() - self._keep)

    def now(self) -> float:
        """Seconds since the machine was booted."""
        return self._clock()

    def tick(self) -> None:
        """Drop what is too old, and say in the file that xucd is alive; every few seconds."""
        if self.streams:
            self._do(rec.Tick(self._clock()))

    def write(self) -> None:
        """Write to the file all that is new: before anything of it is sent."""
        if self._file is not None and self.streams:
            self._file.write(self._at, self.checkpoint)

    def close(self) -> None:
        """Write what is left; without streams nothing is left."""
        for stream in self.streams.values():
            if stream.parked is None:
                self.park(stream)
        self.write()
        if self._file is not None:
            self._file.close()

    def checkpoint(self) -> rec.Checkpoint:
        """All of the log but its messages."""
        return rec.Checkpoint(
            version=rec.VERSION,
            boot=self._file.boot if self._file is not None else "",
            at=self._at,
            position=self.position,
            configuration=self.configuration,
            topics={topic.number: encode_topic(topic.key) for topic in self._topics.values()},
            lost={topic.number: last(topic) for topic in self._topics.values()},
            streams=[self._standing(stream) for stream in self.streams.values()],
            told=self.told,
            stored=self.stored,
        )

    def _standing(self, stream: ClientStream) -> rec.Opened:
        by_key = self._by_key
        return rec.Opened(
            stream=stream.number,
            epoch=stream.epoch,
            owner=stream.owner,
            sign_in=stream.sign_in,
            start=stream.start,
            topics={by_key[key].number: since for key, since in stream.topics.items()},
            ended=[(by_key[key].number, since, until) for key, since, until in stream.ended],
            lost=last(stream),
            parked=stream.parked,
        )

    # -- applying records

    def key(self, number: int) -> Hashable:
        """The topic of this number."""
        return self._topics[number].key

    def _do(self, record: AnyRecord) -> None:
        """Apply a record that is new, and have it written."""
        now = self._clock()
        if now - self._at >= 1.0 and not isinstance(record, rec.Tick):
            self._do(rec.Tick(now))
        if self._file is None or not (self.streams or isinstance(record, rec.Opened)):
            self._apply(record)
            return
        self._file.prepare(now, self.checkpoint)
        self._apply(record)
        self._file.append(record)
        self.stale()

    def _apply(self, record: AnyRecord) -> None:
        _APPLY[type(record)](self, record)

    def _tick(self, record: rec.Tick) -> None:
        self._at = record.at
        self._contents.lose_before(record.at - self._keep)

    def _named(self, record: rec.Named) -> None:
        self._know(record.topic, decode_topic(record.name))

    def _opened(self, record: rec.Opened) -> None:
        stream = self._by_number.get(record.stream)
        if stream is None:
            stream = ClientStream(record, self.key, self.send)
            self.streams[stream.epoch] = self._by_number[stream.number] = stream
            self._numbers = max(self._numbers, stream.number)
        else:
            stream.stand(record)

    def _published(self, record: rec.Published) -> None:
        topics = self._together.get(record.topics)
        if topics is None:
            topics = tuple(self._topics[number] for number in record.topics)
            self._together[record.topics] = topics
        self._add(record.position, record.message, topics, None)
        if record.about is not None and self.told is not None:
            if record.value:
                self.told[record.about] = record.value
            else:
                self.told.pop(record.about, None)

    def _sent(self, record: rec.Sent) -> None:
        stream = self._by_number[record.stream]
        self._add(record.position, record.message, (), stream)

    def _subscribed(self, record: rec.Subscribed) -> None:
        self._by_number[record.stream].topics[self.key(record.topic)] = self.position

    def _unsubscribed(self, record: rec.Unsubscribed) -> None:
        stream, topic = self._by_number[record.stream], self._topics[record.topic]
        since, until = stream.topics.pop(topic.key), last(topic)
        if until > since:
            stream.ended.append((topic.key, since, until))
        while stream.ended and self._by_key[stream.ended[0][0]].lost >= stream.ended[0][2]:
            stream.lost = max(stream.lost, stream.ended.pop(0)[2])

    def _parked(self, record: rec.Parked) -> None:
        self._by_number[record.stream].parked = record.at

    def _resumed(self, record: rec.StreamResumed) -> None:
        stream = self._by_number[record.stream]
        stream.parked, stream.sign_in = None, record.sign_in

    def _ended(self, record: rec.StreamEnded) -> None:
        self._forget(self._by_number[record.stream])

    def _told(self, record: rec.Told) -> None:
        _put(self.told, record)

    def _stored(self, record: rec.Stored) -> None:
        _put(self.stored, record)

    def _configured(self, record: rec.Configured) -> None:
        self.configuration = record.digest

    def _stand(self, record: rec.Checkpoint) -> None:
        """Stand as a checkpoint says; of messages, those that it goes on from stay."""
        if record.position != self.position:
            self._lose_all()
        self._at, self.position = record.at, record.position
        self.configuration = record.configuration
        for number, name in record.topics.items():
            self._know(number, decode_topic(name), record.lost.get(number, 0))
        standing = {opened.stream for opened in record.streams}
        for stream in list(self.streams.values()):
            if stream.number not in standing:
                self._forget(stream)
        for opened in record.streams:
            self._opened(opened)
        self.told = None if record.told is None else dict(record.told)
        self.stored = dict(record.stored)

    def _restarted(self, record: rec.Restarted) -> None:
        self._gaps.append((self.position, record.position))
        self.position = record.position

    def _add(
        self, position: int, message: bytes, topics: tuple[Topic, ...], stream: ClientStream | None
    ) -> None:
        # Spliced in front, so that a message is encoded once for clients with and without.
        self._frame = framed(b'{"position":%d,%b' % (position, message[1:]))
        self.position = position
        self._contents.add(LoggedMessage(position, self._at, self._frame, topics, stream))

    def _forget(self, stream: ClientStream) -> None:
        del self.streams[stream.epoch], self._by_number[stream.number]
        self._contents.lose_own(stream)
        stream.topics.clear()
        stream.ended.clear()

    def _clear(self) -> None:
        """Forget all messages: nobody can ask for any."""
        stored = self.stored
        self._lose_all()
        self.stored = stored
        if self._file is not None:
            self._file.remove()

    def _lose_all(self) -> None:
        """Hold nothing. Numbers and positions are not given out again."""
        self._at = self._clock()
        self.streams.clear()
        self._by_number.clear()
        self._contents.clear()
        self._topics.clear()
        self._by_key.clear()
        self._together.clear()
        self._gaps.clear()
        self.told = None
        self.stored = {}

    def _topic(self, key: Hashable) -> Topic:
        topic = self._by_key.get(key)
        if topic is None:
            self._do(rec.Named(self._topic_numbers + 1, encode_topic(key)))
            topic = self._by_key[key]
        return topic

    def _know(self, number: int, key: Hashable, lost: int = 0) -> None:
        self._topic_numbers = max(self._topic_numbers, number)
        if number not in self._topics:
            self._topics[number] = self._by_key[key] = Topic(number, key, lost)

    def _next_number(self) -> int:
        return self._numbers + 1


def _put(known: dict[bytes, bytes] | None, record: rec.Told | rec.Stored) -> None:
    if known is None:
        return
    if record.value is None:
        known.pop(record.about, None)
    else:
        known[record.about] = record.value


def _nothing() -> None:
    """There is nothing to write to."""


_APPLY: dict[type[rec.Record], Callable[..., None]] = {
    rec.Tick: StreamLog._tick,
    rec.Named: StreamLog._named,
    rec.Opened: StreamLog._opened,
    rec.Published: StreamLog._published,
    rec.Sent: StreamLog._sent,
    rec.Subscribed: StreamLog._subscribed,
    rec.Unsubscribed: StreamLog._unsubscribed,
    rec.Parked: StreamLog._parked,
    rec.StreamResumed: StreamLog._resumed,
    rec.StreamEnded: StreamLog._ended,
    rec.Told: StreamLog._told,
    rec.Stored: StreamLog._stored,
    rec.Configured: StreamLog._configured,
    rec.Checkpoint: StreamLog._stand,
    rec.Restarted: StreamLog._restarted,
}
