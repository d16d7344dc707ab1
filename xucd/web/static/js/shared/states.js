/* How the states of agents read and look. */

import { STATE_TABLE } from "./state-table.js";
import { t } from "./words.js";

/** The states, the ones that can take calls first. */
export const STATES = Object.keys(STATE_TABLE);

/** A state's name for a person. */
export function stateWords(name) {
  return name in STATE_TABLE ? t(`state.${name}`) : name;
}

/** A state's CSS class, which sets `--state` and `--state-ground`. */
export function stateLook(name) {
  return STATE_TABLE[name]?.look ?? "out";
}

/** What more there is to say about a state: the pause's reason, the kind of call; "" if nothing. */
export function detailWords(state, statuses) {
  if (state.name === "AgentOnPause") {
    return reasonWords(state.cause, statuses);
  }
  if (state.name !== "AgentOnCall") {
    return "";
  }
  const kind = state.acd ? t("call.queue") : t(`call.${state.direction}.${state.callType}`);
  return state.monitorState === "PAUSED" ? `${kind}, ${t("call.muted")}` : kind;
}

/** A pause's reason as its status is called, or as it was given. */
export function reasonWords(cause, statuses) {
  return statuses.find((status) => status.name === cause)?.longName ?? cause ?? "";
}

/** The statuses that pause an agent. */
export function pauses(statuses) {
  return statuses.filter(({ actions }) => actions.some(({ name }) => name === "queuepause_all"));
}
