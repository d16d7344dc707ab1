/* Sending a frame and saying beneath its form what became of it. */

import { setText } from "../shared/dom.js";
import { refusalWords } from "../shared/refusals.js";
import { onLanguage, t } from "../shared/words.js";
import { sendText } from "./recorder.js";

const waiting = new Map(); // request id -> {place, since}
const said = new WeakMap(); // place -> what it says, as a function
const places = new Set();
let next = 1;

onLanguage(() => places.forEach((place) => setText(place, said.get(place)())));

/** A request id that no other frame of this page has. */
export function newRequestId() {
  return `explorer-${next++}`;
}

/** Sends a frame, or a text that is none; `place` tells what becomes of it. */
export function send(frame, place) {
  if (typeof frame === "object" && frame?.requestId !== undefined) {
    tell(place, "waiting", () => t("explorer.waiting"));
    waiting.set(frame.requestId, { place, since: performance.now() });
  } else {
    const words = typeof frame === "string" ? "explorer.sent-anyway" : "explorer.was-sent";
    tell(place, "done", () => t(words));
  }
  if (!sendText(typeof frame === "string" ? frame : JSON.stringify(frame))) {
    waiting.delete(frame?.requestId);
    tell(place, "refused", () => t("explorer.no-link"));
  }
}

/** Says at a place what is wrong with what was to be sent. */
export function complainAt(place, words) {
  tell(place, "refused", words);
}

/** Takes what answered a command: the body of a `CommandResult`. */
export function answered({ requestId, ok, error, message }) {
  const asked = waiting.get(requestId);
  waiting.delete(requestId);
  if (!asked) {
    return;
  }
  if (ok) {
    const ms = Math.max(1, Math.round(performance.now() - asked.since));
    tell(asked.place, "done", () => t("explorer.done", { ms }));
  } else {
    const words = () => refusalWords({ code: error, message });
    tell(asked.place, "refused", () => t("explorer.refused", { code: error, words: words() }));
  }
}

/** Gives up on what has not been answered: the link is gone. */
export function giveUp() {
  for (const { place } of waiting.values()) {
    tell(place, "refused", () => t("refused.Disconnected"));
  }
  waiting.clear();
}

function tell(place, look, words) {
  place.className = `result ${look}`;
  said.set(place, words);
  places.add(place);
  setText(place, words());
}
