/* A callback: whom to call, and the actions of the agent who has taken it. */

import { CALLEE_COLUMNS } from "../../lib/table.js";
import { keepList, make, makeIcon, setAttribute, setShown, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { hasWords, t } from "../shared/words.js";
import { dayWords, hoursWords, localDay, periodWords } from "./days.js";
import { beginTicket, fillTicket } from "./ticket.js";
import { ticketOf } from "./tickets.js";

/** @import { AgentView, CallbackView } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */
/** @import { TicketForm } from "./ticket.js" */

/** @typedef {{request: CallbackView, mine: boolean, open: boolean}} Item */
/** @typedef {ReturnType<typeof beginCallback>} Parts */

/** Makes the row of a callback; `turn` opens and closes it.
 * @param {Desk} desk
 * @param {string} uuid
 * @param {() => void} turn
 */
export function beginCallback(desk, uuid, turn) {
  const id = `callback-${uuid}`;
  const due = make("span", { class: "due" });
  const hours = make("span", { class: "quiet" });
  const who = make("span", { class: "party" });
  const company = make("span", { class: "quiet" });
  const message = make("span", {
    class: "message small", "data-t": "callback.message", text: t("callback.message"),
  });
  const taker = make("span", { class: "taker small" });
  const head = make("button", {
    type: "button", class: "plain head", "aria-expanded": "false", "aria-controls": id,
  },
  make("span", { class: "when small" }, due, " ", hours),
  make("span", { class: "name" }, who, " ", company, " ", message), taker);
  const take = button("callback.take", "compact");
  const about = make("dl", { class: "data" });
  const numbers = make("span", { class: "row" });
  const listen = button("callback.listen", "");
  listen.prepend(makeIcon(ICONS.play));
  const release = button("callback.release", "");
  const ticket = make("div");
  const body = make("div", { id, class: "body" },
    about, make("div", { class: "row" }, numbers, listen, release), ticket);
  const root = make("li", { class: "callback" }, make("div", { class: "line" }, head, take), body);
  const showNumbers = keepList(numbers, {
    key: (/** @type {string} */ number) => number,
    begin: (number) => beginNumber(desk, uuid, number),
    fill: fillNumber,
  });
  const parts = {
    root, due, hours, who, company, message, taker, head, take, about, numbers, listen, release,
    ticket, body, showNumbers, form: /** @type {TicketForm | null} */ (null),
  };
  head.addEventListener("click", turn);
  take.addEventListener("click", () => takeCallback(desk, parts, uuid));
  release.addEventListener("click", () => releaseCallback(desk, parts, uuid));
  listen.addEventListener("click", () => {
    const { voiceMessageRef } = desk.center.state.callbacks.requests.get(uuid) ?? {};
    if (voiceMessageRef) {
      desk.attempt((center) => center.listenCallbackMessage({ voiceMessageRef }));
    }
  });
  return parts;
}

/** The text of a callback that a search looks through.
 * @param {CallbackView} request
 */
export function calleeText(request) {
  return CALLEE_COLUMNS.map((column) => request[column]).filter(Boolean).join(" ");
}

/** Updates the row of a callback.
 * @param {Desk} desk
 * @param {Parts} parts
 * @param {Item} item
 */
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
  const taker = request.agentId === null ? undefined : state.agents.get(request.agentId);
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

/**
 * @param {Desk} desk
 * @param {Parts} parts
 * @param {CallbackView} request
 * @param {boolean} mine
 */
function fillBody(desk, parts, request, mine) {
  const { callbacks, rights } = desk.center.state;
  const numbers = [...new Set([request.phoneNumber, request.mobilePhoneNumber])]
    .flatMap((number) => number || []);
  showAbout(parts.about, [
    ...namedColumns(request),
    ["callback.numbers", numbers.join(", ")],
    ["callback.when", `${dayWords(request.dueDate)} · ${periodWords(request.preferredPeriod)}`],
    ["callback.list", callbacks.lists.get(request.listUuid)?.name],
  ]);
  parts.showNumbers(mine ? numbers : []);
  parts.listen.hidden = !request.voiceMessageRef;
  const supervises = ["Admin", "Supervisor"].includes(rights.profile);
  parts.release.hidden = request.agentId === null || !(mine || supervises);
}

/** The columns that stand in the open row under their names: those that have a text `column.NAME`.
 * The row's head and its buttons show the others.
 * @param {CallbackView} request
 * @returns {[key: string, value: string | null][]}
 */
function namedColumns(request) {
  return CALLEE_COLUMNS.filter((column) => hasWords(`column.${column}`))
    .map((column) => [`column.${column}`, request[column]]);
}

/** Shows the ticket once the callback was called.
 * @param {Desk} desk
 * @param {Parts} parts
 * @param {CallbackView} request
 * @param {string | null} ticket its uuid
 */
function showTicket(desk, parts, request, ticket) {
  for (const number of parts.numbers.children) {
    number.classList.toggle("primary", ticket === null);
  }
  if (ticket === null) {
    if (parts.ticket.contains(document.activeElement)) {
      parts.head.focus();
    }
    parts.ticket.replaceChildren();
    parts.form = null;
    return;
  }
  const form = parts.form ?? beginTicket(desk, request.uuid);
  if (!parts.form) {
    parts.form = form;
    parts.ticket.replaceChildren(form.root);
  }
  fillTicket(form, request, ticket, desk.center.state.callbacks.periods);
}

/**
 * @param {HTMLElement} place
 * @param {[key: string, value: string | null | undefined][]} lines
 */
function showAbout(place, lines) {
  const rows = lines.map(([key, value]) => ({ name: t(key), value: value ?? "" }))
    .filter(({ value }) => value !== "");
  const shown = JSON.stringify(rows);
  if (place.dataset.shown !== shown) {
    place.dataset.shown = shown;
    place.replaceChildren(...rows.map(({ name, value }) => make("div", {},
      make("dt", { text: name }), make("dd", { text: value }))));
  }
}

/**
 * @param {CallbackView} request
 * @param {boolean} mine
 * @param {AgentView | undefined} taker
 */
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

/**
 * @param {Desk} desk
 * @param {string} uuid
 * @param {string} number
 */
function beginNumber(desk, uuid, number) {
  const words = make("span");
  const root = make("button", { type: "button" }, makeIcon(ICONS.phone), words);
  root.addEventListener("click", () => call(desk, root, uuid, number));
  return { root, words };
}

/**
 * @param {ReturnType<typeof beginNumber>} parts
 * @param {string} number
 */
function fillNumber({ words }, number) {
  setText(words, t("callback.call", { number }));
}

/**
 * @param {Desk} desk
 * @param {HTMLElement} pressed
 * @param {string} uuid
 * @param {string} number
 */
async function call(desk, pressed, uuid, number) {
  if (pressed.getAttribute("aria-busy")) {
    return; // the phone rings already
  }
  pressed.setAttribute("aria-busy", "true");
  try {
    await desk.attempt((center) => center.startCallback({ uuid, number }));
  } finally {
    pressed.removeAttribute("aria-busy");
  }
}

/**
 * @param {Desk} desk
 * @param {Parts} parts
 * @param {string} uuid
 */
async function takeCallback(desk, parts, uuid) {
  const had = parts.root.contains(document.activeElement);
  await desk.attempt((center) => center.takeCallback({ uuid }));
  if (had && desk.signedIn) {
    parts.head.focus(); // the button that was pressed is hidden
  }
}

/**
 * @param {Desk} desk
 * @param {Parts} parts
 * @param {string} uuid
 */
async function releaseCallback(desk, parts, uuid) {
  await desk.attempt((center) => center.releaseCallback({ uuid }));
  parts.head.focus();
}

/**
 * @param {string} key
 * @param {string} look
 */
function button(key, look) {
  const words = make("span", { "data-t": key, text: t(key) });
  return make("button", { type: "button", class: look }, words);
}
