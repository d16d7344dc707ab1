/* The ticket of a callback: a form that closes the callback or reschedules it. */

import { make, setText } from "../shared/dom.js";
import { showRefusal, showDone } from "../shared/toasts.js";
import { t } from "../shared/words.js";
import { dayWords, localDay, periodWords } from "./days.js";

/** @import { CallbackPeriod, CallbackRequest, Commands } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */

/** @typedef {Parameters<Commands["updateCallbackTicket"]>[0]["status"]} TicketStatus */

/** @type {TicketStatus[]} */
const STATUSES = ["Answered", "NoAnswer", "Email", "Fax", "Callback"];

/** @typedef {ReturnType<typeof beginTicket>} TicketForm */

/** Makes the form for a callback.
 * @param {Desk} desk
 * @param {string} uuid the callback's
 */
export function beginTicket(desk, uuid) {
  const id = (/** @type {string} */ what) => `${what}-${uuid}`;
  const radios = STATUSES.map((status) => radio(id, status));
  const comment = make("textarea", { id: id("comment"), rows: 2, maxlength: 4000 });
  const date = make("input", { id: id("date"), type: "date" });
  const period = make("select", { id: id("period") });
  const again = make("div", { class: "fields", hidden: "" },
    make("p", {}, labelled(id("date"), "ticket.date"), date),
    make("p", {}, labelled(id("period"), "ticket.period"), period));
  const submit = make("button", { class: "primary", type: "submit" });
  const root = make("form", { class: "ticket", novalidate: "" },
    make("fieldset", {},
      make("legend", { "data-t": "ticket.outcome", text: t("ticket.outcome") }),
      make("div", { class: "outcomes" }, ...radios.map((choice) => choice.root))),
    make("p", {}, labelled(id("comment"), "ticket.comment"), comment),
    again,
    submit);
  const parts = { ticket: "", root, radios, comment, date, period, again, submit };
  root.addEventListener("change", () => showAgain(parts));
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    save(desk, parts);
  });
  return parts;
}

/** Updates the form.
 * @param {TicketForm} parts
 * @param {CallbackRequest} request
 * @param {string} ticket its uuid
 * @param {CallbackPeriod[]} periods
 */
export function fillTicket(parts, request, ticket, periods) {
  parts.ticket = ticket;
  parts.date.min = localDay(new Date());
  parts.date.value ||= parts.date.min > request.dueDate ? parts.date.min : request.dueDate;
  const shown = JSON.stringify(periods);
  if (parts.period.dataset.shown !== shown) {
    parts.period.dataset.shown = shown;
    const selected = parts.period.value || request.preferredPeriod.uuid;
    parts.period.replaceChildren(...periods.map((period) =>
      make("option", { value: period.uuid, text: periodWords(period) })));
    parts.period.value = selected;
  }
  showAgain(parts);
}

/**
 * @param {(what: string) => string} id
 * @param {TicketStatus} status
 */
function radio(id, status) {
  const input = make("input", {
    id: id(status), type: "radio", name: id("status"), value: status,
  });
  return { status, input, root: make("span", {}, input, labelled(id(status), `ticket.${status}`)) };
}

/**
 * @param {string} id
 * @param {string} key
 */
function labelled(id, key) {
  return make("label", { for: id, "data-t": key, text: t(key) });
}

/** The chosen outcome, or null.
 * @param {Pick<TicketForm, "radios">} parts
 */
function chosen(parts) {
  return parts.radios.find(({ input }) => input.checked)?.status ?? null;
}

/** @param {Pick<TicketForm, "radios" | "again" | "submit">} parts */
function showAgain(parts) {
  const again = chosen(parts) === "Callback";
  parts.again.hidden = !again;
  setText(parts.submit, t(again ? "ticket.reschedule" : "ticket.close"));
}

/**
 * @param {Desk} desk
 * @param {TicketForm} parts
 */
async function save(desk, parts) {
  const status = chosen(parts);
  if (!status) {
    showRefusal(t("ticket.no-outcome"));
    parts.radios[0].input.focus();
    return;
  }
  const dueDate = status === "Callback" ? parts.date.value : null;
  if (dueDate === "") {
    showRefusal(t("refused.DateInvalid"));
    parts.date.focus();
    return;
  }
  const again = dueDate === null ? {} : { dueDate, periodUuid: parts.period.value };
  const comment = parts.comment.value.trim();
  const { ticket: uuid } = parts;
  if (await desk.attempt((center) =>
    center.updateCallbackTicket({ uuid, status, comment, ...again }))) {
    showDone(dueDate === null ? t("ticket.closed") : t("ticket.moved", { day: dayWords(dueDate) }));
  }
}
