"""The grammar of numbers and names: what a stranger may be called before pages."""

import msgspec
import pytest

from xucd.center.parties import name_of, number_of, party, spoken_name_of
from xucd.config.entries import SpokenName


@pytest.mark.parametrize("number", ["", "0230210082", "+33230210082", "*12#", "9" * 79])
def test_a_number_that_can_be_dialled_stays(number: str) -> None:
    assert number_of(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "anonymous",
        "<img src=x>",
        "alice@example.org",
        "sip:1001@pbx",
        "+33 230",
        "1\r\n",
        "1\0",
        "١٢",
    ],
)
def test_a_number_that_cannot_be_dialled_is_empty(text: str) -> None:
    assert number_of(text) == ""


@pytest.mark.parametrize(
    "name",
    [
        "Shaun O'Neill",
        "Qui est-ce ?",
        'Jeanne "d\'Arc" & fils',
        "DOM\\user",
        "a\\\\b",
        "tab\\t",
        "Zoë 😀👩\u200d🚀",
        "Bad \ufffd byte",
        "%3Cimg%3E",
        "{caller_name}",
        "L" * 4000,
    ],
)
def test_a_name_stays_as_it_is_said(name: str) -> None:
    assert name_of(name) == name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("<img src=x onerror=alert(1)>", "img src=x onerror=alert(1)"),
        ("real\ttab", "real tab"),
        ("two\r\nlines", "two  lines"),
        ("one\u2028line", "one line"),
        ("nul\0 esc\x1b[31m del\x7f csi\x9b", "nul esc[31m del csi"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("".join(map(chr, range(0x2066, 0x206A))) + "\u200e\u200f\u061cx", "x"),
        ("  ", ""),
        ("<>", ""),
    ],
)
def test_a_name_loses_what_names_do_not_hold(said: str, name: str) -> None:
    assert name_of(said) == name


@pytest.mark.parametrize(
    ("number", "name", "told"),
    [
        ("0230210082", "Élise", ("0230210082", "Élise")),
        ("0230210082", "", ("0230210082", "")),
        ("anonymous", "", ("", "anonymous")),
        ("<img src=x>", "", ("", "img src=x")),
        ("<img src=x>", "<>", ("", "img src=x")),
        ("alice@example.org", "Alice", ("", "Alice")),
        ("", "", ("", "")),
    ],
)
def test_a_number_that_cannot_be_dialled_names_who_has_no_name(
    number: str, name: str, told: tuple[str, str]
) -> None:
    assert party(number, name) == told


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Élodie Noël", "Élodie Noël"),
        ("Doe, John", "Doe John"),
        ("{caller}<b>", "caller b"),
        ("x" * 99 + ", " + "y" * 99, "x" * 99),
    ],
)
def test_a_name_that_is_dialled_with_has_the_form_of_the_centre_file(said: str, name: str) -> None:
    assert spoken_name_of(said) == name
    assert msgspec.convert(spoken_name_of(said), SpokenName) == name
