/* xucd for pages and programs: one link, live state, commands that tell what became of them.

    import { connect } from "/lib/xucd.js";
    const center = await connect({ login: "bruce", password: "…" });
    await center.watch("agents", "queues");
    center.on("change", () => show(center.state));
    await center.loginAgent({ phoneNumber: "1001" });

Types and all that can be said of each name stand in xucd.d.ts, the story in README.md. */

import { Commands } from "./commands.js";
import { Refused } from "./errors.js";
import { Events } from "./events.js";
import { Link } from "./link.js";
import { Session } from "./session.js";
import { blank, take } from "./state.js";
import { COMMANDS, PARTS } from "./table.js";
import { Watched } from "./watching.js";

export { AGENT_STATES, AGENT_STATISTICS, QUEUE_STATISTICS } from "./table.js";
export { Refused };

const AT_ONCE = 50; // commands that wait on xucd at one time while we catch up

/** Signs in, opens the link and reads what is there.

`url` is xucd's address (a page's own unless given); then `login` and `password`, or a `token`.
Rejects with `Refused`. */
export async function connect(options) {
  const center = new Center(options);
  await center[START](options);
  return center;
}

const START = Symbol("start");
const CALL = Symbol("call");

class Center {
  #session;
  #link = null;
  #commands = new Commands((frame) => this.#link?.send(frame) ?? false);
  #events = new Events();
  #watched = new Watched();
  #changed = new Map(); // part -> keys, since "change" was last told
  #turn = 0; // counts the links, so that what began on one does not go on on the next
  #ready = pending(); // settled once we have caught up
  #over = false;

  constructor({ url, login, password, token }) {
    const address = url ?? globalThis.location?.origin;
    const renewed = (value) => this.#events.emit("token", value);
    this.#session = new Session({ url: address, login, password, token }, renewed);
    this.state = blank();
  }

  /** The present token, for other requests and for pages that are loaded again. */
  get token() {
    return this.#session.token;
  }

  /** Calls `handler` for every message of a type, or for one of this library's own events.

  Returns a function that ends it. */
  on(type, handler) {
    return this.#events.on(type, handler);
  }

