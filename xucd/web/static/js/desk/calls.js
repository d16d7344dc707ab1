/* The calls of the user's own phone, and what can be done with each. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setAttribute, setShown, setText } from "../shared/dom.js";
import { say } from "../shared/toasts.js";
import { t } from "../shared/words.js";

const LOOKS = {
  EventRinging: "ringing",
  EventDialing: "ringing",
  EventEstablished: "call",
  EventOnHold: "paused",
};

let showList = null;
let nothing = null;

/** Makes the place for calls. */
export function startCalls(desk) {
  nothing = make("p", { class: "empty", "data-t": "calls.none" });
  const list = make("div", { class: "calls" });
  byId("calls").append(nothing, list);
  showList = keepList(list, {
    key: (call) => call.uniqueId,
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

/** Shows the calls. */
export function showCalls(desk) {
  const { state } = desk.center;
  const hasPhone = state.line !== null || (desk.me !== null && state.phoneStatus !== "");
  byId("phone").hidden = !hasPhone;
  const calls = [...state.calls.values()].sort((a, b) => a.began - b.began);
  nothing.hidden = calls.length > 0;
  byId("phone").classList.toggle("busy", calls.length > 0);
  const reachable = state.phoneStatus !== "INDISPONIBLE" || calls.length > 0;
  setText(byId("phone-status"), reachable ? "" : t("calls.unreachable"));
  showList(calls);
}

function begin(desk, uniqueId) {
  const parts = {
    state: make("span"),
    timer: make("span", { class: "timer" }),
    party: make("strong", { class: "party" }),
    name: make("span", { class: "party-name" }),
    queue: make("span", { class: "quiet" }),
    recording: make("span", { class: "recording small" }),
    data: make("dl", { class: "data" }),
    hangUp: action("calls.hang-up", "h", "danger"),
    record: action("", "m", ""),
    to: make("input", {
      type: "tel", size: 12, maxlength: 40, autocomplete: "off", "data-t-aria-label": "calls.to",
      "data-t-placeholder": "calls.to",
    }),
    transferIt: action("calls.transfer", "t", ""),
  };
  for (const attribute of ["aria-label", "placeholder"]) {
    parts.to.setAttribute(attribute, t("calls.to"));
  }
  parts.transfer = make("form", { class: "row transfer", novalidate: "" },
    parts.to, parts.transferIt);
  parts.transferIt.type = "submit";
  parts.root = make("article", { class: "a-call" },
    make("p", { class: "what" }, parts.state, parts.timer, parts.recording),
    make("p", { class: "whom" }, parts.party, parts.name, parts.queue),
    parts.data,
    make("div", { class: "row" }, parts.hangUp, parts.record, parts.transfer));
  parts.hangUp.addEventListener("click", () =>
    desk.attempt((center) => center.hangup({ uniqueId })));
  parts.record.addEventListener("click", () => toggleRecording(desk));
  parts.transfer.addEventListener("submit", (event) => {
    event.preventDefault();
    transfer(desk, parts.to);
  });
  return parts;
}

function action(key, shortcut, look) {
  const words = make("span");
  if (key) {
    words.dataset.t = key;
    words.textContent = t(key);
  }
  return make("button", {
    type: "button", class: look, "data-key": shortcut, "aria-keyshortcuts": shortcut,
  }, words, make("kbd", { text: shortcut, "aria-hidden": "true" }));
}

function fill(parts, call, desk) {
  const look = LOOKS[call.eventType];
  setText(parts.state, t(`calls.${call.eventType}.${call.callDirection}`));
  setAttribute(parts.state, "class", `state ${look}`);
  countFrom(parts.timer, startOf(call, desk));
  setText(parts.party, call.otherDN || t("calls.unknown"));
  setText(parts.name, call.otherDName === call.otherDN ? "" : call.otherDName);
  const queue = queueWords(desk.center.state, call.queueName);
  setText(parts.queue, queue ? t("calls.queue", { queue }) : "");
  showData(parts.data, call.userData ?? {});
  const established = call.eventType === "EventEstablished";
  showRecording(parts, established ? desk.me?.state : null);
  setShown(parts.transfer, established, parts.hangUp);
}

/** When a call began to be talked in; a page that was loaded meanwhile knows it by the agent. */
function startOf(call, { me, center: { state } }) {
  const began = call.answered ?? call.began;
  const only = state.calls.size === 1 && call.eventType === "EventEstablished";
  return only && me?.state?.name === "AgentOnCall" ? Math.min(began, me.since) : began;
}

/** A queue as it is shown, by the name that calls bear; "" for none. */
export function queueWords({ queues }, name) {
  const queue = [...queues.values()].find((one) => one.name === name);
  return queue?.displayName || name || "";
}

function showData(place, data) {
  const entries = Object.entries(data);
  const told = JSON.stringify(entries);
  place.hidden = entries.length === 0;
  if (place.dataset.told !== told) {
    place.dataset.told = told;
    place.replaceChildren(...entries.map(([name, value]) => make("div", {},
      make("dt", { text: name.replace(/^USR_/, "") }), make("dd", { text: value }))));
  }
}

/** A recording is of a queue's call only; `state` is the agent's, or null. */
function showRecording(parts, state) {
  const monitored = state?.name === "AgentOnCall" ? state.monitorState : "DISABLED";
  const recorded = ["ACTIVE", "PAUSED"].includes(monitored);
  setShown(parts.record, recorded, parts.hangUp);
  parts.recording.hidden = !recorded;
  if (recorded) {
    const paused = monitored === "PAUSED";
    setText(parts.record.firstElementChild, t(paused ? "calls.record" : "calls.mute"));
    setText(parts.recording, t(paused ? "calls.muted" : "calls.recorded"));
    parts.recording.classList.toggle("on", !paused);
  }
}

function toggleRecording(desk) {
  const paused = desk.me?.state.monitorState === "PAUSED";
  desk.attempt((center) => (paused ? center.monitorUnpause() : center.monitorPause()));
}

async function transfer(desk, input) {
  const destination = input.value.replace(/[\s().-]/g, "");
  if (!destination) {
    input.focus();
    return;
  }
  const done = await desk.attempt(async (center) => {
    await center.directTransfer({ destination });
    return true;
  });
  if (done) {
    say(t("calls.transferred", { destination }));
  }
}
