/* The table of all agents. Rows stay the same elements while they change, so that the focus and
the place on the page are kept. */

import { countFrom } from "./clock.js";
import { byId, make, setAttribute, setState, setText } from "./dom.js";
import { detailWords, stateWords, summaryWords } from "./words.js";

const rows = new Map(); // agent id -> its row's parts
const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** Lets the rows' buttons ask, as `startOwn`. */
export function startAgents(ask) {
  byId("rows").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) {
      ask(button.dataset.command, { agentid: Number(button.closest("tr").dataset.agent) });
    }
  });
}

/** Shows all agents as the facts have them. */
export function showAgents(facts) {
  const agents = [...(facts.agents?.values() ?? [])];
  agents.sort((a, b) => byName.compare(a.name, b.name) || a.id - b.id);
  const may = facts.profile === "Admin" || facts.profile === "Supervisor";
  byId("agents").classList.toggle("acting", may);
  keepOnly(new Set(agents.map((agent) => agent.id)));
  agents.forEach((agent, index) => {
    const row = rows.get(agent.id) ?? begin(agent.id);
    fill(row, agent, facts, may);
    const there = byId("rows").children[index];
    if (there !== row.tr) {
      byId("rows").insertBefore(row.tr, there ?? null);
    }
  });
  byId("agents").hidden = agents.length === 0;
  byId("nobody").hidden = facts.agents === null || agents.length > 0;
  showSummary(agents.map((agent) => facts.states.get(agent.id)).filter(Boolean));
}

function showSummary(states) {
  const parts = summaryWords(states).map(({ number, words, look }) =>
    make("span", { class: `state ${look}`, text: `${number} ${words.toLowerCase()}` }));
  byId("summary").replaceChildren(...parts);
}

function keepOnly(ids) {
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      countFrom(row.timer, null);
      row.tr.remove();
      rows.delete(id);
    }
  }
}

function begin(id) {
  const row = {
    name: make("span", { class: "name" }),
    number: make("span", { class: "number quiet" }),
    line: make("td", { role: "cell", class: "line" }),
    state: make("span", {}),
    detail: make("span", { class: "detail quiet" }),
    timer: make("td", { role: "cell", class: "timer" }),
    queues: make("td", { role: "cell", class: "queues" }),
    pause: make("button", { type: "button", class: "small" }),
    out: make("button", { type: "button", class: "small", "data-command": "agentLogout" }),
  };
  row.tr = make(
    "tr", { role: "row", "data-agent": id },
    make("th", { role: "rowheader", scope: "row" }, row.name, " ", row.number),
    row.line,
    make("td", { role: "cell", class: "now" }, row.state, " ", row.detail),
    row.timer,
    row.queues,
    make("td", { role: "cell", class: "actions" }, row.pause, row.out),
  );
  rows.set(id, row);
  return row;
}

function fill(row, agent, facts, may) {
  const state = facts.states.get(agent.id);
  const out = !state || state.name === "AgentLoggedOut";
  setText(row.name, agent.name);
  setText(row.number, agent.id === facts.user?.agentId ? `${agent.number} · you` : agent.number);
  setText(row.line, out ? "" : state.phone);
  setState(row.state, state ? stateWords(state.name) : { words: "", look: "none" });
  setText(row.detail, state ? detailWords(state, facts.statuses) : "");
  countFrom(row.timer, state ? state.startedAt : null);
  setText(row.queues, queueWords(facts, agent.id));
  setAttribute(row.tr, "class", out ? "away" : "");
  showActions(row, agent, state, may && !out);
}

function queueWords(facts, agentId) {
  const names = [...(facts.members.get(agentId) ?? [])].map((id) => facts.queues.get(id));
  return names.filter(Boolean).sort(byName.compare).join(", ");
}

function showActions(row, { name }, state, may) {
  const back = ["AgentOnPause", "AgentOnWrapup"].includes(state?.name);
  setText(row.pause, back ? "Ready" : "Pause");
  setAttribute(row.pause, "data-command", back ? "unpauseAgent" : "pauseAgent");
  setAttribute(row.pause, "aria-label", back ? `Make ${name} ready` : `Pause ${name}`);
  setText(row.out, "Log out");
  setAttribute(row.out, "aria-label", `Log out ${name}`);
  row.pause.hidden = row.out.hidden = !may;
}
