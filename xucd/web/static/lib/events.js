/* Event handlers, by the name of the event. */

/**
 * What is called for an event, with the event's values.
 * @typedef {(...values: any[]) => void} Handler
 */

/** Handlers by the name of an event. One that throws is reported and stays. */
export class Events {
  /** @type {Map<string, Set<{handler: Handler}>>} */
  #handlers = new Map();

  /** Adds a handler; returns a function that removes it.
   * @param {string} type
   * @param {Handler} handler
   */
  on(type, handler) {
    const entries = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, entries);
    // Wrapped, so that the same function given twice is two handlers.
    const entry = { handler };
    entries.add(entry);
    return () => {
      entries.delete(entry);
    };
  }

  /** Calls every handler of an event.
   * @param {string} type
   * @param {...unknown} values
   */
  emit(type, ...values) {
    for (const { handler } of [...(this.#handlers.get(type) ?? [])]) {
      try {
        handler(...values);
      } catch (error) {
        console.error(`xucd: a handler of ${type} failed`, error);
      }
    }
  }
}
