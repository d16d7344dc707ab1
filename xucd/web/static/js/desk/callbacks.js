/* The people to call back: the user's own first, then by the day on which they are due. */

import { byId, keepList, make, setText } from "../shared/dom.js";
import { byName, formatNumber, t } from "../shared/words.js";
import { beginCallback, calleeText, fillCallback } from "./callback.js";
import { localDay } from "./days.js";

const PAGE = 30; // rows that are shown at first, and added at a time

// Uuids of the rows that were turned: one's own are open unless turned, the others closed.
const turned = new Set();
let most = PAGE;
let showRows = null;

/** Lets the list be narrowed down, and its rows ask. */
export function startCallbacks(desk) {
  showRows = keepList(byId("callback-rows"), {
    key: ({ request }) => request.uuid,
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
  byId("callbacks-which").addEventListener("change", narrow);
  byId("callbacks-find").addEventListener("input", narrow);
  byId("callbacks-more").addEventListener("click", () => {
    most += PAGE;
    showCallbacks(desk);
  });
}

/** Shows the callbacks. */
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

function turn(desk, uuid) {
  if (!turned.delete(uuid)) {
    turned.add(uuid);
  }
  showCallbacks(desk);
}

function isOpen({ uuid, agentId }, me) {
  return turned.has(uuid) !== (me !== null && agentId === me);
}

function showChoice(lists, me) {
  const choices = [["all", t("callbacks.all")], ["due", t("callbacks.due")]];
  if (me !== null) {
    choices.push(["mine", t("callbacks.mine")]);
  }
  if (lists.size > 1) {
    choices.push(...[...lists.values()].map(({ uuid, name }) => [uuid, name]));
  }
  const select = byId("callbacks-which");
  const told = JSON.stringify(choices);
  if (select.dataset.told !== told) {
    const chosen = select.value;
    select.dataset.told = told;
    select.replaceChildren(...choices.map(([value, text]) => make("option", { value, text })));
    select.value = choices.some(([value]) => value === chosen) ? chosen : "all";
  }
}

function isChosen(request, me) {
  const chosen = byId("callbacks-which").value;
  switch (chosen) {
    case "all": return true;
    case "due": return request.dueDate <= localDay(new Date());
    case "mine": return request.agentId === me;
    default: return request.listUuid === chosen;
  }
}

function isFound(request) {
  const wanted = byId("callbacks-find").value.trim().toLowerCase();
  return wanted === "" || calleeText(request).toLowerCase().includes(wanted);
}

function before(a, b, me) {
  const mine = Number(b.agentId === me && me !== null) - Number(a.agentId === me && me !== null);
  return mine || compare(a.dueDate, b.dueDate)
    || compare(a.preferredPeriod.periodStart, b.preferredPeriod.periodStart)
    || byName(a.lastName ?? "", b.lastName ?? "") || compare(a.uuid, b.uuid);
}

function compare(a, b) {
  return Number(a > b) - Number(a < b);
}
