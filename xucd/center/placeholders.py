"""Text with placeholders in braces, such as `{caller_number}`, as a sheet's items have it.

`{{` and `}}` stand for a brace. What may stand in braces: the caller's and the called number, the
caller's name, the queue, the channel and its ids, and `{var:NAME}` for any channel variable.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

NAMES = (
    "caller_number",
    "caller_name",
    "called_number",
    "queue",
    "channel",
    "unique_id",
    "linked_id",
)
_VARIABLE = r"var:[A-Za-z_][A-Za-z0-9_]{0,79}"
_HOLE = re.compile(rf"(\{{\{{|\}}\}})|\{{({'|'.join(NAMES)}|{_VARIABLE})\}}|([{{}}])")


def placeholders(text: str) -> list[str]:
    """The names that stand in braces. Raises ValueError for a brace that is no placeholder's."""
    found = []
    for hole in _HOLE.finditer(text):
        if hole[3] is not None:
            raise ValueError(
                "has a brace that belongs to no placeholder; there are "
                + ", ".join(f"{{{name}}}" for name in (*NAMES, "var:NAME"))
                + ", and {{ and }} for a brace"
            )
        if hole[2] is not None:
            found.append(hole[2])
    return found


def filled(text: str, known: Mapping[str, str], *, url: bool) -> str:
    """The text with its placeholders' values, "" for what is not known, encoded for a `url`."""

    def value(hole: re.Match[str]) -> str:
        if hole[2] is None:
            return hole[0][0]
        found = known.get(hole[2], "")
        return quote(found, safe="") if url else found

    return _HOLE.sub(value, text)
