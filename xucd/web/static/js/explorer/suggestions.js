/* What may go into a command's arguments, out of what xucd has told so far. */

const OF = {
  agentid: agents,
  agentId: agents,
  queueId: queues,
  fromQueueId: queues,
  toQueueId: queues,
  groupId: ({ groups }) => [...groups.values()].map(({ id, name }) => [id, name]),
  userId: ({ agents: known }) =>
    [...known.values()].filter(({ userId }) => userId).map((one) => [one.userId, fullName(one)]),
  status: ({ statuses }) => statuses.map(({ name, longName }) => [name, longName]),
  reason: ({ statuses }) => statuses.map(({ name, longName }) => [name, longName]),
  agentphonenumber: ({ line }) => (line ? [[line.phoneNumber, line.name]] : []),
  uniqueId: ({ calls }) => [...calls.values()].map((call) => [call.uniqueId, call.otherDN]),
  uuid: ({ callbacks }) => [...callbacks.requests.values()].map((one) => [one.uuid, person(one)]),
  number: ({ callbacks }) =>
    [...callbacks.requests.values()].map((one) => [one.phoneNumber, person(one)]),
  voiceMessageRef: ({ callbacks }) =>
    [...callbacks.requests.values()]
      .filter((one) => one.voiceMessageRef)
      .map((one) => [one.voiceMessageRef, person(one)]),
  periodUuid: ({ callbacks }) => callbacks.periods.map(({ uuid, name }) => [uuid, name]),
};

/** Values for an argument with words for each, from the library's state. */
export function suggestions(name, state) {
  return OF[name]?.(state) ?? [];
}

function agents({ agents: known }) {
  return [...known.values()].map((one) => [one.id, fullName(one)]);
}

function queues({ queues: known }) {
  return [...known.values()].map((one) => [one.id, one.displayName ?? one.name ?? ""]);
}

function fullName({ firstName = "", lastName = "" }) {
  return `${firstName} ${lastName}`.trim();
}

function person({ firstName, lastName, phoneNumber }) {
  return [firstName, lastName, phoneNumber].filter(Boolean).join(" ");
}
