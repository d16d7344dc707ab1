"""What axe-core, the accessibility checker, says of a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"


async def violations(page: Page) -> list[str]:
    """What is wrong with the page as it is now, one line for each element."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    # Without preloading: that would put styles into the page, which its policy forbids.
    found: list[dict[str, Any]] = await page.evaluate(
        "axe.run(document, {preload: false, resultTypes: ['violations']})"
        ".then((run) => run.violations)"
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]
