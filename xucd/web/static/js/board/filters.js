/* The fields that filter the queues and agents, and the choices. */

import { byId, closest, keepList, make, setAttribute, setText } from "../shared/dom.js";
import { stateLook, stateWords } from "../shared/states.js";
import { byName, formatNumber, t } from "../shared/words.js";
import { ALARMS, choices, choose, SPANS } from "./choices.js";
import { queueName, STATES, stateCounts } from "./model.js";

/** @import { State } from "/lib/xucd.js" */
/** @import { AgentTile, Wanted } from "./model.js" */

/** @typedef {{name: string, count: number}} StateCount */

const findAgent = byId("find-agent", HTMLInputElement);
const findQueue = byId("find-queue", HTMLInputElement);

/** What agents and queues are filtered by.
 * @type {Wanted & {queueWords: string}}
 */
export const wanted = { words: "", states: new Set(), group: null, queue: null, queueWords: "" };

const showStates = keepList(byId("states"), {
  key: (/** @type {StateCount} */ { name }) => name,
  begin: ({ name }) => beginState(name),
  fill: fillState,
});

/** Starts the fields.
 * @param {(what: "agents" | "queues" | "orders" | "plots") => void} changed
 */
export function startFilters(changed) {
  findAgent.addEventListener("input", () => {
    wanted.words = findAgent.value.trim();
    changed("agents");
  });
  findQueue.addEventListener("input", () => {
    wanted.queueWords = findQueue.value.trim();
    changed("queues");
  });
  for (const name of /** @type {const} */ (["group", "queue"])) {
    const select = byId(name, HTMLSelectElement);
    select.addEventListener("change", () => {
      wanted[name] = select.value === "" ? null : Number(select.value);
      changed("agents");
    });
  }
  onChoice("span", (value) => choose("span", Number(value)), () => changed("plots"));
  onChoice("alarm", (value) => choose("alarm", Number(value)), () => changed("queues"));
  onChoice("queue-order", (value) => choose("queueOrder", value), () => changed("queues"));
  onChoice("agent-order", (value) => choose("agentOrder", value), () => changed("orders"));
  byId("states").addEventListener("click", (event) => {
    const name = closest(event, "button")?.dataset.state;
    if (name) {
      wanted.states[wanted.states.has(name) ? "delete" : "add"](name);
      changed("agents");
    }
  });
}

/** Clears the filters, for another user. */
export function resetFilters() {
  Object.assign(wanted, { words: "", states: new Set(), group: null, queue: null, queueWords: "" });
  findAgent.value = findQueue.value = "";
}

/** Shows the choices in the page's language. */
export function showChoices() {
  setOptions(byId("span", HTMLSelectElement), SPANS.map((n) => [n, t("board.span.minutes", { n })]), choices.span);
  setOptions(byId("alarm", HTMLSelectElement), ALARMS.map((n) => [n, n < 60 ? t("board.alarm.seconds", { n })
    : t("board.alarm.minutes", { n: n / 60 })]), choices.alarm);
  setOptions(byId("queue-order", HTMLSelectElement), ["name", "waiting", "longest"]
    .map((name) => [name, t(`board.order.${name}`)]), choices.queueOrder);
  setOptions(byId("agent-order", HTMLSelectElement), ["state", "name"]
    .map((name) => [name, t(`board.order.${name}`)]), choices.agentOrder);
}

/** Updates the groups and queues to filter by.
 * @param {State} state
 */
export function showGroupsAndQueues({ groups, queues }) {
  const sorted = (/** @type {[number, string][]} */ rows) =>
    rows.sort((a, b) => byName(a[1], b[1]));
  const gone = (/** @type {number | null} */ id, /** @type {Map<number, unknown>} */ known) =>
    id !== null && !known.has(id);
  wanted.group = gone(wanted.group, groups) ? null : wanted.group;
  wanted.queue = gone(wanted.queue, queues) ? null : wanted.queue;
  setOptions(byId("group", HTMLSelectElement), [["", t("board.all-groups")],
    ...sorted([...groups.values()].map((group) => [group.id, group.name]))], wanted.group ?? "");
  setOptions(byId("queue", HTMLSelectElement), [["", t("board.all-queues")],
    ...sorted([...queues.values()].map((queue) => [queue.id, queueName(queue)]))],
  wanted.queue ?? "");
}

/** Updates how many of these agents are in which state.
 * @param {Iterable<AgentTile>} views
 */
export function showCounts(views) {
  const counts = stateCounts(views);
  showStates(STATES.map((name) => ({ name, count: counts.get(name) ?? 0 })));
}

/** @param {string} name */
function beginState(name) {
  const count = make("b", { class: "number" });
  const words = make("span", {});
  const root = make("button",
    { type: "button", class: `chip ${stateLook(name)}`, "data-state": name }, count, words);
  return { root, count, words };
}

/**
 * @param {ReturnType<typeof beginState>} parts
 * @param {StateCount} state
 */
function fillState(parts, { name, count }) {
  setText(parts.count, formatNumber(count));
  setText(parts.words, stateWords(name));
  setAttribute(parts.root, "aria-pressed", String(wanted.states.has(name)));
  const used = wanted.states.has(name) || parts.root === document.activeElement;
  parts.root.hidden = count === 0 && !used;
}

/**
 * @param {string} id
 * @param {(value: string) => void} set
 * @param {() => void} changed
 */
function onChoice(id, set, changed) {
  const select = byId(id, HTMLSelectElement);
  select.addEventListener("change", () => {
    set(select.value);
    changed();
  });
}

/**
 * @param {HTMLSelectElement} select
 * @param {(string | number)[][]} rows of values and their texts
 * @param {string | number} value
 */
function setOptions(select, rows, value) {
  const key = rows.join("\n");
  if (select.dataset.rows !== key) {
    select.dataset.rows = key;
    select.replaceChildren(...rows.map(([option, text]) => make("option", { value: option, text })));
  }
  if (select.value !== String(value)) {
    select.value = String(value);
  }
}
