/* The table of queues. Rows stay the same elements while they change, so that the focus, a drop and
the place on the page are kept. */

import { make, setAttribute, setText } from "../shared/dom.js";
import { duration } from "../shared/times.js";
import { formatNumber, t } from "../shared/words.js";
import { makePlot } from "./spark.js";

const FIGURES = ["waiting", "longest", "answered", "abandoned"];
const STAFF = ["ready", "talking", "loggedIn"];
const VALUES = 60; // in a plot
/** What fills a plot at least, so that one caller is no mountain: callers, seconds, calls. */
export const LEAST = { waiting: 4, longest: 30, answered: 3, abandoned: 3 };
const AT_ONCE = 6; // rows whose plots are drawn in one frame

export class QueueTable {
  /** `place` is the table's body; `open(id)` is called for a queue whose name is pressed. */
  constructor(place, open) {
    this.place = place;
    this.rows = new Map();
    this.due = [];
    place.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) {
        open(Number(button.closest("tr").dataset.queue));
      }
    });
  }

  /** Shows these queues in this order; `changed` has the ids of those that did, null for all. */
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
      const row = known ?? this.begin(view.id);
      if (!known || changed === null || changed.has(view.id)) {
        fill(row, view);
      }
      const there = this.place.children[index];
      if (there !== row.root) {
        move(row.root, this.place, there ?? null);
      }
    });
  }

  /** Draws all plots anew, a few in each frame. */
  plot(history, now, span) {
    const begun = this.due.length > 0;
    this.due = [...this.rows];
    if (!begun) {
      requestAnimationFrame(() => this.plotSome(history, now, span));
    }
  }

  plotSome(history, now, span) {
    for (const [id, row] of this.due.splice(0, AT_ONCE)) {
      for (const name of FIGURES) {
        row.plots[name].draw(history.series(id, name, now, span, VALUES), LEAST[name]);
      }
    }
    if (this.due.length > 0) {
      requestAnimationFrame(() => this.plotSome(history, now, span));
    }
  }

  begin(id) {
    const row = { name: make("button", { type: "button", class: "plain compact name" }) };
    row.number = make("span", { class: "quiet small number" });
    row.note = make("span", { class: "note" });
    row.plots = {};
    row.cells = FIGURES.map((name) => {
      row[name] = make("span", { class: "figure number" });
      row.plots[name] = makePlot(name);
      return make("td", { role: "cell", class: `cell ${name}` }, row[name], row.plots[name].root);
    });
    row.share = make("span", { class: "share quiet small number" });
    row.abandoned.after(row.share);
    row.ready = make("b", { class: "ready number" });
    row.talking = make("b", { class: "call number" });
    row.loggedIn = make("b", { class: "out number" });
    row.staff = make("span", { class: "unseen" });
    row.staffed = make("span", { class: "staffed", "aria-hidden": "true" },
      row.ready, row.talking, row.loggedIn);
    row.root = make("tr", { role: "row", "data-queue": id },
      make("th", { role: "rowheader", scope: "row" }, row.name, row.number, row.note),
      ...row.cells,
      make("td", { role: "cell", class: "cell staff" }, row.staff, row.staffed));
    this.rows.set(id, row);
    return row;
  }
}

function fill(row, view) {
  setAttribute(row.root, "data-level", view.level);
  setText(row.name, view.name);
  setText(row.number, view.number);
  // Where there is no room for the table's head, each cell says what it is.
  FIGURES.forEach((name, index) =>
    setAttribute(row.cells[index], "data-label", t(`board.${name}`)));
  setText(row.note, view.level !== "calm" && view.loggedIn === 0 ? t("board.nobody") : "");
  setText(row.waiting, formatNumber(view.waiting));
  setText(row.longest, view.waiting ? duration(view.longest * 1000) : "–");
  setText(row.answered, formatNumber(view.answered));
  setText(row.abandoned, formatNumber(view.abandoned));
  setText(row.share, view.abandoned
    ? t("board.share", { n: formatNumber(Math.round(view.abandonedShare)) }) : "");
  setText(row.staff, t("board.staff.words", view));
  for (const name of STAFF) {
    setText(row[name], formatNumber(view[name]));
    setAttribute(row[name], "data-label", t(`board.staff.${name}`));
  }
}

/** Moves an element, which keeps the focus if it has it. */
export function move(element, place, before) {
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  place.insertBefore(element, before);
  held?.focus({ preventScroll: true });
}
