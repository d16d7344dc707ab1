/* Sending a frame, and showing its result below its form. */

import { setText } from "../shared/dom.js";
import { refusalWords } from "../shared/refusals.js";
import { onLanguage, t } from "../shared/words.js";
import { sendText } from "./recorder.js";

/** @import { CommandResult } from "/lib/xucd.js" */

/** Frames without a result yet, by their request ids.
 * @type {Map<unknown, {place: HTMLElement, since: number}>}
 */
const waiting = new Map();
/** The places of results, and a function for the text of each.
 * @type {Map<HTMLElement, () => string>}
 */
const shown = new Map();
let next = 1;

onLanguage(() => shown.forEach((words, place) => setText(place, words())));

/** A request id that no other frame of this page has. */
export function newRequestId() {
  return `explorer-${next++}`;
}

/** Sends a frame, or a text that is not JSON, and shows its result at `place`.
 * @param {unknown} frame
 * @param {HTMLElement} place
 */
export function send(frame, place) {
  const requestId = typeof frame === "object" && frame !== null && "requestId" in frame
    ? frame.requestId : undefined;
  if (requestId !== undefined) {
    show(place, "waiting", () => t("explorer.waiting"));
    waiting.set(requestId, { place, since: performance.now() });
  } else {
    const words = typeof frame === "string" ? "explorer.sent-anyway" : "explorer.was-sent";
    show(place, "done", () => t(words));
  }
  if (!sendText(typeof frame === "string" ? frame : JSON.stringify(frame))) {
    waiting.delete(requestId);
    show(place, "refused", () => t("explorer.no-link"));
  }
}

/** Shows at a place why nothing was sent.
 * @param {HTMLElement} place
 * @param {() => string} words
 */
export function showProblem(place, words) {
  show(place, "refused", words);
}

/** Shows the result of a command.
 * @param {CommandResult} result
 */
export function showResult({ requestId, ok, error = "", message }) {
  const sent = waiting.get(requestId);
  waiting.delete(requestId);
  if (!sent) {
    return;
  }
  if (ok) {
    const ms = Math.max(1, Math.round(performance.now() - sent.since));
    show(sent.place, "done", () => t("explorer.done", { ms }));
  } else {
    const words = () => refusalWords({ code: error, message });
    show(sent.place, "refused", () => t("explorer.refused", { code: error, words: words() }));
  }
}

/** Shows that what is unanswered will not be: the link is lost. */
export function giveUp() {
  for (const { place } of waiting.values()) {
    show(place, "refused", () => t("refused.Disconnected"));
  }
  waiting.clear();
}

/**
 * @param {HTMLElement} place
 * @param {string} look
 * @param {() => string} words
 */
function show(place, look, words) {
  place.className = `result ${look}`;
  shown.set(place, words);
  setText(place, words());
}
