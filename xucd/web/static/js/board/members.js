/* An agent's membership of a queue, as a row of a panel: its name, its penalty, its removal. */

import { make, makeIcon, setAttribute, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { formatNumber, t } from "../shared/words.js";

/** @import { AgentView } from "/lib/xucd.js" */
/** @typedef {ReturnType<typeof makeMember>} Member */

/**
 * What the buttons of a row do; `setPenalty` resolves to whether it was done.
 * @typedef {object} MemberActions
 * @property {(penalty: number) => Promise<boolean>} setPenalty
 * @property {() => void} remove
 */

/** Makes a row; `first` is what names it.
 * @param {HTMLElement} first
 * @param {MemberActions} actions
 */
export function makeMember(first, actions) {
  const less = make("button", { type: "button", class: "icon compact less" }, makeIcon(ICONS.minus));
  const penalty = make("span", { class: "number penalty" });
  const more = make("button", { type: "button", class: "icon compact more" }, makeIcon(ICONS.plus));
  const remove = make("button", { type: "button", class: "compact remove" });
  const difference = make("span", { class: "quiet small difference" });
  const group = make("span", { class: "stepper", role: "group" }, less, penalty, more);
  const row = {
    less, penalty, more, remove, group, difference,
    root: make("li", { class: "member" }, first, difference, group, remove),
    current: 0, // the penalty, as xucd has it
    /** @type {number | null} */
    requested: null, // the one that was requested last and is not confirmed yet
    pending: 0, // how many requests are unanswered
  };
  // If the user presses faster than Asterisk answers, each press counts from the one before.
  const step = async (/** @type {number} */ by) => {
    row.requested = Math.max(0, (row.requested ?? row.current) + by);
    row.pending += 1;
    const done = await actions.setPenalty(row.requested);
    row.pending -= 1;
    if (!done) {
      row.requested = null;
    }
  };
  less.addEventListener("click", () => step(-1));
  more.addEventListener("click", () => step(1));
  remove.addEventListener("click", () => actions.remove());
  return row;
}

/** In words where a membership is another than the configured one, which the next login gives.
 * @param {Pick<AgentView, "queues" | "configured" | "missing">} agent
 * @param {number} queueId
 */
export function differenceWords(agent, queueId) {
  if (agent.missing.has(queueId)) {
    return t("panel.missing");
  }
  const configured = agent.configured.get(queueId);
  if (configured === undefined) {
    return "";
  }
  if (configured < 0) {
    return t("panel.added-elsewhere");
  }
  return agent.queues.has(queueId)
    ? t("panel.configured", { penalty: configured }) : t("panel.removed-elsewhere");
}

/** Updates a row. `what` names its penalty, `removal` is the label of its button to remove it. What
 * another program has ended can be added again, but not be changed.
 * @param {Member} row
 * @param {{penalty: number, removed: boolean}} membership
 * @param {string} what
 * @param {string} removal
 */
export function fillMember(row, { penalty, removed }, what, removal) {
  row.group.hidden = row.remove.hidden = removed;
  if (row.requested === penalty || (row.current !== penalty && row.pending === 0)) {
    row.requested = null; // it is confirmed, or somebody else has changed it
  }
  row.current = penalty;
  setText(row.penalty, formatNumber(penalty));
  setAttribute(row.group, "aria-label", what);
  setAttribute(row.less, "aria-label", t("panel.less", { what }));
  setAttribute(row.more, "aria-label", t("panel.more", { what }));
  setAttribute(row.less, "aria-disabled", penalty === 0 ? "true" : null);
  setText(row.remove, t("panel.remove"));
  setAttribute(row.remove, "aria-label", removal);
}

/** A form that adds a membership: `add(id, penalty)`. `offer(choices)` sets what can be added.
 * @param {string} id
 * @param {string} words
 * @param {(id: number, penalty: number) => void} add
 */
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
    /** @param {{id: number, name: string}[]} choices */
    offer(choices) {
      const key = choices.map((entry) => `${entry.id} ${entry.name}`).join("\n");
      if (key !== offered) {
        offered = key;
        const chosen = choice.value;
        choice.replaceChildren(make("option", { value: "", text: words }),
          ...choices.map((entry) => make("option", { value: entry.id, text: entry.name })));
        choice.value = choices.some((entry) => String(entry.id) === chosen) ? chosen : "";
      }
      form.hidden = choices.length === 0;
    },
  };
}
