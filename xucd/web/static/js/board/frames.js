/* Throttled drawing: what changed is drawn at most ten times a second, and a few things in each
animation frame, so that the page answers keys and the mouse in between. A part that is drawn whole,
such as after another filter, comes first. */

export const EVERY = "every"; // the id that stands for all of a part
const LEAST = 100; // ms until what has been drawn is drawn again
const FRAMES = 5; // that all that changed is spread over
const FEWEST = 6; // drawn in one frame, unless no more are left

/** A function that marks a key as changed, such as `agents 7` or `agents every`; `draw(keys)` gets all
marked keys, some at a time.
 * @param {(keys: Set<string>) => void} draw
 */
export function batched(draw) {
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {string[]} */
  let due = [];
  let atOnce = FEWEST;
  let asked = false;
  let drawnAt = 0;

  /** @param {number} now */
  function frame(now) {
    if (due.length === 0) {
      if (now - drawnAt < LEAST) {
        setTimeout(() => requestAnimationFrame(frame), LEAST - (now - drawnAt));
        return;
      }
      due = [...changed].sort(); // what is alike is drawn in the same frame
      changed.clear();
      atOnce = Math.max(FEWEST, Math.ceil(due.length / FRAMES));
    }
    drawnAt = now;
    const keys = new Set(due.splice(0, atOnce));
    asked = due.length + changed.size > 0;
    if (asked) {
      requestAnimationFrame(frame);
    }
    draw(keys);
  }

  /** Has a part drawn whole next, and nothing of it by itself behind that.
   * @param {string} key
   */
  function putFirst(key) {
    const part = key.slice(0, -EVERY.length);
    due = [key, ...due.filter((other) => !other.startsWith(part))];
    changed.forEach((other) => other.startsWith(part) && changed.delete(other));
  }

  return (/** @type {string} */ key) => {
    if (key.endsWith(` ${EVERY}`)) {
      putFirst(key);
    } else {
      changed.add(key);
    }
    if (!asked) {
      asked = true;
      requestAnimationFrame(frame);
    }
  };
}
