/* The fields with which a supervisor looks for some of the queues and agents, and the choices. */

import { byId, keepList, make, setAttribute, setText } from "../shared/dom.js";
import { STATES_BY_RANK } from "../shared/state-table.js";
import { stateLook, stateWords } from "../shared/states.js";
import { byName, formatNumber, t } from "../shared/words.js";
import { ALARMS, choices, choose, SPANS } from "./choices.js";
import { queueName, stateCounts } from "./model.js";

/** What is looked for: see `agentMatches`; and `queueWords` for queues. */
export const wanted = { words: "", states: new Set(), group: null, queue: null, queueWords: "" };

let showStates = null;

/** Lets the fields work: `changed(what)` is called with "agents", "queues", "orders" or "plots". */
export function startFilters(changed) {
  byId("find-agent").addEventListener("input", (event) => {
    wanted.words = event.target.value.trim();
    changed("agents");
  });
  byId("find-queue").addEventListener("input", (event) => {
    wanted.queueWords = event.target.value.trim();
    changed("queues");
  });
  for (const name of ["group", "queue"]) {
    byId(name).addEventListener("change", (event) => {
      wanted[name] = event.target.value === "" ? null : Number(event.target.value);
      changed("agents");
    });
  }
  chooser("span", "span", () => changed("plots"), Number);
  chooser("alarm", "alarm", () => changed("queues"), Number);
  chooser("queue-order", "queueOrder", () => changed("queues"));
  chooser("agent-order", "agentOrder", () => changed("orders"));
  showStates = keepList(byId("states"), {
    key: (one) => one.name,
    begin: ({ name }) => beginState(name, changed),
    fill: fillState,
  });
  byId("states").addEventListener("click", (event) => {
    const name = event.target.closest("button")?.dataset.state;
    if (name) {
      wanted.states[wanted.states.has(name) ? "delete" : "add"](name);
      changed("agents");
    }
  });
}

/** Forgets what was looked for: somebody else has come. */
export function resetFilters() {
  Object.assign(wanted, { words: "", states: new Set(), group: null, queue: null, queueWords: "" });
  byId("find-agent").value = byId("find-queue").value = "";
}

/** Says the choices in the present language. */
export function sayChoices() {
  options(byId("span"), SPANS.map((n) => [n, t("board.span.minutes", { n })]), choices.span);
  options(byId("alarm"), ALARMS.map((n) => [n, n < 60 ? t("board.alarm.seconds", { n })
    : t("board.alarm.minutes", { n: n / 60 })]), choices.alarm);
  options(byId("queue-order"), ["name", "waiting", "longest"]
    .map((name) => [name, t(`board.order.${name}`)]), choices.queueOrder);
  options(byId("agent-order"), ["state", "name"]
    .map((name) => [name, t(`board.order.${name}`)]), choices.agentOrder);
}

/** Brings up to date which groups and queues there are to look for. */
export function showThings({ groups, queues }) {
  const sorted = (list) => list.sort((a, b) => byName(a[1], b[1]));
  const gone = (id, things) => id !== null && !things.has(id);
  wanted.group = gone(wanted.group, groups) ? null : wanted.group;
  wanted.queue = gone(wanted.queue, queues) ? null : wanted.queue;
  options(byId("group"), [["", t("board.all-groups")],
    ...sorted([...groups.values()].map((group) => [group.id, group.name]))], wanted.group ?? "");
  options(byId("queue"), [["", t("board.all-queues")],
    ...sorted([...queues.values()].map((queue) => [queue.id, queueName(queue)]))],
  wanted.queue ?? "");
}

/** Brings up to date how many of these agents are in which state. */
export function showCounts(views) {
  const counts = stateCounts(views);
  showStates(STATES_BY_RANK.map((name) => ({ name, count: counts.get(name) })));
}

function beginState(name, changed) {
  const count = make("b", { class: "number" });
  const words = make("span", {});
  const root = make("button",
    { type: "button", class: `chip ${stateLook(name)}`, "data-state": name }, count, words);
  return { root, count, words, changed };
}

function fillState(parts, { name, count }) {
  setText(parts.count, formatNumber(count));
  setText(parts.words, stateWords(name));
  setAttribute(parts.root, "aria-pressed", String(wanted.states.has(name)));
  const used = wanted.states.has(name) || parts.root === document.activeElement;
  parts.root.hidden = count === 0 && !used;
}

function chooser(id, name, changed, read = String) {
  byId(id).addEventListener("change", (event) => {
    choose(name, read(event.target.value));
    changed();
  });
}

function options(select, rows, value) {
  const key = rows.join("\n");
  if (select.dataset.rows !== key) {
    select.dataset.rows = key;
    select.replaceChildren(...rows.map(([one, text]) => make("option", { value: one, text })));
  }
  if (select.value !== String(value)) {
    select.value = String(value);
  }
}