  /** The body of the next message of a type that fits; rejects with `Timeout` after `within` ms. */
  until(type, fits = () => true, within = 15_000) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        off.forEach((end) => end());
        clearTimeout(timer);
        settle(value);
      };
      const off = [
        this.on(type, (body) => fits(body) && done(resolve, body)),
        this.on("closed", (refused) => done(reject, refused ?? closed())),
      ];
      const timeout = new Refused("Timeout", `There was no such ${type} within ${within} ms.`);
      const timer = setTimeout(() => done(reject, timeout), within);
    });
  }

  /** Subscribes to parts of the state and fills them; they stay current, over lost links too. */
  async watch(...parts) {
    const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
    if (unknown !== undefined) {
      throw new Refused("UnknownArgument", `There is no part ${unknown} to watch.`);
    }
    for (;;) {
      await this.#ready.promise;
      try {
        await this.#read(parts.flatMap((part) => PARTS[part]), parts.includes("queueCalls"));
        parts.forEach((part) => this.#watched.parts.add(part));
        return;
      } catch (error) {
        if (error.code !== "Disconnected" || this.#over) {
          throw error;
        }
      }
    }
  }

  /** Sends any command as the wire spells it; resolves once it is done. Rejects with `Refused`. */
  ask(command, values = {}) {
    return this.#commands.ask(command, values);
  }

  /** Ends the link. */
  close() {
    this.#end(null);
  }

  async [START](options) {
    const WebSocket =
      options.WebSocket ?? globalThis.WebSocket ?? (await import(/* @vite-ignore */ "ws")).WebSocket;
    await this.#session.begin();
    this.#link = new Link(this.#session, { ...options, WebSocket }, {
      heard: (type, body) => this.#heard(type, body),
      lost: () => this.#lost(),
      ended: (refused) => this.#end(refused),
    });
    try {
      await this.#link.open();
      await this.#ready.promise;
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }

  #heard(type, body) {
    take(this.state, type, body, (part, key) => this.#note(part, key));
    this.#commands.heard(type, body);
    if (type === "LoggedOn") {
      this.#catchUp(body.recovered === true);
    } else if (type === "QueueConfig" && this.#watched.parts.has("queueCalls")) {
      this.subscribeToQueueCalls({ queueId: body.id }).catch(() => {});
    }
    this.#events.emit(type, body);
  }

  /** Reads what a new stream does not tell by itself; on one that goes on, waits for its end. */
  async #catchUp(recovered) {
    const turn = ++this.#turn;
    this.#linked("catching-up");
    try {
      if (!recovered) {
        await this.#allowing("LineUnknown", this.getConfig({ objectType: "line" }));
        await this.#read(this.#watched.all(), this.#watched.parts.has("queueCalls"), true);
      } else if (this.#watched.parts.has("agents")) {
        await this.getAgentStates(); // what we missed tells ages as of then
      }
      await this.getCurrentCallsPhoneEvents();
    } catch (error) {
      if (turn === this.#turn && error.code !== "Disconnected") {
        this.#end(error);
      }
      return;
    }
    if (turn === this.#turn) {
      this.#linked("opened");
      this.#ready.over = true;
      this.#ready.resolve();
    }
  }

  /** Sends reading commands, some at a time; a refusal counts unless we read anew. */
  async #read(commands, callsToo, anew = false) {
    const distinct = new Map(commands.map((command) => [JSON.stringify(command), command]));
    await this.#each([...distinct.values()], anew);
    if (callsToo) {
      const ids = [...this.state.queues.keys()];
      await this.#each(ids.map((queueId) => ["subscribeToQueueCalls", { queueId }]), anew);
    }
  }

  async #each(commands, anew) {
    for (let at = 0; at < commands.length; at += AT_ONCE) {
      const some = commands.slice(at, at + AT_ONCE).map((command) => this.#commands.call(...command));
      const results = await Promise.allSettled(some);
      const failed = results
        .map((result) => result.reason)
        .find((error) => error && (!anew || error.code === "Disconnected"));
      if (failed) {
        throw failed;
      }
    }
  }

  async #allowing(code, promise) {
    try {
      await promise;
    } catch (error) {
      if (error.code !== code) {
        throw error;
      }
    }
  }

  #lost() {
    this.#turn += 1;
    if (this.#ready.over) {
      this.#ready = pending();
    }
    this.#linked("closed");
    this.#commands.giveUp("Disconnected", "The link was lost before xucd answered.");
  }

  #end(refused) {
    if (this.#over) {
      return;
    }
    this.#over = true;
    this.#turn += 1;
    this.#session.end();
    this.#link?.close();
    this.#linked("closed");
    this.#ready.reject(refused ?? closed());
    this.#commands.end(refused ?? closed());
    this.#events.emit("closed", refused);
  }

  #linked(status) {
    if (this.state.link !== status) {
      this.state.link = status;
      this.#note("link");
      this.#events.emit("link", status);
    }
  }

  /** Notes a change, to be told at the end of this turn with all others. */
  #note(part, key) {
    if (this.#changed.size === 0) {
      queueMicrotask(() => {
        const changed = this.#changed;
        this.#changed = new Map();
        this.#events.emit("change", new Set(changed.keys()), changed);
      });
    }
    const keys = this.#changed.get(part) ?? new Set();
    this.#changed.set(part, key === undefined ? keys : keys.add(key));
  }

  /** What every command's method does. */
  async [CALL](name, values) {
    const answer = await this.#commands.call(name, values);
    this.#watched.record(name, values);
    return answer;
  }
}

for (const name of Object.keys(COMMANDS)) {
  Center.prototype[name] = function (values = {}) {
    return this[CALL](name, values);
  };
}

function pending() {
  const made = { over: false };
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise.catch(() => {}); // there may be nobody who waits
  return made;
}

function closed() {
  return new Refused("Closed", "The client was closed.");
}
