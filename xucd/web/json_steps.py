"""Decoding a large JSON array of flat objects in steps, so that nobody else waits for it.

msgspec holds the interpreter while it decodes: 8 MiB at once would stop every link for a good part
of a second. So a regular expression finds the end of each object, and the objects are decoded one
by one, on a thread that sleeps a moment after every few. What is wrong is found at the first object
that is wrong, and no more objects are made than are allowed.
"""

import re
import time
from typing import Any

import msgspec
from msgspec.inspect import ListType, StructType, UnionType

# An object without objects or arrays in it, up to the comma or bracket behind it.
_ELEMENT = re.compile(
    rb'[ \t\n\r]*+(\{(?:[^{}\[\]"]++|"(?:[^"\\]++|\\.)*+")*+\})[ \t\n\r]*+([,\]])', re.DOTALL
)
_SPACE = re.compile(rb"[ \t\n\r]*+")
# In bytes: what is searched for the end of one object. No valid request is as long.
_WINDOW = 64 * 1024
_STEP = 512
_PAUSE_S = 0.0005


class BadElement(Exception):
    """What is wrong with the element at `place`; `error` is msgspec's, None if it is no JSON."""

    def __init__(self, place: int, error: msgspec.ValidationError | None = None) -> None:
        super().__init__(place, error)
        self.place = place
        self.error = error


class TooManyElements(Exception):
    """The array has more elements than its type allows."""


def decoded_in_steps(data: bytes, kind: Any) -> list[Any]:
    """The elements of an array, each of the type that a list in the union `kind` has.

    To be run on a thread. Raises `BadElement` or `TooManyElements`.
    """
    element, most = _element_type(kind)
    decode = msgspec.json.Decoder(element).decode
    opening = _SPACE.match(data)
    at = opening.end() if opening else 0
    found: list[Any] = []
    if data[at : at + 1] != b"[":
        raise BadElement(0)
    at += 1
    end = b","
    while end == b",":
        if len(found) >= most:
            raise TooManyElements
        match = _ELEMENT.match(data, at, at + _WINDOW)
        if match is None:
            raise BadElement(len(found))
        try:
            found.append(decode(match[1]))
        except msgspec.ValidationError as error:
            raise BadElement(len(found), error) from None
        except (msgspec.DecodeError, ValueError):
            raise BadElement(len(found)) from None
        at, end = match.end(), match[2]
        if len(found) % _STEP == 0:
            time.sleep(_PAUSE_S)  # in a thread: lets the loop have the interpreter
    if data[at:].strip(b" \t\n\r"):
        raise BadElement(len(found))
    return found


def _element_type(kind: Any) -> tuple[type[msgspec.Struct], int]:
    """The struct in the list type of a union, and how many of them the list may have."""
    union = msgspec.inspect.type_info(kind)
    assert isinstance(union, UnionType)
    many = next(part for part in union.types if isinstance(part, ListType))
    assert isinstance(many.item_type, StructType)
    assert many.max_length is not None
    return many.item_type.cls, many.max_length
