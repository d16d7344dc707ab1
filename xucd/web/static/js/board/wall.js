/* The wall view: the queues alone, in full screen, large enough to be read across a room. */

import { byId, closest, setAttribute, setText } from "../shared/dom.js";
import { t } from "../shared/words.js";

const KEYS = "xucd.keys"; // "off" when the user has switched single-key shortcuts off, at the desk
const SHAPE = 1.5; // width to height of a queue's field

/** Lets the button and the key F switch the wall view on and off. */
export function startWall() {
  byId("wall").addEventListener("click", turn);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && onWall() && !document.fullscreenElement) {
      leave();
    } else if (event.key.toLowerCase() === "f" && isOurs(event)) {
      event.preventDefault();
      turn();
    }
  });
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) {
      leave();
    }
  });
  addEventListener("resize", spread);
  document.body.classList.toggle("keyless", !hasKeys());
}

/** Whether the wall view is on. */
export function onWall() {
  return document.body.classList.contains("wall");
}

/** Gives each queue a field of the same size, as large as the screen allows. */
export function spread() {
  if (!onWall()) {
    return;
  }
  const rows = byId("queue-rows");
  const count = Math.max(1, rows.children.length);
  const { clientWidth: width, clientHeight: height } = byId("queues");
  let best = { columns: 1, size: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const lines = Math.ceil(count / columns);
    const size = Math.min(width / columns / SHAPE, height / lines);
    if (size > best.size) {
      best = { columns, size };
    }
  }
  rows.style.setProperty("--columns", String(best.columns));
  rows.style.setProperty("--lines", String(Math.ceil(count / best.columns)));
}

/** Switches the wall view off. */
export function leave() {
  document.body.classList.remove("wall");
  show();
}

function turn() {
  if (onWall()) {
    leave();
    if (document.fullscreenElement) {
      document.exitFullscreen();
    }
    return;
  }
  document.body.classList.add("wall");
  show();
  spread();
  // A browser may refuse full screen: the view then fills the window.
  document.documentElement.requestFullscreen?.().then(spread, () => {});
}

/** Updates the button. */
export function show() {
  setAttribute(byId("wall"), "aria-pressed", String(onWall()));
  setText(byId("wall-words"), t(onWall() ? "board.wall.leave" : "board.wall"));
}

/** Whether a key was pressed alone, outside of fields and dialogs.
 * @param {KeyboardEvent} event
 */
function isOurs(event) {
  const typing = closest(event, "input, select, textarea, dialog");
  const alone = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
  return alone && !typing && hasKeys() && !byId("page").hidden;
}

function hasKeys() {
  return localStorage.getItem(KEYS) !== "off";
}
