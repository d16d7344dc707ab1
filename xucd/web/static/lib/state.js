/* The state: plain facts, changed by xucd's messages alone and never by a command that was sent.

Times are milliseconds as `Date.now()` tells them. Entries are changed in place: an agent stays the
same object for as long as it is known. */

/** @import { AgentStateEvent, AgentView, CallbackView, LinkStatus, Messages, Part } from "./xucd.js" */
/** @import { PhoneEvent, QueueMember, QueueView, State, UserQueueDefaultMembership } from "./xucd.js" */

/**
 * Is called for what became different: a part of the state, and the key within it if it is known.
 * @typedef {(part: Part, key?: number | string) => void} Changed
 */

const SHEETS = 50; // how many of the last sheets are kept

/** The state before the first message.
 * @returns {State}
 */
export function blank() {
  return {
    user: null, // body of UserConfigUpdate
    rights: { profile: "NoRight", rights: [] },
    line: null, // body of LineConfig, null for a user without one
    userStatus: "", // a name out of statuses
    phoneStatus: "",
    statuses: [], // [{name, longName, color, actions}]
    asterisk: "current", // or "lost", of any PBX, since asteriskSince
    asteriskSince: null,
    pbxs: new Map(), // name -> {asterisk, since}, in a centre of several nodes
    link: "closed", // or "opened", "catching-up"
    agents: new Map(), // id -> see agent()
    groups: new Map(), // id -> {id, name}
    queues: new Map(), // id -> see queue()
    calls: new Map(), // uniqueId -> PhoneEvent body, since, began, answered
    phones: new Map(), // number -> status, of subscribeToPhoneHints
    sheets: [], // newest first
    callbacks: { lists: new Map(), requests: new Map(), periods: [] },
    memberships: new Map(), // user id -> Map: queue id -> penalty
  };
}

/** Applies one message to the state.
 * @param {State} state
 * @param {string} type
 * @param {unknown} body
 * @param {Changed} changed
 */
export function apply(state, type, body, changed) {
  /** @type {Record<string, (state: State, body: any, changed: Changed, now: number) => void>} */
  const changes = CHANGES;
  changes[type]?.(state, body, changed, Date.now());
}

/**
 * @type {{[T in keyof Messages]?:
 *   (state: State, body: Messages[T], changed: Changed, now: number) => void}}
 */
