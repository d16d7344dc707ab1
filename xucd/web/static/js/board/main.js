/* The board: what xucd tells is noted as it comes, and drawn a few times a second. */

import { QUEUE_STATISTICS } from "../../lib/table.js";
import { byId, setAttribute, setText } from "../shared/dom.js";
import { startPage } from "../shared/page.js";
import { duration } from "../shared/times.js";
import { complain } from "../shared/toasts.js";
import { byName, formatNumber, onLanguage, t } from "../shared/words.js";
import words from "../words/board.js";
import { makeActs } from "./acts.js";
import { agentPanel } from "./agent-panel.js";
import { AgentTiles } from "./agents.js";
import { choices } from "./choices.js";
import { startDragging } from "./drag.js";
import {
  resetFilters, sayChoices, showCounts, showThings, startFilters, wanted,
} from "./filters.js";
import { batched } from "./frames.js";
import { History, SLOT } from "./history.js";
import { agentView, levelOf, QUEUE_ORDERS, queueView, totals, wordsMatch } from "./model.js";
import {
  closePanel, openedPanel, openPanel, renewPanel, showPanel, startPanel,
} from "./panel.js";
import { queuePanel } from "./queue-panel.js";
import { QueueTable } from "./queues.js";
import { leave as leaveWall, show as showWall, spread, startWall } from "./wall.js";

const EVERY = "every"; // the key that stands for all agents, or all queues
const PARTS = ["agents", "queues"];

let center = null;
let acts = null;
let history = new History();
let plotting = null; // the timer
let agents = new Map(); // agent id -> its view
let queues = new Map(); // queue id -> its view
let opened = null; // which panel is open: {kind, id}

const tiles = new AgentTiles(byId("groups"), (id) => open("agent", id));
const table = new QueueTable(byId("queue-rows"), (id) => open("queue", id));
const note = batched(draw);

// --- What has changed

/** Notes what became different: `changed` has the ids by part, none for all of them. */
function heard(parts, changed) {
  for (const part of PARTS) {
    const ids = changed.get(part);
    if (ids?.size === 0) {
      note(`${part} ${EVERY}`);
    }
    ids?.forEach((id) => note(`${part} ${id}`));
  }
  changed.get("queues")?.forEach(remember);
  if (parts.has("link")) {
    history.cut();
    center.state.queues.forEach((_, id) => remember(id)); // nothing, unless all is current again
  }
  if (parts.has("statuses")) {
    note(`agents ${EVERY}`);
  }
}

function remember(id) {
  const queue = center.state.queues.get(id);
  if (queue?.statistics[QUEUE_STATISTICS.WAITING_CALLS] !== undefined && isCurrent()) {
    history.note(id, queueView(queue, choices.alarm), performance.now());
  }
}

function isCurrent() {
  return center.state.link === "opened" && center.state.asterisk === "current";
}

// --- Drawing

function draw(keys) {
  if (!center) {
    return;
  }
  const { state } = center;
  const all = keys.has(`queues ${EVERY}`);
  if (all || keys.has(`agents ${EVERY}`)) {
    showThings(state);
  }
  drawQueues(state, numbersOf(keys, "queues"));
  drawAgents(state, all ? null : numbersOf(keys, "agents"));
  if (openedPanel()?.gone(state)) {
    shut();
  }
  showPanel(state, choices.alarm);
}

/** The ids among the keys of a part; null for every one. */
function numbersOf(keys, part) {
  if (keys.has(`${part} ${EVERY}`)) {
    return null;
  }
  const begin = `${part} `;
  return new Set([...keys].filter((key) => key.startsWith(begin))
    .map((key) => Number(key.slice(begin.length))));
}

function drawQueues(state, ids) {
  queues = new Map([...state.queues].map(([id, queue]) => [id, queueView(queue, choices.alarm)]));
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
  const level = levelOf({ ...sum, loggedIn: 1 }, choices.alarm);
  setAttribute(byId("total-waiting").parentElement, "data-level", level);
  document.title = sum.waiting
    ? t("board.title.waiting", { n: formatNumber(sum.waiting) }) : t("board.title");
}

function drawAgents(state, ids) {
  const changed = ids ?? new Set([...state.agents.keys(), ...agents.keys()]);
  for (const id of changed) {
    const agent = state.agents.get(id);
    // Of some, no more is told than that they are in a queue.
    if (agent?.number) {
      agents.set(id, agentView(agent, state.queues));
    } else {
      agents.delete(id);
    }
  }
  const look = {
    wanted, order: choices.agentOrder, groups: state.groups, statuses: state.statuses,
  };
  tiles.show(changed, agents, look);
  showCounts(agents.values());
  const { shown } = tiles;
  byId("no-agent").hidden = shown > 0;
  setText(byId("no-agent"), t(agents.size ? "board.no-agent.found" : "board.no-agent"));
}

function plot() {
  const now = performance.now();
  if (isCurrent()) {
    history.carry(now);
  }
  const span = choices.span * 60000;
  table.plot(history, now, span);
  openedPanel()?.plot?.(history, now, span);
}

// --- The panel

function open(kind, id) {
  opened = { kind, id };
  openPanel(begin);
  openedPanel().plot?.(history, performance.now(), choices.span * 60000);
}

function begin() {
  const { kind, id } = opened;
  return kind === "agent"
    ? agentPanel(id, center.state, acts)
    : queuePanel(id, center.state, acts, (agentId) => open("agent", agentId));
}

function shut() {
  openedPanel()?.close();
  closePanel();
}

// --- Coming and going

async function enter(entered) {
  center = entered;
  acts = makeActs(center);
  sayChoices();
  showWall();
  center.on("change", (parts, changed) => center === entered && heard(parts, changed));
  center.on("AgentListen", (body) => acts.listened(body));
  plotting = setInterval(plot, SLOT);
  try {
    await entered.watch("agents", "queues", "queueCalls", "statistics");
  } catch (error) {
    if (!error.code) {
      throw error;
    }
    if (center === entered) {
      complain(error); // else somebody signed out meanwhile
    }
  }
  note(`queues ${EVERY}`);
}

function leave() {
  clearInterval(plotting);
  shut();
  leaveWall();
  center = null;
  history = new History();
  agents = new Map();
  tiles.clear();
  table.show([]);
  resetFilters();
}

function changed(what) {
  if (what === "plots") {
    plot();
  } else if (what === "queues") {
    note(`queues ${EVERY}`);
  } else {
    note(`agents ${EVERY}`);
    if (what === "orders") {
      tiles.sort(choices.agentOrder);
    }
  }
}

function sayAnew() {
  if (center) {
    sayChoices();
    showWall();
    note(`queues ${EVERY}`);
    if (openedPanel()) {
      renewPanel(begin);
      plot();
    }
  }
}

startFilters(changed);
startPanel();
startWall();
startDragging(byId("groups"), byId("queue-rows"), (agent, queue) => acts.drop(agent, queue));
onLanguage(sayAnew);
startPage({ name: "board", words, enter, leave });
