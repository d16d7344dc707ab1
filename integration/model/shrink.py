"""Makes a failing trace shorter by delta debugging, with few replays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
REPLAYS = 8


async def shrink(
    steps: Sequence[T], fails: Callable[[list[T]], Awaitable[bool]], replays: int = REPLAYS
) -> list[T]:
    """The shortest part of a failing sequence that was found to fail, in at most `replays` tries.

    It leaves out halves, then quarters, and so on, the earliest first: what fails last needs what
    came just before it more often than what came long before.
    """
    kept, parts = list(steps), 2
    while replays > 0 and 2 <= parts <= len(kept):
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            if replays == 0:
                return kept
            rest = kept[:start] + kept[start + size :]
            replays -= 1
            if rest and await fails(rest):
                kept, parts = rest, max(2, parts - 1)
                break
        else:
            parts = len(kept) + 1 if parts == len(kept) else min(len(kept), 2 * parts)
    return kept
