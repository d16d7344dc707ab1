/* xucd's library for web pages: the global SHOTGUN, events for pages without jQuery.
 *
 *   SHOTGUN.listen("cti/AgentStateEvent", function (state) { … });
 *   SHOTGUN.fire("my/event", [1, 2]);
 *   SHOTGUN.remove("my");          // "my", and all that is called "my/…"
 *
 * A message of Cti is the event cti/TYPE here, and the other way round.
 */
/* exported SHOTGUN */
var SHOTGUN = (function () {
  "use strict";

  /** @typedef {(...values: any[]) => unknown} Action */

  /** The listeners of each event, shared with cti.js, whichever script comes first.
   * @type {Map<string, Set<{action: Action, key?: unknown}>>}
   */
  const listeners = Reflect.get(globalThis, Symbol.for("xucd.listeners")) || new Map();
  Reflect.set(globalThis, Symbol.for("xucd.listeners"), listeners);
  let keys = 0;

  return {
    /** listen(event, action) or listen({ event, key, action }); returns the key to remove it by.
     * @param {string | {event: string, action: Action, key?: unknown}} what
     * @param {Action} [then]
     */
    listen(what, then = () => {}) {
      /** @type {{event: string, action: Action, key?: unknown}} */
      const { event, action, key = `listener-${(keys += 1)}` } =
        typeof what === "object" ? what : { event: what, action: then };
      const entries = listeners.get(event) || new Set();
      listeners.set(event, entries);
      entries.add({ action, key });
      return key;
    },

    /** Removes the listener with this key or action; without one, all of the event and below it.
     * @param {string} event
     * @param {unknown} [which]
     */
    remove(event, which) {
      for (const [name, entries] of listeners) {
        if (name === event || (which === undefined && name.startsWith(`${event}/`))) {
          for (const entry of entries) {
            if (which === undefined || entry.key === which || entry.action === which) {
              entries.delete(entry);
            }
          }
        }
      }
    },

    /** Calls each listener with the values. One that throws is reported, and stays.
     * @param {string} event
     * @param {unknown[]} values
     */
    fire(event, values = []) {
      for (const { action } of listeners.get(event) || []) {
        try {
          action(...values);
        } catch (error) {
          console.error(`SHOTGUN: a listener of ${event} failed:`, error);
        }
      }
    },
  };
})();
