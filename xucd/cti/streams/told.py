"""What a message tells: about which thing, and which value of it.

Of each thing that can change, the log keeps the value that all clients know which follow it. After
a restart xucd compares it with what is found, and tells the difference. A value is a digest, but
for a call's, of which the end may have to be told: it is the message itself.
"""

import re
from collections.abc import Callable, Hashable
from typing import Any

from xucd.cti import messages as msg
from xucd.cti.messages import Message, encode
from xucd.cti.streams.digest import digest
from xucd.cti.streams.topics import encode_topic

UNHEARD = b""
"""The value of a thing whose last change no stream has got: equal to none that a message has."""

_ENDING = (msg.QueueMember, msg.PhoneEvent, msg.AgentListen)
"""Things that end: who asks for one after its last change is to hear of its end, too."""

_ENDING_NAMES = tuple(b"%b " % kind.__name__.encode() for kind in _ENDING)

_AGE = re.compile(rb'"since":\d+')


def about(topics: list[Hashable], body: Message) -> bytes | None:
    """The thing that a message is about; None for one that tells no lasting state."""
    name = _ABOUT.get(type(body))
    return name(topics, body) if name is not None else None


def value(body: Message, message: bytes) -> bytes | None:
    """What a message says of its thing; None when there is no such thing any more."""
    if isinstance(body, msg.PhoneEvent):
        return None if body.event_type == "EventReleased" else message
    if isinstance(body, msg.QueueMember) and message.endswith(b'"penalty":-1}}'):
        return None
    if isinstance(body, msg.AgentListen) and not body.started:
        return None
    if isinstance(body, msg.AgentStateEvent):
        message = _AGE.sub(b"", message, 1)  # it grows by itself
    return digest(message)


def unheard(body: Message) -> bytes | None:
    """The value to keep when a message went to no stream; None when the thing is no more."""
    return value(body, encode(body)) if isinstance(body, _ENDING) else UNHEARD


def unheard_of(about: bytes, value: bytes | None) -> bytes | None:
    """The same, of a message that is known only by its thing and the value that it has of it."""
    return value if about.startswith(_ENDING_NAMES) else UNHEARD


def _by_topic(topics: list[Hashable], body: Any) -> bytes:
    return b"%b %b" % (type(body).__name__.encode(), encode_topic(topics[0]))


def _state(topics: list[Hashable], body: Any) -> bytes | None:
    """An agent's state: of its views the whole one, which is published behind the others."""
    return b"AgentStateEvent %d" % body.agent_id if ("agent states", None) in topics else None


def _hint(topics: list[Hashable], body: Any) -> bytes | None:
    """A phone's state, unless it goes only to some of those who watch it."""
    return b"PhoneHint " + body.number.encode() if ("phone hint", body.number) in topics else None


_ABOUT: dict[type[Message], Callable[[list[Hashable], Any], bytes | None]] = {
    msg.AgentStateEvent: _state,
    msg.QueueMember: lambda _, body: b"QueueMember %d %d" % (body.agent_id, body.queue_id),
    msg.AgentListen: lambda _, body: (
        b"AgentListen %d %b" % (body.agent_id, body.phone_number.encode())
    ),
    msg.PhoneHintStatusEvent: _hint,
    msg.UserStatusUpdate: _by_topic,
    msg.PhoneStatusUpdate: _by_topic,
    msg.AgentConfig: lambda topics, body: b"%b %d" % (_by_topic(topics, body), body.id),
    msg.PhoneEvent: lambda topics, body: (
        b"%b %b" % (_by_topic(topics, body), body.unique_id.encode())
    ),
}
