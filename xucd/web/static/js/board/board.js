/* The board: changes of the state are collected as they come, and drawn a few times a second. */

import { byId, setText } from "../shared/dom.js";
import { hasQueueFigures, queueFigures } from "../shared/figures.js";
import { isStale } from "../shared/pbxs.js";
import { refusalOf } from "../shared/refusals.js";
import { seesPart } from "../shared/state-table.js";
import { duration } from "../shared/times.js";
import { showRefusal } from "../shared/toasts.js";
import { byName, formatNumber, onLanguage, t } from "../shared/words.js";
import { makeActs } from "./acts.js";
import { agentPanel } from "./agent-panel.js";
import { AgentTiles } from "./agents.js";
import { choices } from "./choices.js";
import { startDragging } from "./drag.js";
import {
  resetFilters, showChoices, showCounts, showGroupsAndQueues, startFilters, wanted,
} from "./filters.js";
import { batched, EVERY } from "./frames.js";
import { askForGaps, leaveGaps, showGaps } from "./gaps.js";
import { History, SLOT } from "./history.js";
import { agentView, levelOf, QUEUE_ORDERS, queueView, totals, wordsMatch } from "./model.js";
import {
  closePanel, openedPanel, openPanel, renewPanel, showPanel, startPanel,
} from "./panel.js";
import { queuePanel } from "./queue-panel.js";
import { QueueTable } from "./queues.js";
import { leave as leaveWall, show as showWall, spread, startWall } from "./wall.js";

/** @import { Center, Part, State } from "/lib/xucd.js" */
/** @import { Page } from "../shared/signed-in.js" */
/** @import { Acts } from "./acts.js" */
/** @import { AgentTile, QueueRow } from "./model.js" */

/** @typedef {"agents" | "queues"} Drawn */

const PANEL = "panel"; // is due whenever anything is
/** @type {Drawn[]} */
const PARTS = ["agents", "queues"];

/** @type {{center: Center, acts: Acts} | null} */
let entered = null; // the open client, and its commands
let history = new History();
/** @type {ReturnType<typeof setInterval> | undefined} */
let plotting;
/** @type {Map<number, AgentTile>} */
let agents = new Map();
/** @type {Map<number, QueueRow>} */
let queues = new Map();

const tiles = new AgentTiles(byId("groups"), (id) => open("agent", id));
const table = new QueueTable(byId("queue-rows"), (id) => open("queue", id));
const markDue = batched(draw);

/** @param {string} key */
function markChanged(key) {
  markDue(key);
  markDue(PANEL);
}

/** Marks all of a part; agents are shown with their queues.
 * @param {Drawn} part
 */
function markAll(part) {
  markChanged(`agents ${EVERY}`);
  if (part === "queues") {
    markChanged(`queues ${EVERY}`);
  }
}

// --- Changes

/** Marks what changed: `changed` has the ids by part, none for all of them.
 * @param {State} state
 * @param {Map<Part, Set<number | string>>} changed
 */
function stateChanged(state, changed) {
  for (const part of PARTS) {
    const ids = changed.get(part);
    if (ids?.size === 0) {
      markAll(part);
    }
    ids?.forEach((id) => markChanged(`${part} ${id}`));
  }
  changed.get("queues")?.forEach((id) => recordFigures(state, Number(id)));
  if (changed.has("link")) {
    history.cut();
    state.queues.forEach((_, id) => recordFigures(state, id)); // if its state is current
    markAll("queues");
    if (entered && state.link === "opened") {
      askForGaps(entered.center);
    }
  }
  if (changed.has("statuses")) {
    markAll("agents");
  }
}

/**
 * @param {State} state
 * @param {number} id
 */
function recordFigures(state, id) {
  const queue = state.queues.get(id);
  const isCurrent = state.link === "opened" && !isStale(state, queue?.pbx);
  if (queue && isCurrent && hasQueueFigures(queue)) {
    history.record(id, queueFigures(queue), performance.now());
  }
}

// --- Drawing

/** @param {Set<string>} keys */
function draw(keys) {
  if (!entered) {
    return;
  }
  const { state } = entered.center;
  if (PARTS.some((part) => keys.has(`${part} ${EVERY}`))) {
    showGroupsAndQueues(state);
    showGaps();
  }
  const queueIds = numbersOf(keys, "queues");
  const agentIds = numbersOf(keys, "agents");
  if (queueIds?.size !== 0) {
    drawQueues(state, queueIds);
  }
  if (agentIds?.size !== 0) {
    drawAgents(state, agentIds);
  }
  if (keys.has(PANEL)) {
    if (openedPanel()?.gone(state)) {
      closeOpenPanel();
    }
    showPanel(state, choices.alarm);
  }
}

/** The ids among the keys of a part; null for all.
 * @param {Set<string>} keys
 * @param {Drawn} part
 */
function numbersOf(keys, part) {
  if (keys.has(`${part} ${EVERY}`)) {
    return null;
  }
  const begin = `${part} `;
  return new Set([...keys].filter((key) => key.startsWith(begin))
    .map((key) => Number(key.slice(begin.length))));
}

/**
 * @param {State} state
 * @param {Set<number> | null} ids
 */