const CHANGES = {
  LoggedOn(state, body, changed) {
    // The missed messages may say that Asterisk is lost; a new stream says it again.
    if (!body.recovered) {
      linkStatus(state, { asterisk: "current" }, changed);
    }
  },
  RightProfile(state, body, changed) {
    state.rights = body;
    changed("user");
  },
  UsersStatuses(state, body, changed) {
    state.statuses = body;
    changed("statuses");
  },
  UserConfigUpdate(state, body, changed) {
    state.user = body;
    changed("user");
  },
  UserStatusUpdate(state, body, changed) {
    state.userStatus = body.status;
    changed("user");
  },
  PhoneStatusUpdate(state, body, changed) {
    state.phoneStatus = body.status;
    changed("user");
  },
  LineConfig(state, body, changed) {
    state.line = body;
    changed("user");
  },
  LinkStatus: linkStatus,

  // --- Agents
  AgentList(state, body, changed) {
    replace(state.agents, body, ({ id, ...entry }) => Object.assign(agent(state, id), entry));
    changed("agents");
  },
  AgentConfig(state, body, changed) {
    const { firstName, lastName, number, context, groupId, userId } = body;
    const known = agent(state, body.id);
    Object.assign(known, { firstName, lastName, number, context, groupId, userId });
    forget(known);
    body.member.forEach((member) => join(state, {
      agentId: body.id,
      queueId: member.queue_id,
      penalty: member.penalty,
      configuredPenalty: member.configured_penalty,
      missing: member.missing,
    }));
    body.removed?.forEach(({ queue_id: queueId, configured_penalty: configuredPenalty }) => join(
      state, { agentId: body.id, queueId, penalty: -1, configuredPenalty }));
    changed("agents", body.id);
  },
  AgentGroupList(state, body, changed) {
    state.groups = new Map(body.map((group) => [group.id, group]));
    changed("agents");
  },
  AgentStateEvent(state, body, changed, now) {
    entered(agent(state, body.agentId), body, now);
    changed("agents", body.agentId);
  },
  AgentDirectory(state, body, changed, now) {
    const entries = body.directory.map((entry) => entry.agent);
    replace(state.agents, entries, ({ id, ...entry }) => Object.assign(agent(state, id), entry));
    body.directory.forEach((entry) =>
      entered(agent(state, entry.agent.id), entry.agentState, now));
    changed("agents");
  },
  AgentStatistics(state, body, changed) {
    for (const { name, value } of body.statistics) {
      agent(state, body.id).statistics[name] = value;
    }
    changed("agents", body.id);
  },
  QueueMemberList(state, body, changed) {
    state.agents.forEach(forget);
    body.forEach((member) => join(state, member));
    changed("agents");
  },
  QueueMember(state, body, changed) {
    join(state, body);
    changed("agents", body.agentId);
  },

  // --- Queues
  QueueList(state, body, changed) {
    replace(state.queues, body, ({ id, ...entry }) => Object.assign(queue(state, id), entry));
    changed("queues");
  },
  QueueConfig(state, body, changed) {
    Object.assign(queue(state, body.id), body);
    changed("queues", body.id);
  },
  QueueStatistics(state, body, changed) {
    for (const { statName, value } of body.counters) {
      queue(state, body.queueId).statistics[statName] = value;
    }
    changed("queues", body.queueId);
  },
  QueueCalls(state, body, changed) {
    queue(state, body.queueId).calls = body.calls;
    changed("queues", body.queueId);
  },

  // --- The user's own phone
  PhoneEvent(state, body, changed, now) {
    call(state, body, now);
    changed("calls", body.uniqueId);
  },
  CurrentCallsPhoneEvents(state, body, changed, now) {
    const present = new Set(body.events.map((event) => event.uniqueId));
    for (const uniqueId of state.calls.keys()) {
      if (!present.has(uniqueId)) {
        state.calls.delete(uniqueId);
      }
    }
    body.events.forEach((event) => call(state, event, now));
    changed("calls");
  },
  PhoneHintStatusEvent(state, body, changed) {
    state.phones.set(body.number, body.status);
    changed("phones", body.number);
  },
  Sheet(state, body, changed) {
    const items = [...body.payload.profile.user.sheetInfo].sort((a, b) => a.order - b.order);
    state.sheets.unshift({ ...body, items, at: body.timenow * 1000 });
    state.sheets.length = Math.min(state.sheets.length, SHEETS);
    changed("sheets");
  },

  // --- Callbacks
  CallbackLists({ callbacks }, body, changed) {
    callbacks.lists = new Map(
      body.map(({ uuid, name, queueId }) => [uuid, { uuid, name, queueId }]),
    );
    const requests = body.flatMap((list) => list.callbacks);
    const tickets = callbacks.requests;
    callbacks.requests = new Map(
      requests.map((callback) => {
        const ticketUuid = tickets.get(callback.uuid)?.ticketUuid;
        return [callback.uuid, { ticketUuid, ...callback }];
      }),
    );
    changed("callbacks");
  },
  PreferredCallbackPeriodList({ callbacks }, body, changed) {
    callbacks.periods = body;
    changed("callbacks");
  },
  CallbackTaken(state, body, changed) {
    request(state, body.uuid, { agentId: body.agentId }, changed);
  },
  CallbackReleased(state, body, changed) {
    request(state, body.uuid, { agentId: null, ticketUuid: undefined }, changed);
  },
  CallbackStarted(state, body, changed) {
    request(state, body.requestUuid, { ticketUuid: body.ticketUuid }, changed);
  },
  CallbackClotured({ callbacks }, body, changed) {
    callbacks.requests.delete(body.uuid);
    changed("callbacks", body.uuid);
  },
  CallbackRequestUpdated({ callbacks }, body, changed) {
    callbacks.requests.set(body.request.uuid, body.request);
    changed("callbacks", body.request.uuid);
  },

  // --- Default memberships
  UsersQueueDefaultMembership(state, body, changed) {
    state.memberships = new Map(body.memberships.map((entry) => [entry.userId, penalties(entry)]));
    changed("memberships");
  },
  UserQueueDefaultMembership(state, body, changed) {
    state.memberships.set(body.userId, penalties(body));
    changed("memberships", body.userId);
  },
};

/** One PBX is lost or current: the one that is named, or else all that there is.
 * @param {State} state
 * @param {LinkStatus} body
 * @param {Changed} changed
 */
