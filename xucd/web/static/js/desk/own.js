/* The user's own agent: its state, and the buttons that change it. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setAttribute, setShown, setText } from "../shared/dom.js";
import { detailWords, pauses, stateLook, stateWords } from "../shared/states.js";
import { confirmed } from "../shared/dialog.js";
import { t } from "../shared/words.js";

let showReasons = null;

/** Lets the buttons ask. */
export function startOwn(desk) {
  byId("log-in").addEventListener("submit", (event) => {
    event.preventDefault();
    logIn(desk, byId("line").value.trim());
  });
  byId("ready").addEventListener("click", () => desk.attempt((center) => center.unpauseAgent()));
  byId("log-out").addEventListener("click", () => logOut(desk));
  showReasons = keepList(byId("reasons"), {
    key: (status) => status.name,
    begin: ({ name }) => beginReason(desk, name),
    fill: fillReason,
  });
}

async function logIn(desk, phoneNumber) {
  if (!phoneNumber) {
    byId("line").focus();
    return;
  }
  await desk.attempt((center) => center.loginAgent({ phoneNumber }));
}

async function logOut(desk) {
  const busy = desk.me?.state.name === "AgentOnCall";
  if (!busy || await confirmed(t("own.log-out-busy"), t("own.log-out"))) {
    await desk.attempt((center) => center.logoutAgent());
  }
}

/** Shows the user's own agent. */
export function showOwn(desk) {
  const { me, center: { state } } = desk;
  const appears = byId("own").hidden;
  const known = me?.state ?? null;
  byId("own").hidden = !known;
  if (!known) {
    document.title = t("desk.page");
    return;
  }
  if (appears && [document.body, null].includes(document.activeElement)) {
    byId("own-title").focus(); // the next Tab leads to what an agent needs first
  }
  const words = stateWords(known.name);
  const out = known.name === "AgentLoggedOut";
  setText(byId("own-state"), words);
  setAttribute(byId("own-state"), "class", `state ${stateLook(known.name)}`);
  setAttribute(byId("own"), "class", `card own ${stateLook(known.name)}`);
  countFrom(byId("own-timer"), out ? null : me.since);
  const line = out ? "" : t("own.on-line", { line: known.phoneNb });
  setText(byId("own-detail"), [detailWords(known, state.statuses), line].filter(Boolean).join(" · "));
  document.title = `${words} · xucd`;
  setShown(byId("log-in"), out, byId("own-title"));
  setShown(byId("controls"), !out, byId("own-title"));
  showChoices(state, known);
  suggestLine(state, known);
}

function showChoices(state, { name }) {
  const reasons = pauses(state.statuses);
  // A pause chosen during a call holds after it, so the choice is shown by the status.
  const paused = reasons.some((status) => status.name === state.userStatus);
  const wrapping = name === "AgentOnWrapup";
  setAttribute(byId("ready"), "aria-pressed", String(!paused && !wrapping));
  setText(byId("ready").firstElementChild, t(wrapping ? "own.ready-now" : "state.AgentReady"));
  byId("ready").classList.toggle("primary", wrapping);
  showReasons(reasons.map((status, index) => (
    { ...status, index, chosen: status.name === state.userStatus })));
}

function beginReason(desk, reason) {
  const parts = {
    dot: make("span", { class: "dot", "aria-hidden": "true" }),
    words: make("span"),
    key: make("kbd", { "aria-hidden": "true" }),
  };
  parts.root = make("button", { type: "button", class: "choice", "data-reason": reason },
    parts.dot, parts.words, parts.key);
  parts.root.addEventListener("click", () =>
    desk.attempt((center) => center.pauseAgent({ reason })));
  return parts;
}

function fillReason(parts, { longName, color, index, chosen }) {
  parts.dot.style.backgroundColor = color;
  setText(parts.words, longName);
  parts.key.hidden = index > 8;
  setText(parts.key, String(index + 1));
  setAttribute(parts.root, "aria-keyshortcuts", index > 8 ? null : String(index + 1));
  setAttribute(parts.root, "aria-pressed", String(chosen));
}

function suggestLine(state, known) {
  const input = byId("line");
  const suggested = state.line?.phoneNumber || known.phoneNb;
  if (input.dataset.suggested !== suggested && input !== document.activeElement) {
    input.dataset.suggested = suggested;
    input.value = suggested;
  }
}
