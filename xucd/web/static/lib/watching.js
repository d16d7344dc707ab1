/* A client's subscriptions, kept in order to repeat them on a new stream. */

import { ROWS } from "./commands.js";
import { PARTS } from "./table.js";

/** @import { Watchable } from "./xucd.js" */
/** @import { Values } from "./commands.js" */

/** @typedef {readonly [name: string, values: Values]} Call A command by this library's names. */

/** The commands that fill each part of the state, and keep it current.
 * @type {Record<Watchable, readonly Call[]>}
 */
export const CALLS = PARTS;

/** The commands to repeat, each once, in the order in which they were first sent. */
export class Watched {
  /** @type {Map<string, Call>} */
  #commands = new Map();
  /** @type {Set<Watchable>} */
  parts = new Set();

  /** Records a command that was carried out, if it subscribes or ends a subscription.
   * @param {string} name
   * @param {Values} values
   */
  record(name, values) {
    const { subscribes, undoes } = ROWS[name];
    if (subscribes) {
      this.#commands.set(keyOf(name, values), [name, values]);
    }
    for (const [key, [recorded, its]] of this.#commands) {
      // Waiting calls are unsubscribed by queue id, phone hints all at once.
      const same = Object.keys(values).every((argument) =>
        String(values[argument]) === String(its[argument]));
      if (recorded === undoes && same) {
        this.#commands.delete(key);
      }
    }
  }

  /** All commands to repeat: those of the watched parts first. */
  all() {
    const wanted = [...this.parts].flatMap((part) => CALLS[part]);
    const distinct = new Map(wanted.map((call) => [keyOf(...call), call]));
    return [...new Map([...distinct, ...this.#commands]).values()];
  }
}

/**
 * @param {string} name
 * @param {Values} values
 */
function keyOf(name, values) {
  return JSON.stringify([name, values]);
}
