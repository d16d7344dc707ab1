"""Which numbers are the same line."""

import pytest

from xucd.center.numbers import last_digits, same_line

BERLIN = ["+49301234567", "0049301234567", "0301234567", "49301234567", "+49 (30) 123-45.67"]


@pytest.mark.parametrize("number", BERLIN)
@pytest.mark.parametrize("other", BERLIN)
@pytest.mark.parametrize("country_code", ["", "49"])
def test_a_line_is_the_same_in_every_form(number: str, other: str, country_code: str) -> None:
    assert same_line(number, country_code)(other)


@pytest.mark.parametrize(
    ("number", "other"),
    [
        ("+49301234567", "+49301234568"),
        ("0301234567", "0301234568"),
        ("0301234567", "301234567"),  # without its 0 it is somebody's extension
        ("0301234567", "+4901301234567"),
        ("0301234567", "+999301234567"),  # no country has this code
        ("0301234567", "1234567"),
        ("1234", "01234"),
        ("*97", "97"),
        ("", ""),
        ("+", "+"),
        ("100", "1000"),
    ],
)
def test_others_are_not(number: str, other: str) -> None:
    assert not same_line(number)(other)
    assert not same_line(other)(number)


def test_a_country_that_keeps_its_zero() -> None:
    assert same_line("+390612345678")("0612345678")
    assert same_line("0612345678", "39")("+390612345678")


def test_a_national_number_is_of_the_country_of_the_settings_or_of_any() -> None:
    assert same_line("0301234567")("+33301234567")
    assert not same_line("0301234567", "49")("+33301234567")
    assert same_line("0301234567", "49")("+49301234567")


def test_an_extension_is_itself() -> None:
    assert same_line("1001")("1001")
    assert same_line("*97")("*97")


def test_the_last_digits_tell_a_number_apart_without_telling_it() -> None:
    assert last_digits("+49 30 1234567", 3) == "567"
