/* The panel of a queue: its waiting callers, its plots with their scales, its agents, which can be
added, removed and given another penalty, and its figures. */

import { countFrom } from "../shared/clock.js";
import { keepList, make, setAttribute, setText } from "../shared/dom.js";
import { seesPart } from "../shared/state-table.js";
import { stateLook, stateWords } from "../shared/states.js";
import { duration } from "../shared/times.js";
import { byName, formatNumber, t } from "../shared/words.js";
import { keepFigures } from "./figures.js";
import { differenceWords, fillMember, makeAdder, makeMember } from "./members.js";
import { agentView, membership, queueView } from "./model.js";
import { makeOthers } from "./others.js";
import { LEAST, PLOTTED } from "./queues.js";
import { isLevel, makePlot } from "./spark.js";

/** @import { Center, QueueCall, State } from "/lib/xucd.js" */
/** @import { QueueFigure } from "../shared/figures.js" */
/** @import { Acts } from "./acts.js" */
/** @import { History, Plotted } from "./history.js" */
/** @import { AgentTile } from "./model.js" */
/** @import { Panel } from "./panel.js" */

/** @typedef {AgentTile & {penalty: number, removed: boolean, difference: string}} MemberView */

/** @type {QueueFigure[]} */
const FIGURES = ["entered", "answered", "abandoned", "timedOut", "callbacks", "diverted", "unseen",
  "closed", "answeredShare", "answeredSoon", "expected"];
const VALUES = 90;

/** The panel of a queue; `open(agentId)` is called for an agent whose name is pressed.
 * @param {number} id
 * @param {Center} center
 * @param {Acts} act
 * @param {(agentId: number) => void} open
 * @returns {Panel}
 */
export function queuePanel(id, center, act, open) {
  const others = makeOthers(id, center);
  const title = make("h2", { id: "panel-title", tabindex: "-1" });
  let named = "";
  const plots = PLOTTED.map((name) => beginPlot(name));
  const spanTitle = make("h3", {});
  const figures = make("dl", { class: "figures" });
  const callers = make("ol", { class: "callers" });
  const nobody = make("p", { class: "empty", text: t("panel.no-callers") });
  const members = make("ul", { class: "members" });
  const none = make("p", { class: "empty", text: t("panel.no-members") });
  const adder = makeAdder("add-agent", t("panel.add-agent"),
    (agentId, penalty) => act.add(agentId, id, penalty));
  const root = make("div", { class: "panel-body" },
    make("h3", { text: t("panel.callers") }), callers, nobody,
    spanTitle, make("div", { class: "plots" }, ...plots.map((figure) => figure.root)),
    make("p", { class: "quiet small", text: t("panel.plots.since") }),
    make("h3", { text: t("panel.members") }), members, none, adder.root, others.root,
    make("h3", { text: t("panel.today") }), figures);
  const showFigures = keepFigures(figures, "queue");
  const showCallers = keepList(callers, {
    key: (/** @type {QueueCall} */ call) => `${call.queueTime} ${call.number} ${call.name}`,
    begin: beginCaller,
    fill: fillCaller,
    end: (parts) => countFrom(parts.timer, null),
  });
  const showMembers = keepList(members, {
    key: (/** @type {MemberView} */ view) => view.id,
    begin: (view) => beginMember(view, id, act, open),
    fill: (row, view) => fillAgent(row, view, named),
  });
  const membersOf = (/** @type {State} */ current) => [...current.agents.values()]
    .flatMap((agent) => {
      const known = membership(agent, id);
      return known ? [{
        ...agentView(agent, current.queues, seesPart(current, agent.id)),
        ...known,
        difference: differenceWords(agent, id),
      }] : [];
    })
    .sort((a, b) => Number(a.removed) - Number(b.removed) || a.penalty - b.penalty || byName(a.name, b.name));

  /**
   * @param {State} current
   * @param {number} alarm
   */
  function show(current, alarm) {
    const queue = current.queues.get(id);
    if (!queue) {
      return; // the board closes the panel
    }
    const view = queueView(queue, alarm);
    named = view.name;
    setText(title, `${named} · ${view.number}`);
    showFigures(FIGURES.map((name) => ({ name, words: figureWords(name, view[name]) })));
    const waiting = queue.calls;
    showCallers(waiting);
    nobody.hidden = waiting.length > 0;
    const inside = membersOf(current);
    showMembers(inside);
    none.hidden = inside.length > 0;
    adder.offer([...current.agents.values()]
      .filter((agent) => !agent.queues.has(id))
      .map((agent) => ({ id: agent.id, name: `${agent.firstName} ${agent.lastName}`.trim() }))
      .sort((a, b) => byName(a.name, b.name)));
  }

  /**
   * @param {History} history
   * @param {number} now
   * @param {number} span
   */
  function plot(history, now, span) {
    const minutes = span / 60000;
    setText(spanTitle, t("panel.plots", { n: minutes }));
    for (const { name, draw } of plots) {
      draw(history.series(id, name, { now, span, count: VALUES }), minutes);
    }
  }

  show(center.state, 60);
  return {
    root,
    title,
    show,
    plot,
    gone: (current) => !current.queues.has(id),
    close() {
      showCallers([]);
      others.close();
    },
  };
}

