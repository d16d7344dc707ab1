/* One callback: who is to be called, and what its taker can do. */

import { keepList, make, makeIcon, setAttribute, setShown, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { t } from "../shared/words.js";
import { dayWords, hoursWords, localDay, periodWords } from "./days.js";
import { beginTicket, fillTicket } from "./ticket.js";
import { ticketOf } from "./tickets.js";

/** Makes the row of a request; `turn` opens and closes it. */
export function beginCallback(desk, uuid, turn) {
  const body = `callback-${uuid}`;
  const parts = {
    due: make("span", { class: "due" }),
    hours: make("span", { class: "quiet" }),
    who: make("span", { class: "party" }),
    company: make("span", { class: "quiet" }),
    message: make("span", {
      class: "message small", "data-t": "callback.message", text: t("callback.message"),
    }),
    taker: make("span", { class: "taker small" }),
    take: button("callback.take", "compact"),
    about: make("dl", { class: "data" }),
    numbers: make("span", { class: "row" }),
    listen: button("callback.listen", ""),
    release: button("callback.release", ""),
    ticket: make("div"),
  };
  parts.head = make("button", {
    type: "button", class: "plain head", "aria-expanded": "false", "aria-controls": body,
  },
  make("span", { class: "when small" }, parts.due, " ", parts.hours),
  make("span", { class: "name" }, parts.who, " ", parts.company, " ", parts.message), parts.taker);
  parts.listen.prepend(makeIcon(ICONS.play));
  parts.body = make("div", { id: body, class: "body" },
    parts.about,
    make("div", { class: "row" }, parts.numbers, parts.listen, parts.release),
    parts.ticket);
  parts.root = make("li", { class: "callback" },
    make("div", { class: "line" }, parts.head, parts.take), parts.body);
  parts.showNumbers = keepList(parts.numbers, {
    key: (number) => number,
    begin: (number) => beginNumber(desk, uuid, number),
    fill: fillNumber,
  });
  parts.head.addEventListener("click", turn);
  parts.take.addEventListener("click", () => take(desk, parts, uuid));
  parts.release.addEventListener("click", () => release(desk, parts, uuid));
  parts.listen.addEventListener("click", () => {
    const { voiceMessageRef } = desk.center.state.callbacks.requests.get(uuid);
    desk.attempt((center) => center.listenCallbackMessage({ voiceMessageRef }));
  });
  return parts;
}

/** All that a request says about whoever is to be called, to be searched. */
export function calleeText(request) {
  const { firstName, lastName, company, description, phoneNumber, mobilePhoneNumber } = request;
  const all = [firstName, lastName, company, description, phoneNumber, mobilePhoneNumber];
  return all.filter(Boolean).join(" ");
}

/** Shows a request: `{request, mine, open}`. */
export function fillCallback(desk, parts, { request, mine, open }) {
  const { state } = desk.center;
  const name = [request.firstName, request.lastName].filter(Boolean).join(" ");
  const today = localDay(new Date());
  setText(parts.due, dayWords(request.dueDate));
  setText(parts.hours, hoursWords(request.preferredPeriod));
  parts.message.hidden = !request.voiceMessageRef;
  parts.due.classList.toggle("late", request.dueDate < today);
  parts.due.classList.toggle("today", request.dueDate === today);
  setText(parts.who, name || request.phoneNumber || request.mobilePhoneNumber || "");
  setText(parts.company, request.company ?? "");
  const taker = state.agents.get(request.agentId);
  setText(parts.taker, takerWords(request, mine, taker));
  parts.root.classList.toggle("mine", mine);
  parts.root.classList.toggle("taken", request.agentId !== null && !mine);
  setAttribute(parts.head, "aria-expanded", String(open));
  setShown(parts.body, open, parts.head);
  parts.take.hidden = desk.me === null || request.agentId !== null;
  setAttribute(parts.take, "aria-label", t("callback.take-it", { name: parts.who.textContent }));
  fillBody(desk, parts, request, mine);
  showTicket(desk, parts, request, mine ? ticketOf(request) : null);
}

function fillBody(desk, parts, request, mine) {
  const { callbacks, rights } = desk.center.state;
  const numbers = [...new Set([request.phoneNumber, request.mobilePhoneNumber].filter(Boolean))];
  showAbout(parts.about, [
    ["callback.description", request.description],
    ["callback.numbers", numbers.join(", ")],
    ["callback.when", `${dayWords(request.dueDate)} · ${periodWords(request.preferredPeriod)}`],
    ["callback.list", callbacks.lists.get(request.listUuid)?.name],
  ]);
  parts.showNumbers(mine ? numbers : []);
  parts.listen.hidden = !request.voiceMessageRef;
  const supervises = ["Admin", "Supervisor"].includes(rights.profile);
  parts.release.hidden = request.agentId === null || !(mine || supervises);
}

/** Once it has been called, the form that ends it is what comes next. */
function showTicket(desk, parts, request, ticket) {
  for (const button of parts.numbers.children) {
    button.classList.toggle("primary", ticket === null);
  }
  if (ticket === null) {
    if (parts.ticket.contains(document.activeElement)) {
      parts.head.focus();
    }
    parts.ticket.replaceChildren();
    parts.form = null;
    return;
  }
  if (!parts.form) {
    parts.form = beginTicket(desk, request.uuid);
    parts.ticket.replaceChildren(parts.form.root);
  }
  fillTicket(parts.form, request, ticket, desk.center.state.callbacks.periods);
}

function showAbout(place, lines) {
  const told = lines.filter(([, value]) => value).map(([key, value]) => [t(key), value]);
  if (place.dataset.told !== JSON.stringify(told)) {
    place.dataset.told = JSON.stringify(told);
    place.replaceChildren(...told.map(([name, value]) => make("div", {},
      make("dt", { text: name }), make("dd", { text: value }))));
  }
}

function takerWords({ agentId }, mine, taker) {
  if (agentId === null) {
    return "";
  }
  if (mine) {
    return t("callback.yours");
  }
  const name = taker ? `${taker.firstName} ${taker.lastName}`.trim() : `${agentId}`;
  return t("callback.taken-by", { name });
}

function beginNumber(desk, uuid, number) {
  const words = make("span");
  const root = make("button", { type: "button" }, makeIcon(ICONS.phone), words);
  root.addEventListener("click", () => call(desk, root, uuid, number));
  return { root, words };
}

function fillNumber({ words }, number) {
  setText(words, t("callback.call", { number }));
}

async function call(desk, button, uuid, number) {
  if (button.getAttribute("aria-busy")) {
    return; // the phone rings already
  }
  button.setAttribute("aria-busy", "true");
  try {
    await desk.attempt((center) => center.startCallback({ uuid, number }));
  } finally {
    button.removeAttribute("aria-busy");
  }
}

async function take(desk, parts, uuid) {
  const had = parts.root.contains(document.activeElement);
  await desk.attempt((center) => center.takeCallback({ uuid }));
  if (had && desk.center) {
    parts.head.focus(); // what was pressed goes; what comes next is below
  }
}

async function release(desk, parts, uuid) {
  await desk.attempt((center) => center.releaseCallback({ uuid }));
  parts.head.focus();
}

function button(key, look) {
  const words = make("span", { "data-t": key, text: t(key) });
  return make("button", { type: "button", class: look }, words);
}
