/* xucd for pages and programs: one link, live state, commands that say whether they were done.

    import { connect } from "/lib/xucd.js";
    const center = await connect({ login: "bruce", password: "…" });
    await center.watch("agents", "queues");
    center.on("change", () => show(center.state));
    await center.loginAgent({ phoneNumber: "1001" });

xucd.d.ts declares what this module exports, with its types; README.md introduces it. */

import { Commands, ROWS } from "./commands.js";
import { refusal, Refused } from "./errors.js";
import { Events } from "./events.js";
import { Link } from "./link.js";
import { Session } from "./session.js";
import { apply, blank } from "./state.js";
import { CALLS, Watched } from "./watching.js";

/** @import * as Declared from "./xucd.js" */
/** @import { Values } from "./commands.js" */
/** @import { Handler } from "./events.js" */
/** @import { Call } from "./watching.js" */

export { AGENT_STATES, AGENT_STATISTICS, QUEUE_STATISTICS } from "./table.js";
export { Refused };

const AT_ONCE = 50; // commands that wait for xucd's answer at one time while we catch up

/** Signs in, opens the link and reads the state.

`url` is xucd's address (a page's own unless given); then `login` and `password`, or a `token`.
Rejects with `Refused`.
 * @type {typeof Declared.connect}
 */
export async function connect(options) {
  const center = new CenterClient(options);
  await center[START](options);
  // Its commands are methods of the prototype, one for each row of table.js.
  return /** @type {CenterClient & Declared.Commands} */ (center);
}

const START = Symbol("start");

/** @implements {Omit<Declared.Center, keyof Declared.Commands>} */
class CenterClient {
  #session;
  /** @type {Link | null} */
  #link = null;
  #commands = new Commands((frame) => this.#link?.send(frame) ?? false);
  #events = new Events();
  #watched = new Watched();
  /** @type {Map<string, Call>} */
  #owed = new Map(); // what was refused because a PBX was away, to be read when it is back
  /** @type {Map<Declared.Part, Set<number | string>>} */
  #changed = new Map(); // part -> keys, since "change" was last emitted
  #turn = 0; // counts the links, so that what began on one does not go on on the next
  #ready = new Readiness(); // settled once we have caught up
  #ended = false;
  state = blank();

  /** @param {Declared.Options} options */
  constructor({ url, login, password, token }) {
    const address = url ?? globalThis.location?.origin;
    /** @param {string} value */
    const renewed = (value) => this.#events.emit("token", value);
    this.#session = new Session({ url: address, login, password, token }, renewed);
  }

  static {
    for (const name of Object.keys(ROWS)) {
      /** @this {CenterClient} @param {Values} values */
      const method = function (values = {}) {
        return this.#call(name, values);
      };
      Object.defineProperty(this.prototype, name, { value: method, writable: true, configurable: true });
    }
  }

  /** The present token, for other requests and for pages that are loaded again. */
  get token() {
    return this.#session.token;
  }

  /** Calls `handler` for every message of a type, or for one of this library's own events.

  Returns a function that removes the handler.
   * @param {string} type
   * @param {Handler} handler
   */
  on(type, handler) {
    return this.#events.on(type, handler);
  }

  /** The body of the next message of a type that fits; rejects with `Timeout` after `within` ms.
   * @template {keyof Declared.Messages} T
   * @param {T} type
   * @param {(body: Declared.Messages[T]) => boolean} [fits]
   * @returns {Promise<Declared.Messages[T]>}
   */
  until(type, fits = () => true, within = 15_000) {
    return new Promise((resolve, reject) => {
      const stop = () => {
        offMessage();
        offClosed();
        clearTimeout(timer);
      };
      const offMessage = this.on(type, (body) => {
        if (fits(body)) {
          stop();
          resolve(body);
        }
      });
      /** @param {Refused | null} refused */
      const fail = (refused) => {
        stop();
        reject(refused ?? closed());
      };
      const offClosed = this.on("closed", fail);
      const timeout = new Refused("Timeout", `There was no such ${type} within ${within} ms.`);
      const timer = setTimeout(() => fail(timeout), within);
    });
  }

