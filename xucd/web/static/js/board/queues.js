/* The table of queues. Rows stay the same elements while they change, so that the focus, a drag and
the scroll position are kept. */

import { closest, make, setAttribute, setText } from "../shared/dom.js";
import { duration } from "../shared/times.js";
import { formatNumber, t } from "../shared/words.js";
import { makePlot } from "./spark.js";

/** @import { History, Plotted } from "./history.js" */
/** @import { QueueRow } from "./model.js" */

/** The figures that are plotted.
 * @type {Plotted[]}
 */
export const PLOTTED = ["waiting", "longest", "answered", "abandoned"];
const STAFF = /** @type {const} */ (["ready", "talking", "loggedIn"]);
const VALUES = 60; // in a plot
/** The least top of a plot's scale, so that one caller makes no peak: callers, seconds, calls. */
export const LEAST = { waiting: 4, longest: 30, answered: 3, abandoned: 3 };
const AT_ONCE = 6; // rows whose plots are drawn in one frame

export class QueueTable {
  /** @type {Map<number, Row>} */
  rows = new Map();
  /** @type {[number, Row][]} */
  due = []; // the rows whose plots are to be drawn

  /** `place` is the table's body; `open(id)` is called for a queue whose name is pressed.
   * @param {HTMLElement} place
   * @param {(id: number) => void} open
   */
  constructor(place, open) {
    this.place = place;
    place.addEventListener("click", (event) => {
      if (closest(event, "button")) {
        open(Number(closest(event, "tr")?.dataset.queue));
      }
    });
  }

  /** Shows these queues in this order; `changed` has the ids of those that did, null for all.
   * @param {QueueRow[]} views
   * @param {Set<number> | null} changed
   */
  show(views, changed = null) {
    const ids = new Set(views.map((view) => view.id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) {
        row.root.remove();
        this.rows.delete(id);
      }
    }
    views.forEach((view, index) => {
      const known = this.rows.get(view.id);
      const row = known ?? makeRow(view.id);
      this.rows.set(view.id, row);
      if (!known || changed === null || changed.has(view.id)) {
        fill(row, view);
      }
      const there = this.place.children[index];
      if (there !== row.root) {
        move(row.root, this.place, there ?? null);
      }
    });
  }

  /** Draws all plots again, a few in each frame.
   * @param {History} history
   * @param {number} now
   * @param {number} span
   */
  plot(history, now, span) {
    const begun = this.due.length > 0;
    this.due = [...this.rows];
    if (!begun) {
      requestAnimationFrame(() => this.plotSome(history, now, span));
    }
  }

  /**
   * @param {History} history
   * @param {number} now
   * @param {number} span
   */
  plotSome(history, now, span) {
    for (const [id, row] of this.due.splice(0, AT_ONCE)) {
      for (const name of PLOTTED) {
        const values = history.series(id, name, { now, span, count: VALUES });
        row.plots[name].draw(values, LEAST[name]);
      }
    }
    if (this.due.length > 0) {
      requestAnimationFrame(() => this.plotSome(history, now, span));
    }
  }
}

/** @typedef {ReturnType<typeof makeRow>} Row */

/** @param {number} id */
function makeRow(id) {
  const name = make("button", { type: "button", class: "plain compact name" });
  const number = make("span", { class: "quiet small number" });
  const note = make("span", { class: "note" });
  const share = make("span", { class: "share quiet small number" });
  const timedOut = make("span", { class: "timed-out quiet small" });
  const figures = perFigure(() => make("span", { class: "figure number" }));
  const plots = perFigure((figure) => makePlot(figure));
  const cells = perFigure((figure) => make("td", { role: "cell", class: `cell ${figure}` },
    figures[figure], ...(figure === "abandoned" ? [share, timedOut] : []), plots[figure].root));
  const staff = {
    ready: make("b", { class: "ready number" }),
    talking: make("b", { class: "call number" }),
    loggedIn: make("b", { class: "out number" }),
  };
  const staffWords = make("span", { class: "unseen" });
  const root = make("tr", { role: "row", "data-queue": id },
    make("th", { role: "rowheader", scope: "row" }, name, number, note),
    ...PLOTTED.map((figure) => cells[figure]),
    make("td", { role: "cell", class: "cell staff" }, staffWords,
      make("span", { class: "staffed", "aria-hidden": "true" },
        staff.ready, staff.talking, staff.loggedIn)));
  return { root, name, number, note, share, timedOut, figures, plots, cells, staff, staffWords };
}

/**
 * @template T
 * @param {(name: Plotted) => T} create
 * @returns {Record<Plotted, T>}
 */
function perFigure(create) {
  return {
    waiting: create("waiting"),
    longest: create("longest"),
    answered: create("answered"),
    abandoned: create("abandoned"),
  };
}

/**
 * @param {Row} row
 * @param {QueueRow} view
 */
function fill(row, view) {
  setAttribute(row.root, "data-level", view.level);
  row.root.classList.toggle("stale", view.stale);
  setText(row.name, view.name);
  setText(row.number, view.number);
  // Without room for the table's head, each cell shows its own label.
  for (const name of PLOTTED) {
    setAttribute(row.cells[name], "data-label", t(`board.${name}`));
  }
  setText(row.figures.waiting, formatNumber(view.waiting));
  setText(row.figures.longest, view.waiting ? duration(view.longest * 1000) : "–");
  setText(row.figures.answered, formatNumber(view.answered));
  setText(row.figures.abandoned, formatNumber(view.abandoned));
  setText(row.note, view.level !== "calm" && view.loggedIn === 0 ? t("board.nobody") : "");
  setText(row.share, view.abandoned
    ? t("board.share", { n: formatNumber(Math.round(view.abandonedShare)) }) : "");
  setText(row.timedOut, view.timedOut
    ? t("board.timedOut.also", { n: formatNumber(view.timedOut) }) : "");
  setText(row.staffWords, t("board.staff.words", view));
  for (const name of STAFF) {
    setText(row.staff[name], formatNumber(view[name]));
    setAttribute(row.staff[name], "data-label", t(`board.staff.${name}`));
  }
}

/** Moves an element; what has the focus in it keeps it.
 * @param {HTMLElement} element
 * @param {HTMLElement} place
 * @param {Element | null} before
 */
export function move(element, place, before) {
  const { activeElement: active } = document;
  place.insertBefore(element, before);
  if (active instanceof HTMLElement && element.contains(active)) {
    active.focus({ preventScroll: true });
  }
}
