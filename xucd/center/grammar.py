r"""What values may hold: one grammar for each kind, to which all that comes in is held.

Pages put much of what they are told into their HTML as it comes, and Asterisk writes what it is
told into files whose fields are parted by ``|``, ``;`` and ``,``. So a kind says what it may hold,
and where a page may show it unescaped. What a person typed and does not fit is refused; what a
stranger or another program gave is told as far as it fits.

None but *text* and *echo* may hold ``<`` or ``>``. None at all holds control characters (in *text*,
tabs and line breaks are none), and none but *echo* what is not seen and turns or hides the rest.
"""

import re
from typing import Final, Literal

import msgspec

CONTROL: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
"""Control characters and line ends, as in a class of a regular expression."""

UNSEEN: Final = (
    r"\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"  # as they are: ECMAScript would write their escapes in another way
)
"""Characters that turn the direction of writing, or are not seen; those that join letters and emoji
(U+200C, U+200D) are none of them."""

NUMBER_LENGTH: Final = 80
REASON_BYTES: Final = 79
"""The most bytes of a pause's reason that Asterisk keeps."""

InHtml = Literal["anywhere", "between tags", "never"]


class Grammar(msgspec.Struct, frozen=True):
    """A kind of value: what it matches, and where a page may put it into HTML as it is."""

    pattern: str
    in_html: InHtml


GRAMMARS: Final = {
    "number": Grammar(rf"\A[0-9A-Za-z_*#+.-]{{0,{NUMBER_LENGTH}}}\Z", "anywhere"),
    "extension": Grammar(r"\A[0-9A-Za-z_*#+.-]{1,40}\Z", "anywhere"),
    "status": Grammar(r"\A[\w-]+\Z", "anywhere"),
    "word": Grammar(r"\A[A-Za-z0-9_.@+-]*\Z", "anywhere"),
    "interface": Grammar(r"\A[A-Za-z][A-Za-z0-9]*/[A-Za-z0-9_.@:+*#~!/-]+\Z", "anywhere"),
    "time": Grammar(r"\A[0-9TZ:.+-]+\Z", "anywhere"),
    "colour": Grammar(r"\A#[0-9A-Fa-f]{6}\Z", "anywhere"),
    "reason": Grammar(rf'\A[^{CONTROL}{UNSEEN}<>"\\`|;=]{{0,{REASON_BYTES}}}\Z', "between tags"),
    "name": Grammar(rf"\A[^{CONTROL}{UNSEEN}<>]*\Z", "between tags"),
    "text": Grammar(rf"\A(?:[\t\n\r]|[^{CONTROL}{UNSEEN}])*\Z", "never"),
    "echo": Grammar(rf"\A[^{CONTROL}]*\Z", "never"),
}
"""Every kind of text on the wire, by its name; `xucd.cti.messages` says of each field which it is.

A *number* can be dialled: it is one of digits, or that of a line, a queue or an agent of ours,
which may be a name. An *extension* is a number as a client sent it, a *reason* is that of a
pause, a *name* is one line that people read, *text* is whatever somebody wrote, an *echo* is what
the client itself has sent.
"""

_DIALABLE = re.compile(rf"[0-9*#+]{{0,{NUMBER_LENGTH}}}")
_REASON = re.compile(GRAMMARS["reason"].pattern)
_SEPARATORS = re.compile(r"[ ().-]")
_BREAK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]")
_BARRED = re.compile(rf"[<>{CONTROL}{UNSEEN}]")
_BARRED_IN_REASON = re.compile(rf"[{CONTROL}<>\"\\`|;=]+")
_UNSEEN = re.compile(rf"[{UNSEEN}]")
_BARRED_IN_TEXT = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029{UNSEEN}]")
_FORGES_MEMBER = re.compile(r",(?! )")


def number_of(text: str) -> str:
    """A stranger's number, or "" when it is not dialable.

    Parameters (``1001;ext=2``) are left out, and so are the separators of an international number
    (``+49 (170) 123-45``). Others, such as an address or letters, may mean another number.
    """
    if text.isascii() and text.isdigit() and len(text) <= NUMBER_LENGTH:
        return text
    text = text.partition(";")[0]
    if text.startswith("+"):
        text = _SEPARATORS.sub("", text)
    return text if _DIALABLE.fullmatch(text) else ""


def name_of(text: str) -> str:
    """The name without what names do not hold; tabs and line breaks become blanks.

    As long as Asterisk lets it be, which cuts those of SIP at 79 bytes.
    """
    if text.replace(" ", "").isalnum():
        return text.strip()
    return _BARRED.sub("", _BREAK.sub(" ", text)).strip()


def text_of(text: str) -> str:
    """The text without control characters and what is not seen; tabs and line breaks stay."""
    if text.isalnum():
        return text
    return _BARRED_IN_TEXT.sub("", text)


def is_reason(text: str) -> bool:
    """Whether a person may give a pause this reason.

    In app_queue's logs and files, ``|`` and ``;`` begin another field, and ``,`` another member of
    the queue: a comma has to be followed by a blank, as in a sentence, with which no interface
    begins.
    """
    if len(text.encode()) > REASON_BYTES or _FORGES_MEMBER.search(text):
        return False
    return _REASON.fullmatch(text) is not None


def reason_of(text: str) -> str:
    """The reason of a pause that another program gave, with blanks for what reasons do not hold."""
    if text.isalnum() and len(text) <= REASON_BYTES // 4:
        return text
    text = _BARRED_IN_REASON.sub(" ", _UNSEEN.sub("", text)).replace(",", ", ")
    return " ".join(text.split()).encode()[:REASON_BYTES].decode(errors="ignore").rstrip(" ,")
