/* How states, pauses and times read. */

const STATES = {
  AgentReady: ["Ready", "ready"],
  AgentRinging: ["Ringing", "ringing"],
  AgentDialing: ["Dialing", "ringing"],
  AgentOnCall: ["On call", "call"],
  AgentOnWrapup: ["Wrap-up", "wrapup"],
  AgentOnPause: ["Paused", "paused"],
  AgentLoggedOut: ["Logged out", "out"],
};

/** A state's name for a person, and its CSS class. */
export function stateWords(name) {
  const [words, look] = STATES[name] ?? [name, "out"];
  return { words, look };
}

/** What more there is to say about a state: the pause's reason, the kind of call; "" if nothing. */
export function detailWords({ name, cause, call }, statuses) {
  if (name === "AgentOnPause") {
    return reasonWords(cause, statuses);
  }
  if (!call) {
    return "";
  }
  const kind = call.acd ? "queue call" : `${call.direction}, ${call.callType}`.toLowerCase();
  return call.monitorState === "PAUSED" ? `${kind}, recording paused` : kind;
}

function reasonWords(cause, statuses) {
  return statuses.find((status) => status.name === cause)?.longName ?? cause;
}

/** The statuses that pause an agent. */
export function pauses(statuses) {
  return statuses.filter((status) => does(status, "queuepause_all"));
}

function does(status, action) {
  return status.actions.some((one) => one.name === action);
}

/** Milliseconds as "0:07", "12:34" or "1:02:03". */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes}:${two(seconds % 60)}`;
  }
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** How many agents are in which state, the busiest first: "2 on call, 1 ready". */
export function summaryWords(states) {
  const count = new Map(Object.keys(STATES).map((name) => [name, 0]));
  states.forEach(({ name }) => count.set(name, (count.get(name) ?? 0) + 1));
  return [...count]
    .filter(([, number]) => number > 0)
    .map(([name, number]) => ({ number, ...stateWords(name) }));
}

/** A profile for a person; "" for none. */
export function profileWords(profile) {
  return profile === "NoRight" ? "" : profile;
}
