/* The table of all agents. Rows stay the same elements while they change, so that the focus and the
scroll position are kept. */

import { countFrom } from "../shared/clock.js";
import { byId, closest, keepList, make, setAttribute, setText } from "../shared/dom.js";
import { isStale } from "../shared/pbxs.js";
import { canBeReadied, isInNoQueue, seesPart, STATES } from "../shared/state-table.js";
import { detailWords, noQueueWords, stateLook, stateWords } from "../shared/states.js";
import { byName, language, t, tCount } from "../shared/words.js";

/** @import { AgentView } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */

const MOST = 200; // rows; the board shows more

/** @typedef {{agent: AgentView, name: string, may: boolean}} Item `may`: whether to show actions. */

/** @type {(items: Item[]) => unknown} */
let showRows;

/** Starts the table.
 * @param {Desk} desk
 */
export function startColleagues(desk) {
  showRows = keepList(byId("rows"), {
    key: (/** @type {Item} */ { agent }) => agent.id,
    begin: ({ agent }) => begin(agent.id),
    fill: (parts, item) => fill(parts, item, desk),
    end: (parts) => countFrom(parts.timer, null),
  });
  byId("rows").addEventListener("click", (event) => {
    const command = closest(event, "button")?.dataset.command;
    const agentId = Number(closest(event, "tr")?.dataset.agent);
    if (command === "pauseAgent" || command === "unpauseAgent" || command === "logoutAgent") {
      desk.attempt((center) => center[command]({ agentId }));
    }
  });
}

/** Shows all agents.
 * @param {Desk} desk
 */
export function showColleagues(desk) {
  const { state } = desk.center;
  const items = [...state.agents.values()].filter(({ number }) => number !== "").map((agent) => (
    { agent, name: `${agent.firstName} ${agent.lastName}`.trim() }));
  const out = (/** @type {{agent: AgentView}} */ { agent }) => Number(agent.state?.name === "AgentLoggedOut");
  items.sort((a, b) => out(a) - out(b) || byName(a.name, b.name) || a.agent.id - b.agent.id);
  const may = ["Admin", "Supervisor"].includes(state.rights.profile);
  document.body.classList.toggle("no-agent", state.user !== null && state.user.agentId === null);
  byId("agents").classList.toggle("acting", may);
  byId("to-board").hidden = !may;
  showRows(items.slice(0, MOST).map((item) => ({ ...item, may })));
  byId("agents").hidden = items.length === 0;
  byId("nobody").hidden = state.link !== "opened" || items.length > 0;
  showSummary(items.flatMap(({ agent }) => agent.state?.name ?? []));
}

/** Shows how many agents are in each state.
 * @param {string[]} states the agents' states
 */
function showSummary(states) {
  const counts = STATES
    .map((name) => ({ name, number: states.filter((state) => state === name).length }))
    .filter(({ number }) => number > 0);
  const shown = JSON.stringify([counts, language()]);
  if (byId("summary").dataset.shown !== shown) {
    byId("summary").dataset.shown = shown;
    byId("summary").replaceChildren(...counts.map(({ name, number }) =>
      make("span", { class: `state ${stateLook(name)}`, text: tCount(`count.${name}`, number) })));
  }
}

/** @typedef {ReturnType<typeof begin>} Parts */

/** @param {number} id */
function begin(id) {
  const parts = {
    root: make("tr", { role: "row", "data-agent": id }),
    name: make("span", { class: "name" }),
    number: make("span", { class: "number quiet" }),
    line: make("td", { role: "cell", class: "line" }),
    state: make("span"),
    detail: make("span", { class: "detail quiet" }),
    timer: make("td", { role: "cell", class: "timer" }),
    queues: make("td", { role: "cell", class: "queues" }),
    pause: make("button", { type: "button", class: "compact" }),
    out: make("button", { type: "button", class: "compact", "data-command": "logoutAgent" }),
  };
  parts.root.append(
    make("th", { role: "rowheader", scope: "row" }, parts.name, " ", parts.number),
    parts.line,
    make("td", { role: "cell", class: "now" }, parts.state, " ", parts.detail),
    parts.timer,
    parts.queues,
    make("td", { role: "cell", class: "actions" }, parts.pause, parts.out),
  );
  return parts;
}

/**
 * @param {Parts} parts
 * @param {Item} item
 * @param {Desk} desk
 */
function fill(parts, { agent, name, may }, desk) {
  const { user, statuses, queues } = desk.center.state;
  const part = seesPart(desk.center.state, agent.id);
  const { state } = agent;
  const out = !state || state.name === "AgentLoggedOut";
  setText(parts.name, name);
  const own = agent.id === user?.agentId;
  setText(parts.number, own ? t("agents.you", { number: agent.number }) : agent.number);
  setText(parts.line, out ? "" : state.phoneNb);
  setText(parts.state, state ? stateWords(state.name) : "");
  setAttribute(parts.state, "class", state ? `state ${stateLook(state.name)}` : "");
  const inNoQueue = isInNoQueue(agent);
  setText(parts.detail, state ? detailWords({ ...state, inNoQueue, part }, statuses) : "");
  countFrom(parts.timer, state ? agent.since : null);
  const names = [...agent.queues.keys()].map((id) => queues.get(id)?.displayName ?? "");
  const unseen = part && agent.queueIds.length === 0 && !inNoQueue; // told once, with the state
  setText(parts.queues, unseen ? noQueueWords(part) : names.filter(Boolean).sort(byName).join(", "));
  setAttribute(parts.root, "class", `${own ? "own-row" : "other"}${out ? " away" : ""}${
    isStale(desk.center.state, state?.pbx) ? " stale" : ""}`);
  const back = canBeReadied(state?.name) && (!inNoQueue || part);
  showActions(parts, { name, back, may: may && !out });
}

/**
 * @param {Parts} parts
 * @param {{name: string, back: boolean, may: boolean}} agent
 */
function showActions(parts, { name, back, may }) {
  setText(parts.pause, t(back ? "state.AgentReady" : "agents.pause"));
  setAttribute(parts.pause, "data-command", back ? "unpauseAgent" : "pauseAgent");
  setAttribute(parts.pause, "aria-label", t(back ? "agents.ready-it" : "agents.pause-it", { name }));
  setText(parts.out, t("own.log-out"));
  setAttribute(parts.out, "aria-label", t("agents.log-out-it", { name }));
  parts.pause.hidden = parts.out.hidden = !may;
}
