/* Which of a centre's PBXs are lost, and what of the state is stale then. */

import { formatDate, formatList, t, tCount } from "./words.js";

/** @import { State } from "/lib/xucd.js" */

/** @typedef {Pick<State, "asterisk" | "pbxs">} Pbxs */

const MAIN = "main"; // the name of a PBX that was given none

/** Whether nothing that is shown is current.
 * @param {Pbxs} state
 */
export function allIsStale({ asterisk, pbxs }) {
  return asterisk === "lost" && lostNames(pbxs).length === pbxs.size;
}

/** Whether what is shown of an agent or a queue of this PBX is stale; not if it is unknown whose it is.
 * @param {Pbxs} state
 * @param {string} [pbx]
 */
export function isStale(state, pbx = "") {
  return allIsStale(state) || state.pbxs.get(pbx)?.asterisk === "lost";
}

/** What is lost, and since when; "" while all is current.
 * @param {Pbxs & Pick<State, "asteriskSince">} state
 */
export function lostWords({ asterisk, asteriskSince, pbxs }) {
  if (asterisk !== "lost") {
    return "";
  }
  if (asteriskSince === null) {
    return t("asterisk.lost");
  }
  const since = formatDate(new Date(asteriskSince), { timeStyle: "short" });
  const names = lostNames(pbxs);
  return pbxs.size > 1 || names.some((name) => name !== MAIN)
    ? tCount("pbx.lost.since", names.length, { names: formatList(names), since })
    : t("asterisk.lost.since", { since });
}

/** Of things that are each of a PBX, those of which a queue or an agent is shown; all where there is
 * one PBX, which is not named.
 * @template {{pbx?: string}} T
 * @param {Pick<State, "queues" | "agents">} state
 * @param {T[]} things
 */
export function shownOf({ queues, agents }, things) {
  const shown = new Set([
    undefined,
    ...[...queues.values()].map(({ pbx }) => pbx),
    ...[...agents.values()].map(({ state }) => state?.pbx),
  ]);
  return things.filter(({ pbx }) => shown.has(pbx));
}

/** @param {State["pbxs"]} pbxs */
function lostNames(pbxs) {
  return [...pbxs].filter(([, { asterisk }]) => asterisk === "lost").map(([name]) => name).sort();
}
