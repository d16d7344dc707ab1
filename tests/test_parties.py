"""The grammar of numbers and names: what a stranger may be called before pages."""

import msgspec
import pytest

from xucd.center.grammar import is_reason, name_of, number_of, reason_of, text_of
from xucd.center.parties import party, spoken_name_of
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
        "33 230",
        "10.0.0.1",
        "+alice",
        "9" * 81,
        "1\r\n",
        "1\0",
        "١٢",
    ],
)
def test_a_number_that_cannot_be_dialled_is_empty(text: str) -> None:
    assert number_of(text) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1001;ext=2", "1001"),
        ("0230;phone-context=example.org", "0230"),
        ("+49 (170) 123-45.67", "+491701234567"),
    ],
)
def test_a_number_loses_its_parameters_and_an_international_one_its_separators(
    text: str, number: str
) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "reason",
    ["", "lunch, at Zoë's", "réunion d'équipe (14 h)", "R&D: 50 %/2", "ランチ", "x" * 79, "é" * 39],
)
def test_a_person_may_give_a_reason_in_words(reason: str) -> None:
    assert is_reason(reason)
    assert reason_of(reason) == reason


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("<img src=x onerror=alert(1)>", "img src x onerror alert(1)"),
        ("lunch|billing|Agent/1|ADDMEMBER", "lunch billing Agent/1 ADDMEMBER"),
        ("a,PJSIP/evil;0;0;Evil", "a, PJSIP/evil 0 0 Evil"),
        ("lunch\r\nAction: Hangup", "lunch Action: Hangup"),
        ("a\nb\tc\0d", "a b c d"),
        ('x" onclick="alert(1)', "x onclick alert(1)"),
        ("\\`x`", "x"),
        ("\u202ehcnul\u2066", "hcnul"),
    ],
)
def test_a_reason_that_forges_is_refused_and_told_without_what_forges(
    reason: str, told: str
) -> None:
    assert not is_reason(reason)
    assert reason_of(reason) == told
    assert is_reason(told)


def test_a_reason_is_not_longer_than_asterisk_keeps() -> None:
    assert not is_reason("é" * 40)


def test_a_text_keeps_its_lines_and_loses_what_is_not_seen() -> None:
    assert text_of("a <b>\t\r\n\u2028c\0\x1b\x9b\u202e\ufeff 😀") == "a <b>\t\r\nc 😀"


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
