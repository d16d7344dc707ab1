/* What xucd has told: plain facts, changed by its messages alone and never by what was clicked. */

/** Nothing known yet. Times are milliseconds of `performance.now()`. */
export function blank() {
  return {
    user: null, // {agentId, fullName, ...}
    profile: "NoRight",
    statuses: [], // [{name, longName, color, actions}]
    status: "", // the name of the user's own
    line: "", // the number of the user's own line
    agents: null, // Map: id -> {id, name, number}; null until told
    queues: new Map(), // id -> display name
    members: new Map(), // agent id -> Set of queue ids
    states: new Map(), // agent id -> {name, phone, cause, call, startedAt}
    lostSince: null, // a Date while xucd cannot reach Asterisk
  };
}

/** Takes one message into the facts; `now` is its time. */
export function take(facts, type, body, now) {
  TAKES[type]?.(facts, body, now);
}

const TAKES = {
  LoggedOn(facts, body) {
    // Asterisk's state follows; what was missed may hold the news that it is lost.
    if (!body.recovered) {
      facts.lostSince = null;
    }
  },
  RightProfile(facts, body) {
    facts.profile = body.profile;
  },
  UsersStatuses(facts, body) {
    facts.statuses = body;
  },
  UserConfigUpdate(facts, body) {
    facts.user = body;
  },
  UserStatusUpdate(facts, body) {
    facts.status = body.status;
  },
  LineConfig(facts, body) {
    facts.line = body.phoneNumber;
  },
  LinkStatus(facts, body) {
    facts.lostSince = body.asterisk === "lost" ? new Date(body.since) : null;
  },
  AgentList(facts, body) {
    facts.agents = new Map(body.map((agent) => [agent.id, known(agent)]));
  },
  AgentConfig(facts, body) {
    facts.agents?.set(body.id, known(body));
  },
  QueueList(facts, body) {
    facts.queues = new Map(body.map((queue) => [queue.id, queue.displayName]));
  },
  QueueConfig(facts, body) {
    facts.queues.set(body.id, body.displayName);
  },
  QueueMemberList(facts, body) {
    facts.members = new Map();
    body.forEach((member) => join(facts.members, member));
  },
  QueueMember(facts, body) {
    join(facts.members, body);
  },
  AgentStateEvent(facts, body, now) {
    facts.states.set(body.agentId, entered(facts.states.get(body.agentId), body, now));
  },
};

function known({ id, firstName, lastName, number }) {
  return { id, number, name: `${firstName} ${lastName}`.trim() };
}

function join(members, { agentId, queueId, penalty }) {
  if (!members.has(agentId)) {
    members.set(agentId, new Set());
  }
  if (penalty < 0) {
    members.get(agentId).delete(queueId);
  } else {
    members.get(agentId).add(queueId);
  }
}

function entered(before, body, now) {
  const { name, phoneNb: phone, cause = "", acd, direction, callType, monitorState } = body;
  const call = name === "AgentOnCall" ? { acd, direction, callType, monitorState } : null;
  let startedAt = now - body.since * 1000;
  // Told again in whole seconds, a state has not begun anew: its timer must not jump.
  if (before?.name === name && Math.abs(before.startedAt - startedAt) < 1500) {
    startedAt = before.startedAt;
  }
  return { name, phone, cause, call, startedAt };
}
