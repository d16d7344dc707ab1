/* The user's own agent: its state, and the buttons that change it. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setAttribute, setShown, setText } from "../shared/dom.js";
import { canRejoin, isInNoQueue, isUnreachable, talksIn } from "../shared/state-table.js";
import { detailWords, pauseChoices, pauses, stateLook, stateWords } from "../shared/states.js";
import { confirmed } from "../shared/dialog.js";
import { t } from "../shared/words.js";

/** @import { AgentView, State, UserStatus } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */

/** @typedef {UserStatus & {index: number, chosen: boolean}} Reason A reason for a pause. */

const line = byId("line", HTMLInputElement);
/** @type {(reasons: Reason[]) => unknown} */
let showReasons;

/** Starts the buttons.
 * @param {Desk} desk
 */
export function startOwn(desk) {
  byId("log-in").addEventListener("submit", (event) => {
    event.preventDefault();
    logIn(desk, line.value.trim());
  });
  byId("ready").addEventListener("click", () => desk.attempt((center) => center.unpauseAgent()));
  byId("log-out").addEventListener("click", () => logOut(desk));
  showReasons = keepList(byId("reasons"), {
    key: (/** @type {Reason} */ { name }) => name,
    begin: ({ name }) => beginReason(desk, name),
    fill: fillReason,
  });
}

/**
 * @param {Desk} desk
 * @param {string} phoneNumber
 */
async function logIn(desk, phoneNumber) {
  if (!phoneNumber) {
    line.focus();
    return;
  }
  await desk.attempt((center) => center.loginAgent({ phoneNumber }));
}

/** @param {Desk} desk */
async function logOut(desk) {
  const busy = talksIn(desk.me?.state?.name);
  if (!busy || await confirmed(t("own.log-out-busy"), t("own.log-out"))) {
    await desk.attempt((center) => center.logoutAgent());
  }
}

/** Shows the user's own agent.
 * @param {Desk} desk
 */
export function showOwn(desk) {
  const { me, center: { state } } = desk;
  const appears = byId("own").hidden;
  const known = me?.state ?? null;
  byId("own").hidden = !known;
  if (!me || !known) {
    document.title = t("desk.page");
    return;
  }
  if (appears && (document.activeElement ?? document.body) === document.body) {
    byId("own-title").focus(); // the next Tab leads to what an agent needs first
  }
  const words = stateWords(known.name);
  const out = known.name === "AgentLoggedOut";
  setText(byId("own-state"), words);
  setAttribute(byId("own-state"), "class", `state ${stateLook(known.name)}`);
  setAttribute(byId("own"), "class", `card own ${stateLook(known.name)}`);
  countFrom(byId("own-timer"), out ? null : me.since);
  const onLine = out ? "" : t("own.on-line", { line: known.phoneNb });
  const details = { ...known, inNoQueue: isInNoQueue(me) };
  setText(byId("own-detail"),
    [detailWords(details, state.statuses), onLine, helpWords(me)].filter(Boolean).join(" · "));
  document.title = `${words} · xucd`;
  const again = canRejoin(me);
  setShown(byId("log-in"), out || again, byId("own-title"));
  setShown(byId("controls"), !out, byId("own-title"));
  showChoices(state, known);
  suggestLine(again ? known.phoneNb : state.line?.phoneNumber || known.phoneNb);
}

/** What an agent whom no queue can ring may do about it; "" for another.
 * @param {AgentView} me
 */
function helpWords(me) {
  if (isInNoQueue(me)) {
    return t(canRejoin(me) ? "own.in-no-queue" : "own.queues-gone");
  }
  return isUnreachable(me.state ?? {}) ? t("own.unreachable") : "";
}

/**
 * @param {State} state
 * @param {{name: string, cause: string}} known the state of the user's agent
 */
function showChoices(state, known) {
  const reasons = pauseChoices(state.statuses);
  // A pause chosen during a call holds after it, so the choice is shown by the status. Whoever is
  // unreachable has chosen to be ready.
  const paused = !isUnreachable(known)
    && pauses(state.statuses).some((status) => status.name === state.userStatus);
  const wrapping = known.name === "AgentOnWrapup";
  setAttribute(byId("ready"), "aria-pressed", String(!paused && !wrapping));
  setText(byId("ready-words"), t(wrapping ? "own.ready-now" : "state.AgentReady"));
  byId("ready").classList.toggle("primary", wrapping);
  showReasons(reasons.map((status, index) => (
    { ...status, index, chosen: status.name === state.userStatus })));
}

/**
 * @param {Desk} desk
 * @param {string} reason
 */
function beginReason(desk, reason) {
  const dot = make("span", { class: "dot", "aria-hidden": "true" });
  const words = make("span");
  const key = make("kbd", { "aria-hidden": "true" });
  const root = make("button", { type: "button", class: "choice", "data-reason": reason },
    dot, words, key);
  root.addEventListener("click", () => desk.attempt((center) => center.pauseAgent({ reason })));
  return { root, dot, words, key };
}

/**
 * @param {ReturnType<typeof beginReason>} parts
 * @param {Reason} reason
 */
function fillReason(parts, { longName, color, index, chosen }) {
  parts.dot.style.backgroundColor = color;
  setText(parts.words, longName);
  parts.key.hidden = index > 8;
  setText(parts.key, String(index + 1));
  setAttribute(parts.root, "aria-keyshortcuts", index > 8 ? null : String(index + 1));
  setAttribute(parts.root, "aria-pressed", String(chosen));
}

/** Fills the field in, unless the user is about to.
 * @param {string} suggested
 */
function suggestLine(suggested) {
  if (line.dataset.suggested !== suggested && line !== document.activeElement) {
    line.dataset.suggested = suggested;
    line.value = suggested;
  }
}
