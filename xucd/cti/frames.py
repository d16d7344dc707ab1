"""Decoding of clients' frames into commands: the one place where frames are validated."""

import re
from typing import Any, get_args, get_type_hints

import msgspec

from xucd.cti.commands import (
    COMMANDS,
    Command,
    DialFromQueue,
    Id,
    LineNumber,
    Number,
    SubscribeToPhoneHints,
)
from xucd.cti.messages import RequestId


class Ping(msgspec.Struct):
    """The client's heartbeat."""


class BadFrame(Exception):
    """A frame that is not a valid command. `text` never repeats what the client sent.

    `request_id` is the frame's, if it could still be read.
    """

    def __init__(self, code: str, text: str, request_id: RequestId | None = None) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.request_id = request_id


def _arguments(cls: type[Command], kinds: tuple[Any, ...]) -> frozenset[str]:
    """The wire names of a command's arguments that are, or may be, of one of these types."""
    hints = get_type_hints(cls, include_extras=True)
    return frozenset(
        wire
        for name, wire in zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True)
        if any(kind in (hints[name], *get_args(hints[name])) for kind in kinds)
    )


_NUMBERS = {cls: _arguments(cls, (Number, LineNumber)) for cls in COMMANDS.values()}
_IDS = {cls: _arguments(cls, (Id,)) for cls in COMMANDS.values()}
_AT = re.compile(r"at `\$\.(\w+)")
_MISSING = re.compile(r"required field `(\w+)`")


def decode(frame: bytes | str) -> Command | Ping:
    """Decode a frame.

    Raises `BadFrame` with `InvalidJson`, `NotAnObject`, `UnknownCommand` or `InvalidArgument`.
    """
    try:
        raw = msgspec.json.decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadFrame("InvalidJson", "The frame is not JSON.") from None
    if not isinstance(raw, dict):
        raise BadFrame("NotAnObject", "The frame is not a JSON object.")
    claz = raw.get("claz")
    if claz == "ping":
        return Ping()
    request_id = _request_id(raw)
    if claz != "web":
        raise BadFrame("InvalidArgument", "claz is neither web nor ping.", request_id)
    command = raw.get("command")
    cls = COMMANDS.get(command) if isinstance(command, str) else None
    if cls is None:
        raise BadFrame("UnknownCommand", "There is no such command.", request_id)
    _normalize(raw, cls)
    try:
        # Not strict: "12" is a number here.
        return msgspec.convert(raw, cls, strict=False)
    except msgspec.ValidationError as error:
        text = _error_text(str(error), cls)
    raise BadFrame("InvalidArgument", text, request_id)


def _request_id(raw: dict[str, Any]) -> RequestId | None:
    value = raw.get("requestId")
    good = value is None or (
        isinstance(value, str | int | float) and not isinstance(value, bool) and _short(value)
    )
    if not good:
        raise BadFrame("InvalidArgument", "requestId is neither a short string nor a number.")
    return value


def _short(value: str | int | float) -> bool:
    return not isinstance(value, str) or len(value) <= 200


def _normalize(raw: dict[str, Any], cls: type[Command]) -> None:
    """Make phone numbers strings, and undo what the lenient conversion must not accept."""
    for name in _NUMBERS[cls] & raw.keys():
        raw[name] = _as_number(raw[name])
    if cls is SubscribeToPhoneHints and isinstance(raw.get("phoneNumbers"), list):
        raw["phoneNumbers"] = [_as_number(number) for number in raw["phoneNumbers"]]
    for name in _IDS[cls] & raw.keys():
        if raw[name] == "null":  # would be taken for null, and so for the user's own agent
            raw[name] = ""
    # The original library, called with (destination, queueId, callerId, variables), passes the
    # variables where its five-argument form has the caller's number.
    if cls is DialFromQueue and isinstance(raw.get("callerIdNumber"), dict):
        raw["variables"] = raw.pop("callerIdNumber")


def _as_number(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _error_text(error: str, cls: type[Command]) -> str:
    """Which argument is wrong, by its name and without its value."""
    for pattern, what in ((_MISSING, "is missing"), (_AT, "is ill-typed")):
        match = pattern.search(error)
        if match and match[1] in cls.__struct_encode_fields__:
            return f"{match[1]} {what}."
    return "An argument is ill-typed."
