/* The wall: nothing but the queues, on the whole screen, large enough to be read across a room. */

import { byId, setAttribute, setText } from "../shared/dom.js";
import { t } from "../shared/words.js";

const KEYS = "xucd.keys"; // "off" when the user has switched shortcuts of one key off, at the desk
const SHAPE = 1.5; // how much wider than high a queue's field likes to be

/** Lets the button and the key F put the board on the wall and take it down. */
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

/** Whether the board is on the wall. */
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
  rows.style.setProperty("--columns", best.columns);
  rows.style.setProperty("--lines", Math.ceil(count / best.columns));
}

/** Takes the board down from the wall. */
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
  // A browser may forbid the whole screen: the wall then fills the window.
  document.documentElement.requestFullscreen?.().then(spread, () => {});
}

/** Brings the button's words up to date. */
export function show() {
  setAttribute(byId("wall"), "aria-pressed", String(onWall()));
  setText(byId("wall-words"), t(onWall() ? "board.wall.leave" : "board.wall"));
}

function isOurs(event) {
  const typing = event.target.closest?.("input, select, textarea, dialog");
  const alone = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
  return alone && !typing && hasKeys() && !byId("page").hidden;
}

function hasKeys() {
  return localStorage.getItem(KEYS) !== "off";
}
