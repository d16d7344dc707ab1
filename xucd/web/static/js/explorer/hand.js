/* A frame written by hand, or one that went through before and is to be changed. */

import { byId } from "../shared/dom.js";
import { send } from "./sending.js";
import { selectTab } from "./tabs.js";

const text = byId("hand-text");
const result = byId("hand-result");
const START = { claz: "web", command: "getConfig", objectType: "line" };

/** Lets the form send what is written in it. */
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

/** Opens the form with a frame to be changed. */
export function edit(frame) {
  selectTab("commands");
  byId("hand").open = true;
  text.value = typeof frame === "string" ? pretty(frame) : JSON.stringify(frame, null, 2);
  text.focus();
  text.scrollIntoView({ block: "nearest" });
}

function sendWritten() {
  // What is no JSON goes out all the same: what xucd says to it is worth knowing.
  send(parsed(text.value) ?? text.value, result);
}

function parsed(written) {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}

function pretty(written) {
  const frame = parsed(written);
  return frame === undefined ? written : JSON.stringify(frame, null, 2);
}
