/* What the library knows of several PBXs of which some are lost. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, blank } from "../../xucd/web/static/lib/state.js";

/** @import { LinkStatus, LoggedOn } from "../../xucd/web/static/lib/xucd.js" */

const TEN = "2026-11-28T10:00:00Z";
const ELEVEN = "2026-11-28T11:00:00Z";

/** @type {Record<string, LinkStatus>} */
const NORTH = {
  lost: { asterisk: "lost", since: ELEVEN, pbx: "north" },
  current: { asterisk: "current", pbx: "north" },
};
/** @type {Record<string, LinkStatus>} */
const MAIN = {
  lost: { asterisk: "lost", since: TEN, pbx: "main" },
  current: { asterisk: "current", pbx: "main" },
};

/** The state after these were told, and how often the link was said to have changed.
 * @param {...LinkStatus} told
 */
function after(...told) {
  const state = blank();
  let changes = 0;
  told.forEach((body) => apply(state, "LinkStatus", body, (part) => {
    assert.equal(part, "link");
    changes += 1;
  }));
  return { state, changes };
}

test("a PBX that is current does not hide that another is lost", () => {
  const { state, changes } = after(NORTH.lost, MAIN.current);
  assert.equal(state.asterisk, "lost");
  assert.equal(state.asteriskSince, Date.parse(ELEVEN));
  assert.deepEqual([...state.pbxs], [
    ["north", { asterisk: "lost", since: Date.parse(ELEVEN) }],
    ["main", { asterisk: "current", since: null }],
  ]);
  assert.equal(changes, 2);
});

test("all is current once the last PBX is, and lost since the first was", () => {
  assert.equal(after(NORTH.lost, MAIN.lost).state.asteriskSince, Date.parse(TEN));
  assert.equal(after(NORTH.lost, MAIN.lost, MAIN.current).state.asteriskSince, Date.parse(ELEVEN));
  const { state, changes } = after(NORTH.lost, MAIN.lost, MAIN.current, NORTH.current, NORTH.current);
  assert.deepEqual([state.asterisk, state.asteriskSince], ["current", null]);
  assert.equal(changes, 4); // what is told again is no change
});

test("where no PBX is named it is about all that there is", () => {
  const { state } = after({ asterisk: "lost", since: TEN });
  assert.deepEqual([state.asterisk, state.asteriskSince, state.pbxs.size], ["lost", Date.parse(TEN), 0]);
  assert.equal(after({ asterisk: "lost", since: TEN }, { asterisk: "current" }).state.asterisk, "current");
  assert.equal(after(NORTH.lost, { asterisk: "current" }).state.asterisk, "current");
  assert.equal(after({ asterisk: "lost", since: TEN }, MAIN.current).state.asterisk, "current");
});

test("a new stream knows of no PBX, and a resumed one of those that it was told of", () => {
  for (const recovered of [true, false]) {
    const { state } = after(NORTH.lost, MAIN.current);
    /** @type {LoggedOn} */
    const hello = { status: "ok", recovered };
    apply(state, "LoggedOn", hello, () => {});
    assert.equal(state.asterisk, recovered ? "lost" : "current");
    assert.equal(state.pbxs.size, recovered ? 2 : 0);
  }
});
