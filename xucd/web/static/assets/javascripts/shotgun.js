/* xucd's library for web pages: the global SHOTGUN, by which pages without jQuery hear of messages.
 *
 *   SHOTGUN.listen("cti/AgentStateEvent", function (state) { … });
 *   SHOTGUN.fire("my/event", [1, 2]);
 *   SHOTGUN.remove("my");          // "my", and all that is called "my/…"
 *
 * What Cti's handlers hear is called cti/TYPE here, and the other way round.
 */
var SHOTGUN = (function () {
  "use strict";

  // Shared with cti.js, whichever comes first: an event's name, and a Set of { action, key }.
  const shared = Symbol.for("xucd.listeners");
  const listeners = (globalThis[shared] = globalThis[shared] || new Map());
  let keys = 0;

  return {
    /* listen(event, action) or listen({ event, key, action }); returns the key to remove it by. */
    listen(what, then) {
      const { event, action, key = `listener-${(keys += 1)}` } =
        typeof what === "object" ? what : { event: what, action: then };
      if (!listeners.has(event)) {
        listeners.set(event, new Set());
      }
      listeners.get(event).add({ action, key });
      return key;
    },

    /* Without a key, or the action itself, everybody who listens to the event or below it goes. */
    remove(event, which) {
      for (const [name, here] of listeners) {
        if (name === event || (which === undefined && name.startsWith(`${event}/`))) {
          for (const entry of here) {
            if (which === undefined || entry.key === which || entry.action === which) {
              here.delete(entry);
            }
          }
        }
      }
    },

    /* Each listener gets the values as its arguments. One that throws is reported, and stays. */
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
