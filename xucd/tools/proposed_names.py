"""Names of people and logins, made from what a PBX calls its queue members and phones."""

import re
import unicodedata
from collections.abc import Container

from xucd.config import validation

# Letters that Unicode does not take apart into a letter and an accent.
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_BARRED = re.compile(validation.SPOKEN_NAME.replace(r"\A[^", "[").replace(r"]*\Z", "]"))
MAX_NAME = 100
MAX_LOGIN = 60


def spoken(name: str) -> str:
    """A name as the centre file takes it: without what may not stand in it, blanks made one."""
    return " ".join(_BARRED.sub(" ", name).split())[:MAX_NAME]


def person_name(name: str, number: str) -> tuple[str, str]:
    """First and last name; of somebody with one name, the last is the phone's `number`.

    ``Berg, Anna`` is Anna Berg. Nothing at all, or the name of a phone, is Phone and its number.
    """
    last, comma, first = name.partition(",")
    words = spoken(f"{first} {last}" if comma and first.strip() else name).split()
    if not words or is_phones(name):
        return "Phone", number
    if len(words) == 1:
        return words[0], number
    return words[0], " ".join(words[1:])


def is_phones(name: str) -> bool:
    """Whether a member's name is no person's: empty, a number or an interface."""
    return re.fullmatch(r"\s*|[\d*#+]+|[A-Za-z0-9]+/\S+", name) is not None


def login_of(first: str, last: str, number: str, taken: Container[str]) -> str:
    """A login that is free: ``anna.berg``, or ``anna.berg-201`` where another has that.

    It depends on the name and the phone's number alone, so the same PBX gives the same logins.
    """
    words = [] if first == "Phone" and last == number else [first]
    if last != number:
        words.append(last)
    base = ".".join(filter(None, map(_plain, words)))[:MAX_LOGIN]
    own = _plain(number) or "phone"
    base = base or f"phone{own}"
    for login in (base, f"{base}-{own}"[:64]):
        if login not in taken:
            return login
    counter = 2
    while f"{base}-{counter}" in taken:
        counter += 1
    return f"{base}-{counter}"


def _plain(text: str) -> str:
    """The letters a to z and digits of a text, accents left out; blanks become dots."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return re.sub(r"\.+", ".", re.sub(r"[^a-z0-9.-]", "", re.sub(r"\s+", ".", folded))).strip(".-")
