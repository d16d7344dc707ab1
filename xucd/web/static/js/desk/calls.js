/* The calls of the user's own phone, with their actions. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setAttribute, setShown, setText } from "../shared/dom.js";
import { talksIn } from "../shared/state-table.js";
import { showDone } from "../shared/toasts.js";
import { t } from "../shared/words.js";

/** @import { AgentView, CallView, State } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */

/** The CSS class of a call's state.
 * @type {Record<CallView["eventType"], string>}
 */
const LOOKS = {
  EventRinging: "ringing",
  EventDialing: "ringing",
  EventEstablished: "call",
  EventOnHold: "paused",
  EventReleased: "out",
};

const none = make("p", { class: "empty", "data-t": "calls.none" });
/** @type {(calls: CallView[]) => unknown} */
let showList;

/** Starts the list of calls.
 * @param {Desk} desk
 */
export function startCalls(desk) {
  const list = make("div", { class: "calls" });
  byId("calls").append(none, list);
  showList = keepList(list, {
    key: (/** @type {CallView} */ call) => call.uniqueId,
    begin: (call) => begin(desk, call.uniqueId),
    fill: (parts, call) => fill(parts, call, desk),
    end: (parts) => {
      countFrom(parts.timer, null);
      if (parts.root.contains(document.activeElement)) {
        byId("calls-title").focus();
      }
    },
  });
}

/** Shows the calls.
 * @param {Desk} desk
 */
export function showCalls(desk) {
  const { state } = desk.center;
  const hasPhone = state.line !== null || (desk.me !== null && state.phoneStatus !== "");
  byId("phone").hidden = !hasPhone;
  const calls = [...state.calls.values()].sort((a, b) => a.began - b.began);
  none.hidden = calls.length > 0;
  byId("phone").classList.toggle("busy", calls.length > 0);
  const reachable = state.phoneStatus !== "INDISPONIBLE" || calls.length > 0;
  setText(byId("phone-status"), reachable ? "" : t("calls.unreachable"));
  showList(calls);
}

/** @typedef {ReturnType<typeof begin>} Parts */

/**
 * @param {Desk} desk
 * @param {string} uniqueId
 */
function begin(desk, uniqueId) {
  const to = make("input", {
    type: "tel", size: 12, maxlength: 40, autocomplete: "off",
    "data-t-aria-label": "calls.to", "aria-label": t("calls.to"),
    "data-t-placeholder": "calls.to", placeholder: t("calls.to"),
  });
  const transferButton = action("calls.transfer", "t", "", "submit");
  const { root: hangUp } = action("calls.hang-up", "h", "danger");
  const record = action("", "m", "");
  const parts = {
    state: make("span"),
    timer: make("span", { class: "timer" }),
    party: make("strong", { class: "party" }),
    name: make("span", { class: "party-name" }),
    queue: make("span", { class: "quiet" }),
    recording: make("span", { class: "recording small" }),
    data: make("dl", { class: "data" }),
    hangUp,
    record,
    transfer: make("form", { class: "row transfer", novalidate: "" }, to, transferButton.root),
    root: make("article", { class: "a-call" }),
  };
  parts.root.append(
    make("p", { class: "what" }, parts.state, parts.timer, parts.recording),
    make("p", { class: "whom" }, parts.party, parts.name, parts.queue),
    parts.data,
    make("div", { class: "row" }, hangUp, record.root, parts.transfer));
  hangUp.addEventListener("click", () => desk.attempt((center) => center.hangup({ uniqueId })));
  record.root.addEventListener("click", () => toggleRecording(desk));
  parts.transfer.addEventListener("submit", (event) => {
    event.preventDefault();
    transfer(desk, to, uniqueId);
  });
  return parts;
}

/** A button with a shortcut; without a `key`, its text is set later.
 * @param {string} key
 * @param {string} shortcut
 * @param {string} look
 */
