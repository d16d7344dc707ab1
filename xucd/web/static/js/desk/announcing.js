/* Announcements for screen readers: the user's own state, a call that rings, its sheet. */

import { byId } from "../shared/dom.js";
import { isInNoQueue } from "../shared/state-table.js";
import { detailWords, stateWords } from "../shared/states.js";
import { t } from "../shared/words.js";
import { queueWords } from "./calls.js";

/** @import { AgentView, SheetView, State } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */

/** What was announced last.
 * @type {{state: string | null, calls: Map<string, string>, sheet: SheetView | null}}
 */
const announced = { state: null, calls: new Map(), sheet: null };

/** Announces what is new since the last call.
 * @param {Desk} desk
 */
export function announce({ me, center: { state } }) {
  const words = [newState(me, state), ...newCalls(state), newSheet(state)].filter(Boolean);
  if (words.length > 0) {
    byId("announcements").textContent = words.join(". ");
  }
}

/** Forgets what was announced, for another user. */
export function forgetAnnounced() {
  announced.state = announced.sheet = null;
  announced.calls.clear();
  byId("announcements").textContent = "";
}

/**
 * @param {AgentView | null} me
 * @param {State} state
 */
function newState(me, { statuses }) {
  if (!me?.state) {
    return "";
  }
  const details = { ...me.state, inNoQueue: isInNoQueue(me) };
  const words = [stateWords(me.state.name), detailWords(details, statuses)].filter(Boolean);
  const before = announced.state;
  announced.state = words.join(", ");
  return before !== null && before !== announced.state ? announced.state : "";
}

/** @param {State} state */
function newCalls(state) {
  const words = [];
  for (const [id, call] of state.calls) {
    if (announced.calls.get(id) !== call.eventType && call.eventType === "EventRinging") {
      const queue = queueWords(state, call.queueName);
      const caller = [...new Set([call.otherDName, call.otherDN])].filter(Boolean).join(" ");
      words.push(queue ? t("announce.queue-call", { caller, queue })
        : t("announce.call", { caller }));
    }
  }
  announced.calls = new Map([...state.calls].map(([id, call]) => [id, call.eventType]));
  return words;
}

/** @param {State} state */
function newSheet({ sheets }) {
  const newest = sheets[0] ?? null;
  const isNew = newest !== announced.sheet && newest !== null;
  announced.sheet = newest;
  return isNew ? t("announce.sheet") : "";
}
