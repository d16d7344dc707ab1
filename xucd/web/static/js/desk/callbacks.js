/* The list of callbacks: the user's own first, then by the day on which they are due. */

import { byId, keepList, make, setText } from "../shared/dom.js";
import { byName, formatNumber, t } from "../shared/words.js";
import { beginCallback, calleeText, fillCallback } from "./callback.js";
import { localDay } from "./days.js";

/** @import { CallbackView, State } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */
/** @import { Item } from "./callback.js" */

const PAGE = 30; // rows that are shown at first, and added at a time

const which = byId("callbacks-which", HTMLSelectElement);
const find = byId("callbacks-find", HTMLInputElement);

/** The rows that the user has opened or closed: the user's own are open at first, others closed.
 * @type {Set<string>}
 */
const turned = new Set();
let most = PAGE;
/** @type {(items: Item[]) => unknown} */
let showRows;

/** Starts the list and its filters.
 * @param {Desk} desk
 */
export function startCallbacks(desk) {
  showRows = keepList(byId("callback-rows"), {
    key: (/** @type {Item} */ { request }) => request.uuid,
    begin: (item) => beginCallback(desk, item.request.uuid, () => turn(desk, item.request.uuid)),
    fill: (parts, item) => fillCallback(desk, parts, item),
    end: (parts) => {
      if (parts.root.contains(document.activeElement)) {
        byId("callbacks-title").focus();
      }
    },
  });
  const narrow = () => {
    most = PAGE;
    showCallbacks(desk);
  };
  which.addEventListener("change", narrow);
  find.addEventListener("input", narrow);
  byId("callbacks-more").addEventListener("click", () => {
    most += PAGE;
    showCallbacks(desk);
  });
}

/** Shows the callbacks.
 * @param {Desk} desk
 */
export function showCallbacks(desk) {
  const { callbacks } = desk.center.state;
  byId("callbacks").hidden = desk.callbacksOff || callbacks.lists.size === 0;
  if (byId("callbacks").hidden) {
    return;
  }
  const me = desk.me?.id ?? null;
  showChoice(callbacks.lists, me);
  const requests = [...callbacks.requests.values()];
  setText(byId("callbacks-count"), formatNumber(requests.length));
  const found = requests.filter((request) => isChosen(request, me) && isFound(request));
  found.sort((a, b) => before(a, b, me));
  showRows(found.slice(0, most).map((request) => (
    { request, mine: me !== null && request.agentId === me, open: isOpen(request, me) })));
  byId("callbacks-none").hidden = found.length > 0;
  setText(byId("callbacks-none"), t(requests.length > 0 ? "callbacks.not-found" : "callbacks.none"));
  byId("callbacks-more").hidden = found.length <= most;
  setText(byId("callbacks-more"), t("callbacks.more", { n: formatNumber(found.length - most) }));
}

/**
 * @param {Desk} desk
 * @param {string} uuid
 */
function turn(desk, uuid) {
  if (!turned.delete(uuid)) {
    turned.add(uuid);
  }
  showCallbacks(desk);
}

/**
 * @param {CallbackView} request
 * @param {number | null} me
 */
function isOpen({ uuid, agentId }, me) {
  return turned.has(uuid) !== (me !== null && agentId === me);
}

/**
 * @param {State["callbacks"]["lists"]} lists
 * @param {number | null} me
 */
function showChoice(lists, me) {
  const choices = [["all", t("callbacks.all")], ["due", t("callbacks.due")]];
  if (me !== null) {
    choices.push(["mine", t("callbacks.mine")]);
  }
  if (lists.size > 1) {
    choices.push(...[...lists.values()].map(({ uuid, name }) => [uuid, name]));
  }
  const shown = JSON.stringify(choices);
  if (which.dataset.shown !== shown) {
    const chosen = which.value;
    which.dataset.shown = shown;
    which.replaceChildren(...choices.map(([value, text]) => make("option", { value, text })));
    which.value = choices.some(([value]) => value === chosen) ? chosen : "all";
  }
}

/**
 * @param {CallbackView} request
 * @param {number | null} me
 */
function isChosen(request, me) {
  const chosen = which.value;
  switch (chosen) {
    case "all": return true;
    case "due": return request.dueDate <= localDay(new Date());
    case "mine": return request.agentId === me;
    default: return request.listUuid === chosen;
  }
}

/** @param {CallbackView} request */
function isFound(request) {
  const wanted = find.value.trim().toLowerCase();
  return wanted === "" || calleeText(request).toLowerCase().includes(wanted);
}

/**
 * @param {CallbackView} a
 * @param {CallbackView} b
 * @param {number | null} me
 */
function before(a, b, me) {
  const mine = Number(b.agentId === me && me !== null) - Number(a.agentId === me && me !== null);
  return mine || compare(a.dueDate, b.dueDate)
    || compare(a.preferredPeriod.periodStart, b.preferredPeriod.periodStart)
    || byName(a.lastName ?? "", b.lastName ?? "") || compare(a.uuid, b.uuid);
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return Number(a > b) - Number(a < b);
}
