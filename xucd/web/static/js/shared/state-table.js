/* The agent states that pages show: one row each. A new state needs a row here and its texts in
words/shared.js. */

/** @import { AgentView, State } from "/lib/xucd.js" */
/** @import { AGENT_STATES } from "../../lib/table.js" */

/** @typedef {typeof AGENT_STATES[number]} StateName */
/** @typedef {{look: string, rank: number, talks?: boolean, pauses?: boolean}} StateRow */

/**
 * `look` is the CSS class that sets `--state` and `--state-ground`; `rank` is the place in the
 * board's order, which begins with the states that a supervisor acts on. In a state that `talks` the
 * agent has a call that can be listened to; from one that `pauses` it can be made ready. The rows
 * are in the order of the desk's summary: the states that can take calls first.
 * @type {Record<StateName, StateRow>}
 */
export const STATE_TABLE = {
  AgentReady: { look: "ready", rank: 4 },
  AgentRinging: { look: "ringing", rank: 0 },
  AgentDialing: { look: "ringing", rank: 1 },
  AgentOnCall: { look: "call", rank: 2, talks: true },
  AgentOnWrapup: { look: "wrapup", rank: 3, pauses: true },
  AgentOnPause: { look: "paused", rank: 5, pauses: true },
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

/** Whether an agent has a call in this state.
 * @param {string} [name]
 */
export function talksIn(name = "") {
  return stateRow(name)?.talks ?? false;
}

/** Whether no call can ring an agent's phone, who would be ready otherwise.
 * @param {{name?: string, cause?: string}} [state]
 */
export function isUnreachable({ name, cause } = {}) {
  return name === "AgentOnPause" && cause === "unreachable";
}

/** Whether a user is told those of an agent's queues only that its profile lets it see: an agent
 * may then be in others.
 * @param {Pick<State, "rights" | "user">} state
 * @param {number} agentId
 */
export function seesPart({ rights, user }, agentId) {
  return rights.profile === "Supervisor" && agentId !== user?.agentId;
}

/** Whether an agent is out of reach because no queue has it, whatever its phone does: none of those
 * that are told.
 * @param {Pick<AgentView, "state" | "queueIds" | "missing">} agent
 */
export function isInNoQueue({ state, queueIds, missing }) {
  return state !== null && isUnreachable(state) && queueIds.every((id) => missing.has(id));
}

/** Whether an agent in no queue comes back by another login: not if Asterisk lacks its queues.
 * @param {Pick<AgentView, "state" | "queueIds" | "queues" | "configured" | "missing">} agent
 */
export function canRejoin(agent) {
  return isInNoQueue(agent) && (agent.queueIds.length === 0
    || [...agent.configured.keys()].some((id) => !agent.queues.has(id)));
}

/** Whether an agent can be made ready from this state. Unreachable, it may be ready already, but
 * also paused by another program under this name.
 * @param {string} [name]
 */
export function canBeReadied(name = "") {
  return stateRow(name)?.pauses ?? false;
}
