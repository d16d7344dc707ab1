/* A frame written by hand, or a copy of an earlier one to be edited. */

import { byId } from "../shared/dom.js";
import { send } from "./sending.js";
import { selectTab } from "./tabs.js";

const text = byId("hand-text", HTMLTextAreaElement);
const result = byId("hand-result");
const START = { claz: "web", command: "getConfig", objectType: "line" };

/** Starts the form. */
export function startHand() {
  text.value = JSON.stringify(START, null, 2);
  byId("hand-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sendWritten();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      sendWritten();
    }
  });
}

/** Opens the form with a frame, or its text, to be edited.
 * @param {unknown} frame
 */
export function edit(frame) {
  selectTab("commands");
  byId("hand", HTMLDetailsElement).open = true;
  text.value = typeof frame === "string" ? pretty(frame) : JSON.stringify(frame, null, 2);
  text.focus();
  text.scrollIntoView({ block: "nearest" });
}

function sendWritten() {
  // Text that is not JSON is sent too, to show xucd's answer to it.
  send(parsed(text.value) ?? text.value, result);
}

/**
 * @param {string} written
 * @returns {unknown}
 */
function parsed(written) {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}

/** @param {string} written */
function pretty(written) {
  const frame = parsed(written);
  return frame === undefined ? written : JSON.stringify(frame, null, 2);
}
