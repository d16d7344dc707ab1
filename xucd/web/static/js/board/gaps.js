/* The line beside the figures that says of which times they lack calls, or have them from the PBX's
   log alone. */

import { byId, setText } from "../shared/dom.js";
import { shownOf } from "../shared/pbxs.js";
import { formatDate, t } from "../shared/words.js";

/** @import { Center } from "/lib/xucd.js" */

/** @typedef {"queue_log" | "cdr" | "both" | "none"} Source */

/** A gap as REST tells it; docs/rest.md says what its fields mean.
 * @typedef {{began: string, ended: string | null, source: Source | null, pbx?: string}} Gap
 */

const SHOWN = 3; // the latest of today's
const AGAIN = 3000; // until a gap that is not closed yet is asked for once more, in ms

/** @type {Gap[]} */
let gaps = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let asking;
/** @type {object | null} */
let latest = null; // the last question; null when nobody asks
/** @type {Center | null} */
let asked = null; // of which gaps are known

/** Asks for today's gaps and shows them, until `leaveGaps`.
 * @param {Center} center
 */
export async function askForGaps(center) {
  const question = {};
  latest = question;
  const answer = await answered(center);
  if (question !== latest) {
    return; // it was asked again meanwhile, by somebody else perhaps, or nobody is signed in
  }
  clearTimeout(asking);
  if (Array.isArray(answer)) {
    gaps = answer;
    asked = center;
    showGaps();
  }
  if (answer === "later" || (answer !== "away" && gaps.some((gap) => gap.source === null))) {
    asking = setTimeout(askForGaps, AGAIN, center);
  }
}

/** @param {Center} center
 * @returns {Promise<Gap[] | "later" | "away">} away: it is asked again once the link is open again
 */
async function answered(center) {
  try {
    const answer = await fetch("/xuc/api/2.0/gaps", {
      headers: { Authorization: `Bearer ${center.token}` },
    });
    if (answer.ok) {
      return await answer.json();
    }
    return answer.status < 500 ? "away" : "later";
  } catch {
    return "away";
  }
}

/** Shows what is known of gaps, in the language of the page: of the PBXs that the page shows. */
export function showGaps() {
  const concerned = asked ? shownOf(asked.state, gaps) : [];
  const lines = concerned.slice(-SHOWN).map(inWords);
  byId("gaps").hidden = lines.length === 0;
  setText(byId("gaps"), lines.join(" · "));
}

/** @param {Gap} gap */
function inWords({ began, ended, source, pbx }) {
  const words = t(`board.gap.${source ?? "open"}`, { from: time(began), to: time(ended ?? began) });
  return pbx === undefined ? words : `${words} (${pbx})`;
}

/** Shows none. */
export function leaveGaps() {
  clearTimeout(asking);
  asked = null;
  latest = null;
  gaps = [];
  showGaps();
}

/** @param {string} moment */
function time(moment) {
  return formatDate(new Date(moment), { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
