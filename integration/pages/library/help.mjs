/* Helpers of the library's tests. XUCD_URL is the address of a real xucd. */

import net from "node:net";
import { WebSocket } from "ws";

import { connect } from "../../../xucd/web/static/lib/xucd.js";

/** @import { AddressInfo } from "node:net" */
/** @import { TestContext } from "node:test" */
/** @import { Center, Options, State } from "../../../xucd/web/static/lib/xucd.js" */
/** @import { Happenings, Messages } from "../../../xucd/web/static/lib/xucd.js" */

/** @typedef {Record<string, any>} Frame */

export const url = process.env.XUCD_URL ?? "";

/** A client of a user of the demo's centre, closed at the end of the test.
 * @param {TestContext} test
 * @param {string} [login]
 * @param {Options} options
 */
export async function client(test, login, options = {}) {
  const credentials = login === undefined ? {} : { login, password: `${login}-demo` };
  const center = await connect({ url, ...credentials, ...options });
  test.after(() => center.close());
  return center;
}

/** A client of an agent, logged in on a line and logged out at the end of the test.
 * @param {TestContext} test
 * @param {string} login
 * @param {string} phoneNumber
 * @param {number | null} extraQueue a queue that the agent leaves at the end
 */
export async function agent(test, login, phoneNumber, extraQueue = null) {
  const center = await connect({ url, login, password: `${login}-demo` });
  test.after(async () => {
    try {
      if (extraQueue !== null) {
        await center.removeAgentFromQueue({ queueId: extraQueue });
      }
      await center.logoutAgent();
    } finally {
      center.close();
    }
  });
  await center.loginAgent({ phoneNumber });
  return center;
}

/** Resolves once the state fits; checked after every change.
 * @param {Center} center
 * @param {(state: State) => unknown} fits
 * @returns {Promise<void>}
 */
export function state(center, fits) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      off();
      reject(new Error(`the state never fitted: ${fits}`));
    }, 40_000);
    const check = () => {
      if (fits(center.state)) {
        off();
        clearTimeout(timer);
        resolve();
      }
    };
    const off = center.on("change", check);
    check();
  });
}

/** Resolves with the first argument of the next such event.
 * @param {Center} center
 * @param {keyof Messages | keyof Happenings} type
 * @returns {Promise<any>}
 */
export function next(center, type) {
  // The declared overloads take no union of both kinds of events.
  const anyType = /** @type {keyof Messages} */ (type);
  return new Promise((resolve) => {
    const off = center.on(anyType, (value) => {
      off();
      resolve(value);
    });
  });
}

/** A class of WebSockets, and the frames that were sent and received on all of them. */
export function recordingSockets() {
  /** @type {Frame[]} */
  const sent = [];
  /** @type {Frame[]} */
  const received = [];
  class RecordingSocket extends WebSocket {
    /** @param {string} address */
    constructor(address) {
      super(address);
      this.on("message", (data) => received.push(JSON.parse(String(data))));
    }
    /** @param {string} text */
    send(text) {
      sent.push(JSON.parse(text));
      super.send(text);
    }
  }
  return { WebSocket: RecordingSocket, sent, received };
}

/** A TCP proxy before xucd, whose connections can be cut, stalled or refused. */
export class Proxy {
  /** @type {Set<net.Socket[]>} */
  #pairs = new Set();
  #server = net.createServer((near) => this.#open(near));
  url = "";
  refusing = false;
  stalled = false; // nothing passes, and neither side notices
  changesEpoch = false; // the client resumes another stream than it meant to

  /** @param {TestContext} test */
  static async open(test) {
    const proxy = new Proxy();
    await /** @type {Promise<void>} */ (
      new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve)));
    const { port } = /** @type {AddressInfo} */ (proxy.#server.address());
    proxy.url = `http://127.0.0.1:${port}`;
    test.after(() => {
      proxy.cut();
      proxy.#server.close();
    });
    return proxy;
  }

  /** Resets every connection, as a failing network does. */
  cut() {
    for (const pair of this.#pairs) {
      pair.forEach((socket) => socket.destroy());
    }
  }

  /** Resolves at the next attempt to connect. */
  attempt() {
    return new Promise((resolve) => this.#server.once("connection", resolve));
  }

  /** @param {net.Socket} near */
  #open(near) {
    if (this.refusing) {
      near.destroy();
      return;
    }
    const { hostname, port } = new URL(url);
    const far = net.connect(Number(port), hostname);
    const pair = [near, far];
    this.#pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on("data", (data) => this.stalled || to.write(this.#passed(data)));
      from.on("error", () => {});
      from.on("close", () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
  }

  /** @param {Buffer} data */
  #passed(data) {
    const text = data.toString("latin1");
    const wrong = this.changesEpoch && text.startsWith("GET /xuc/api/2.0/cti?");
    return wrong ? Buffer.from(text.replace("epoch=", "epoch=X"), "latin1") : data;
  }
}
