"""What all messages have in common, and how they are encoded.

A message's class is named as its `msgType`. Fields have sane Python names and carry the spelling
that clients in the field expect. A field that is UNSET is left out of the JSON; None is sent as
null. Classes built on `ArrayMessage` are sent as a bare JSON array of their `items`.

A class's docstring is its documentation: AsyncAPI and TypeScript repeat it. Its first line is a
sentence that is understood alone, and fields are named as on the wire.
"""

from typing import Any

import msgspec
from msgspec import field


class Part(msgspec.Struct, rename="camel"):
    """A part of a message; it has no `msgType` of its own."""


class Message(msgspec.Struct, rename="camel"):
    """The body of a message: the value of `ctiMessage`."""


class ArrayMessage(Message):
    """A body that is a bare array. Subclasses narrow the type of `items`."""

    items: list[Any]


class _Envelope(msgspec.Struct, gc=False):
    msg_type: str = field(name="msgType")
    body: Any = field(name="ctiMessage")


_encode = msgspec.json.Encoder().encode


def encode(body: Message) -> bytes:
    """The whole message as UTF-8 JSON: ``{"msgType":…,"ctiMessage":…}``."""
    return _encode(
        _Envelope(type(body).__name__, body.items if isinstance(body, ArrayMessage) else body)
    )