  /** Subscribes to parts of the state and fills them; they stay current over lost links too.
   * @param {...Declared.Watchable} parts
   */
  async watch(...parts) {
    const unknown = parts.find((part) => !Object.hasOwn(CALLS, part));
    if (unknown !== undefined) {
      throw new Refused("UnknownArgument", `There is no part ${unknown} to watch.`);
    }
    for (;;) {
      await this.#ready.promise;
      try {
        await this.#read(parts.flatMap((part) => CALLS[part]), parts.includes("queueCalls"));
        parts.forEach((part) => this.#watched.parts.add(part));
        return;
      } catch (error) {
        if (refusal(error).code !== "Disconnected" || this.#ended) {
          throw error;
        }
      }
    }
  }

  /** Sends any command as the wire spells it; resolves once it is done. Rejects with `Refused`.
   * @param {string} command
   * @param {Values} values
   */
  async ask(command, values = {}) {
    await this.#commands.ask(command, values);
  }

  /** Ends the link; the token stays good. */
  close() {
    this.#end(null);
  }

  /** Ends the link and the sign-in, so that its tokens are good no more; with `everywhere` all
  sign-ins of the user. Rejects with `Refused`; the link is ended all the same.
   * @param {{everywhere?: boolean}} [options]
   */
  async signOut({ everywhere = false } = {}) {
    this.#end(null);
    await this.#session.signOut(everywhere);
  }

  /** Changes the user's password; all other sign-ins of the user end, this one and its link go on.
  Rejects with `Refused`.
   * @param {string} password the present one
   * @param {string} newPassword
   */
  async changePassword(password, newPassword) {
    await this.#session.changePassword(password, newPassword);
  }

  /** @param {Declared.Options} options */
  async [START](options) {
    const ws =
      options.WebSocket ?? globalThis.WebSocket ?? (await import(/* @vite-ignore */ "ws")).WebSocket;
    const WebSocket = /** @type {typeof globalThis.WebSocket} */ (ws);
    await this.#session.begin();
    this.#link = new Link(this.#session, { ...options, WebSocket }, {
      received: (type, body) => this.#receive(type, body),
      lost: () => this.#lost(),
      ended: (refused) => this.#end(refused),
    });
    try {
      await this.#link.open();
      await this.#ready.promise;
    } catch (error) {
      this.#end(refusal(error));
      throw error;
    }
  }

  /**
   * @param {string} type
   * @param {any} body
   */
  #receive(type, body) {
    const fresh = this.#freshQueues(type, body);
    apply(this.state, type, body, (part, key) => this.#changedAt(part, key));
    this.#commands.receive(type, body);
    if (type === "LoggedOn") {
      this.#catchUp(body.recovered === true);
    } else if (type === "LinkStatus" && body.asterisk === "current") {
      this.#readOwed();
    } else if (fresh.length > 0 && this.#watched.parts.has("queueCalls")) {
      this.#readCalls(fresh, true).catch(() => {}); // a lost link reads all queues again
    }
    this.#events.emit(type, body);
  }

  /** Reads what a new stream does not send by itself; on a resumed one, waits for what was missed.
   * @param {boolean} recovered
   */
  async #catchUp(recovered) {
    const turn = ++this.#turn;
    const mark = this.#commands.mark;
    this.#setLink("catching-up");
    try {
      if (!recovered) {
        this.#giveUp(mark);
        this.#owed.clear();
        await this.#readLine();
        await this.#read(this.#watched.all(), this.#watched.parts.has("queueCalls"), true);
      } else {
        await this.#readOwed();
        if (this.#watched.parts.has("agents")) {
          await this.#callAll([["getAgentStates", {}]]); // a missed event has the age as of when it was sent
        }
      }
      await this.#callAll([["getCurrentCallsPhoneEvents", {}]]);
    } catch (error) {
      if (turn === this.#turn && refusal(error).code !== "Disconnected") {
        this.#end(refusal(error));
      }
      return;
    }
    if (turn === this.#turn) {
      // Answered after all that was missed: what has no result until now gets none.
      this.#giveUp(mark);
      this.#setLink("opened");
      this.#ready.resolve();
    }
  }

  async #readLine() {
    try {
      await this.#callAll([["getConfig", { objectType: "line" }]]);
    } catch (error) {
      if (refusal(error).code !== "LineUnknown") {
        throw error; // a user without a line is no error
      }
    }
  }

  /** Sends reading commands, some at a time; a refusal counts unless we read anew.
   * @param {Call[]} commands
   * @param {boolean} callsToo
   */
  async #read(commands, callsToo, anew = false) {
    const distinct = new Map(commands.map((command) => [JSON.stringify(command), command]));
    await this.#callAll([...distinct.values()], anew);
    if (callsToo) {
      await this.#readCalls([...this.state.queues.keys()], anew);
    }
  }

  /** Subscribes to who waits in these queues.
   * @param {number[]} ids
   * @param {boolean} anew
   */
  async #readCalls(ids, anew) {
    await this.#callAll(ids.map((queueId) => ["subscribeToQueueCalls", { queueId }]), anew);
  }

  /** The queues that a message tells of for the first time: a new one, or those of a PBX that is back.
   * @param {string} type
   * @param {any} body
   */
  #freshQueues(type, body) {
    if (type === "QueueConfig") {
      return [body.id];
    }
    if (type !== "QueueList" || this.state.link !== "opened") {
      return [];
    }
    /** @type {Declared.Messages["QueueList"]} */
    const list = body;
    return list.map(({ id }) => id).filter((id) => !this.state.queues.has(id));
  }

  /** Reads what a PBX that was away could not be asked for. */
  async #readOwed() {
    const owed = [...this.#owed];
    this.#owed.clear();
    try {
      await this.#callAll(owed.map(([, command]) => command), true);
    } catch {
      owed.forEach(([key, command]) => this.#owed.set(key, command)); // the next link reads it
    }
  }

  /** What a PBX that is away cannot be asked for is read when it is back, and is no failure.
   * @param {Call[]} commands
   * @param {boolean} anew
   */
  async #callAll(commands, anew = false) {
    for (let at = 0; at < commands.length; at += AT_ONCE) {
      const some = commands.slice(at, at + AT_ONCE);
      const results = await Promise.allSettled(some.map((command) => this.#commands.call(...command)));
      const refusals = results.map(
        (result) => (result.status === "rejected" ? refusal(result.reason) : null));
      refusals.forEach((refused, index) => {
        if (refused?.code === "PbxUnavailable") {
          this.#owed.set(JSON.stringify(some[index]), some[index]);
        }
      });
      const failed = refusals.find((refused) => refused && refused.code !== "PbxUnavailable"
        && (!anew || refused.code === "Disconnected"));
      if (failed) {
        throw failed;
      }
    }
  }

  #lost() {
    this.#turn += 1;
    if (this.#ready.settled) {
      this.#ready = new Readiness();
    }
    this.#setLink("closed");
  }

  /** Rejects the commands of former links.
   * @param {number} mark
   */
  #giveUp(mark) {
    this.#commands.giveUp("Disconnected", "The link was lost before xucd answered.", mark);
  }

  /** @param {Refused | null} refused */
  #end(refused) {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#turn += 1;
    this.#session.end();
    this.#link?.close();
    this.#setLink("closed");
    this.#ready.reject(refused ?? closed());
    this.#commands.end(refused ?? closed());
    this.#events.emit("closed", refused);
  }

  /** @param {Declared.LinkState} status */
  #setLink(status) {
    if (this.state.link !== status) {
      this.state.link = status;
      this.#changedAt("link");
      this.#events.emit("link", status);
    }
  }

  /** Records a change; all changes of a turn are emitted together at its end.
   * @param {Declared.Part} part
   * @param {number | string} [key]
   */
  #changedAt(part, key) {
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

  /** Sends a command by its method's name.
   * @param {string} name
   * @param {Values} values
   */
  async #call(name, values = {}) {
    const answer = await this.#commands.call(name, values);
    this.#watched.record(name, values);
    return answer;
  }
}

/** A promise that is settled from outside. */
class Readiness {
  settled = false;
  resolve = () => {};
  /** @type {(refused: Refused) => void} */
  reject = () => {};
  /** @type {Promise<void>} */
  promise = new Promise((resolve, reject) => {
    this.resolve = () => {
      this.settled = true;
      resolve();
    };
    this.reject = reject;
  });

  constructor() {
    this.promise.catch(() => {}); // nobody may be waiting for it
  }
}

function closed() {
  return new Refused("Closed", "The client was closed.");
}
