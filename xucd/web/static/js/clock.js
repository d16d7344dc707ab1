/* One tick for all the timers of the page. */

import { setText } from "./dom.js";
import { duration } from "./words.js";

const TICK = 200;
const running = new Map(); // element -> when its state began, in ms of performance.now()

/** Lets an element show the time since `startedAt`; null for none. */
export function countFrom(element, startedAt) {
  if (startedAt === null) {
    running.delete(element);
    setText(element, "");
  } else {
    running.set(element, startedAt);
    setText(element, duration(performance.now() - startedAt));
  }
}

/** Starts the tick; call once. */
export function startClock() {
  setInterval(tick, TICK);
  document.addEventListener("visibilitychange", tick); // a hidden page ticks once a minute
}

function tick() {
  const now = performance.now();
  for (const [element, startedAt] of running) {
    setText(element, duration(now - startedAt));
  }
}
