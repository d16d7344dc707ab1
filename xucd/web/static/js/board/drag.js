/* Dragging an agent's tile onto a queue's row. The panels do the same by keyboard. */

import { closest } from "../shared/dom.js";

const TYPE = "application/x-xucd-agent";

/** Lets tiles within `tiles` be dropped on rows within `rows`: `drop(agentId, queueId)`.
 * @param {HTMLElement} tiles
 * @param {HTMLElement} rows
 * @param {(agentId: number, queueId: number) => void} drop
 */
export function startDragging(tiles, rows, drop) {
  /** @type {HTMLElement | null} */
  let over = null;

  const highlight = (/** @type {HTMLElement | null} */ row) => {
    if (row !== over) {
      over?.classList.remove("over");
      row?.classList.add("over");
      over = row;
    }
  };

  tiles.addEventListener("dragstart", (event) => {
    const tile = closest(event, ".tile");
    if (tile?.dataset.agent && event.dataTransfer) {
      event.dataTransfer.setData(TYPE, tile.dataset.agent);
      event.dataTransfer.effectAllowed = "copy";
      document.body.classList.add("carrying");
    }
  });
  addEventListener("dragend", () => {
    highlight(null);
    document.body.classList.remove("carrying");
  });
  rows.addEventListener("dragover", (event) => {
    const row = closest(event, "tr");
    if (row && event.dataTransfer?.types.includes(TYPE)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      highlight(row);
    }
  });
  rows.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node && rows.contains(event.relatedTarget))) {
      highlight(null);
    }
  });
  rows.addEventListener("drop", (event) => {
    const row = closest(event, "tr");
    const agent = event.dataTransfer?.getData(TYPE);
    if (row && agent) {
      event.preventDefault();
      highlight(null);
      drop(Number(agent), Number(row.dataset.queue));
    }
  });
}
