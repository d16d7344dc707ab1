"""What a stranger may call itself: the grammar of the numbers and names that clients are told.

Whoever calls chooses a number and a name, and pages put both into their HTML. A number holds
dialable characters only, or is empty. A name is one line without ``<`` and ``>``, control
characters and those that turn the direction of writing; ``&``, ``'`` and ``"`` belong to names.
A number that cannot be dialled (``anonymous``, ``alice@example.org``) is told as the name of
who has none.
"""

import re

LONGEST_SPOKEN = 100

_UNSPOKEN = re.compile(r"[,{}]")
_DIALABLE = re.compile(r"[0-9*#+]*")
_BREAK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]")
_BARRED = re.compile(r"[<>\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def number_of(text: str) -> str:
    """The number, or "" when it is not dialable."""
    return text if _DIALABLE.fullmatch(text) else ""


def name_of(text: str) -> str:
    """The name without what names do not hold; tabs and line breaks become blanks.

    As long as Asterisk lets it be, which cuts those of SIP at 79 bytes.
    """
    if text.isalnum():
        return text
    return _BARRED.sub("", _BREAK.sub(" ", text)).strip()


def spoken_name_of(text: str) -> str:
    """The name as callbacks keep it, which are dialled with it: no comma, no brace, not too long.

    The form of `xucd.config.entries.SpokenName`, but for an empty one.
    """
    return " ".join(name_of(_UNSPOKEN.sub(" ", text)).split())[:LONGEST_SPOKEN].strip()


def party(number: str, name: str) -> tuple[str, str]:
    """Number and name of somebody, each "" when it is not known."""
    dialable = number_of(number)
    return dialable, name_of(name) or ("" if dialable else name_of(number))