function action(key, shortcut, look, type = "button") {
  const words = make("span", key ? { "data-t": key, text: t(key) } : {});
  const root = make("button", {
    type, class: look, "data-key": shortcut, "aria-keyshortcuts": shortcut,
  }, words, make("kbd", { text: shortcut, "aria-hidden": "true" }));
  return { root, words };
}

/**
 * @param {Parts} parts
 * @param {CallView} call
 * @param {Desk} desk
 */
function fill(parts, call, desk) {
  setText(parts.state, t(`calls.${call.eventType}.${call.callDirection}`));
  setAttribute(parts.state, "class", `state ${LOOKS[call.eventType]}`);
  countFrom(parts.timer, startOf(call, desk));
  const { otherDN, otherDName } = call;
  setText(parts.party, otherDN || otherDName || t("calls.unknown"));
  setText(parts.name, otherDN && otherDName !== otherDN ? otherDName : "");
  const queue = queueWords(desk.center.state, call.queueName);
  setText(parts.queue, queue ? t("calls.queue", { queue }) : "");
  showData(parts.data, call.userData);
  const established = call.eventType === "EventEstablished";
  showRecording(parts, (established && desk.me?.state) || null);
  setShown(parts.transfer, established, parts.hangUp);
}

/** When a conversation began; a page that was loaded meanwhile knows it by the agent's state.
 * @param {CallView} call
 * @param {Desk} desk
 */
function startOf(call, { me, center: { state } }) {
  const began = call.answered ?? call.began;
  const only = state.calls.size === 1 && call.eventType === "EventEstablished";
  return only && talksIn(me?.state?.name) ? Math.min(began, me?.since ?? began) : began;
}

/** The displayed name of a queue, by the name that calls carry; "" for none.
 * @param {Pick<State, "queues">} state
 * @param {string | undefined} name
 */
export function queueWords({ queues }, name) {
  const queue = [...queues.values()].find((known) => known.name === name);
  return queue?.displayName || name || "";
}

/**
 * @param {HTMLElement} place
 * @param {Record<string, string>} data
 */
function showData(place, data) {
  const entries = Object.entries(data);
  const shown = JSON.stringify(entries);
  place.hidden = entries.length === 0;
  if (place.dataset.shown !== shown) {
    place.dataset.shown = shown;
    place.replaceChildren(...entries.map(([name, value]) => make("div", {},
      make("dt", { text: name.replace(/^USR_/, "") }), make("dd", { text: value }))));
  }
}

/** Only calls of a queue are recorded; `state` is the agent's, or null.
 * @param {Parts} parts
 * @param {AgentView["state"]} state
 */
function showRecording(parts, state) {
  const monitored = state && talksIn(state.name) ? state.monitorState : "DISABLED";
  const recorded = monitored === "ACTIVE" || monitored === "PAUSED";
  setShown(parts.record.root, recorded, parts.hangUp);
  parts.recording.hidden = !recorded;
  if (recorded) {
    const paused = monitored === "PAUSED";
    setText(parts.record.words, t(paused ? "calls.record" : "calls.mute"));
    setText(parts.recording, t(paused ? "calls.muted" : "calls.recorded"));
    parts.recording.classList.toggle("on", !paused);
  }
}

/** @param {Desk} desk */
function toggleRecording(desk) {
  const paused = desk.me?.state?.monitorState === "PAUSED";
  desk.attempt((center) => (paused ? center.monitorUnpause() : center.monitorPause()));
}

/**
 * @param {Desk} desk
 * @param {HTMLInputElement} input
 * @param {string} uniqueId
 */
async function transfer(desk, input, uniqueId) {
  const destination = input.value.replace(/[\s().-]/g, "");
  if (!destination) {
    input.focus();
    return;
  }
  if (await desk.attempt((center) => center.directTransfer({ destination, uniqueId }))) {
    showDone(t("calls.transferred", { destination }));
  }
}
