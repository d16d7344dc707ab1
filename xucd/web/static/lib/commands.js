/* Commands and what becomes of them: each bears a number, under which xucd answers it.

One is sent at most once. What is unanswered when the link is lost may or may not have been done:
its promise says `Disconnected`, and whoever asked looks at the state before asking again. */

import { Refused } from "./errors.js";
import { COMMANDS } from "./table.js";

/** Sends commands over `send(frame)`, which returns false when there is no link. */
export class Commands {
  #send;
  #next = 1;
  #waiting = new Map(); // request id -> {resolve, reject, answer?}, in the order of sending
  #over = null; // why nothing more is sent
  #complaint = null; // the AgentError before a CommandResult says more than that does

  constructor(send) {
    this.#send = send;
  }

  /** Sends a command as the wire spells it; resolves once xucd has said that it is done.

  `answer` is the row of the message that answers a query: {type, same}. */
  ask(command, values = {}, answer = null) {
    return new Promise((resolve, reject) => {
      const requestId = this.#next++;
      const frame = { claz: "web", command, requestId, ...values };
      if (this.#over || !this.#send(frame)) {
        reject(this.#over ?? new Refused("Disconnected", "There is no link to xucd at present."));
        return;
      }
      this.#waiting.set(requestId, { resolve, reject, values, answer, body: undefined });
    });
  }

  /** Sends a command by this library's names for it and its arguments. */
  call(name, values) {
    const row = COMMANDS[name];
    const spelled = {};
    for (const [key, value] of Object.entries(values)) {
      if (!Object.hasOwn(row.arguments, key)) {
        const text = `${name} has no argument ${key}.`;
        return Promise.reject(new Refused("UnknownArgument", text));
      }
      spelled[row.arguments[key]] = value;
    }
    if ("id" in row.arguments) {
      spelled.id ??= this.#next++; // a search, whose answer bears the client's own number
    }
    return this.ask(row.command, spelled, expected(row, values));
  }

  /** Takes a message: a result, or what may be the answer of a query. */
  heard(type, body) {
    if (type === "CommandResult") {
      this.#answered(body);
    } else if (type === "AgentError") {
      this.#complaint = body;
    } else {
      for (const asked of this.#waiting.values()) {
        // Commands are carried out one after another: the oldest that waits for it is meant.
        if (asked.answer?.type === type && fits(asked, body)) {
          asked.body = body;
          return;
        }
      }
    }
  }

  /** Gives up on what is still unanswered. */
  giveUp(code, message) {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    waiting.forEach(({ reject }) => reject(new Refused(code, message)));
  }

  /** Gives up for good. */
  end(refused) {
    this.#over = refused;
    this.giveUp(refused.code, refused.message);
  }

  #answered({ requestId, ok, error, message }) {
    const complaint = this.#complaint;
    this.#complaint = null;
    const asked = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (ok) {
      asked?.resolve(asked.body);
    } else {
      const { Error: code, ...detail } = complaint ?? {};
      asked?.reject(new Refused(error, message, code === error ? detail : {}));
    }
  }
}

function expected(row, values) {
  const answer = row.answer ?? null;
  return answer?.by ? (answer.of[values[answer.by]] ?? null) : answer;
}

function fits({ answer, values }, body) {
  const [inAnswer, inCommand] = answer.same ?? [];
  return inAnswer === undefined || String(body[inAnswer]) === String(values[inCommand]);
}
