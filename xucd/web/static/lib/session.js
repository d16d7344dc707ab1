/* Signing in over HTTP, and a token that is renewed long before it expires. */

import { Addresses } from "./addresses.js";
import { refusal, Refused } from "./errors.js";

/** @import { Options } from "./xucd.js" */

/** @typedef {{epoch: string, position: number}} Place How far we have read which stream. */

/** @typedef {ReturnType<typeof setTimeout> | undefined} Timer */

const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds; a longer one would fire at once
const FIRST_PAUSE = 1000;
const SHORTEST_PAUSE = 1000; // a token's life is short where its sign-in is about to end
const FINAL = [400, 401, 403, 404];

/** A signed-in user. `renewed(token)` is called with each new token, which all nodes of a centre accept. */
export class Session {
  #login;
  #password;
  /** @type {Timer} */
  #timer;
  #ended = false;
  #renewed;

  /**
   * @param {Pick<Options, "login" | "password" | "token"> & {url: string | readonly string[]}} options
   * @param {(token: string) => void} renewed
   */
  constructor({ url, login, password, token }, renewed) {
    this.addresses = new Addresses(url);
    this.#login = login;
    this.#password = password;
    this.#renewed = renewed;
    this.token = token ?? "";
  }

  /** Signs in, or validates the given token. Rejects with `Refused`. */
  begin() {
    return this.token === "" ? this.#signIn() : this.renew();
  }

  /** Trades the token for a new one; if it has just expired and we have a password, signs in again.

  Whoever was signed out stays so.

  Rejects with `Refused`, whose `final` says that another attempt cannot succeed. */
  async renew() {
    try {
      const headers = { Authorization: `Bearer ${this.token}` };
      this.#keep(await this.#askAny("check", { headers }));
    } catch (error) {
      if (refusal(error).code !== "TokenExpired" || this.#password === undefined) {
        throw error;
      }
      await this.#signIn();
    }
  }

  /** Forgets the password: the user was signed out. */
  forget() {
    this.#password = undefined;
  }

  /** Lets the token expire. */
  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** Ends the sign-in, and with it all its tokens; with `everywhere` all sign-ins of the user.

  Rejects with `Refused`.
   * @param {boolean} everywhere
   */
  async signOut(everywhere) {
    this.end();
    await this.#askAny("logout", {
      method: "POST",
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ everywhere }),
      keepalive: true, // the page may be left at once
    });
  }

  /** Changes the user's password, which ends all other sign-ins of the user; this one goes on.

  Rejects with `Refused`.
   * @param {string} password the present one
   * @param {string} newPassword
   */
  async changePassword(password, newPassword) {
    this.#keep(
      // Of one node alone: once changed, the present password is wrong at the next one.
      await request(this.addresses.present, "password", {
        method: "POST",
        headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ password, newPassword }),
      }),
    );
    if (this.#password !== undefined) {
      this.#password = newPassword;
    }
  }

  /** The address of the WebSocket, at the present address; `place` says where to resume.
   * @param {Place | null} place
   */
  address(place) {
    const url = new URL("/xuc/api/2.0/cti", this.addresses.present);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const resumed = place && { epoch: place.epoch, position: String(place.position) };
    url.search = String(new URLSearchParams({ token: this.token, resume: "1", ...resumed }));
    return url.href;
  }

  async #signIn() {
    this.#keep(
      await this.#askAny("login", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ login: this.#login, password: this.#password }),
      }),
    );
  }

  /** @param {{token: string, TTL: number}} answer */
  #keep({ token, TTL }) {
    if (this.#ended) {
      return;
    }
    this.token = token;
    this.#renewed(token);
    // Between 40 and 60 % of its life, so that those who signed in together do not renew together.
    const pause = TTL * 1000 * (0.4 + 0.2 * Math.random());
    this.#renewLater(Math.max(pause, SHORTEST_PAUSE), FIRST_PAUSE);
  }

  /**
   * @param {number} pause
   * @param {number} nextPause
   */
  #renewLater(pause, nextPause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keepFresh(nextPause), Math.min(pause, LONGEST_TIMER));
  }

  /** @param {number} pause */
  async #keepFresh(pause) {
    try {
      await this.renew();
    } catch (error) {
      // An open link outlives its token; if the link is lost, opening it anew reports the refusal.
      if (!refusal(error).final && !this.#ended) {
        this.#renewLater(pause, Math.min(2 * pause, 60_000));
      }
    }
  }

  /**
   * @param {string} name
   * @param {RequestInit} options
   */
  #askAny(name, options) {
    return this.addresses.ask((url, signal) => request(url, name, { ...options, signal }));
  }
}

/**
 * @param {string} base
 * @param {string} name
 * @param {RequestInit} options
 */
async function request(base, name, options) {
  const url = new URL(`/xuc/api/2.0/auth/${name}`, base);
  let answer;
  try {
    answer = await fetch(url, { ...options, cache: "no-store", credentials: "omit" });
  } catch {
    throw new Refused("Unreachable", "xucd cannot be reached.");
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) {
    return body;
  }
  const refused = new Refused(
    body.error ?? "Unreachable",
    body.message ?? `xucd answered with an error (${answer.status}).`,
  );
  const wait = Number(answer.headers.get("Retry-After"));
  if (wait) {
    refused.detail.retryAfter = wait; // seconds
  }
  refused.final = FINAL.includes(answer.status);
  throw refused;
}
