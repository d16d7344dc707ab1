/* The user's own agent: its state, and the buttons that change it. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setAttribute, setShown, setText } from "../shared/dom.js";
import { allIsStale, isStale } from "../shared/pbxs.js";
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
  const elsewhere = me !== null && canGoElsewhere(state, me);
  byId("own").hidden = !known && !elsewhere;
  if (!me || byId("own").hidden) {
    document.title = t("desk.page");
    return;
  }
  if (appears && (document.activeElement ?? document.body) === document.body) {
    byId("own-title").focus(); // the next Tab leads to what an agent needs first
  }
  const words = known ? stateWords(known.name) : t("own.unknown");
  const out = known?.name === "AgentLoggedOut";
  const look = stateLook(known?.name ?? "AgentLoggedOut");
  setText(byId("own-state"), words);
  setAttribute(byId("own-state"), "class", `state ${look}`);
  setAttribute(byId("own"), "class", `card own ${look}${elsewhere ? " stale" : ""}`);
  countFrom(byId("own-timer"), out ? null : me.since);
  setText(byId("own-detail"),
    [...(known ? stateDetails(state, me, known) : []), helpWords(me, elsewhere)].filter(Boolean).join(" · "));
  document.title = `${words} · xucd`;
  const again = canRejoin(me) && !elsewhere;
  setShown(byId("log-in"), out || again || elsewhere, byId("own-title"));
  setShown(byId("controls"), known !== null && !out, byId("own-title"));
  if (known) {
    showChoices(state, known);
  }
  suggestLine(suggestedLine(state, known?.phoneNb ?? "", { again, elsewhere }));
}

/** Whether the agent's PBX is lost, as far as it is known, and another one is not: it can log in there.
 * @param {State} state
 * @param {AgentView} me
 */
function canGoElsewhere(state, me) {
  if (state.asterisk === "current" || allIsStale(state)) {
    return false;
  }
  return me.state === null || (me.state.name !== "AgentLoggedOut" && isStale(state, me.state.pbx));
}

/**
 * @param {State} state
 * @param {AgentView} me
 * @param {NonNullable<AgentView["state"]>} known
 */
function stateDetails(state, me, known) {
  const details = { ...known, inNoQueue: isInNoQueue(me) };
  const onLine = known.name === "AgentLoggedOut" ? "" : t("own.on-line", { line: known.phoneNb });
  return [detailWords(details, state.statuses), onLine];
}

/** What an agent whom no queue can ring may do about it; "" for another.
 * @param {AgentView} me
 * @param {boolean} elsewhere
 */
function helpWords(me, elsewhere) {
  if (elsewhere) {
    return t("own.pbx-lost");
  }
  if (isInNoQueue(me)) {
    return t(canRejoin(me) ? "own.in-no-queue" : "own.queues-gone");
  }
  return isUnreachable(me.state ?? {}) ? t("own.unreachable") : "";
}

/** The line to log in on: the one that the agent is on or was on last, or the user's own. Elsewhere
 * it is another than the one that is lost.
 * @param {State} state
 * @param {string} last
 * @param {{again: boolean, elsewhere: boolean}} why
 */
function suggestedLine({ line: own }, last, { again, elsewhere }) {
  const usual = again ? last : own?.phoneNumber || last;
  return elsewhere && usual === last ? "" : usual;
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
