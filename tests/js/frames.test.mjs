/* Throttled drawing, frame by frame. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { batched } from "../../xucd/web/static/js/board/frames.js";

/** @type {((now: number) => void)[]} */
let asked = [];
/** @type {number[]} How long was to be waited before another frame was asked for. */
let waits = [];

Object.assign(globalThis, {
  requestAnimationFrame: (/** @type {(now: number) => void} */ drawing) => asked.push(drawing),
  setTimeout: (/** @type {() => void} */ then, /** @type {number} */ wait) => {
    waits.push(wait);
    then();
  },
});
beforeEach(() => {
  asked = [];
  waits = [];
});

/** Lets a frame come.
 * @param {number} now
 */
function frame(now) {
  const due = asked;
  asked = [];
  due.forEach((each) => each(now));
}

/** @param {number} count */
function keys(count) {
  return Array.from({ length: count }, (_, n) => `key ${String(n).padStart(3, "0")}`);
}

test("a few changes are drawn in each frame, and each once", () => {
  /** @type {string[][]} */
  const drawn = [];
  const mark = batched((some) => drawn.push([...some]));
  [...keys(14), ...keys(14)].forEach(mark);
  [1000, 1016, 1032, 1048].forEach(frame);
  assert.deepEqual(drawn.map((some) => some.length), [6, 6, 2]);
  assert.deepEqual(drawn.flat(), keys(14));
  assert.deepEqual(asked, []);
});

test("many changes take five frames", () => {
  /** @type {number[]} */
  const drawn = [];
  const mark = batched((some) => drawn.push(some.size));
  keys(500).forEach(mark);
  [1000, 1016, 1032, 1048, 1064].forEach(frame);
  assert.deepEqual(drawn, [100, 100, 100, 100, 100]);
});

test("what changes again is drawn again a tenth of a second after all others", () => {
  /** @type {string[][]} */
  const drawn = [];
  const mark = batched((some) => drawn.push([...some]));
  keys(7).forEach(mark);
  frame(1000);
  mark("key 000");
  frame(1016);
  frame(1032);
  assert.deepEqual(waits, [84]);
  frame(1116);
  assert.deepEqual(drawn.slice(1), [["key 006"], ["key 000"]]);
});

test("what is alike is drawn in the same frame, in whatever order it changed", () => {
  /** @type {string[][]} */
  const drawn = [];
  const mark = batched((some) => drawn.push([...some]));
  keys(12).reverse().forEach(mark);
  [1000, 1016].forEach(frame);
  assert.deepEqual(drawn, [keys(12).slice(0, 6), keys(12).slice(6)]);
});

test("a part that is drawn whole is drawn next, and nothing of it behind that", () => {
  /** @type {string[][]} */
  const drawn = [];
  const mark = batched((some) => drawn.push([...some]));
  const agents = Array.from({ length: 9 }, (_, n) => `agents ${n}`);
  [...agents, "queues 1"].forEach(mark);
  frame(1000);
  mark("agents 0");
  mark("agents every");
  [1016, 1032, 1132].forEach(frame);
  assert.deepEqual(drawn, [agents.slice(0, 6), ["agents every", "queues 1"]]);
  mark("agents every");
  frame(1200);
  assert.deepEqual(drawn.slice(2), [["agents every"]]);
});
