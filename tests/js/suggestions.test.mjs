/* What the explorer suggests for the arguments of commands. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./browser.mjs";
import { suggestions } from "../../xucd/web/static/js/explorer/suggestions.js";
import { blank } from "../../xucd/web/static/lib/state.js";

const PAUSES = [{ name: "queuepause_all", parameters: "true" }];
/** @type {[name: string, longName: string, actions: typeof PAUSES][]} */
const STATUSES = [["ready", "Ready", []], ["lunch", "Lunch", PAUSES],
  ["unreachable", "Phone unreachable", PAUSES]];

test("only what a person can choose is suggested as a status and as the reason of a pause", () => {
  const state = blank();
  state.statuses = STATUSES.map(([name, longName, actions]) =>
    ({ name, longName, actions, color: "#000000" }));
  assert.deepEqual(suggestions("status", state), [["ready", "Ready"], ["lunch", "Lunch"]]);
  assert.deepEqual(suggestions("reason", state), [["lunch", "Lunch"]]);
});
