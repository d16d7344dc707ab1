"""How somebody is told of whom only Asterisk tells: by a number and a name.

Whoever calls chooses both, and pages put them into their HTML: `xucd.center.grammar` has what they
may hold. A number that cannot be dialled (``anonymous``, ``alice@example.org``) is told as the name
of who has none.
"""

import re

from xucd.center.grammar import name_of, number_of

LONGEST_SPOKEN = 100

_UNSPOKEN = re.compile(r"[,{}]")


def spoken_name_of(text: str) -> str:
    """The name as callbacks keep it, which are dialled with it: no comma, no brace, not too long.

    The form of `xucd.config.entries.SpokenName`, but for an empty one.
    """
    return " ".join(name_of(_UNSPOKEN.sub(" ", text)).split())[:LONGEST_SPOKEN].strip()


def party(number: str, name: str) -> tuple[str, str]:
    """Number and name of somebody, each "" when it is not known."""
    dialable = number_of(number)
    return dialable, name_of(name) or ("" if dialable else name_of(number))
