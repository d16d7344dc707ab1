/* What the queues' figures were while the page was open: pure, and of a fixed size.

Time is cut into slots. Of who waits and for how long a slot keeps the most, so that a peak between
two looks is not lost; of the day's counters it keeps by how much they grew. What was not heard of,
as while the link was down, is no number and is drawn as a gap. */

/** How long a slot is, in milliseconds. */
export const SLOT = 5000;
/** How many are kept: one hour. */
export const SLOTS = 720;

// A page that is not looked at carries on once a minute; after so many slots the computer slept.
const ASLEEP = 24;
const LEVELS = ["waiting", "longest"];
const COUNTERS = ["answered", "abandoned"];

/** The last hour of every queue. Times are in milliseconds, ever growing. */
export class History {
  constructor() {
    this.queues = new Map();
  }

  /** Takes a queue's figures as they are now: {waiting, longest, answered, abandoned}. */
  note(id, figures, now) {
    const slot = slotOf(now);
    let queue = this.queues.get(id);
    if (!queue) {
      queue = blank();
      this.queues.set(id, queue);
    }
    advance(queue, slot);
    const at = slot % SLOTS;
    for (const name of LEVELS) {
      queue[name][at] = Math.max(figures[name], known(queue[name][at]));
    }
    for (const name of COUNTERS) {
      const before = queue.last?.[name] ?? figures[name];
      // Counters begin anew at midnight.
      const grown = figures[name] < before ? figures[name] : figures[name] - before;
      queue[name][at] = known(queue[name][at]) + grown;
    }
    queue.last = figures;
  }

  /** Carries on all queues whose figures are as they were: silence says that nothing changed. */
  carry(now) {
    for (const queue of this.queues.values()) {
      if (queue.last) {
        advance(queue, slotOf(now));
      }
    }
  }

  /** From now on nothing is known, until the next `note`. */
  cut() {
    for (const queue of this.queues.values()) {
      queue.last = null;
    }
  }

  /** Forgets the queues that are not among these. */
  keep(ids) {
    for (const id of this.queues.keys()) {
      if (!ids.has(id)) {
        this.queues.delete(id);
      }
    }
  }

  /** A figure over the last `span` ms as `count` numbers, oldest first, NaN for unknown. */
  series(id, name, now, span, count) {
    const values = new Array(count).fill(NaN);
    const queue = this.queues.get(id);
    if (!queue) {
      return values;
    }
    const newest = slotOf(now);
    const perValue = span / SLOT / count;
    const join = COUNTERS.includes(name) ? (a, b) => a + b : Math.max;
    for (let back = 0; back < span / SLOT && back < SLOTS; back += 1) {
      const slot = newest - back;
      const kept = queue.slot - slot < SLOTS && slot <= queue.slot;
      const value = kept ? queue[name][slot % SLOTS] : NaN;
      if (!Number.isNaN(value)) {
        const at = count - 1 - Math.floor(back / perValue);
        values[at] = Number.isNaN(values[at]) ? value : join(values[at], value);
      }
    }
    return values;
  }
}

function blank() {
  const queue = { slot: null, last: null };
  for (const name of [...LEVELS, ...COUNTERS]) {
    queue[name] = new Float32Array(SLOTS).fill(NaN);
  }
  return queue;
}

function advance(queue, slot) {
  if (queue.slot === null) {
    queue.slot = slot;
  }
  if (slot - queue.slot > ASLEEP) {
    queue.last = null;
    queue.slot = Math.max(queue.slot, slot - SLOTS); // what is older is gone anyway
  }
  while (queue.slot < slot) {
    queue.slot += 1;
    const at = queue.slot % SLOTS;
    for (const name of LEVELS) {
      queue[name][at] = queue.last ? queue.last[name] : NaN;
    }
    for (const name of COUNTERS) {
      queue[name][at] = queue.last ? 0 : NaN;
    }
  }
}

// Counted from an hour before the page was, so that no slot is below zero.
function slotOf(now) {
  return Math.floor(now / SLOT) + SLOTS;
}

function known(value) {
  return Number.isNaN(value) ? 0 : value;
}
