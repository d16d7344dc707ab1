/* An agent's place in a queue, as a row of a panel: its name, its penalty, the way out. */

import { make, makeIcon, setAttribute, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { formatNumber, t } from "../shared/words.js";

/**
 * Makes a row. `first` is what names it, `act` {setPenalty(penalty), remove()}, of which the former
 * resolves to whether it was done.
 */
export function makeMember(first, act) {
  const row = {
    less: make("button", { type: "button", class: "icon compact less" }, makeIcon(ICONS.minus)),
    penalty: make("span", { class: "number penalty" }),
    more: make("button", { type: "button", class: "icon compact more" }, makeIcon(ICONS.plus)),
    remove: make("button", { type: "button", class: "compact remove" }),
    told: 0, // the penalty, as xucd has it
    wanted: null, // the one that was asked for last and is not told yet
    asking: 0, // how many answers are awaited
  };
  // Pressed faster than Asterisk answers, each press counts from the one before.
  const step = async (by) => {
    row.wanted = Math.max(0, (row.wanted ?? row.told) + by);
    row.asking += 1;
    const done = await act.setPenalty(row.wanted);
    row.asking -= 1;
    if (!done) {
      row.wanted = null;
    }
  };
  row.less.addEventListener("click", () => step(-1));
  row.more.addEventListener("click", () => step(1));
  row.remove.addEventListener("click", () => act.remove());
  row.group = make("span", { class: "stepper", role: "group" }, row.less, row.penalty, row.more);
  row.root = make("li", { class: "member" }, first, row.group, row.remove);
  return row;
}

/** Brings a row up to date. `what` is what its buttons are about, `out` what taking out reads. */
export function fillMember(row, penalty, what, out) {
  if (row.wanted === penalty || (row.told !== penalty && row.asking === 0)) {
    row.wanted = null; // it is so, or somebody else has changed it
  }
  row.told = penalty;
  setText(row.penalty, formatNumber(penalty));
  setAttribute(row.group, "aria-label", what);
  setAttribute(row.less, "aria-label", t("panel.less", { what }));
  setAttribute(row.more, "aria-label", t("panel.more", { what }));
  setAttribute(row.less, "aria-disabled", penalty === 0 ? "true" : null);
  setText(row.remove, t("panel.remove"));
  setAttribute(row.remove, "aria-label", out);
}

/** A form that puts one of several things in: `add(id, penalty)`. `offer(things)` says which. */
export function makeAdder(id, words, add) {
  const choice = make("select", { id: `${id}-what` });
  const penalty = make("input", {
    id: `${id}-penalty`, type: "number", min: 0, max: 999, value: 0, inputmode: "numeric",
  });
  const form = make("form", { class: "row adder" },
    make("label", { for: choice.id, class: "unseen", text: words }), choice,
    make("label", { for: penalty.id, text: t("panel.penalty") }), penalty,
    make("button", { type: "submit", text: t("panel.add") }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (choice.value && penalty.reportValidity()) {
      add(Number(choice.value), Number(penalty.value));
    }
  });
  let offered = "";
  return {
    root: form,
    offer(things) {
      const key = things.map((thing) => `${thing.id} ${thing.name}`).join("\n");
      if (key !== offered) {
        offered = key;
        const chosen = choice.value;
        choice.replaceChildren(make("option", { value: "", text: words }),
          ...things.map((thing) => make("option", { value: thing.id, text: thing.name })));
        choice.value = things.some((thing) => String(thing.id) === chosen) ? chosen : "";
      }
      form.hidden = things.length === 0;
    },
  };
}
