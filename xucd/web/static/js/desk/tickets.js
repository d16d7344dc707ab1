/* The tickets of the callbacks that were called in this tab. xucd sends a ticket's uuid once, when its
callback is started; since it is kept here, a page that is loaded again can still close it. */

/** @import { CallbackView, Center } from "/lib/xucd.js" */

/** @typedef {Record<string, string>} Tickets The uuids of tickets, by those of their callbacks. */

const KEY = "xucd.tickets";

/** Keeps the tickets that xucd sends.
 * @param {Center} center
 */
export function keepTickets(center) {
  center.on("CallbackStarted", ({ requestUuid, ticketUuid }) => change((tickets) => {
    tickets[requestUuid] = ticketUuid;
  }));
  const forget = (/** @type {string} */ uuid) => change((tickets) => {
    delete tickets[uuid];
  });
  center.on("CallbackClotured", ({ uuid }) => forget(uuid));
  center.on("CallbackReleased", ({ uuid }) => forget(uuid));
  center.on("CallbackRequestUpdated", ({ request }) => forget(request.uuid));
}

/** The ticket of a callback that was started, or null.
 * @param {CallbackView} callback
 */
export function ticketOf({ uuid, ticketUuid }) {
  return ticketUuid ?? read()[uuid] ?? null;
}

/** @param {(tickets: Tickets) => void} how */
function change(how) {
  const tickets = read();
  how(tickets);
  sessionStorage.setItem(KEY, JSON.stringify(tickets));
}

/** @returns {Tickets} */
function read() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
}