/**
 * @param {QueueFigure} name
 * @param {number} value
 */
function figureWords(name, value) {
  if (name === "expected") {
    return duration(value * 1000);
  }
  return name === "answeredShare" || name === "answeredSoon"
    ? t("board.share", { n: formatNumber(Math.round(value)) }) : formatNumber(value);
}

/** @param {Plotted} name */
function beginPlot(name) {
  const plot = makePlot(name, 300, 70);
  const words = make("span", { class: "quiet small number" });
  const top = make("span", { class: "top-mark quiet number" });
  const from = make("span", { class: "quiet small number" });
  const root = make("figure", { class: "figure-plot" },
    make("figcaption", { class: "row" },
      make("span", { class: "name", text: t(`board.${name}`) }), words),
    make("div", { class: "framed", "aria-hidden": "true" }, plot.root, top),
    make("div", { class: "axis", "aria-hidden": "true" }, from,
      make("span", { class: "quiet small", text: t("panel.now") })));
  const read = (/** @type {number} */ value) => (name === "longest" ? duration(value * 1000) : formatNumber(value));
  return {
    name,
    root,
    /**
     * @param {number[]} values
     * @param {number} minutes
     */
    draw(values, minutes) {
      const highest = plot.draw(values, LEAST[name]);
      const known = values.filter((value) => !Number.isNaN(value));
      const level = isLevel(name);
      const most = level ? Math.max(0, ...known) : known.reduce((sum, value) => sum + value, 0);
      setText(words, t(level ? "panel.most" : "panel.sum", { n: read(most) }));
      setText(top, read(highest));
      setText(from, `−${t("board.minutes", { n: minutes })}`);
    },
  };
}

function beginCaller() {
  const caller = make("span", { class: "name" });
  const timer = make("span", { class: "timer" });
  return { caller, timer, since: "", root: make("li", {}, caller, timer) };
}

/**
 * @param {ReturnType<typeof beginCaller>} parts
 * @param {QueueCall} call
 */
function fillCaller(parts, call) {
  const named = [call.name, call.number].filter(Boolean).join(" · ");
  setText(parts.caller, named || t("panel.anonymous"));
  if (parts.since !== call.queueTime) {
    parts.since = call.queueTime;
    countFrom(parts.timer, Date.parse(call.queueTime));
  }
}

/**
 * @param {MemberView} view
 * @param {number} queueId
 * @param {Acts} act
 * @param {(agentId: number) => void} open
 */
function beginMember(view, queueId, act, open) {
  const name = make("button", { type: "button", class: "plain compact name" });
  const state = make("span", { class: "state small" });
  name.addEventListener("click", () => open(view.id));
  const row = makeMember(make("span", { class: "member-of" }, name, state), {
    setPenalty: (penalty) => act.setPenalty(view.id, queueId, penalty),
    remove: () => act.remove(view.id, queueId),
  });
  return Object.assign(row, { name, state });
}

/**
 * @param {ReturnType<typeof beginMember>} row
 * @param {MemberView} view
 * @param {string} queue the name of the queue
 */
function fillAgent(row, view, queue) {
  setText(row.name, view.name);
  setText(row.difference, view.difference);
  setText(row.state, stateWords(view.state));
  setAttribute(row.state, "class", `state small ${stateLook(view.state)}`);
  fillMember(row, view, t("panel.penalty.of", { name: view.name }),
    t("panel.remove.from", { name: view.name, queue }));
}
