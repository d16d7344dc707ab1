/* One tick a second for all the timers of a page. */

import { setText } from "./dom.js";
import { duration } from "./times.js";

/** @type {Map<HTMLElement, {startedAt: number, words: (milliseconds: number) => string}>} */
const running = new Map();
let ticking = false;

/**
 * Lets an element show the time since `startedAt`, in epoch milliseconds; null for none. `words`
 * makes the text out of the milliseconds.
 * @param {HTMLElement} element
 * @param {number | null | undefined} startedAt
 * @param {(milliseconds: number) => string} words
 */
export function countFrom(element, startedAt, words = duration) {
  if (startedAt === null || startedAt === undefined) {
    running.delete(element);
    setText(element, "");
    return;
  }
  running.set(element, { startedAt, words });
  setText(element, words(Date.now() - startedAt));
  if (!ticking) {
    ticking = true;
    document.addEventListener("visibilitychange", show); // a hidden page ticks once a minute
    tick();
  }
}

/** Stops the timers of all elements below `root`, which is removed.
 * @param {HTMLElement} root
 */
export function forget(root) {
  for (const element of running.keys()) {
    if (root.contains(element)) {
      running.delete(element);
    }
  }
}

function tick() {
  show();
  setTimeout(tick, 1000 - (Date.now() % 1000) + 5);
}

function show() {
  const now = Date.now();
  for (const [element, { startedAt, words }] of running) {
    setText(element, words(now - startedAt));
  }
}
