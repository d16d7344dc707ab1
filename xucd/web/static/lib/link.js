/* The WebSocket to xucd, kept up.

A link that is lost is opened again, after a pause that grows while xucd stays away and is never
the same for two clients. Coming back, we say how far we had got, and xucd sends what we missed. A
heartbeat finds out a link that is dead but does not know it. */

import { Refused } from "./errors.js";

const UNANSWERED = 3;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const REPLACED = 4010;
const OPEN = 1;

/** A link of a `Session`.

`heard(type, body)` is called for every message, `lost()` when a link that was open is no longer,
and `ended(refused)` once, when no further attempt is made. */
export class Link {
  #session;
  #WebSocket;
  #heartbeat;
  #on;
  #socket = null;
  #place = null; // {epoch, position}: how far we have got in which stream
  #failures = 0;
  #unanswered = 0;
  #greeted = false;
  #beat = null;
  #retry = null;
  #closed = false;
  #retryNow = () => this.#again();

  constructor(session, { WebSocket, heartbeat = 5000 }, on) {
    this.#session = session;
    this.#WebSocket = WebSocket;
    this.#heartbeat = heartbeat;
    this.#on = on;
  }

  /** Opens the first link; resolves when it is open. Rejects with `Refused`. */
  open() {
    return new Promise((resolve, reject) => {
      const socket = this.#listen();
      socket.onopen = resolve;
      socket.onclose = () => {
        this.close();
        reject(new Refused("Unreachable", "xucd let no WebSocket be opened."));
      };
    }).then(() => {
      this.#socket.onclose = (event) => this.#over(event);
    });
  }

  /** Ends the link for good. */
  close() {
    this.#closed = true;
    this.#quiet();
    this.#drop();
  }

  /** Sends a frame; returns whether there was a link to send it on. */
  send(frame) {
    if (!this.#greeted || this.#socket?.readyState !== OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #listen() {
    this.#drop();
    const socket = new this.#WebSocket(this.#session.address(this.#place));
    this.#socket = socket;
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => this.#over(event);
    socket.onerror = () => {}; // a close follows, which is acted upon
    return socket;
  }

  #take(frame) {
    this.#unanswered = 0;
    if (frame.msgType === undefined) {
      return; // our own ping, come back
    }
    if (frame.msgType === "LoggedOn") {
      this.#place = { ...frame.ctiMessage.stream };
      this.#failures = 0;
      this.#greeted = true;
      this.#beat = setInterval(() => this.#ping(), this.#heartbeat);
    } else if (frame.position !== undefined) {
      this.#place.position = frame.position;
    }
    this.#on.heard(frame.msgType, frame.ctiMessage);
  }

  #ping() {
    if (this.#unanswered >= UNANSWERED) {
      this.#over({});
      return;
    }
    this.#unanswered += 1;
    this.send({ claz: "ping" });
  }

  #over({ code }) {
    if (code === REPLACED) {
      this.#place = null;
    }
    const was = this.#greeted;
    this.#quiet();
    this.#drop();
    if (was) {
      this.#on.lost();
    }
    this.#later();
  }

  #later() {
    if (this.#closed) {
      return;
    }
    this.#quiet();
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures);
    this.#failures += 1;
    // Spread out, so that a whole floor of pages does not come back in the same instant.
    this.#retry = setTimeout(this.#retryNow, pause * (0.5 + Math.random() / 2));
    globalThis.addEventListener?.("online", this.#retryNow);
  }

  async #again() {
    this.#quiet();
    try {
      // Over HTTP alone can a page read why it is refused.
      await this.#session.renew();
    } catch (refused) {
      if (this.#closed) {
        return;
      }
      if (refused.final) {
        this.close();
        this.#on.ended(refused);
      } else {
        this.#later();
      }
      return;
    }
    if (!this.#closed) {
      this.#listen();
    }
  }

  #quiet() {
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
