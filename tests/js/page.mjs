/* A page's globals for classic scripts, and a real WebSocket server for them. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import vm from "node:vm";

import { WebSocket, WebSocketServer } from "ws";

/** @import { AddressInfo } from "node:net" */
/** @import { TestContext } from "node:test" */

const ASSETS = new URL("../../xucd/web/static/assets/javascripts/", import.meta.url);
export const SCRIPTS = ["cti.js", "callback.js", "membership.js", "shotgun.js"];

/** @typedef {Record<string, any>} Frame */
/** @typedef {Record<"log" | "warn" | "error", any[][]>} Console What was written to it. */
/** @typedef {vm.Context & {said: Console}} Page The globals of a page; `said` is its console. */

/** Globals as a page has them after loading the scripts. Its clock runs `haste` times as fast.
 * @returns {Page}
 */
export function page({ scripts = SCRIPTS, haste = 1 } = {}) {
  /** @type {Console} */
  const said = { log: [], warn: [], error: [] };
  const write = (/** @type {keyof Console} */ level) => (/** @type {any[]} */ ...words) =>
    said[level].push(words);
  const context = vm.createContext({
    WebSocket,
    console: { log: write("log"), warn: write("warn"), error: write("error") },
    setInterval: (/** @type {() => void} */ action, /** @type {number} */ time) =>
      setInterval(action, time / haste),
    clearInterval,
  });
  for (const script of scripts) {
    vm.runInContext(readFileSync(new URL(script, ASSETS), "utf-8"), context, { filename: script });
  }
  return Object.assign(context, { said });
}

/** A server on a port of its own. `frames` are the received ones, decoded; `next()` waits for one
 * more. A deaf server answers no ping.
 * @param {TestContext} test
 */
export async function server(test, { deaf = false } = {}) {
  const listening = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/xuc/api/2.0/cti" });
  await once(listening, "listening");
  /** @type {Frame[]} */
  const frames = [];
  /** @type {(() => void)[]} */
  const waiting = [];
  let read = 0;
  /** @type {WebSocket[]} */
  const links = [];
  listening.on("connection", (link) => {
    links.push(link);
    link.on("message", (data) => {
      const frame = JSON.parse(String(data));
      if (frame.claz === "ping" && !deaf) {
        link.send(JSON.stringify(frame));
      }
      frames.push(frame);
      waiting.shift()?.();
    });
  });
  test.after(() => {
    links.forEach((link) => link.terminate());
    listening.close();
  });
  const { port } = /** @type {AddressInfo} */ (listening.address());
  return {
    url: `ws://127.0.0.1:${port}/xuc/api/2.0/cti?token=t`,
    frames,
    links,
    /** @param {(link: WebSocket) => void} told of the next link */
    opened(told) {
      listening.once("connection", told);
    },
    async next() {
      while (read >= frames.length) {
        await /** @type {Promise<void>} */ (new Promise((resolve) => waiting.push(resolve)));
      }
      return frames[read++];
    },
    /**
     * @param {string} msgType
     * @param {unknown} ctiMessage
     */
    publish(msgType, ctiMessage) {
      links.at(-1)?.send(JSON.stringify({ msgType, ctiMessage }));
    },
  };
}

/** Resolves with the body of the next message of this type that is wanted.
 * @param {Page} world
 * @param {string} type
 * @param {(body: any) => boolean} wanted
 * @returns {Promise<any>}
 */
export function nextMessage(world, type, wanted = () => true) {
  return new Promise((resolve) => {
    const handler = (/** @type {unknown} */ body) => {
      if (wanted(body)) {
        world.Cti.unsetHandler(type, handler);
        resolve(body);
      }
    };
    world.Cti.setHandler(type, handler);
  });
}

/** A page whose link to the server is open.
 * @param {TestContext} test
 * @param {{scripts?: string[], haste?: number, deaf?: boolean}} options
 */
export async function connected(test, options = {}) {
  const world = page(options);
  const there = await server(test, options);
  const opened = nextMessage(world, "LinkStatusUpdate", ({ status }) => status === "opened");
  world.Cti.WebSocket.init(there.url, "bruce", "1001");
  await opened;
  return { world, there };
}

/** A copy of a page's object, with this module's own prototypes.
 * @type {(value: unknown) => any}
 */
export const plain = (value) => JSON.parse(JSON.stringify(value));