function linkStatus(state, { asterisk, since, pbx }, changed) {
  const told = { asterisk, since: since === undefined ? null : Date.parse(since) };
  const before = pbx === undefined ? state : state.pbxs.get(pbx);
  const isNew = before?.asterisk !== asterisk || asterisk === "lost";
  if (pbx === undefined) {
    state.pbxs.clear();
  } else {
    state.pbxs.set(pbx, told);
  }
  const all = pbx === undefined ? [told] : [...state.pbxs.values()];
  const lost = all.filter((each) => each.asterisk === "lost");
  const times = lost.flatMap((each) => each.since ?? []);
  state.asterisk = lost.length > 0 ? "lost" : "current";
  state.asteriskSince = times.length > 0 ? Math.min(...times) : null;
  if (isNew) {
    changed("link");
  }
}

/** The agent of this id, known from now on.
 * @param {State} state
 * @param {number} id
 * @returns {AgentView}
 */
function agent(state, id) {
  let known = state.agents.get(id);
  if (known === undefined) {
    known = {
      id,
      firstName: "",
      lastName: "",
      number: "",
      groupId: null,
      userId: null,
      state: null, // {name, phoneNb, cause, acd, direction, callType, monitorState}
      since: null, // when that began
      queueIds: [], // of all its queues
      queues: new Map(), // id -> penalty
      configured: new Map(), // id -> configured penalty, -1 for none, where Asterisk has another
      missing: new Set(), // the ids of queues that it is yet to be in
      statistics: {}, // name -> value
    };
    state.agents.set(id, known);
  }
  return known;
}

/** The queue of this id, known from now on.
 * @param {State} state
 * @param {number} id
 * @returns {QueueView}
 */
function queue(state, id) {
  let known = state.queues.get(id);
  if (known === undefined) {
    known = {
      id,
      name: "",
      displayName: "",
      number: "",
      statistics: {}, // name -> value
      calls: [], // who waits: [{position, name, number, queueTime}]
    };
    state.queues.set(id, known);
  }
  return known;
}

/** Makes a map hold these entries alone.
 * @template {{id: number}} T
 * @param {Map<number, unknown>} known
 * @param {T[]} entries
 * @param {(entry: T) => void} put
 */
function replace(known, entries, put) {
  const present = new Set(entries.map((entry) => entry.id));
  for (const id of known.keys()) {
    if (!present.has(id)) {
      known.delete(id);
    }
  }
  entries.forEach(put);
}

/**
 * @param {AgentView} known
 * @param {AgentStateEvent} body
 * @param {number} now
 */
function entered(known, body, now) {
  const { agentId, since, queues, ...state } = body;
  const began = now - since * 1000;
  // Told again in whole seconds, a state has not begun anew: its timer must not jump.
  const same = known.state?.name === state.name && Math.abs((known.since ?? 0) - began) < 1500;
  known.state = { cause: "", ...state };
  known.queueIds = queues;
  known.since = same ? known.since : began;
}

/**
 * @param {State} state
 * @param {QueueMember} member
 */
function join(state, { agentId, queueId, penalty, configuredPenalty, missing }) {
  const known = agent(state, agentId);
  const others = known.queueIds.filter((id) => id !== queueId);
  if (penalty < 0) {
    known.queues.delete(queueId);
    known.queueIds = others; // a change of queues comes without a state
  } else {
    known.queues.set(queueId, penalty);
    known.queueIds = [...others, queueId];
  }
  if (configuredPenalty === undefined) {
    known.configured.delete(queueId);
  } else {
    known.configured.set(queueId, configuredPenalty);
  }
  if (missing) {
    known.missing.add(queueId);
  } else {
    known.missing.delete(queueId);
  }
}

/** @param {AgentView} known */
function forget(known) {
  known.queues.clear();
  known.configured.clear();
  known.missing.clear();
}

/**
 * @param {State} state
 * @param {PhoneEvent} body
 * @param {number} now
 */
function call(state, body, now) {
  if (body.eventType === "EventReleased") {
    state.calls.delete(body.uniqueId);
    return;
  }
  const before = state.calls.get(body.uniqueId);
  const established = body.eventType === "EventEstablished";
  state.calls.set(body.uniqueId, {
    ...body,
    since: before?.eventType === body.eventType ? before.since : now,
    began: before?.began ?? now,
    answered: before?.answered ?? (established ? now : null),
  });
}

/**
 * @param {State} state
 * @param {string} uuid
 * @param {Partial<CallbackView>} values
 * @param {Changed} changed
 */
function request({ callbacks }, uuid, values, changed) {
  const known = callbacks.requests.get(uuid);
  if (known !== undefined) {
    Object.assign(known, values);
    changed("callbacks", uuid);
  }
}

/**
 * @param {UserQueueDefaultMembership} entry
 */
function penalties({ membership }) {
  return new Map(membership.map(({ queueId, penalty }) => [queueId, penalty]));
}
