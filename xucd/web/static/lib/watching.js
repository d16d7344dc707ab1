/* What a client has asked to hear of, so that it can be asked again on a stream that is new. */

import { COMMANDS } from "./table.js";

const AGENTS = [
  ["getList", { objectType: "agentgroup" }],
  ["getList", { objectType: "agent" }],
  ["getList", { objectType: "queuemember" }],
  ["subscribeToAgentEvents", {}],
  ["getAgentStates", {}],
];
const QUEUES = [["getList", { objectType: "queue" }]];

/** The commands that fill each part of the state and keep it current. */
export const PARTS = {
  agents: AGENTS,
  queues: QUEUES,
  queueCalls: QUEUES, // and then one for each queue
  statistics: [
    ["subscribeToAgentStats", {}],
    ["subscribeToQueueStats", {}],
  ],
  callbacks: [
    ["getCallbackPreferredPeriods", {}],
    ["getCallbackLists", {}],
  ],
  memberships: [["getList", { objectType: "basequeuemember" }]],
};

/** Commands to be sent again, each once, in the order in which they were first. */
export class Watched {
  #commands = new Map();
  parts = new Set();

  /** Notes a command that was done, if it is one that is heard of from then on. */
  note(name, values) {
    const { subscribes, undoes } = COMMANDS[name];
    if (subscribes) {
      this.#commands.set(key(name, values), [name, values]);
    }
    for (const [at, [noted, arguments_]] of this.#commands) {
      // One queue's callers are given up by its id, all phones at once.
      if (noted === undoes && Object.keys(values).every((one) => values[one] == arguments_[one])) {
        this.#commands.delete(at);
      }
    }
  }

  /** All that is to be sent again. */
  all() {
    const wanted = [...this.parts].flatMap((part) => PARTS[part]);
    const distinct = new Map(wanted.map((command) => [key(...command), command]));
    return [...new Map([...distinct, ...this.#commands]).values()];
  }
}

function key(name, values) {
  return JSON.stringify([name, values]);
}
