/* Who we are: signing in over HTTP, and a token that is renewed long before it expires. */

import { Refused } from "./errors.js";

const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds; a longer one would go off at once
const FIRST_PAUSE = 1000;
const FINAL = [400, 401, 403, 404];

/** A signed-in user. `renewed(token)` is called with each new token. */
export class Session {
  #url;
  #login;
  #password;
  #timer = null;
  #ended = false;
  #renewed;

  constructor({ url, login, password, token }, renewed) {
    this.#url = url;
    this.#login = login;
    this.#password = password;
    this.#renewed = renewed;
    this.token = token;
  }

  /** Signs in, or finds out whether the given token is good. Rejects with `Refused`. */
  begin() {
    return this.token === undefined ? this.#signIn() : this.renew();
  }

  /** Trades the token for a new one; signs in again where it has expired and we can.

  Rejects with `Refused`, whose `final` says that trying again is of no use. */
  async renew() {
    try {
      const headers = { Authorization: `Bearer ${this.token}` };
      this.#take(await this.#request("check", { headers }));
    } catch (error) {
      if (!error.final || this.#password === undefined) {
        throw error;
      }
      await this.#signIn();
    }
  }

  /** Lets the token expire. */
  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** The address of the WebSocket; `place` says where to go on. */
  address(place) {
    const url = new URL("/xuc/api/2.0/cti", this.#url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = new URLSearchParams({ token: this.token, resume: 1, ...place });
    return url.href;
  }

  async #signIn() {
    this.#take(
      await this.#request("login", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ login: this.#login, password: this.#password }),
      }),
    );
  }

  #take({ token, TTL }) {
    if (this.#ended) {
      return;
    }
    this.token = token;
    this.#renewed(token);
    // Between 40 and 60 % of its life, so that those who signed in together do not renew together.
    this.#later(TTL * 1000 * (0.4 + 0.2 * Math.random()), FIRST_PAUSE);
  }

  #later(pause, nextPause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keepFresh(nextPause), Math.min(pause, LONGEST_TIMER));
  }

  async #keepFresh(pause) {
    try {
      await this.renew();
    } catch (error) {
      // An open link outlives its token; where it is lost, whoever opens it anew will tell.
      if (!error.final && !this.#ended) {
        this.#later(pause, Math.min(2 * pause, 60_000));
      }
    }
  }

  async #request(name, options) {
    const url = new URL(`/xuc/api/2.0/auth/${name}`, this.#url);
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
}
