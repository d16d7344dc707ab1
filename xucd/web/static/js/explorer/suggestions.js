/* Values to suggest for a command's arguments, from the library's state. */

import { canBeChosen, pauseChoices } from "../shared/states.js";

/** @import { AgentView, CallbackView, State, UserStatus } from "/lib/xucd.js" */

/** @typedef {[value: string | number, words: string]} Suggestion */

/** Suggestions by the name of the argument.
 * @type {Record<string, (state: State) => Suggestion[]>}
 */
const OF = {
  agentid: agents,
  agentId: agents,
  queueId: queues,
  fromQueueId: queues,
  toQueueId: queues,
  groupId: ({ groups }) => [...groups.values()].map(({ id, name }) => [id, name]),
  userId: ({ agents: known }) =>
    [...known.values()].flatMap((agent) => (agent.userId ? [[agent.userId, fullName(agent)]] : [])),
  status: ({ statuses }) => statuses.filter(canBeChosen).map(named),
  reason: ({ statuses }) => pauseChoices(statuses).map(named),
  agentphonenumber: ({ line }) => (line ? [[line.phoneNumber, line.name]] : []),
  uniqueId: ({ calls }) => [...calls.values()].map(
    (call) => [call.uniqueId, call.otherDN || call.otherDName]),
  uuid: (state) => ofCallbacks(state, ({ uuid }) => uuid),
  number: (state) => ofCallbacks(state, ({ phoneNumber }) => phoneNumber),
  voiceMessageRef: (state) => ofCallbacks(state, ({ voiceMessageRef }) => voiceMessageRef),
  periodUuid: ({ callbacks }) => callbacks.periods.map(({ uuid, name }) => [uuid, name]),
};

/** Values for an argument, each with a text.
 * @param {string} name
 * @param {State} state
 */
export function suggestions(name, state) {
  return OF[name]?.(state) ?? [];
}

/**
 * @param {UserStatus} status
 * @returns {Suggestion}
 */
function named({ name, longName }) {
  return [name, longName];
}

/**
 * @param {State} state
 * @returns {Suggestion[]}
 */
function agents({ agents: known }) {
  return [...known.values()].map((agent) => [agent.id, fullName(agent)]);
}

/**
 * @param {State} state
 * @returns {Suggestion[]}
 */
function queues({ queues: known }) {
  return [...known.values()].map((queue) => [queue.id, queue.displayName]);
}

/** A value of each callback that has it.
 * @param {State} state
 * @param {(callback: CallbackView) => string | null | undefined} value
 * @returns {Suggestion[]}
 */
function ofCallbacks({ callbacks }, value) {
  return [...callbacks.requests.values()].flatMap((callback) => {
    const { firstName, lastName, phoneNumber } = callback;
    const suggested = value(callback);
    const words = [firstName, lastName, phoneNumber].filter(Boolean).join(" ");
    return suggested ? [[suggested, words]] : [];
  });
}

/** @param {AgentView} agent */
function fullName({ firstName, lastName }) {
  return `${firstName} ${lastName}`.trim();
}
