/* The agent states that pages show: one row each. A new state needs a row here and its texts in
words/shared.js. */

/** @import { AGENT_STATES } from "../../lib/table.js" */

/** @typedef {typeof AGENT_STATES[number]} StateName */

/**
 * `look` is the CSS class that sets `--state` and `--state-ground`; `rank` is the place in the
 * board's order, which begins with the states that a supervisor acts on. The rows are in the order
 * of the desk's summary: the states that can take calls first.
 * @type {Record<StateName, {look: string, rank: number}>}
 */
export const STATE_TABLE = {
  AgentReady: { look: "ready", rank: 4 },
  AgentRinging: { look: "ringing", rank: 0 },
  AgentDialing: { look: "ringing", rank: 1 },
  AgentOnCall: { look: "call", rank: 2 },
  AgentOnWrapup: { look: "wrapup", rank: 3 },
  AgentOnPause: { look: "paused", rank: 5 },
  AgentLoggedOut: { look: "out", rank: 6 },
};

/** The names of the states, in the table's order. */
export const STATES = Object.keys(STATE_TABLE);

/** A state's row; undefined for a state that pages do not know.
 * @param {string} name
 */
export function stateRow(name) {
  return Object.hasOwn(STATE_TABLE, name) ? STATE_TABLE[/** @type {StateName} */ (name)] : undefined;
}
