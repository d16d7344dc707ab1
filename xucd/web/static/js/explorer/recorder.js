/* A WebSocket that reports every frame. */

/** @typedef {"sent" | "received" | "opened" | "closed"} Way */

/**
 * A frame, or that the link was opened or closed. `at` is in epoch milliseconds; `text` is the
 * frame's text, or the code of a close.
 * @typedef {{at: number, way: Way, text: string}} Recorded
 */

/** @type {(recorded: Recorded) => void} */
let listener = () => {};
/** @type {WebSocket | null} */
let current = null;

/** Calls a function for each frame, and whenever the link is opened or closed.
 * @param {(recorded: Recorded) => void} called
 */
export function onRecorded(called) {
  listener = called;
}

/** Sends a text as it is; returns whether there was a link to send it on.
 * @param {string} text
 */
export function sendText(text) {
  if (current?.readyState !== WebSocket.OPEN) {
    return false;
  }
  current.send(text);
  return true;
}

/** The class of WebSockets for the library's `connect`. */
export class RecordedSocket extends WebSocket {
  /** @param {string} url */
  constructor(url) {
    super(url);
    current = this;
    this.addEventListener("open", () => report("opened", ""));
    this.addEventListener("message", ({ data }) => report("received", data));
    this.addEventListener("close", ({ code, reason }) => {
      report("closed", `${code} ${reason}`.trim());
    });
  }

  /** @param {string} text */
  send(text) {
    report("sent", text);
    super.send(text);
  }
}

/**
 * @param {Way} way
 * @param {string} text
 */
function report(way, text) {
  listener({ at: Date.now(), way, text });
}
