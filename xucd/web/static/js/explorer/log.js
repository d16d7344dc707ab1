/* Every frame that goes through the link, the newest first. */

import { byId, make, setText } from "../shared/dom.js";
import { complain, say } from "../shared/toasts.js";
import { formatNumber, onLanguage, t } from "../shared/words.js";
import { edit } from "./hand.js";
import { showJson } from "./json.js";
import { sendText } from "./recorder.js";
import { newRequestId } from "./sending.js";
import { found } from "./text.js";

const KEPT = 2000;
const SHOWN = 300;
const PREVIEW = 160; // characters

const place = byId("log");
let frames = []; // {at, way, text, name, type}, the oldest first
let fresh = []; // what is not on the page yet
let paused = false;
let held = 0; // how many came while paused
let drawing = false;
let explain = () => {};

/** Starts the log; `explained(name)` shows what a message or command is. */
export function startLog(explained) {
  explain = explained;
  byId("pause").addEventListener("click", () => setPaused(!paused));
  byId("clear").addEventListener("click", clearLog);
  for (const id of ["find-frame", "direction", "pings"]) {
    byId(id).addEventListener("input", redraw);
  }
  onLanguage(redraw);
  redraw();
}

/** Takes a frame, as the recorder tells it. */
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
  // Frames come faster than anybody reads: what came is drawn once for each picture.
  if (!drawing) {
    drawing = true;
    requestAnimationFrame(draw);
  }
}

/** Forgets all frames. */
export function clearLog() {
  frames = [];
  held = 0;
  redraw();
}

function setPaused(wanted) {
  paused = wanted;
  held = 0;
  redraw();
}

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

function wanted({ way, text, name }) {
  const direction = byId("direction").value;
  const search = byId("find-frame").value.trim();
  return (
    (direction === "" || direction === way) &&
    (byId("pings").checked || name !== "ping") &&
    (search === "" || found(`${name} ${text}`, search))
  );
}

function redraw() {
  fresh = paused ? frames.slice(0, frames.length - held) : frames;
  place.replaceChildren();
  draw();
}

function draw() {
  drawing = false;
  const rows = fresh.filter(wanted).slice(-SHOWN).map(makeRow).reverse();
  fresh = [];
  place.prepend(...rows);
  while (place.childElementCount > SHOWN) {
    place.lastElementChild.remove();
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
  return held ? t("explorer.go-on.more", { n: formatNumber(held) }) : t("explorer.go-on");
}

function makeRow(frame) {
  const { at, way, text, name } = frame;
  if (way === "opened" || way === "closed") {
    return make("li", { class: "frame link-row quiet" }, clock(at),
      make("span", { text: t(`explorer.${way}`, { code: text }) }));
  }
  const row = make("details", {},
    make("summary", {},
      clock(at),
      make("span", { class: "way", role: "img", "aria-label": t(`explorer.one.${way}`),
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

function clock(at) {
  const date = new Date(at);
  const two = (number, digits = 2) => String(number).padStart(digits, "0");
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const words = parts.map((number) => two(number)).join(":");
  return make("time", { datetime: date.toISOString(), class: "number" },
    words, make("span", { class: "quiet", text: `.${two(date.getMilliseconds(), 3)}` }));
}

function preview({ way, body, text }) {
  if (!body) {
    return text.slice(0, PREVIEW);
  }
  const { claz, command, msgType, ctiMessage, position, ...rest } = body;
  return JSON.stringify(way === "sent" || !msgType ? rest : ctiMessage).slice(0, PREVIEW);
}

function failed({ name, body }) {
  return name === "AgentError" || name === "Error"
    || (name === "CommandResult" && body.ctiMessage?.ok === false);
}

function actions({ way, text, name, body }) {
  const buttons = [button("explorer.explain", () => explain(name))];
  if (navigator.clipboard) { // pages that came without TLS have none
    buttons.unshift(button("explorer.copy", async () => {
      await navigator.clipboard.writeText(text);
      say(t("explorer.copied"));
    }));
  }
  if (way === "sent") {
    buttons.unshift(
      button("explorer.again", () => sendAgain(text, body)), button("explorer.edit", () => edit(text)),
    );
  }
  return make("div", { class: "row" }, ...buttons);
}

function sendAgain(text, body) {
  // Under a request id of its own, so that the answers can be told apart.
  const again = body?.requestId === undefined
    ? text
    : JSON.stringify({ ...body, requestId: newRequestId() });
  if (sendText(again)) {
    say(t("explorer.was-sent"));
  } else {
    complain(t("explorer.no-link"));
  }
}

function button(words, act) {
  const made = make("button", { type: "button", class: "compact", text: t(words) });
  made.addEventListener("click", act);
  return made;
}
