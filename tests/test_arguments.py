"""The arguments of a dialplan's step, as Asterisk's applications part them."""

import pytest

from xucd.center.arguments import arguments_of, first_argument


@pytest.mark.parametrize(
    ("data", "arguments"),
    [
        ("", [""]),
        ("sales,t,,60", ["sales", "t", "", "60"]),
        ('"Vertrieb Süd",t', ["Vertrieb Süd", "t"]),
        ('"Sales, Inc.",t', ["Sales, Inc.", "t"]),
        (r"a\,b\\c,t", [r"a,b\c", "t"]),
        ("s,1(sales,60),x", ["s", "1(sales,60)", "x"]),
        ("a],b),c(,d", ["a]", "b)", "c(,d"]),
        ('${IF($["${A}"="1"]?sales,x:other)},t', ['${IF($["${A}"="1"]?sales,x:other)}', "t"]),
        ("${A,b", ["${A,b"]),
        ('"open,t', ["open,t"]),
    ],
)
def test_a_steps_data_is_parted_into_its_arguments(data: str, arguments: list[str]) -> None:
    assert arguments_of(data) == arguments
    assert first_argument(data) == arguments[0]
