"""The board before 500 agents and 50 queues at more than 200 changes a second: is the page free?

The page itself counts its long tasks, those of more than 50 ms, during which it answers no key and
no mouse.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from integration.pages.busy_board import busy_board

CHANGES = 2000
LONG = """
window.long = [];
new PerformanceObserver((list) => list.getEntries().forEach((one) => long.push(one.duration)))
  .observe({ type: "longtask" });
"""


async def _measure(folder: Path) -> dict[str, Any]:
    async with busy_board(folder) as busy:
        await busy.board.page.evaluate(LONG)
        seconds = await busy.changes(CHANGES)
        long: list[float] = await busy.board.page.evaluate("long")
    return {
        "changes_per_s": round(CHANGES / seconds),
        "seconds": round(seconds, 1),
        "long_tasks": len(long),
        "long_tasks_ms": round(sum(long)),
        "longest_task_ms": round(max(long, default=0)),
    }


def measure() -> dict[str, Any]:
    """Changes per second, and the page's long tasks meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


def show(found: dict[str, Any]) -> None:
    """Print what `measure` found."""
    print(
        f"board at {found['changes_per_s']} changes/s for {found['seconds']} s:"
        f" {found['long_tasks']} long tasks, {found['long_tasks_ms']} ms in all,"
        f" longest {found['longest_task_ms']} ms"
    )


if __name__ == "__main__":
    show(measure())
