/* Throttled drawing: at most ten times a second, in an animation frame, and only what changed. */

const LEAST = 100; // ms between two drawings

/** A function that marks a key as changed; `draw(keys)` gets all marked keys, each once.
 * @param {(keys: Set<string>) => void} draw
 */
export function batched(draw) {
  /** @type {Set<string>} */
  const changed = new Set();
  let asked = false;
  let drawnAt = 0;

  /** @param {number} now */
  function frame(now) {
    if (now - drawnAt < LEAST) {
      setTimeout(() => requestAnimationFrame(frame), LEAST - (now - drawnAt));
      return;
    }
    asked = false;
    drawnAt = now;
    const keys = new Set(changed);
    changed.clear();
    draw(keys);
  }

  return (/** @type {string} */ key) => {
    changed.add(key);
    if (!asked) {
      asked = true;
      requestAnimationFrame(frame);
    }
  };
}
