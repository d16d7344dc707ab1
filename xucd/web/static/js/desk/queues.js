/* The queues of the user's own agent: their waiting callers, its penalty, joining and leaving. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, makeIcon, setAttribute, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { showDone } from "../shared/toasts.js";
import { byName, t, tCount } from "../shared/words.js";

/** @import { QueueView } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */

/** @typedef {QueueView & {penalty: number}} OwnQueue */

const joinSelect = byId("join-queue", HTMLSelectElement);
/** @type {(queues: OwnQueue[]) => unknown} */
let showRows;

/** Starts the list.
 * @param {Desk} desk
 */
export function startQueues(desk) {
  showRows = keepList(byId("queue-rows"), {
    key: (/** @type {OwnQueue} */ queue) => queue.id,
    begin: (queue) => begin(desk, queue.id),
    fill,
    end: (parts) => {
      countFrom(parts.longest, null);
      if (parts.root.contains(document.activeElement)) {
        byId("queues-title").focus();
      }
    },
  });
  byId("join").addEventListener("submit", (event) => {
    event.preventDefault();
    const queueId = Number(joinSelect.value);
    if (queueId) {
      join(desk, queueId);
    }
  });
}

/** Shows the queues.
 * @param {Desk} desk
 */
export function showQueues(desk) {
  const { me, center: { state } } = desk;
  byId("queues").hidden = !me?.state;
  if (!me?.state) {
    return;
  }
  const queues = [...state.queues.values()].filter((queue) => queue.displayName);
  queues.sort((a, b) => byName(a.displayName, b.displayName));
  const own = queues.flatMap((queue) => {
    const penalty = me.queues.get(queue.id);
    return penalty === undefined ? [] : [{ ...queue, penalty }];
  });
  showRows(own);
  byId("queues-none").hidden = own.length > 0;
  showOthers(queues.filter((queue) => !me.queues.has(queue.id)));
  byId("join").hidden = me.state.name === "AgentLoggedOut" || own.length === queues.length;
}

/** @param {QueueView[]} queues */
function showOthers(queues) {
  const shown = JSON.stringify(queues.map(({ id, displayName }) => [id, displayName]));
  if (joinSelect.dataset.shown !== shown) {
    const chosen = joinSelect.value;
    joinSelect.dataset.shown = shown;
    joinSelect.replaceChildren(...queues.map(({ id, displayName }) =>
      make("option", { value: id, text: displayName })));
    joinSelect.value = queues.some(({ id }) => String(id) === chosen) ? chosen : joinSelect.value;
  }
}

/**
 * @param {Desk} desk
 * @param {number} queueId
 */
function begin(desk, queueId) {
  const name = make("strong");
  const waiting = make("span", { class: "waiting small" });
  const longest = make("span", { class: "timer small" });
  const penalty = make("output", { class: "number" });
  const less = step(ICONS.minus);
  const more = step(ICONS.plus);
  const group = make("span", { class: "penalty", role: "group" }, less, penalty, more);
  const leaving = make("button", {
    type: "button", class: "compact", "data-t": "queues.leave", text: t("queues.leave"),
  });
  const root = make("li", {},
    make("p", {}, name, make("span", { class: "waits" }, waiting, longest)),
    make("div", { class: "row" }, group, leaving));
  const current = () => desk.me?.queues.get(queueId) ?? 0;
  less.addEventListener("click", () => setPenalty(desk, queueId, Math.max(0, current() - 1)));
  more.addEventListener("click", () => setPenalty(desk, queueId, current() + 1));
  leaving.addEventListener("click", () => leave(desk, queueId));
  return { root, name, waiting, longest, penalty, less, more, group, leaving };
}

/** @param {string} icon */
function step(icon) {
  return make("button", { type: "button", class: "plain icon compact" }, makeIcon(icon));
}

/**
 * @param {ReturnType<typeof begin>} parts
 * @param {OwnQueue} queue
 */
function fill(parts, queue) {
  const { displayName: name, penalty, calls } = queue;
  setText(parts.name, name);
  setText(parts.waiting, calls.length === 0 ? t("queues.none-waiting")
    : tCount("queues.waiting", calls.length));
  parts.waiting.classList.toggle("some", calls.length > 0);
  countFrom(parts.longest, calls.length === 0 ? null : Date.parse(calls[0].queueTime));
  setText(parts.penalty, String(penalty));
  setAttribute(parts.penalty, "aria-label", t("queues.penalty-of", { name, penalty }));
  setAttribute(parts.group, "aria-label", t("queues.penalty", { name }));
  setAttribute(parts.group, "title", t("queues.penalty", { name }));
  setAttribute(parts.less, "aria-label", t("queues.less", { name }));
  setAttribute(parts.more, "aria-label", t("queues.more", { name }));
  setAttribute(parts.leaving, "aria-label", t("queues.leave-it", { name }));
  setAttribute(parts.less, "aria-disabled", penalty === 0 ? "true" : null);
}

/**
 * @param {Desk} desk
 * @param {number} queueId
 * @param {number} penalty
 */
function setPenalty(desk, queueId, penalty) {
  const agentId = desk.me?.id;
  return desk.attempt((center) => center.setAgentQueue({ agentId, queueId, penalty }));
}

/**
 * @param {Desk} desk
 * @param {number} queueId
 */
async function join(desk, queueId) {
  if (await setPenalty(desk, queueId, 0)) {
    showDone(t("queues.joined", { name: nameOf(desk, queueId) }));
  }
}

/**
 * @param {Desk} desk
 * @param {number} queueId
 */
async function leave(desk, queueId) {
  const agentId = desk.me?.id;
  if (await desk.attempt((center) => center.removeAgentFromQueue({ agentId, queueId }))) {
    showDone(t("queues.left", { name: nameOf(desk, queueId) }));
  }
}

/**
 * @param {Desk} desk
 * @param {number} queueId
 */
function nameOf(desk, queueId) {
  return desk.center.state.queues.get(queueId)?.displayName ?? "";
}
