/* The queues of the user's own agent: who waits there, and being in them or not. */

import { countFrom } from "../shared/clock.js";
import { byId, keepList, make, makeIcon, setAttribute, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { say } from "../shared/toasts.js";
import { byName, t, tCount } from "../shared/words.js";

let showRows = null;

/** Lets queues be joined, left, and changed in rank. */
export function startQueues(desk) {
  showRows = keepList(byId("queue-rows"), {
    key: (queue) => queue.id,
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
    const queueId = Number(byId("join-queue").value);
    if (queueId) {
      place(desk, queueId, 0, "queues.joined");
    }
  });
}

/** Shows the queues. */
export function showQueues(desk) {
  const { me, center: { state } } = desk;
  byId("queues").hidden = me?.state === null || me === null;
  if (byId("queues").hidden) {
    return;
  }
  const queues = [...state.queues.values()].filter((queue) => queue.displayName);
  queues.sort((a, b) => byName(a.displayName, b.displayName));
  const own = queues.filter((queue) => me.queues.has(queue.id));
  showRows(own.map((queue) => ({ ...queue, penalty: me.queues.get(queue.id) })));
  byId("queues-none").hidden = own.length > 0;
  showOthers(queues.filter((queue) => !me.queues.has(queue.id)));
  byId("join").hidden = me.state.name === "AgentLoggedOut" || own.length === queues.length;
}

function showOthers(queues) {
  const told = JSON.stringify(queues.map(({ id, displayName }) => [id, displayName]));
  const select = byId("join-queue");
  if (select.dataset.told !== told) {
    const chosen = select.value;
    select.dataset.told = told;
    select.replaceChildren(...queues.map(({ id, displayName }) =>
      make("option", { value: id, text: displayName })));
    select.value = queues.some(({ id }) => String(id) === chosen) ? chosen : select.value;
  }
}

function begin(desk, queueId) {
  const parts = {
    name: make("strong"),
    waiting: make("span", { class: "waiting small" }),
    longest: make("span", { class: "timer small" }),
    penalty: make("output", { class: "number" }),
    less: step(ICONS.minus),
    more: step(ICONS.plus),
    leave: make("button", {
      type: "button", class: "compact", "data-t": "queues.leave", text: t("queues.leave"),
    }),
  };
  parts.root = make("li", {},
    make("p", {}, parts.name, make("span", { class: "waits" }, parts.waiting, parts.longest)),
    make("div", { class: "row" },
      make("span", { class: "penalty", role: "group" }, parts.less, parts.penalty, parts.more),
      parts.leave));
  const penalty = () => desk.me.queues.get(queueId) ?? 0;
  parts.less.addEventListener("click", () => place(desk, queueId, Math.max(0, penalty() - 1)));
  parts.more.addEventListener("click", () => place(desk, queueId, penalty() + 1));
  parts.leave.addEventListener("click", () => leave(desk, queueId));
  return parts;
}

function step(icon) {
  return make("button", { type: "button", class: "plain icon compact" }, makeIcon(icon));
}

function fill(parts, queue) {
  const { displayName: name, penalty, calls } = queue;
  setText(parts.name, name);
  setText(parts.waiting, calls.length === 0 ? t("queues.nobody")
    : tCount("queues.waiting", calls.length));
  parts.waiting.classList.toggle("some", calls.length > 0);
  countFrom(parts.longest, calls.length === 0 ? null : Date.parse(calls[0].queueTime));
  setText(parts.penalty, String(penalty));
  setAttribute(parts.penalty, "aria-label", t("queues.penalty-of", { name, penalty }));
  setAttribute(parts.penalty.parentElement, "aria-label", t("queues.penalty", { name }));
  setAttribute(parts.penalty.parentElement, "title", t("queues.penalty", { name }));
  setAttribute(parts.less, "aria-label", t("queues.less", { name }));
  setAttribute(parts.more, "aria-label", t("queues.more", { name }));
  setAttribute(parts.leave, "aria-label", t("queues.leave-it", { name }));
  setAttribute(parts.less, "aria-disabled", penalty === 0 ? "true" : null);
}

async function place(desk, queueId, penalty, key = null) {
  const done = await desk.attempt(async (center) => {
    await center.setAgentQueue({ agentId: desk.me.id, queueId, penalty });
    return true;
  });
  if (done && key) {
    say(t(key, { name: nameOf(desk, queueId) }));
  }
}

async function leave(desk, queueId) {
  const done = await desk.attempt(async (center) => {
    await center.removeAgentFromQueue({ agentId: desk.me.id, queueId });
    return true;
  });
  if (done) {
    say(t("queues.left", { name: nameOf(desk, queueId) }));
  }
}

function nameOf(desk, queueId) {
  return desk.center.state.queues.get(queueId)?.displayName ?? "";
}
