"""What all messages have in common, and how they are encoded.

A message's class is named as its `msgType`. Fields have sane Python names and carry the spelling
that clients in the field expect. A field that is UNSET is left out of the JSON; None is sent as
null. Classes built on `ArrayMessage` are sent as a bare JSON array of their `items`.

A class's docstring is its documentation: AsyncAPI and TypeScript repeat it. Its first line is a
sentence that is understood alone, and fields are named as on the wire.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from xucd.center.grammar import GRAMMARS


def _told(kind: str) -> Meta:
    """Declares which kind of value a field holds; documented, and not checked when it is sent."""
    return Meta(extra={"grammar": kind}, extra_json_schema={"pattern": GRAMMARS[kind].pattern})


# The kinds of `xucd.center.grammar`. Every field that is text is declared as one of them.
Number = Annotated[str, _told("number")]
Extension = Annotated[str, _told("extension")]
StatusName = Annotated[str, _told("status")]
Word = Annotated[str, _told("word")]
Interface = Annotated[str, _told("interface")]
Time = Annotated[str, _told("time")]
Colour = Annotated[str, _told("colour")]
Reason = Annotated[str, _told("reason")]
Name = Annotated[str, _told("name")]
Text = Annotated[str, _told("text")]
Echo = Annotated[str, _told("echo")]


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
