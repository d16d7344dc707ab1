/* What the user's own agent has done today. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, setText } from "../shared/dom.js";
import { duration } from "../shared/times.js";
import { formatNumber, t } from "../shared/words.js";

// The figures, and in which state a time still grows.
const ROWS = [
  { key: "answered", number: (of) => of.AgentInboundAnsweredCalls },
  { key: "missed", number: (of) => of.AgentInboundUnansweredCalls },
  { key: "outbound", number: (of) => of.AgentOutboundCalls },
  { key: "average", seconds: average },
  { key: "talk", seconds: talk },
  { key: "ready", seconds: (of) => of.AgentReadyTotalTime, grows: "AgentReady" },
  { key: "paused", seconds: (of) => of.AgentPausedTotalTime, grows: "AgentOnPause" },
  { key: "wrapup", seconds: (of) => of.AgentWrapupTotalTime, grows: "AgentOnWrapup" },
];

const toldAt = new Map(); // agent id -> when its figures came
let showRows = null;

/** Notes when figures came: they count up to that moment. */
export function noteFigures({ id }) {
  toldAt.set(id, Date.now());
}

/** Shows the figures. */
export function showToday({ me }) {
  const known = me?.statistics.AgentInboundCalls !== undefined;
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

function talk({ AgentInboundTotalCallTime: inbound, AgentOutboundTotalCallTime: outbound }) {
  return (inbound ?? 0) + (outbound ?? 0);
}

function average({ AgentInboundTotalCallTime: inbound, AgentInboundAnsweredCalls: answered }) {
  return answered ? Math.round(inbound / answered) : 0;
}
