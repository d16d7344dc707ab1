/* The tickets of the callbacks that were called in this tab. xucd tells a ticket once, when its
callback is started; kept here, a page that is loaded again can still close it. */

const KEY = "xucd.tickets"; // {request uuid: ticket uuid}

/** Keeps what the centre tells of tickets. */
export function heldTickets(center) {
  center.on("CallbackStarted", ({ requestUuid, ticketUuid }) => change((tickets) => {
    tickets[requestUuid] = ticketUuid;
  }));
  const forget = (uuid) => change((tickets) => {
    delete tickets[uuid];
  });
  center.on("CallbackClotured", ({ uuid }) => forget(uuid));
  center.on("CallbackReleased", ({ uuid }) => forget(uuid));
  center.on("CallbackRequestUpdated", ({ request }) => forget(request.uuid));
}

/** The ticket of a request that was started, or null. */
export function ticketOf({ uuid, ticketUuid }) {
  return ticketUuid ?? read()[uuid] ?? null;
}

function change(how) {
  const tickets = read();
  how(tickets);
  sessionStorage.setItem(KEY, JSON.stringify(tickets));
}

function read() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
}
