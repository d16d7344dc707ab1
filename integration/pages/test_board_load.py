"""The board before 500 agents and 50 queues at 200 changes a second: how much does it redraw?

What is counted does not depend on how fast a machine is; how long it takes is for `make bench`.
"""

from __future__ import annotations

from pathlib import Path

from integration.pages.busy_board import AGENTS, busy_board

CHANGES = 2000
LEAST_MS = 100  # between two drawings of a tile
# A tile is drawn anew by comparing its class with the one that it should have.
COUNT = """
window.counted = { frames: 0, tiles: 0, gaps: [] };
const drawnAt = new Map();
window.WebSocket = class extends WebSocket {
  constructor(...options) {
    super(...options);
    this.addEventListener("message", () => { counted.frames += 1; });
  }
};
const getAttribute = Element.prototype.getAttribute;
Element.prototype.getAttribute = function (name) {
  if (name === "class" && this.dataset.agent) {
    counted.tiles += 1;
    const { agent } = this.dataset, now = document.timeline.currentTime;
    if (drawnAt.has(agent)) counted.gaps.push(now - drawnAt.get(agent));
    drawnAt.set(agent, now);
  }
  return getAttribute.call(this, name);
};
"""
BEGIN = "Object.assign(counted, { frames: 0, tiles: 0, gaps: [] })"


async def test_only_agents_that_changed_are_redrawn_and_each_at_most_ten_times_a_second(
    tmp_path: Path,
) -> None:
    async with busy_board(tmp_path, COUNT) as busy:
        page = busy.board.page
        await page.evaluate(BEGIN)
        await busy.changes(CHANGES)
        counted = await page.evaluate("counted")
        answered = await page.locator("#total-answered").inner_text()
    frames, tiles, gaps = counted["frames"], counted["tiles"], counted["gaps"]
    print(f"{frames} frames, {tiles} tiles drawn, {len(gaps)} of them again")
    assert int(answered.replace(",", "")) > 0
    assert gaps
    # A frame is about one agent at most; what waited to be drawn had come before the count.
    assert tiles <= frames + AGENTS
    assert min(gaps) > LEAST_MS - 1
