"""What a later version of xucd sends besides what this one knows: other kinds, and more values.

`speak` makes it of the process that calls it; `environment` of one that is started.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from xucd.cluster import packets as pk
from xucd.cluster import schema

PROJECT = Path(__file__).parent.parent


class Novelty(pk.Item):
    """What only a later version knows."""

    text: str


def longer(items: list[Any]) -> list[Any]:
    """The items, each with more values and with others around it."""
    found: list[Any] = []
    for item in items:
        plain = msgspec.to_builtins(item, builtin_types=(bytes,))
        found += [Novelty("before"), [*plain, "more", {"than": 1}], Novelty("behind")]
    return found


def speak() -> None:
    """Be a later version from now on, with another schema beside those of now."""
    packets = pk.Sending.packets

    def longer_packets(self: pk.Sending, items: list[Any]) -> Iterator[bytes]:
        return packets(self, longer(items))

    pk.Sending.packets = longer_packets  # type: ignore[method-assign]
    schema.SCHEMA += 1


def environment(folder: Path) -> dict[str, str]:
    """What a process is to have in its environment; `folder` is for a file of its own."""
    customized = "from tests import later_version\nlater_version.speak()\n"
    (folder / "sitecustomize.py").write_text(customized)
    return {"PYTHONPATH": f"{folder}:{PROJECT}"}
