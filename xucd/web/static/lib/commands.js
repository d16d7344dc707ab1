/* Commands and their results: each carries a request id, which xucd's answer repeats.

A command is sent at most once. When the link is lost, its result may still come over the next one,
among what was missed. What has no result even then may or may not have been done: its promise
rejects with `Disconnected`, and the caller checks the state before it retries. */

import { Refused } from "./errors.js";
import { COMMANDS } from "./table.js";

/** @import { AgentError, CommandResult } from "./xucd.js" */

/**
 * The message that answers a query. `same` names a field of that message and an argument of the
 * command, which must be equal.
 * @typedef {{type: string, same?: readonly string[]}} Answer
 */

/**
 * A command in table.js: its name on the wire, its arguments by this library's names, its answer
 * (which may depend on an argument), and whether it subscribes or ends a subscription.
 * @typedef {object} CommandRow
 * @property {string} command
 * @property {Record<string, string>} arguments
 * @property {Answer | {by: string, of: Record<string, Answer>}} [answer]
 * @property {boolean} [subscribes]
 * @property {string} [undoes]
 */

/** @typedef {Record<string, unknown>} Values The arguments of a command, by name. */

/**
 * A command that was sent and is not answered yet.
 * @typedef {object} Waiting
 * @property {(body: unknown) => void} resolve
 * @property {(refused: Refused) => void} reject
 * @property {Values} values
 * @property {Answer | null} answer
 * @property {unknown} body The body of that answer, once it has come.
 */

/** The commands by this library's names.
 * @type {Record<string, CommandRow>}
 */
export const ROWS = COMMANDS;

/** Sends commands over `send(frame)`, which returns false when there is no link. */
export class Commands {
  #send;
  #next = 1;
  /** @type {Map<string | number, Waiting>} */
  #waiting = new Map(); // by request id, in the order of sending
  /** @type {Refused | null} */
  #ended = null; // why nothing more is sent
  /** @type {AgentError | null} */
  #agentError = null; // the AgentError before a CommandResult has more detail

  /** @param {(frame: object) => boolean} send */
  constructor(send) {
    this.#send = send;
  }

  /** Sends a command as the wire spells it; resolves once xucd has said that it is done.
   * @param {string} command
   * @param {Values} values
   * @param {Answer | null} answer what answers a query
   * @returns {Promise<unknown>}
   */
  ask(command, values = {}, answer = null) {
    return new Promise((resolve, reject) => {
      const requestId = this.#next++;
      const frame = { claz: "web", command, requestId, ...values };
      if (this.#ended || !this.#send(frame)) {
        reject(this.#ended ?? new Refused("Disconnected", "There is no link to xucd at present."));
        return;
      }
      this.#waiting.set(requestId, { resolve, reject, values, answer, body: undefined });
    });
  }

  /** Sends a command by this library's names for it and its arguments.
   * @param {string} name
   * @param {Values} values
   */
  call(name, values) {
    const row = ROWS[name];
    /** @type {Values} */
    const spelled = {};
    for (const [key, value] of Object.entries(values)) {
      if (!Object.hasOwn(row.arguments, key)) {
        const text = `${name} has no argument ${key}.`;
        return Promise.reject(new Refused("UnknownArgument", text));
      }
      spelled[row.arguments[key]] = value;
    }
    if ("id" in row.arguments) {
      spelled.id ??= this.#next++; // a search, whose answer repeats the client's own id
    }
    return this.ask(row.command, spelled, expected(row, values));
  }

  /** Handles a message: a result, or what may be the answer of a query.
   * @param {string} type
   * @param {unknown} body
   */
  receive(type, body) {
    if (type === "CommandResult") {
      this.#settle(/** @type {CommandResult} */ (body));
    } else if (type === "AgentError") {
      this.#agentError = /** @type {AgentError} */ (body);
    } else {
      for (const waiting of this.#waiting.values()) {
        // xucd carries commands out in order: the oldest that waits for this message gets it.
        if (waiting.answer?.type === type && fits(waiting.answer, waiting.values, body)) {
          waiting.body = body;
          return;
        }
      }
    }
  }

  /** The request id of the next command. */
  get mark() {
    return this.#next;
  }

  /** Rejects what is still unanswered, or of it what was sent before a mark.
   * @param {string} code
   * @param {string} message
   * @param {number} [before]
   */
  giveUp(code, message, before = Infinity) {
    for (const [requestId, { reject }] of [...this.#waiting]) {
      if (Number(requestId) < before) {
        this.#waiting.delete(requestId);
        reject(new Refused(code, message));
      }
    }
  }

  /** Rejects what is still unanswered and all that is sent later.
   * @param {Refused} refused
   */
  end(refused) {
    this.#ended = refused;
    this.giveUp(refused.code, refused.message);
  }

  /** @param {CommandResult} result */
  #settle({ requestId, ok, error = "InternalError", message }) {
    const agentError = this.#agentError;
    this.#agentError = null;
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (ok) {
      waiting?.resolve(waiting.body);
    } else {
      const { Error: code, ...detail } = agentError ?? {};
      waiting?.reject(new Refused(error, message, code === error ? detail : {}));
    }
  }
}

/** The message that answers a command with these arguments; null if none does.
 * @param {CommandRow} row
 * @param {Values} values
 */
function expected({ answer }, values) {
  if (answer && "by" in answer) {
    return answer.of[String(values[answer.by])] ?? null;
  }
  return answer ?? null;
}

/**
 * @param {Answer} answer
 * @param {Values} values
 * @param {unknown} body
 */
function fits({ same }, values, body) {
  if (same === undefined) {
    return true;
  }
  const [inAnswer, inCommand] = same;
  return String(/** @type {Values} */ (body)[inAnswer]) === String(values[inCommand]);
}