function drawQueues(state, ids) {
  queues = new Map([...state.queues].map(([id, queue]) => (
    [id, queueView(queue, choices.alarm, isStale(state, queue.pbx))])));
  history.keep(queues);
  const order = QUEUE_ORDERS[choices.queueOrder];
  const shown = [...queues.values()]
    .filter((view) => wordsMatch(wanted.queueWords, `${view.name} ${view.number}`))
    .sort((a, b) => order(a, b) || byName(a.name, b.name) || a.id - b.id);
  const before = table.rows.size;
  table.show(shown, ids);
  byId("queues").hidden = shown.length === 0;
  byId("no-queue").hidden = shown.length > 0;
  setText(byId("no-queue"), t(queues.size ? "board.no-queue.found" : "board.no-queue"));
  showTotals();
  if (before !== table.rows.size) {
    spread();
    plot();
  }
}

function showTotals() {
  const sum = totals(queues.values());
  setText(byId("total-waiting"), formatNumber(sum.waiting));
  setText(byId("total-longest"), sum.waiting ? duration(sum.longest * 1000) : "–");
  setText(byId("total-answered"), formatNumber(sum.answered));
  setText(byId("total-abandoned"), formatNumber(sum.abandoned));
  setText(byId("total-timed-out"), formatNumber(sum.timedOut));
  const level = levelOf({ ...sum, loggedIn: 1 }, choices.alarm);
  byId("total-waiting").parentElement?.setAttribute("data-level", level);
  document.title = sum.waiting
    ? t("board.title.waiting", { n: formatNumber(sum.waiting) }) : t("board.title");
}

/**
 * @param {State} state
 * @param {Set<number> | null} ids
 */
function drawAgents(state, ids) {
  const drawn = ids ?? new Set([...state.agents.keys(), ...agents.keys()]);
  for (const id of drawn) {
    const agent = state.agents.get(id);
    // Of some agents, the user may see only that they are members of a queue.
    if (agent?.number) {
      agents.set(id, agentView(agent, state.queues, seesPart(state, id)));
    } else {
      agents.delete(id);
    }
  }
  const look = {
    wanted, order: choices.agentOrder, groups: state.groups, statuses: state.statuses,
    isStale: (/** @type {string | undefined} */ pbx) => isStale(state, pbx),
  };
  tiles.show(drawn, agents, look);
  showCounts(agents.values());
  const { shown } = tiles;
  byId("no-agent").hidden = shown > 0;
  setText(byId("no-agent"), t(agents.size ? "board.no-agent.found" : "board.no-agent"));
}

function plot() {
  const now = performance.now();
  history.carry(now);
  const span = choices.span * 60000;
  table.plot(history, now, span);
  openedPanel()?.plot?.(history, now, span);
}

// --- The panel

/** Which panel is open, and whose.
 * @type {{kind: "agent" | "queue", id: number}}
 */
let opened;

/**
 * @param {"agent" | "queue"} kind
 * @param {number} id
 */
function open(kind, id) {
  if (entered) {
    opened = { kind, id };
    openPanel(makePanelOf(entered));
    openedPanel()?.plot?.(history, performance.now(), choices.span * 60000);
  }
}

/** Makes the opened panel.
 * @param {{center: Center, acts: Acts}} client
 */
function makePanelOf({ center, acts }) {
  const { kind, id } = opened;
  return () => (kind === "agent"
    ? agentPanel(id, center.state, acts)
    : queuePanel(id, center, acts, (agentId) => open("agent", agentId)));
}

function closeOpenPanel() {
  openedPanel()?.close();
  closePanel();
}

// --- Signing in and out

/** @param {Center} center */
async function enter(center) {
  const acts = makeActs(center);
  entered = { center, acts };
  showChoices();
  showWall();
  const isOpen = () => entered?.center === center;
  center.on("change", (_, changed) => {
    if (isOpen()) {
      stateChanged(center.state, changed);
    }
  });
  center.on("AgentListen", (body) => acts.listened(body));
  plotting = setInterval(plot, SLOT);
  try {
    await center.watch("agents", "queues", "queueCalls", "statistics");
  } catch (error) {
    const refused = refusalOf(error);
    if (isOpen()) {
      showRefusal(refused); // else the user has signed out meanwhile
    }
  }
  markAll("queues");
  if (isOpen()) {
    await askForGaps(center);
  }
}

function leave() {
  clearInterval(plotting);
  closeOpenPanel();
  leaveWall();
  leaveGaps();
  entered = null;
  history = new History();
  agents = new Map();
  tiles.clear();
  table.show([]);
  resetFilters();
}

/** @param {"agents" | "queues" | "orders" | "plots"} what */
function choiceChanged(what) {
  if (what === "plots") {
    plot();
  } else if (what === "queues") {
    markAll("queues");
  } else {
    markAll("agents");
    if (what === "orders") {
      tiles.sort(choices.agentOrder);
    }
  }
}

function languageChanged() {
  if (entered) {
    showChoices();
    showWall();
    showGaps();
    markAll("queues");
    if (openedPanel()) {
      renewPanel(makePanelOf(entered));
      plot();
    }
  }
}

startFilters(choiceChanged);
startPanel();
startWall();
startDragging(byId("groups"), byId("queue-rows"), (agentId, queueId) => {
  entered?.acts.drop(agentId, queueId);
});
onLanguage(languageChanged);
/** @type {Page} */
export const page = { name: "board", enter, leave };
