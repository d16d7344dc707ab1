/* How each state of an agent looks, and where it stands among the others. */

import { AGENT_STATES } from "../../lib/table.js";

/** By state: its CSS class, which sets `--state` and `--state-ground`, and its rank on the board.

A supervisor looks for agents in the order of the ranks. The desk lists the states as they stand
here: those that can take calls first. */
export const STATE_TABLE = {
  AgentReady: { look: "ready", rank: 4 },
  AgentRinging: { look: "ringing", rank: 0 },
  AgentDialing: { look: "ringing", rank: 1 },
  AgentOnCall: { look: "call", rank: 2 },
  AgentOnWrapup: { look: "wrapup", rank: 3 },
  AgentOnPause: { look: "paused", rank: 5 },
  AgentLoggedOut: { look: "out", rank: 6 },
};

/** All states, in the order of the board. */
export const STATES_BY_RANK = [...AGENT_STATES].sort((a, b) => rankOf(a) - rankOf(b));

/** A state's rank; an unknown state comes last. */
export function rankOf(name) {
  return STATE_TABLE[name]?.rank ?? AGENT_STATES.length;
}
