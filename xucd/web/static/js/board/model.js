/* From what xucd told to what the board shows: pure functions of `center.state`.

Nothing here knows the page. Times are milliseconds since the epoch, figures as xucd counts them. */

import { QUEUE_STATISTICS as FIGURES } from "../../lib/table.js";
import { rankOf, STATES_BY_RANK } from "../shared/state-table.js";

/** An agent as its tile shows it. */
export function agentView(agent, queues) {
  const state = agent.state ?? {};
  const name = state.name ?? "AgentLoggedOut";
  return {
    id: agent.id,
    name: `${agent.firstName} ${agent.lastName}`.trim(),
    number: agent.number,
    groupId: agent.groupId,
    state: name,
    told: { ...state, name },
    rank: rankOf(name),
    since: name === "AgentLoggedOut" ? null : agent.since,
    line: state.phoneNb ?? "",
    acd: state.acd ?? false,
    recording: state.monitorState ?? "",
    queues: memberships(agent, queues),
  };
}

/** An agent's queues that may be seen: [{id, name, penalty}], by name. */
export function memberships(agent, queues) {
  return [...agent.queues]
    .filter(([id]) => queues.has(id))
    .map(([id, penalty]) => ({ id, name: queueName(queues.get(id)), penalty }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** A queue's name for a person. */
export function queueName(queue) {
  return queue.displayName || queue.name;
}

/** A queue as its row shows it; `alarm` is the wait, in seconds, that is too long. */
export function queueView(queue, alarm) {
  const figure = (name) => queue.statistics?.[name] ?? 0;
  const view = {
    id: queue.id,
    name: queueName(queue),
    number: queue.number ?? "",
    waiting: figure(FIGURES.WAITING_CALLS),
    longest: figure(FIGURES.LONGEST_WAIT),
    answered: figure(FIGURES.ANSWERED),
    abandoned: figure(FIGURES.ABANDONED),
    abandonedShare: figure(FIGURES.ABANDONED_SHARE),
    answeredShare: figure(FIGURES.ANSWERED_SHARE),
    answeredSoon: figure(FIGURES.ANSWERED_SOON_SHARE),
    entered: figure(FIGURES.ENTERED),
    timedOut: figure(FIGURES.TIMED_OUT),
    closed: figure(FIGURES.CLOSED),
    expected: figure(FIGURES.EXPECTED_WAIT),
    ready: figure(FIGURES.AVAILABLE_AGENTS),
    talking: figure(FIGURES.TALKING_AGENTS),
    loggedIn: figure(FIGURES.LOGGED_IN_AGENTS),
  };
  view.level = levelOf(view, alarm);
  return view;
}

/** How much a queue needs somebody: "calm", "waiting", "warn" or "alarm". */
export function levelOf({ waiting, longest, loggedIn }, alarm) {
  if (waiting === 0) {
    return "calm";
  }
  if (longest >= alarm || loggedIn === 0) {
    return "alarm";
  }
  return longest >= alarm / 2 ? "warn" : "waiting";
}

/** All queues together. */
export function totals(views) {
  const sum = { waiting: 0, longest: 0, answered: 0, abandoned: 0 };
  for (const view of views) {
    sum.waiting += view.waiting;
    sum.longest = Math.max(sum.longest, view.longest);
    sum.answered += view.answered;
    sum.abandoned += view.abandoned;
  }
  return sum;
}

/** How queues can be put in order: by name each has a place of its own, which it keeps. */
export const QUEUE_ORDERS = {
  name: () => 0,
  waiting: (a, b) => b.waiting - a.waiting || b.longest - a.longest,
  longest: (a, b) => b.longest - a.longest || b.waiting - a.waiting,
};

/** How agents can be put in order; names decide between equals. */
export const AGENT_ORDERS = {
  state: (a, b) => a.rank - b.rank,
  name: () => 0,
};

/** Whether an agent is among those looked for.

`wanted` is {words, states, group, queue}: text, a Set of states (empty for all), ids or null. */
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

/** Whether each of the words that were typed is in the text, accents and case aside. */
export function wordsMatch(words, text) {
  const plain = plainly(text);
  return plainly(words).split(/\s+/).every((word) => plain.includes(word));
}

/** Text without its accents and case: "Maricé" is found by "marice". */
export function plainly(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** How many agents are in which state: Map of a state's name to a number, in the states' order. */
export function stateCounts(views) {
  const counts = new Map(STATES_BY_RANK.map((name) => [name, 0]));
  for (const view of views) {
    counts.set(view.state, (counts.get(view.state) ?? 0) + 1);
  }
  return counts;
}

/** What may be done with an agent as it is now: each name true or false. */
export function possible(view) {
  const out = view.state === "AgentLoggedOut";
  return {
    logIn: out,
    logOut: !out,
    pause: !out,
    ready: view.state === "AgentOnPause" || view.state === "AgentOnWrapup",
    listen: view.state === "AgentOnCall",
    pauseRecording: view.recording === "ACTIVE" && view.acd,
    resumeRecording: view.recording === "PAUSED" && view.acd,
  };
}
