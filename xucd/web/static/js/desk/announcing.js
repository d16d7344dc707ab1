/* What a screen reader is told by itself: the own state, a call that comes, its sheet. */

import { byId } from "../shared/dom.js";
import { detailWords, stateWords } from "../shared/states.js";
import { t } from "../shared/words.js";
import { queueWords } from "./calls.js";

const told = { state: null, calls: new Map(), sheet: null };

/** Says what is new since it was last called. */
export function announce({ me, center: { state } }) {
  const words = [newState(me, state), ...newCalls(state), newSheet(state)].filter(Boolean);
  if (words.length > 0) {
    byId("announcements").textContent = words.join(". ");
  }
}

/** Begins anew, for another user. */
export function forgetAnnounced() {
  told.state = told.sheet = null;
  told.calls.clear();
  byId("announcements").textContent = "";
}

function newState(me, { statuses }) {
  if (!me?.state) {
    return "";
  }
  const words = [stateWords(me.state.name), detailWords(me.state, statuses)].filter(Boolean);
  const before = told.state;
  told.state = words.join(", ");
  return before !== null && before !== told.state ? told.state : "";
}

function newCalls(state) {
  const words = [];
  for (const [id, call] of state.calls) {
    if (told.calls.get(id) !== call.eventType && call.eventType === "EventRinging") {
      const queue = queueWords(state, call.queueName);
      const caller = [...new Set([call.otherDName, call.otherDN])].filter(Boolean).join(" ");
      words.push(queue ? t("announce.queue-call", { caller, queue })
        : t("announce.call", { caller }));
    }
  }
  told.calls = new Map([...state.calls].map(([id, call]) => [id, call.eventType]));
  return words;
}

function newSheet({ sheets }) {
  const is = sheets[0] ?? null;
  const appears = is !== told.sheet && is !== null;
  told.sheet = is;
  return appears ? t("announce.sheet") : "";
}
