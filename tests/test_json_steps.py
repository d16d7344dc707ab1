"""Large JSON arrays, decoded in steps: as at once, and wrong ones up to their first mistake."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xucd.web.json_steps import BadElement, TooManyElements, decoded_in_steps


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """What the tests send."""

    name: str
    age: int | None = None


Kind = Row | Annotated[list[Row], msgspec.Meta(max_length=2000)]
ROWS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(dict, name=st.text(max_size=30), age=st.none() | st.integers(-(2**40), 2**40)),
    min_size=1,
    max_size=30,
)


@given(ROWS, st.sampled_from([None, 1]), st.booleans())
def test_what_is_right_is_decoded_as_at_once(
    rows: list[dict[str, Any]], indent: int | None, ascii_only: bool
) -> None:
    data = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    assert decoded_in_steps(data, Kind) == msgspec.json.decode(data, type=list[Row])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 0), ("{}", 0), ('"[', 0), ("[]", 0), ("[1,2]", 0), ("[[]]", 0), ("[null]", 0),
        ('[{"name":"a"},]', 1), ('[{"name":"a"} {"name":"b"}]', 0), ('[{"name":"a"}', 0),
        ('[{"name":"a"}]x', 1), ('[{"name":"a"},{"name":{}}]', 1), ('[{"name":"a"},{"name":"b]', 1),
        ('[{"name":"a"},{"name" "b"}]', 1), ('[{"name":"' + "x" * 100_000 + '"}]', 0),
        ("[" * 100_000, 0), ("[" + "{" * 100_000, 0),
    ],
)  # fmt: skip
def test_what_is_no_array_of_flat_objects_is_refused_at_its_place(text: str, place: int) -> None:
    with pytest.raises(BadElement) as bad:
        decoded_in_steps(text.encode(), Kind)
    assert (bad.value.place, bad.value.error) == (place, None)


def test_an_element_of_the_wrong_type_is_told_with_its_place() -> None:
    with pytest.raises(BadElement) as bad:
        decoded_in_steps(b'[{"name":"a"},{"name":"b","age":"old"}]', Kind)
    assert bad.value.place == 1
    assert "$.age" in str(bad.value.error)


def test_no_more_elements_are_made_than_are_allowed() -> None:
    with pytest.raises(TooManyElements):
        decoded_in_steps(b"[" + b'{"name":"a"},' * 100_000 + b"1]", Kind)
