/* Who wants to be told of what. */

/** Handlers by the name of an event. One that throws is reported and stays. */
export class Events {
  #handlers = new Map();

  /** Adds a handler; returns what takes it away again. */
  on(type, handler) {
    if (!this.#handlers.has(type)) {
      this.#handlers.set(type, new Set());
    }
    // Wrapped, so that the same function given twice is two handlers.
    const entry = { handler };
    this.#handlers.get(type).add(entry);
    return () => this.#handlers.get(type).delete(entry);
  }

  /** Calls every handler of an event. */
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
