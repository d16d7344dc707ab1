/* The texts and the looks of agents' states. */

import { stateRow, talksIn } from "./state-table.js";
import { t } from "./words.js";

/** @import { AgentStateEvent, UserStatus } from "/lib/xucd.js" */

/** The causes of a pause that xucd itself gives: nobody chooses them.
 * @type {Record<string, string>}
 */
const OWN_CAUSES = { missed: "cause.missed", unreachable: "cause.unreachable" };

/**
 * What is shown of an agent's state; `inNoQueue` as `isInNoQueue` tells it, `part` as `seesPart`.
 * @typedef {Pick<AgentStateEvent, "acd" | "direction" | "callType" | "monitorState">
 *   & {name: string, cause: string, inNoQueue: boolean, part?: boolean}} StateDetails
 */

/** A state's name for a person.
 * @param {string} name
 */
export function stateWords(name) {
  return stateRow(name) ? t(`state.${name}`) : name;
}

/** A state's CSS class, which sets `--state` and `--state-ground`.
 * @param {string} name
 */
export function stateLook(name) {
  return stateRow(name)?.look ?? "out";
}

/** Details of a state: the reason of a pause, the kind of a call; "" if there are none.
 * @param {StateDetails} state
 * @param {UserStatus[]} statuses
 */
export function detailWords(state, statuses) {
  if (state.name === "AgentOnPause") {
    return state.inNoQueue ? noQueueWords(state.part) : reasonWords(state.cause, statuses);
  }
  if (!talksIn(state.name)) {
    return "";
  }
  const kind = state.acd ? t("call.queue") : t(`call.${state.direction}.${state.callType}`);
  return state.monitorState === "PAUSED" ? `${kind}, ${t("call.muted")}` : kind;
}

/** That an agent is in no queue, or (`part`) in none that the user may see.
 * @param {boolean} [part]
 */
export function noQueueWords(part) {
  return t(part ? "cause.in-no-queue-of-yours" : "cause.in-no-queue");
}

/** The reason of a pause: xucd's own in the page's language, else the long name of its status, or
 * the reason as it was given.
 * @param {string} cause
 * @param {UserStatus[]} statuses
 */
export function reasonWords(cause, statuses) {
  if (Object.hasOwn(OWN_CAUSES, cause)) {
    return t(OWN_CAUSES[cause]);
  }
  return statuses.find((status) => status.name === cause)?.longName ?? cause;
}

/** The statuses that pause an agent.
 * @param {UserStatus[]} statuses
 */
export function pauses(statuses) {
  return statuses.filter(({ actions }) => actions.some(({ name }) => name === "queuepause_all"));
}

/** The statuses by which a person can pause an agent.
 * @param {UserStatus[]} statuses
 */
export function pauseChoices(statuses) {
  return pauses(statuses).filter(canBeChosen);
}

/** Whether a person can choose a status.
 * @param {Pick<UserStatus, "name">} status
 */
export function canBeChosen({ name }) {
  return !Object.hasOwn(OWN_CAUSES, name);
}
