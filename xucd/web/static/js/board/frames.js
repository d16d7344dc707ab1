/* Drawing at most ten times a second, when the browser draws anyway, and only what has changed. */

const LEAST = 100; // ms between two drawings: nobody reads faster

/** A function that notes a key as changed; `draw(keys)` gets all that were noted, each once. */
export function batched(draw) {
  const changed = new Set();
  let asked = false;
  let drawnAt = 0;

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

  return (key) => {
    changed.add(key);
    if (!asked) {
      asked = true;
      requestAnimationFrame(frame);
    }
  };
}
