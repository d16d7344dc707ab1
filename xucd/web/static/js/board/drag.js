/* Carrying an agent's tile onto a queue's row. The panels do the same by keyboard. */

const TYPE = "application/x-xucd-agent";

/** Lets tiles within `tiles` be dropped on rows within `rows`: `drop(agentId, queueId)`. */
export function startDragging(tiles, rows, drop) {
  let over = null;

  const light = (row) => {
    if (row !== over) {
      over?.classList.remove("over");
      row?.classList.add("over");
      over = row;
    }
  };

  tiles.addEventListener("dragstart", (event) => {
    const tile = event.target.closest?.(".tile");
    if (tile) {
      event.dataTransfer.setData(TYPE, tile.dataset.agent);
      event.dataTransfer.effectAllowed = "copy";
      document.body.classList.add("carrying");
    }
  });
  addEventListener("dragend", () => {
    light(null);
    document.body.classList.remove("carrying");
  });
  rows.addEventListener("dragover", (event) => {
    const row = event.target.closest("tr");
    if (row && event.dataTransfer.types.includes(TYPE)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      light(row);
    }
  });
  rows.addEventListener("dragleave", (event) => {
    if (!rows.contains(event.relatedTarget)) {
      light(null);
    }
  });
  rows.addEventListener("drop", (event) => {
    const row = event.target.closest("tr");
    const agent = event.dataTransfer.getData(TYPE);
    if (row && agent) {
      event.preventDefault();
      light(null);
      drop(Number(agent), Number(row.dataset.queue));
    }
  });
}
