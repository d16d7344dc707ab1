/* A client's subscriptions, kept in order to repeat them on a new stream. */

import { COMMANDS, PARTS } from "./table.js";

/** The commands to repeat, each once, in the order in which they were first sent. */
export class Watched {
  #commands = new Map();
  parts = new Set();

  /** Records a command that was carried out, if it subscribes or ends a subscription. */
  record(name, values) {
    const { subscribes, undoes } = COMMANDS[name];
    if (subscribes) {
      this.#commands.set(keyOf(name, values), [name, values]);
    }
    for (const [at, [recorded, given]] of this.#commands) {
      // Waiting calls are unsubscribed by queue id, phone hints all at once.
      if (recorded === undoes && Object.keys(values).every((key) => values[key] == given[key])) {
        this.#commands.delete(at);
      }
    }
  }

  /** All commands to repeat: those of the watched parts first. */
  all() {
    const wanted = [...this.parts].flatMap((part) => PARTS[part]);
    const distinct = new Map(wanted.map((command) => [keyOf(...command), command]));
    return [...new Map([...distinct, ...this.#commands]).values()];
  }
}

function keyOf(name, values) {
  return JSON.stringify([name, values]);
}
