/* The WebSocket to xucd, kept up.

A link that is lost is opened again, after a pause that grows while xucd stays away. Each attempt
renews the token first: only over HTTP can a page read why it is refused. Coming back, we say how
far we had got, and xucd sends what we missed. A heartbeat finds out a link that is dead but does
not know it. */

import { SignInError, renew } from "./session.js";

const HEARTBEAT = 5000;
const UNANSWERED = 3;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15000;
const REPLACED = 4010;

/** One client of xucd.

`heard(type, body)` is called for every message, `linked(status)` with "connecting", "open" or
"lost", and `ended(words)` once, when the token is no longer good. */
export class Connection {
  constructor({ heard, linked, ended }) {
    this.heard = heard;
    this.linked = linked;
    this.ended = ended;
    this.socket = null;
    this.place = null; // {epoch, position}: how far we have got in which stream
    this.failures = 0;
    this.timers = {};
    this.retryNow = () => this.timers.retry && this.open();
  }

  /** Opens the link and keeps it until `close`. */
  async open() {
    this.quiet();
    const attempt = (this.attempt = {});
    this.linked("connecting");
    let session;
    try {
      session = await renew();
    } catch (error) {
      if (attempt !== this.attempt) {
        return;
      }
      if (error instanceof SignInError && error.final) {
        this.close();
        this.ended(error.message);
      } else {
        this.retry();
      }
      return;
    }
    if (attempt === this.attempt) {
      this.timers.renewal = setTimeout(() => this.renewal(), (session.TTL * 1000) / 2);
      this.listen(new WebSocket(this.address(session.token)));
    }
  }

  /** Ends the link for good. */
  close() {
    this.attempt = null;
    this.place = null;
    this.quiet();
    this.drop();
  }

  /** Sends a frame; returns whether there was a link to send it on. */
  send(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  address(token) {
    const url = new URL("/xuc/api/2.0/cti", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = new URLSearchParams({ token, resume: 1, ...this.place });
    return url;
  }

  listen(socket) {
    this.drop();
    this.socket = socket;
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (event.code === REPLACED) {
        this.place = null;
      }
      this.drop();
      this.retry();
    };
  }

  take(frame) {
    this.unanswered = 0;
    if (frame.msgType === undefined) {
      return; // our own ping, come back
    }
    if (frame.msgType === "LoggedOn") {
      this.place = { ...frame.ctiMessage.stream };
      this.failures = 0;
      this.timers.heartbeat = setInterval(() => this.beat(), HEARTBEAT);
      this.linked("open");
    } else if (frame.position !== undefined && this.place) {
      this.place.position = frame.position;
    }
    this.heard(frame.msgType, frame.ctiMessage);
  }

  beat() {
    if (this.unanswered >= UNANSWERED) {
      this.drop();
      this.retry();
      return;
    }
    this.unanswered += 1;
    this.send({ claz: "ping" });
  }

  /** Keeps the held token fresh, so that a reload after hours still finds it good. */
  async renewal() {
    try {
      const session = await renew();
      this.timers.renewal = setTimeout(() => this.renewal(), (session.TTL * 1000) / 2);
    } catch (error) {
      // The open link outlives its token; the next attempt to open one will tell.
      console.info(`The token was not renewed: ${error.message}`);
    }
  }

  retry() {
    this.quiet();
    this.linked("lost");
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures);
    this.failures += 1;
    // Spread out, so that a whole floor of pages does not come back in the same instant.
    this.timers.retry = setTimeout(() => this.open(), pause * (0.5 + Math.random() / 2));
    addEventListener("online", this.retryNow);
  }

  quiet() {
    Object.values(this.timers).forEach(clearTimeout);
    this.timers = {};
    removeEventListener("online", this.retryNow);
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    this.unanswered = 0;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }
}
