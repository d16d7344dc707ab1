/* The queues' figures while the page was open: pure, and of a fixed size.

Time is divided into slots. A slot keeps the maximum of the levels (callers waiting, longest wait),
so that no peak between two redraws is lost, and the growth of the day's counters. What is unknown,
as while the link was down, is NaN and is drawn as a gap. */

/** How long a slot is, in milliseconds. */
export const SLOT = 5000;
/** How many are kept: one hour. */
export const SLOTS = 720;

/** @typedef {"waiting" | "longest"} Level */
/** @typedef {"answered" | "abandoned"} Counter */
/** @typedef {Level | Counter} Plotted */
/** @typedef {Record<Plotted, number>} Figures */

/**
 * One queue: for each figure a ring of slots; the newest slot; the figures as they were last, null
 * when they are unknown.
 * @typedef {Record<Plotted, Float32Array> & {slot: number, last: Figures | null}} QueueHistory
 */

// A hidden page carries on once a minute; after so many slots without that, the computer slept.
const ASLEEP = 24;
/** @type {Level[]} */
const LEVELS = ["waiting", "longest"];
/** @type {Counter[]} */
const COUNTERS = ["answered", "abandoned"];

/** The last hour of every queue. Times are in milliseconds, ever growing. */
export class History {
  /** @type {Map<number, QueueHistory>} */
  queues = new Map();

  /** Records a queue's figures as they are now.
   * @param {number} id
   * @param {Figures} figures
   * @param {number} now
   */
  record(id, figures, now) {
    const slot = slotOf(now);
    let queue = this.queues.get(id);
    if (!queue) {
      queue = blank(slot);
      this.queues.set(id, queue);
    }
    advance(queue, slot);
    const at = slot % SLOTS;
    for (const name of LEVELS) {
      queue[name][at] = Math.max(figures[name], known(queue[name][at]));
    }
    for (const name of COUNTERS) {
      const before = queue.last?.[name] ?? figures[name];
      // Counters start again from 0 at midnight.
      const grown = figures[name] < before ? figures[name] : figures[name] - before;
      queue[name][at] = known(queue[name][at]) + grown;
    }
    const { waiting, longest, answered, abandoned } = figures;
    queue.last = { waiting, longest, answered, abandoned };
  }

  /** Extends the known figures to now: xucd sends changes only.
   * @param {number} now
   */
  carry(now) {
    for (const queue of this.queues.values()) {
      if (queue.last) {
        advance(queue, slotOf(now));
      }
    }
  }

  /** Marks all figures as unknown until the next `record`. */
  cut() {
    for (const queue of this.queues.values()) {
      queue.last = null;
    }
  }

  /** Removes all queues but these.
   * @param {{has(id: number): boolean}} ids
   */
  keep(ids) {
    for (const id of this.queues.keys()) {
      if (!ids.has(id)) {
        this.queues.delete(id);
      }
    }
  }

  /** A figure over a span of time as `count` numbers, oldest first, NaN for unknown.
   * @param {number} id
   * @param {Plotted} name
   * @param {{now: number, span: number, count: number}} window times in milliseconds
   */
  series(id, name, { now, span, count }) {
    /** @type {number[]} */
    const values = new Array(count).fill(NaN);
    const queue = this.queues.get(id);
    if (!queue) {
      return values;
    }
    const newest = slotOf(now);
    const perValue = span / SLOT / count;
    const isLevel = name === "waiting" || name === "longest";
    for (let back = 0; back < span / SLOT && back < SLOTS; back += 1) {
      const slot = newest - back;
      const kept = queue.slot - slot < SLOTS && slot <= queue.slot;
      const value = kept ? queue[name][slot % SLOTS] : NaN;
      if (!Number.isNaN(value)) {
        const at = count - 1 - Math.floor(back / perValue);
        values[at] = isLevel ? Math.max(known(values[at]), value) : known(values[at]) + value;
      }
    }
    return values;
  }
}

/** A queue of which nothing is known yet.
 * @param {number} slot the present one
 * @returns {QueueHistory}
 */
function blank(slot) {
  const empty = () => new Float32Array(SLOTS).fill(NaN);
  return {
    waiting: empty(), longest: empty(), answered: empty(), abandoned: empty(), slot, last: null,
  };
}

/** Begins the slots up to this one, with the figures as they were last.
 * @param {QueueHistory} queue
 * @param {number} slot
 */
function advance(queue, slot) {
  if (slot - queue.slot > ASLEEP) {
    queue.last = null;
    queue.slot = Math.max(queue.slot, slot - SLOTS); // older slots are overwritten anyway
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

/** The slot of a time; the offset keeps slots of the last hour above zero.
 * @param {number} now
 */
function slotOf(now) {
  return Math.floor(now / SLOT) + SLOTS;
}

/** @param {number} value */
function known(value) {
  return Number.isNaN(value) ? 0 : value;
}
