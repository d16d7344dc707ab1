/* From the library's state to what the board shows: pure functions, without the page.

Times are milliseconds since the epoch, figures as xucd counts them. */

import { queueFigures } from "../shared/figures.js";
import { STATES as KNOWN, canBeReadied, isInNoQueue, stateRow, talksIn }
  from "../shared/state-table.js";

/** @import { AgentView, QueueView } from "/lib/xucd.js" */

/** @typedef {Map<number, Pick<QueueView, "name" | "displayName">>} Queues */
/** @typedef {Pick<AgentView, "queues" | "configured">} Memberships */
/** @typedef {ReturnType<typeof agentView>} AgentTile */
/** @typedef {ReturnType<typeof queueView>} QueueRow */
/** @typedef {Pick<QueueRow, "waiting" | "longest" | "answered" | "abandoned" | "timedOut">} Totals */

/**
 * What agents are searched for by: words, states (none for all), a group's and a queue's id.
 * @typedef {object} Wanted
 * @property {string} words
 * @property {Set<string>} states
 * @property {number | null} group
 * @property {number | null} queue
 */

/** The states, first those that a supervisor acts on. */
export const STATES = [...KNOWN].sort((a, b) => rankOf(a) - rankOf(b));

/** @param {string} name */
function rankOf(name) {
  return stateRow(name)?.rank ?? Infinity;
}

/** An agent as its tile shows it; `part` says that it may be in queues that the user does not see.
 * @param {AgentView} agent
 * @param {Queues} queues
 */
export function agentView(agent, queues, part = false) {
  const { state } = agent;
  const name = state?.name ?? "AgentLoggedOut";
  const inQueues = memberships(agent, queues);
  return {
    id: agent.id,
    name: `${agent.firstName} ${agent.lastName}`.trim(),
    number: agent.number,
    groupId: agent.groupId,
    state: name,
    details: { cause: "", ...state, name, inNoQueue: isInNoQueue(agent), part },
    rank: rankOf(name),
    since: name === "AgentLoggedOut" ? null : agent.since,
    line: state?.phoneNb ?? "",
    pbx: state?.pbx,
    acd: state?.acd ?? false,
    recording: state?.monitorState ?? "",
    memberships: inQueues,
    queues: inQueues.filter(({ removed }) => !removed),
  };
}

/** An agent's memberships of queues that the user may see, sorted by the queue's name.
 * @param {Memberships} agent
 * @param {Queues} queues
 */
export function memberships(agent, queues) {
  return [...new Set([...agent.queues.keys(), ...agent.configured.keys()])]
    .flatMap((id) => {
      const queue = queues.get(id);
      const known = membership(agent, id);
      return queue && known ? [{ id, name: queueName(queue), ...known }] : [];
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** An agent's membership of a queue. One that another program has ended is `removed`, its penalty
 * is the configured one; null if there is none.
 * @param {Memberships} agent
 * @param {number} queueId
 */
export function membership(agent, queueId) {
  const penalty = agent.queues.get(queueId);
  if (penalty !== undefined) {
    return { penalty, removed: false };
  }
  const configured = agent.configured.get(queueId) ?? -1;
  return configured < 0 ? null : { penalty: configured, removed: true };
}

/** A queue's name for a person.
 * @param {Pick<QueueView, "name" | "displayName">} queue
 */
export function queueName(queue) {
  return queue.displayName || queue.name;
}

/** A queue as its row shows it; `alarm` is the wait, in seconds, that is too long. What is `stale` may
 * be out of date.
 * @param {QueueView} queue
 * @param {number} alarm
 */
export function queueView(queue, alarm, stale = false) {
  const figures = queueFigures(queue);
  return {
    id: queue.id,
    name: queueName(queue),
    number: queue.number,
    ...figures,
    level: levelOf(figures, alarm),
    stale,
  };
}

/** How urgently a queue needs agents: "calm", "waiting", "warn" or "alarm".
 * @param {{waiting: number, longest: number, loggedIn: number}} figures
 * @param {number} alarm
 */
export function levelOf({ waiting, longest, loggedIn }, alarm) {
  if (waiting === 0) {
    return "calm";
  }
  if (longest >= alarm || loggedIn === 0) {
    return "alarm";
  }
  return longest >= alarm / 2 ? "warn" : "waiting";
}

/** All queues together.
 * @param {Iterable<Totals>} views
 */
export function totals(views) {
  const sum = { waiting: 0, longest: 0, answered: 0, abandoned: 0, timedOut: 0 };
  for (const view of views) {
    sum.waiting += view.waiting;
    sum.longest = Math.max(sum.longest, view.longest);
    sum.answered += view.answered;
    sum.abandoned += view.abandoned;
    sum.timedOut += view.timedOut;
  }
  return sum;
}

/** The orders of queues; names decide between equals.
 * @type {Record<string, (a: QueueRow, b: QueueRow) => number>}
 */
export const QUEUE_ORDERS = {
  name: () => 0,
  waiting: (a, b) => b.waiting - a.waiting || b.longest - a.longest,
  longest: (a, b) => b.longest - a.longest || b.waiting - a.waiting,
};

/** The orders of agents; names decide between equals.
 * @type {Record<string, (a: AgentTile, b: AgentTile) => number>}
 */
export const AGENT_ORDERS = {
  state: (a, b) => a.rank - b.rank,
  name: () => 0,
};

/** Whether an agent matches a search.
 * @param {AgentTile} view
 * @param {Wanted} wanted
 */
export function agentMatches(view, wanted) {
  if (wanted.states.size > 0 && !wanted.states.has(view.state)) {
    return false;
  }
  if (wanted.group !== null && view.groupId !== wanted.group) {
    return false;
  }
  if (wanted.queue !== null && !view.queues.some((queue) => queue.id === wanted.queue)) {
    return false;
  }
  return wordsMatch(wanted.words, `${view.name} ${view.number} ${view.line}`);
}

/** Whether a text contains each of the words, whatever their accents and case.
 * @param {string} words
 * @param {string} text
 */
export function wordsMatch(words, text) {
  const plain = plainly(text);
  return plainly(words).split(/\s+/).every((word) => plain.includes(word));
}

/** Text without its accents and case: "Maricé" is found by "marice".
 * @param {string} text
 */
export function plainly(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** How many agents are in each state, by its name, in the states' order.
 * @param {Iterable<AgentTile>} views
 */
export function stateCounts(views) {
  const counts = /** @type {Map<string, number>} */ (new Map(STATES.map((name) => [name, 0])));
  for (const view of views) {
    counts.set(view.state, (counts.get(view.state) ?? 0) + 1);
  }
  return counts;
}

/** Which actions an agent's present state allows.
 * @param {Pick<AgentTile, "state" | "details" | "recording" | "acd">} view
 */
export function possible(view) {
  const out = view.state === "AgentLoggedOut";
  return {
    logIn: out || view.details.inNoQueue,
    logOut: !out,
    pause: !out,
    ready: canBeReadied(view.state) && (!view.details.inNoQueue || Boolean(view.details.part)),
    listen: talksIn(view.state),
    pauseRecording: view.recording === "ACTIVE" && view.acd,
    resumeRecording: view.recording === "PAUSED" && view.acd,
  };
}
