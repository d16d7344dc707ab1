/* The modern library against its declarations: tsc checks the types here, Node the exported names. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Refused } from "../../xucd/web/static/lib/errors.js";

/** @import { blank } from "../../xucd/web/static/lib/state.js" */
/** @import * as Tables from "../../xucd/web/static/lib/table.js" */
/** @import * as Declared from "../../xucd/web/static/lib/xucd.js" */

/**
 * `true` if both types are the same.
 * @template A
 * @template B
 * @typedef {[A, B] extends [B, A] ? true : false} Same
 */

// An error here says that the library and xucd.d.ts differ.
/** @type {typeof Declared.Refused} */
const refused = Refused;
/** @type {Same<keyof typeof Tables.COMMANDS, keyof Declared.Commands>} */
const sameCommands = true;
/** @type {Same<keyof typeof Tables.PARTS, Declared.Watchable>} */
const sameParts = true;
/** @type {Same<typeof Tables.AGENT_STATISTICS, typeof Declared.AGENT_STATISTICS>} */
const sameAgentStatistics = true;
/** @type {Same<typeof Tables.QUEUE_STATISTICS, typeof Declared.QUEUE_STATISTICS>} */
const sameQueueStatistics = true;
/** @type {Same<ReturnType<typeof blank>, Declared.State>} */
const sameState = true;

test("the library exports the names that its declarations export, and no others", async () => {
  assert.ok(refused && sameCommands && sameParts && sameState);
  assert.ok(sameAgentStatistics && sameQueueStatistics);
  const address = new URL("../../xucd/web/static/lib/xucd.d.ts", import.meta.url);
  const declarations = readFileSync(address, "utf-8");
  const declared = [...declarations.matchAll(/^export (?:class|function|const) (\w+)/gm)];
  const library = await import("../../xucd/web/static/lib/xucd.js");
  assert.deepEqual(Object.keys(library).sort(), declared.map(([, name]) => name).sort());
});
