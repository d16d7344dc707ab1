"""Everything that can go wrong between xucd and Asterisk, each with a code.

The codes are what a command's answer carries to its client, so they are words for a machine; the
texts are for a person, and hold neither secrets nor values that a client has sent.
"""


class AmiError(Exception):
    """Something went wrong on the AMI side. `code` is for machines, `text` for people."""

    code = "AsteriskError"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class ConnectionLost(AmiError):
    """The link is not there, or was lost before the answer: the action may have been done."""

    code = "AsteriskUnavailable"


class Deadline(AmiError):
    """Asterisk did not answer in time: the action may have been done, or be done yet."""

    code = "AsteriskTimeout"


class Rejected(AmiError):
    """Asterisk refused an action. `text` is its own message, `action` the action's name."""

    def __init__(self, action: str, text: str) -> None:
        super().__init__(text)
        self.action = action
        self.code = code_of(text)


class LoginRefused(AmiError):
    """Asterisk does not know the user, or the secret is wrong."""

    code = "AsteriskLoginRefused"


class InvalidValue(AmiError):
    """A value that must not be written into an action. Nothing was sent."""

    code = "InvalidValue"


class FramingError(AmiError):
    """What arrives is not AMI, or a block has no end."""

    code = "AsteriskFraming"


class DecodeError(AmiError):
    """An event lacks a field, or has a malformed one. `event` is its AMI name."""

    code = "AsteriskEvent"

    def __init__(self, event: str, problem: str) -> None:
        super().__init__(f"{event}: {problem}")
        self.event = event


# Asterisk's messages as 16 and 22 word them; looked for anywhere in the text, first match wins.
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
    ("Permission denied", "AsteriskPermissionDenied"),
    ("Invalid/unknown command", "AsteriskLacksAction"),
)


def code_of(message: str) -> str:
    """The code for a message of refusal; ``AsteriskRefused`` for one that is not known."""
    for text, code in _CODES:
        if text in message:
            return code
    return "AsteriskRefused"
