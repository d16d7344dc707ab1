"""Whether two phone numbers are the same line, however they are written.

Compared are digits alone. ``+49 30 1234567`` and ``0049301234567`` are the international form, of
which some lines leave out the prefix (``49301234567``); ``0301234567`` is the national one. A
national number is the same as an international one that ends in it behind the country's code: that
of the settings, or, where they name none, any code that exists. Countries that keep the 0 behind
their code (``+3906…``) are covered. A number in neither form, such as an extension, is the same as
one with the same digits only. One with letters (``bob``, ``204-a``) is none but itself.
"""

import re
from collections.abc import Callable

# Every country code of ITU-T E.164: one of two digits, or one of three.
_CODE = re.compile(
    r"1|7|2[07]|3[0123469]|4[013456789]|5[12345678]|6[0123456]|8[1246]|9[0123458]"
    r"|2[1-69]\d|3[578]\d|42\d|5[09]\d|6[789]\d|8[0578]\d|9[67]\d|99[2-68]"
)
_NAMED = re.compile(r"[0-9A-Za-z][0-9_*#+.-]*[A-Za-z][0-9A-Za-z_*#+.-]*|[A-Za-z][0-9A-Za-z_*#+.-]*")
"""An extension with letters."""

MIN_NATIONAL = 4
"""A national number has at least so many digits behind its 0."""

INTERNATIONAL, NATIONAL, PLAIN = "international", "national", "plain"


def same_line(number: str, country_code: str = "") -> Callable[[str], bool]:
    """What tells whether another number is the same as this one.

    `country_code` is that of national numbers, "" when they may be of any country.
    """
    form, digits = _read(number)

    def same(other: str) -> bool:
        other_form, other_digits = _read(other)
        if not digits or not other_digits:
            return False
        if digits == other_digits and (form == other_form or NATIONAL not in (form, other_form)):
            return True
        if form == NATIONAL and other_form != NATIONAL:
            return _is_behind_code(other_digits, digits, country_code)
        if other_form == NATIONAL and form != NATIONAL:
            return _is_behind_code(digits, other_digits, country_code)
        return False

    return same


def last_digits(number: str, count: int) -> str:
    """The last digits of a number, by which it is told apart without being told."""
    return _read(number)[1][-count:]


def _read(number: str) -> tuple[str, str]:
    """The form of a number, and its digits without the prefix of that form."""
    if _NAMED.fullmatch(number):
        return PLAIN, number
    text = re.sub(r"[^0-9+*#]", "", number)
    digits = re.sub(r"[^0-9]", "", text)
    if text.startswith("+"):
        return INTERNATIONAL, digits
    if digits.startswith("00"):
        return INTERNATIONAL, digits[2:]
    if digits.startswith("0") and len(digits) > MIN_NATIONAL:
        return NATIONAL, digits[1:]
    return PLAIN, text


def _is_behind_code(international: str, national: str, country_code: str) -> bool:
    """Whether an international number is a country's code and this national one."""
    if not international.endswith(national):
        return False
    code = international.removesuffix(national)
    codes = {code, code.removesuffix("0")}
    if country_code:
        return country_code in codes
    return any(_CODE.fullmatch(each) for each in codes)
