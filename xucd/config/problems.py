"""The problems of a file that an operator wrote, each said once.

One mistake shows in many places: forty agents name the queue that is misspelt, or is in an entry
that cannot be read. The first place gets the sentence, and names the others.
"""

from typing import Any

from xucd.config import validation
from xucd.config.validation import Path

MAX_NAMED = 3
"""How many other places a sentence names."""


class Problems:
    """What is wrong with a file: sentences, each with the places that it is about."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, str], list[Path]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, path: Path, problem: str, *, anywhere: bool = False) -> None:
        """Add a problem of the value at `path`.

        The same one of other entries' values is the same mistake; with `anywhere`, also that of
        any other value.
        """
        shape = () if anywhere else tuple(part for part in path if not isinstance(part, int))
        self._places.setdefault((shape, problem), []).append(path)

    def sentences(self, name: str) -> list[str]:
        """Each problem as ``center.toml: agents[2].line: there is no line 1099``."""
        return [
            f"{name}: {validation.dotted(paths[0])}: {problem}{_also(paths)}"
            for (_, problem), paths in self._places.items()
        ]


def _also(paths: list[Path]) -> str:
    others = list(dict.fromkeys(validation.dotted(path) for path in paths[1:]))
    if not others:
        return ""
    more = f" and {len(others) - MAX_NAMED} more" if len(others) > MAX_NAMED else ""
    return f" (also {', '.join(others[:MAX_NAMED])}{more})"
