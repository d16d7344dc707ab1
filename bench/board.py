"""The pages: a busy board that stays free for keys and mouse, and how soon a page is of use.

The board shows 500 agents and 50 queues at 250 changes a second. It counts its long tasks itself,
those of more than 50 ms, during which it answers no key and no mouse; its heap is read after a
collection. Then desk and board are opened by a browser that has nothing of them, on a processor
slowed down four times: first useful paint is when the form to sign in has been painted.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, CDPSession, Page

from bench.figures import Figure, measured
from integration.pages.browsers import chromium
from integration.pages.busy import BusyAsterisk, BusyXucd, Size
from integration.pages.busy_board import busy_board

SECONDS = 30 * 60
SAMPLE_S = 60.0
CALLS_PER_S = 30.0  # lead to more than 250 changes a second
SLOWER = 4
OPENINGS = 5
LONG = """
window.long = [];
new PerformanceObserver((list) => list.getEntries().forEach((one) => long.push(one.duration)))
  .observe({ type: "longtask" });
"""
# Two frames after the form is there, it has been painted.
USEFUL = """
new MutationObserver((_, observer) => {
  const form = document.querySelector("input[type=password]");
  if (!form || !form.checkVisibility()) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.useful = performance.now(); }));
}).observe(document, { childList: true, subtree: true, attributes: true });
"""


def measure(seconds: float = SECONDS) -> list[Figure]:
    """The busy board, for so long, and the first paints."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), seconds))


async def _measure(folder: Path, seconds: float) -> list[Figure]:
    (folder / "busy").mkdir()
    (folder / "idle").mkdir()
    return [*await _busy(folder / "busy", seconds), *await _first_paints(folder / "idle")]


async def _busy(folder: Path, seconds: float) -> list[Figure]:
    async with busy_board(folder, calls_per_s=CALLS_PER_S) as busy:
        page = busy.board.page
        tools = await page.context.new_cdp_session(page)
        rates = [2000 / await busy.changes(2000)]  # warms the page up, too
        await page.evaluate(LONG)
        heap = [await _heap(tools)]
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            await asyncio.sleep(min(SAMPLE_S, seconds / 10))
            heap.append(await _heap(tools))
        rates.append(2000 / await busy.changes(2000))
        long: list[float] = await page.evaluate("long")
    third = max(1, len(heap) // 3)
    first, last = statistics.median(heap[:third]), statistics.median(heap[-third:])
    return [
        Figure(
            what="longest task", value=round(max(long, default=0)), unit="ms", bound="at most",
            limit=50,
        ),
        Figure(what="tasks of more than 50 ms", value=len(long)),
        Figure(
            what=f"heap of the last third of {seconds / 60:g} minutes, of the first", kind="ratio",
            value=round(last / first, 3), bound="at most", limit=1.05,
        ),
        measured("heap", [each / 1024**2 for each in heap], "MiB"),
        measured("changes", rates, "changes/s", "at least", 250),
    ]  # fmt: skip


async def _heap(tools: CDPSession) -> float:
    await tools.send("HeapProfiler.collectGarbage")
    return float((await tools.send("Runtime.getHeapUsage"))["usedSize"])


async def _first_paints(folder: Path) -> list[Figure]:
    size = Size(agents=500, queues=50, groups=8)
    found: list[Figure] = []
    async with (
        BusyAsterisk(size) as asterisk,
        BusyXucd(asterisk, size, folder) as xucd,
        chromium() as browser,
    ):
        for path in ("/desk", "/board"):
            opened = [await _opened(browser, xucd.port, path) for _ in range(OPENINGS)]
            paints, sizes = [each for each, _ in opened], [each / 1024 for _, each in opened]
            found += [
                measured(f"{path}: first useful paint", paints, "ms", "at most", 1000),
                measured(f"{path}: transferred", sizes, "KiB"),
            ]
    return found


async def _opened(browser: Browser, port: int, path: str) -> tuple[float, int]:
    """Milliseconds until a page is of use, and the bytes that it took, with an empty cache."""
    context = await browser.new_context()
    page: Page = await context.new_page()
    tools = await context.new_cdp_session(page)
    transferred = 0

    def finished(event: dict[str, Any]) -> None:
        nonlocal transferred
        transferred += int(event["encodedDataLength"])

    tools.on("Network.loadingFinished", finished)
    await tools.send("Network.enable")
    await tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.add_init_script(USEFUL)
    await page.goto(f"http://127.0.0.1:{port}{path}", wait_until="load")
    await page.wait_for_function("window.useful", polling=50)
    useful: float = await page.evaluate("window.useful")
    await page.wait_for_load_state("networkidle")
    await context.close()
    return useful, transferred
