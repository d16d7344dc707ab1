/* What the user's own agent has done today. */

import { AGENT_STATISTICS as FIGURES } from "../../lib/table.js";
import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setText } from "../shared/dom.js";
import { duration } from "../shared/times.js";
import { formatNumber, t } from "../shared/words.js";

// The figures, and in which state a time still grows.
const ROWS = [
  { key: "answered", number: (of) => of[FIGURES.INBOUND_ANSWERED] },
  { key: "missed", number: (of) => of[FIGURES.INBOUND_UNANSWERED] },
  { key: "outbound", number: (of) => of[FIGURES.OUTBOUND_CALLS] },
  { key: "average", seconds: average },
  { key: "talk", seconds: talk },
  { key: "ready", seconds: (of) => of[FIGURES.READY_TIME], grows: "AgentReady" },
  { key: "paused", seconds: (of) => of[FIGURES.PAUSED_TIME], grows: "AgentOnPause" },
  { key: "wrapup", seconds: (of) => of[FIGURES.WRAPUP_TIME], grows: "AgentOnWrapup" },
];

const toldAt = new Map(); // agent id -> when its figures came
let showRows = null;

/** Notes when figures came: they count up to that moment. */
export function noteFigures({ id }) {
  toldAt.set(id, Date.now());
}

/** Shows the figures. */
export function showToday({ me }) {
  const known = me?.statistics[FIGURES.INBOUND_CALLS] !== undefined;
  byId("today").hidden = !known;
  if (!known) {
    return;
  }
  showRows ??= keepList(byId("figures"), { key: (row) => row.key, begin, fill });
  showRows(ROWS.map((row) => ({ ...row, me })));
}

function begin({ key }) {
  const parts = { value: make("dd", { class: "timer" }) };
  const name = make("dt", { "data-t": `today.${key}`, text: t(`today.${key}`) });
  parts.root = make("div", { class: `figure ${key}` }, name, parts.value);
  return parts;
}

function fill({ value }, { number, seconds, grows, me }) {
  if (number) {
    setText(value, formatNumber(number(me.statistics) ?? 0));
    return;
  }
  const counted = (seconds(me.statistics) ?? 0) * 1000;
  if (grows && me.state?.name === grows) {
    countFrom(value, (toldAt.get(me.id) ?? Date.now()) - counted);
  } else {
    countFrom(value, null);
    setText(value, duration(counted));
  }
}

function talk(of) {
  return (of[FIGURES.INBOUND_CALL_TIME] ?? 0) + (of[FIGURES.OUTBOUND_CALL_TIME] ?? 0);
}

function average(of) {
  const answered = of[FIGURES.INBOUND_ANSWERED];
  return answered ? Math.round(of[FIGURES.INBOUND_CALL_TIME] / answered) : 0;
}
