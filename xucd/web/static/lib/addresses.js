/* The addresses of a centre's nodes, of which a client uses one at a time. */

import { refusal } from "./errors.js";

/** @import { Timer } from "./session.js" */

const PATIENCE = 2000; // an address that has not answered by then is not waited for alone

/** Refusals after which another node may answer otherwise. */
const OF_ONE_NODE = ["Unreachable", "InternalError", "SignInUnavailable", "StoreUnavailable"];

/** Base URLs, of which one is present until it fails. */
export class Addresses {
  #urls;

  /** @param {string | readonly string[]} urls */
  constructor(urls) {
    this.#urls = [urls].flat();
    if (this.#urls[0] === undefined) {
      throw new TypeError("A client needs an address.");
    }
  }

  /** The address in use. */
  get present() {
    return this.#urls[0];
  }

  /** Whether there is another one to go to. */
  get several() {
    return this.#urls.length > 1;
  }

  /** Uses the next one: the present one has failed. */
  moveOn() {
    this.#use(1);
  }

  /** Asks the present address, then the others in turn; the one that answers becomes present.

  The next one is asked once one has failed, and as well as one that does not answer in time. Rejects
  with `Refused` once a node refuses for the whole centre, or all have failed.
   * @template T
   * @param {(url: string, stopped: AbortSignal) => Promise<T>} request
   * @returns {Promise<T>}
   */
  async ask(request) {
    const waiting = [...this.#urls];
    /** @type {Map<string, Promise<{url: string, answer: T} | {url: string, error: unknown}>>} */
    const asked = new Map();
    const stop = new AbortController();
    /** @type {Timer} */
    let timer;
    /** @param {string} url */
    const begin = (url) =>
      request(url, stop.signal).then((answer) => ({ url, answer }), (error) => ({ url, error }));
    /** @returns {Promise<null>} */
    const late = () => new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE, null)));
    try {
      for (;;) {
        const url = waiting.shift();
        if (url !== undefined) {
          asked.set(url, begin(url));
        }
        const ended = await Promise.race([...asked.values(), ...(waiting.length > 0 ? [late()] : [])]);
        clearTimeout(timer);
        if (ended === null) {
          continue;
        }
        if ("answer" in ended) {
          this.#use(this.#urls.indexOf(ended.url));
          return ended.answer;
        }
        asked.delete(ended.url);
        const over = asked.size === 0 && waiting.length === 0;
        if (over || !OF_ONE_NODE.includes(refusal(ended.error).code)) {
          throw ended.error;
        }
      }
    } finally {
      stop.abort();
    }
  }

  /** @param {number} at */
  #use(at) {
    this.#urls = [...this.#urls.slice(at), ...this.#urls.slice(0, at)];
  }
}
