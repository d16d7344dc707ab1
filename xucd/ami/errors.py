"""The errors between xucd and Asterisk, each with a code.

The code goes to the client in the answer to its command. The text is for people; it contains
neither secrets nor values that a client has sent.
"""

from xucd.center.grammar import name_of


class AmiError(Exception):
    """An error of the AMI connection. `code` is for machines, `text` for people."""

    code = "AsteriskError"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class ConnectionLost(AmiError):
    """There is no connection, or it was lost before the answer: Asterisk may have acted."""

    code = "AsteriskUnavailable"


class Deadline(AmiError):
    """Asterisk did not answer in time: it may have acted, or may still act."""

    code = "AsteriskTimeout"


class Rejected(AmiError):
    """Asterisk refused an action. `text` is its own message, `action` the action's name.

    Clients are told the message, and Asterisk puts numbers and names into some.
    """

    def __init__(self, action: str, text: str) -> None:
        super().__init__(name_of(text))
        self.action = action
        self.code = code_of(text)


class LoginRefused(AmiError):
    """Asterisk refused the manager user or its secret."""

    code = "AsteriskLoginRefused"


class InvalidValue(AmiError):
    """A value that an action cannot carry. Nothing was sent."""

    code = "InvalidValue"


class FramingError(AmiError):
    """The received bytes are not AMI, or a block is too long."""

    code = "AsteriskFraming"


class DecodeError(AmiError):
    """A field of an event is missing or malformed. `event` is its AMI name."""

    code = "AsteriskEvent"

    def __init__(self, event: str, problem: str) -> None:
        super().__init__(f"{event}: {problem}")
        self.event = event


class decoding:
    """Make a `DecodeError` of a field that is missing or malformed in what is read here.

    A class takes a third of a generator's time: each item of a list is read so.
    """

    __slots__ = ("_event",)

    def __init__(self, event: str) -> None:
        self._event = event

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError):
            raise DecodeError(self._event, f"no field {error}") from None
        if isinstance(error, ValueError):
            raise DecodeError(self._event, str(error)) from None


# Messages of Asterisk 16 and 22; searched for anywhere in the text, the first match counts.
_CODES = (
    ("Unable to add interface: Already there", "AlreadyMember"),
    ("Unable to remove interface: Not there", "NotMember"),
    ("Member not dynamic", "MemberNotDynamic"),
    ("No such queue", "NoSuchQueue"),
    ("Interface not found", "NotMember"),
    ("Invalid interface, queuename or penalty", "NotMember"),
    ("No such channel", "ChannelGone"),
    ("Channel not found", "ChannelGone"),
    ("Extension does not exist", "NumberUnknown"),
    ("Did not find extension", "NumberUnknown"),
    ("Did not find context", "NumberUnknown"),
    ("Permission denied", "AsteriskPermissionDenied"),
    ("Invalid/unknown command", "AsteriskLacksAction"),
)


def code_of(message: str) -> str:
    """The code for Asterisk's error message; ``AsteriskRefused`` for an unknown one."""
    for text, code in _CODES:
        if text in message:
            return code
    return "AsteriskRefused"
