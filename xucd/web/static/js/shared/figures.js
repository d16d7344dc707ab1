/* The figures that pages show: the pages' own names, and the statistics that they stand for. */

import { AGENT_STATISTICS, QUEUE_STATISTICS } from "../../lib/table.js";

/** An agent's statistics of the day. */
export const AGENT_FIGURES = {
  inbound: AGENT_STATISTICS.INBOUND_CALLS,
  answered: AGENT_STATISTICS.INBOUND_ANSWERED,
  missed: AGENT_STATISTICS.INBOUND_UNANSWERED,
  inboundTime: AGENT_STATISTICS.INBOUND_CALL_TIME,
  ringTime: AGENT_STATISTICS.INBOUND_RING_TIME,
  outbound: AGENT_STATISTICS.OUTBOUND_CALLS,
  outboundTime: AGENT_STATISTICS.OUTBOUND_CALL_TIME,
  readyTime: AGENT_STATISTICS.READY_TIME,
  pausedTime: AGENT_STATISTICS.PAUSED_TIME,
  wrapupTime: AGENT_STATISTICS.WRAPUP_TIME,
};

/** A queue's statistics of the day. */
export const QUEUE_FIGURES = {
  waiting: QUEUE_STATISTICS.WAITING_CALLS,
  longest: QUEUE_STATISTICS.LONGEST_WAIT,
  answered: QUEUE_STATISTICS.ANSWERED,
  abandoned: QUEUE_STATISTICS.ABANDONED,
  abandonedShare: QUEUE_STATISTICS.ABANDONED_SHARE,
  answeredShare: QUEUE_STATISTICS.ANSWERED_SHARE,
  answeredSoon: QUEUE_STATISTICS.ANSWERED_SOON_SHARE,
  entered: QUEUE_STATISTICS.ENTERED,
  timedOut: QUEUE_STATISTICS.TIMED_OUT,
  callbacks: QUEUE_STATISTICS.CALLBACKS,
  diverted: QUEUE_STATISTICS.DIVERTED,
  unseen: QUEUE_STATISTICS.UNSEEN,
  closed: QUEUE_STATISTICS.CLOSED,
  expected: QUEUE_STATISTICS.EXPECTED_WAIT,
  ready: QUEUE_STATISTICS.AVAILABLE_AGENTS,
  talking: QUEUE_STATISTICS.TALKING_AGENTS,
  loggedIn: QUEUE_STATISTICS.LOGGED_IN_AGENTS,
};

/** @typedef {keyof typeof AGENT_FIGURES} AgentFigure */
/** @typedef {keyof typeof QUEUE_FIGURES} QueueFigure */

/** @typedef {{statistics: Record<string, string | number>}} HasStatistics */

/** An agent's figures as numbers, 0 for what xucd has not sent.
 * @param {HasStatistics} agent
 */
export function agentFigures({ statistics }) {
  return numbers(AGENT_FIGURES, statistics);
}

/** Whether xucd has sent an agent's figures.
 * @param {HasStatistics} agent
 */
export function hasAgentFigures({ statistics }) {
  return AGENT_FIGURES.inbound in statistics;
}

/** A queue's figures as numbers, 0 for what xucd has not sent.
 * @param {HasStatistics} queue
 */
export function queueFigures({ statistics }) {
  return numbers(QUEUE_FIGURES, statistics);
}

/** Whether xucd has sent a queue's figures.
 * @param {HasStatistics} queue
 */
export function hasQueueFigures({ statistics }) {
  return QUEUE_FIGURES.waiting in statistics;
}

/**
 * @template {string} Name
 * @param {Record<Name, string>} names
 * @param {Record<string, string | number>} statistics
 * @returns {Record<Name, number>}
 */
function numbers(names, statistics) {
  const entries = Object.entries(names);
  return /** @type {Record<Name, number>} */ (Object.fromEntries(
    entries.map(([name, statistic]) => [name, Number(statistics[String(statistic)] ?? 0)])));
}
