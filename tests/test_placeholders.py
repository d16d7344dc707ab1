"""Text with placeholders in braces: what may stand there, and what becomes of it."""

import pytest

from xucd.center.placeholders import NAMES, filled, placeholders


def test_placeholders_are_found_in_order_and_double_braces_are_none() -> None:
    text = "{caller_number} {{queue}} {var:USR_a1} 100 %"
    assert placeholders(text) == ["caller_number", "var:USR_a1"]
    assert [placeholders(f"{{{name}}}") for name in NAMES] == [[name] for name in NAMES]
    assert placeholders("") == []


@pytest.mark.parametrize("text", ["{", "}", "{}", "{caller}", "{var:1a}", "{queue} {QUEUE}"])
def test_a_brace_of_no_placeholder_is_refused_with_all_that_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="belongs to no placeholder") as refusal:
        placeholders(text)
    assert str(refusal.value) == (
        "has a brace that belongs to no placeholder; there are {caller_number}, {caller_name}, "
        "{called_number}, {queue}, {channel}, {unique_id}, {linked_id}, {var:NAME}, "
        "and {{ and }} for a brace"
    )


@pytest.mark.parametrize(
    ("text", "url", "result"),
    [
        ("{{{caller_name}}}", False, "{Ann & Bob/1}"),
        ("/of/{caller_name}?{var:USR_a}", True, "/of/Ann%20%26%20Bob%2F1?"),
        ("{queue}-{var:USR_a}", False, "-"),
        ("plain", True, "plain"),
    ],
)
def test_values_are_filled_in_and_encoded_for_an_address(text: str, url: bool, result: str) -> None:
    assert filled(text, {"caller_name": "Ann & Bob/1"}, url=url) == result
