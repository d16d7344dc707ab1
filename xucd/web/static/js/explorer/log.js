/* The log of all frames, newest first. */

import { byId, make, setText } from "../shared/dom.js";
import { showRefusal, showDone } from "../shared/toasts.js";
import { formatNumber, onLanguage, t } from "../shared/words.js";
import { edit } from "./hand.js";
import { showJson } from "./json.js";
import { sendText } from "./recorder.js";
import { newRequestId } from "./sending.js";
import { found } from "./text.js";

/** @import { Recorded, Way } from "./recorder.js" */

const KEPT = 2000;
const SHOWN = 300;
const PREVIEW = 160; // characters

/**
 * A recorded frame with the name of its message or command, and its JSON, null if it has none.
 * @typedef {Recorded & {name: string, body: Record<string, any> | null}} Frame
 */

const place = byId("log");
const direction = byId("direction", HTMLSelectElement);
const search = byId("find-frame", HTMLInputElement);
const pings = byId("pings", HTMLInputElement);
/** @type {Frame[]} */
let frames = []; // oldest first
/** @type {Frame[]} */
let fresh = []; // those that are not on the page yet
let paused = false;
let held = 0; // how many came while paused
let drawing = false;
/** @type {(name: string) => void} */
let explain = () => {};

/** Starts the log; `show(name)` shows the documentation of a message or command.
 * @param {(name: string) => void} show
 */
export function startLog(show) {
  explain = show;
  byId("pause").addEventListener("click", () => setPaused(!paused));
  byId("clear").addEventListener("click", clearLog);
  for (const field of [search, direction, pings]) {
    field.addEventListener("input", redraw);
  }
  onLanguage(redraw);
  redraw();
}

/** Adds a frame.
 * @param {Recorded} recorded
 */
export function logFrame({ at, way, text }) {
  const frame = { at, way, text, ...named(way, text) };
  frames.push(frame);
  if (frames.length > 2 * KEPT) {
    frames = frames.slice(-KEPT);
  }
  if (paused) {
    held += 1;
  } else {
    fresh.push(frame);
  }
  // Frames may come fast: they are drawn together, once per animation frame.
  if (!drawing) {
    drawing = true;
    requestAnimationFrame(draw);
  }
}

/** Removes all frames. */
export function clearLog() {
  frames = [];
  held = 0;
  redraw();
}

/** @param {boolean} value */
function setPaused(value) {
  paused = value;
  held = 0;
  redraw();
}

/**
 * @param {Way} way
 * @param {string} text
 * @returns {Pick<Frame, "name" | "body">}
 */
function named(way, text) {
  if (way === "opened" || way === "closed") {
    return { name: "", body: null };
  }
  try {
    const body = JSON.parse(text);
    return { name: body.msgType ?? body.command ?? body.claz ?? "?", body };
  } catch {
    return { name: "?", body: null };
  }
}

/** Whether a frame passes the filter.
 * @param {Frame} frame
 */
function isWanted({ way, text, name }) {
  const words = search.value.trim();
  return (
    (direction.value === "" || direction.value === way) &&
    (pings.checked || name !== "ping") &&
    (words === "" || found(`${name} ${text}`, words))
  );
}

function redraw() {
  fresh = paused ? frames.slice(0, frames.length - held) : frames;
  place.replaceChildren();
  draw();
}

function draw() {
  drawing = false;
  const rows = fresh.filter(isWanted).slice(-SHOWN).map(makeRow).reverse();
  fresh = [];
  place.prepend(...rows);
  while (place.childElementCount > SHOWN) {
    place.lastElementChild?.remove();
  }
  byId("no-frame").hidden = place.childElementCount > 0;
  setText(byId("count"), formatNumber(frames.length));
  const pause = byId("pause");
  pause.setAttribute("aria-pressed", String(paused));
  setText(pause, pauseWords());
}

function pauseWords() {
  if (!paused) {
    return t("explorer.pause");
  }
  return held ? t("explorer.resume.more", { n: formatNumber(held) }) : t("explorer.resume");
}

/** @param {Frame} frame */
function makeRow(frame) {
  const { at, way, text, name } = frame;
  if (way === "opened" || way === "closed") {
    return make("li", { class: "frame link-row quiet" }, clock(at),
      make("span", { text: t(`explorer.${way}`, { code: text }) }));
  }
  const row = make("details", {},
    make("summary", {},
      clock(at),
      make("span", { class: "way", role: "img", "aria-label": t(`explorer.frame.${way}`),
        text: way === "sent" ? "↑" : "↓" }),
      make("span", { class: "name", text: name }),
      make("span", { class: "preview quiet", text: preview(frame) })));
  row.addEventListener("toggle", () => {
    if (row.open && row.childElementCount === 1) {
      row.append(actions(frame), showJson(text));
    }
  });
  return make("li", { class: `frame ${way} ${failed(frame) ? "failed" : ""}` }, row);
}

/** @param {number} at */
function clock(at) {
  const date = new Date(at);
  /** @type {(number: number, digits?: number) => string} */
  const two = (number, digits = 2) => String(number).padStart(digits, "0");
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const words = parts.map((number) => two(number)).join(":");
  return make("time", { datetime: date.toISOString(), class: "number" },
    words, make("span", { class: "quiet", text: `.${two(date.getMilliseconds(), 3)}` }));
}

/** @param {Frame} frame */
function preview({ way, body, text }) {
  if (!body) {
    return text.slice(0, PREVIEW);
  }
  const { claz, command, msgType, ctiMessage, position, ...rest } = body;
  return JSON.stringify(way === "sent" || !msgType ? rest : ctiMessage).slice(0, PREVIEW);
}

/** @param {Frame} frame */
function failed({ name, body }) {
  return name === "AgentError" || name === "Error"
    || (name === "CommandResult" && body?.ctiMessage?.ok === false);
}

/** @param {Frame} frame */
function actions({ way, text, name, body }) {
  const buttons = [button("explorer.explain", () => explain(name))];
  if (navigator.clipboard) { // missing on pages without TLS
    buttons.unshift(button("explorer.copy", async () => {
      await navigator.clipboard.writeText(text);
      showDone(t("explorer.copied"));
    }));
  }
  if (way === "sent") {
    buttons.unshift(
      button("explorer.again", () => sendAgain(text, body)), button("explorer.edit", () => edit(text)),
    );
  }
  return make("div", { class: "row" }, ...buttons);
}

/**
 * @param {string} text
 * @param {Frame["body"]} body
 */
function sendAgain(text, body) {
  // With a request id of its own, to distinguish the answers.
  const again = body?.requestId === undefined
    ? text
    : JSON.stringify({ ...body, requestId: newRequestId() });
  if (sendText(again)) {
    showDone(t("explorer.was-sent"));
  } else {
    showRefusal(t("explorer.no-link"));
  }
}

/**
 * @param {string} words
 * @param {() => unknown} act
 */
function button(words, act) {
  const made = make("button", { type: "button", class: "compact", text: t(words) });
  made.addEventListener("click", act);
  return made;
}
