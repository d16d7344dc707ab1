/* The form that closes a callback, or puts it off to another day. */

import { make, setText } from "../shared/dom.js";
import { complain, say } from "../shared/toasts.js";
import { t } from "../shared/words.js";
import { dayWords, localDay, periodWords } from "./days.js";

const STATUSES = ["Answered", "NoAnswer", "Email", "Fax", "Callback"];

/** Makes the form for a request of this uuid. */
export function beginTicket(desk, uuid) {
  const id = (what) => `${what}-${uuid}`;
  const parts = { ticket: null, radios: STATUSES.map((status) => radio(id, status)) };
  parts.comment = make("textarea", { id: id("comment"), rows: 2, maxlength: 4000 });
  parts.date = make("input", { id: id("date"), type: "date" });
  parts.period = make("select", { id: id("period") });
  parts.again = make("div", { class: "fields", hidden: "" },
    make("p", {}, labelled(id("date"), "ticket.date"), parts.date),
    make("p", {}, labelled(id("period"), "ticket.period"), parts.period));
  parts.save = make("button", { class: "primary", type: "submit" });
  parts.root = make("form", { class: "ticket", novalidate: "" },
    make("fieldset", {},
      make("legend", { "data-t": "ticket.outcome", text: t("ticket.outcome") }),
      make("div", { class: "outcomes" }, ...parts.radios.map((one) => one.root))),
    make("p", {}, labelled(id("comment"), "ticket.comment"), parts.comment),
    parts.again,
    parts.save);
  parts.root.addEventListener("change", () => showAgain(parts));
  parts.root.addEventListener("submit", (event) => {
    event.preventDefault();
    save(desk, parts);
  });
  return parts;
}

/** Brings the form up to date: `ticket` is the uuid it is about. */
export function fillTicket(parts, request, ticket, periods) {
  parts.ticket = ticket;
  parts.date.min = localDay(new Date());
  parts.date.value ||= parts.date.min > request.dueDate ? parts.date.min : request.dueDate;
  const told = JSON.stringify(periods);
  if (parts.period.dataset.told !== told) {
    parts.period.dataset.told = told;
    const chosen = parts.period.value || request.preferredPeriod.uuid;
    parts.period.replaceChildren(...periods.map((period) =>
      make("option", { value: period.uuid, text: periodWords(period) })));
    parts.period.value = chosen;
  }
  showAgain(parts);
}

function radio(id, status) {
  const input = make("input", {
    id: id(status), type: "radio", name: id("status"), value: status,
  });
  return { input, root: make("span", {}, input, labelled(id(status), `ticket.${status}`)) };
}

function labelled(id, key) {
  return make("label", { for: id, "data-t": key, text: t(key) });
}

function chosen(parts) {
  return parts.radios.find(({ input }) => input.checked)?.input.value ?? null;
}

function showAgain(parts) {
  const again = chosen(parts) === "Callback";
  parts.again.hidden = !again;
  setText(parts.save, t(again ? "ticket.put-off" : "ticket.close"));
}

async function save(desk, parts) {
  const status = chosen(parts);
  if (!status) {
    complain(t("ticket.no-outcome"));
    parts.radios[0].input.focus();
    return;
  }
  const again = status === "Callback"
    ? { dueDate: parts.date.value, periodUuid: parts.period.value } : {};
  if (again.dueDate === "") {
    complain(t("refused.DateInvalid"));
    parts.date.focus();
    return;
  }
  const comment = parts.comment.value.trim();
  const done = await desk.attempt(async (center) => {
    await center.updateCallbackTicket({ uuid: parts.ticket, status, comment, ...again });
    return true;
  });
  if (done) {
    say(again.dueDate ? t("ticket.moved", { day: dayWords(again.dueDate) })
      : t("ticket.closed"));
  }
}
