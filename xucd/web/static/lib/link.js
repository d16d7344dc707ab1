/* The WebSocket to xucd, kept open.

A link that is lost is opened again, after a pause that grows while xucd stays away and differs from
client to client. When it is open again, the client says how far it had read, and xucd sends what it
missed. A heartbeat detects a dead link. */

import { refusal, Refused } from "./errors.js";

/** @import { LoggedOn } from "./xucd.js" */
/** @import { Place, Session, Timer } from "./session.js" */

/**
 * What a link calls: `received` for every message, `lost` when a link that was open is no longer,
 * `ended` once, when no further attempt is made.
 * @typedef {object} LinkHandlers
 * @property {(type: string, body: any) => void} received
 * @property {() => void} lost
 * @property {(refused: Refused) => void} ended
 */

const HEARTBEAT = 5000;
const QUICK_HEARTBEAT = 1500; // where there is another address to go to
const UNANSWERED = 3;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const REPLACED = 4010;
const SIGNED_OUT = 4011;
const OPEN = 1;

/** The link of a `Session`. */
export class Link {
  #session;
  #WebSocket;
  #heartbeat;
  #on;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Place | null} */
  #place = null;
  #failures = 0;
  #unanswered = 0;
  #greeted = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #beat;
  /** @type {Timer} */
  #retry;
  #closed = false;
  #retryNow = () => this.#reopen();

  /**
   * @param {Session} session
   * @param {{WebSocket: typeof WebSocket, heartbeat?: number}} options
   * @param {LinkHandlers} on
   */
  constructor(session, { WebSocket, heartbeat }, on) {
    this.#session = session;
    this.#WebSocket = WebSocket;
    this.#heartbeat = heartbeat ?? (session.addresses.several ? QUICK_HEARTBEAT : HEARTBEAT);
    this.#on = on;
  }

  /** Opens the first link; resolves when it is open. Rejects with `Refused`. */
  async open() {
    const socket = this.#connect();
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = () => {
        this.close();
        reject(new Refused("Unreachable", "xucd let no WebSocket be opened."));
      };
    });
    socket.onclose = (event) => this.#disconnected(event.code);
    this.#startBeat();
  }

  /** Ends the link for good. */
  close() {
    this.#closed = true;
    this.#stopTimers();
    this.#drop();
  }

  /** Sends a frame; returns whether there was a link to send it on.
   * @param {object} frame
   */
  send(frame) {
    if (!this.#greeted || this.#socket?.readyState !== OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    this.#drop();
    const socket = new this.#WebSocket(this.#session.address(this.#place));
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#disconnected(event.code);
    socket.onerror = () => {}; // a close follows, which is acted upon
    return socket;
  }

  /** @param {{msgType?: string, ctiMessage?: unknown, position?: number}} frame */
  #receive({ msgType, ctiMessage, position }) {
    this.#unanswered = 0;
    if (msgType === undefined) {
      return; // xucd's answer to our ping
    }
    if (msgType === "LoggedOn") {
      this.#place = { .../** @type {Required<LoggedOn>} */ (ctiMessage).stream };
      this.#failures = 0;
      this.#greeted = true;
    } else if (position !== undefined && this.#place !== null) {
      this.#place.position = position;
    }
    this.#on.received(msgType, ctiMessage);
  }

  /** Detects silence, also before the link is open. */
  #startBeat() {
    this.#beat = setInterval(() => this.#ping(), this.#heartbeat);
  }

  #ping() {
    if (this.#unanswered >= UNANSWERED) {
      this.#disconnected();
      return;
    }
    this.#unanswered += 1;
    this.send({ claz: "ping" });
  }

  /** @param {number} [code] the WebSocket's close code; none if it fell silent */
  #disconnected(code) {
    if (code === REPLACED) {
      this.#place = null;
    } else if (code === SIGNED_OUT) {
      this.#session.forget();
    }
    const wasOpen = this.#greeted;
    // Any other link may be resumed where it was, if somebody answers there.
    if (code === undefined || !wasOpen) {
      this.#session.addresses.moveOn();
    }
    this.#stopTimers();
    this.#drop();
    if (wasOpen) {
      this.#on.lost();
    }
    this.#reopenLater();
  }

  #reopenLater() {
    if (this.#closed) {
      return;
    }
    this.#stopTimers();
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures);
    this.#failures += 1;
    // Spread out, so that not all pages reconnect in the same instant.
    this.#retry = setTimeout(this.#retryNow, pause * (0.5 + Math.random() / 2));
    globalThis.addEventListener?.("online", this.#retryNow);
  }

  async #reopen() {
    this.#stopTimers();
    try {
      // A page can read why it is refused over HTTP alone.
      await this.#session.renew();
    } catch (error) {
      if (this.#closed) {
        return;
      }
      const refused = refusal(error);
      if (refused.final) {
        this.close();
        this.#on.ended(refused);
      } else {
        this.#reopenLater();
      }
      return;
    }
    if (!this.#closed) {
      this.#connect();
      this.#startBeat();
    }
  }

  #stopTimers() {
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    globalThis.removeEventListener?.("online", this.#retryNow);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#greeted = false;
    this.#unanswered = 0;
    if (socket) {
      socket.onmessage = socket.onclose = socket.onopen = null;
      socket.close();
    }
  }
}
