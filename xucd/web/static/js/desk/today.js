/* The day's figures of the user's own agent. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setText } from "../shared/dom.js";
import { agentFigures, hasAgentFigures } from "../shared/figures.js";
import { duration } from "../shared/times.js";
import { formatNumber, t } from "../shared/words.js";

/** @import { AgentView } from "/lib/xucd.js" */
/** @import { AgentFigure } from "../shared/figures.js" */
/** @import { StateName } from "../shared/state-table.js" */
/** @import { Desk } from "./desk.js" */

/** @typedef {Record<AgentFigure, number>} Figures */

/**
 * A figure: a number, or a duration in seconds, which grows while the agent is in a state.
 * @typedef {object} Row
 * @property {string} key
 * @property {(figures: Figures) => number} value
 * @property {boolean} [isDuration]
 * @property {StateName} [grows]
 */

/** @typedef {Row & {me: AgentView}} Item */

/** @type {Row[]} */
const ROWS = [
  { key: "answered", value: ({ answered }) => answered },
  { key: "missed", value: ({ missed }) => missed },
  { key: "outbound", value: ({ outbound }) => outbound },
  { key: "average", value: averageTime, isDuration: true },
  {
    key: "talk", isDuration: true,
    value: ({ inboundTime, outboundTime }) => inboundTime + outboundTime,
  },
  { key: "ready", value: ({ readyTime }) => readyTime, isDuration: true, grows: "AgentReady" },
  { key: "paused", value: ({ pausedTime }) => pausedTime, isDuration: true, grows: "AgentOnPause" },
  { key: "wrapup", value: ({ wrapupTime }) => wrapupTime, isDuration: true, grows: "AgentOnWrapup" },
];

/** When each agent's figures came; durations count up to that moment.
 * @type {Map<number, number>}
 */
const receivedAt = new Map();

const showRows = keepList(byId("figures"), {
  key: (/** @type {Item} */ { key }) => key,
  begin,
  fill,
});

/** Records when an agent's figures came.
 * @param {{id: number}} agent
 */
export function recordTime({ id }) {
  receivedAt.set(id, Date.now());
}

/** Shows the figures.
 * @param {Desk} desk
 */
export function showToday({ me }) {
  const known = me !== null && hasAgentFigures(me);
  byId("today").hidden = !known;
  if (known) {
    showRows(ROWS.map((row) => ({ ...row, me })));
  }
}

/** @param {Row} row */
function begin({ key }) {
  const value = make("dd", { class: "timer" });
  const name = make("dt", { "data-t": `today.${key}`, text: t(`today.${key}`) });
  return { value, root: make("div", { class: `figure ${key}` }, name, value) };
}

/**
 * @param {{value: HTMLElement}} parts
 * @param {Item} item
 */
function fill({ value: element }, { value, isDuration = false, grows, me }) {
  const figure = value(agentFigures(me));
  if (!isDuration) {
    setText(element, formatNumber(figure));
  } else if (grows && me.state?.name === grows) {
    countFrom(element, (receivedAt.get(me.id) ?? Date.now()) - figure * 1000);
  } else {
    countFrom(element, null);
    setText(element, duration(figure * 1000));
  }
}

/** @param {Figures} figures */
function averageTime({ inboundTime, answered }) {
  return answered ? Math.round(inboundTime / answered) : 0;
}
