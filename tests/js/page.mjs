/* A page's world for classic scripts, and a WebSocket server that they talk to: both real. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import vm from "node:vm";

import { WebSocket, WebSocketServer } from "ws";

const ASSETS = new URL("../../xucd/web/static/assets/javascripts/", import.meta.url);
export const SCRIPTS = ["cti.js", "callback.js", "membership.js", "shotgun.js"];

/* Globals as a page has them after loading the scripts. Its clock runs `haste` times as fast;
 * `said` is what the scripts wrote to the console. */
export function page({ scripts = SCRIPTS, haste = 1 } = {}) {
  const said = { log: [], warn: [], error: [] };
  const write = (level) => (...words) => said[level].push(words);
  const world = vm.createContext({
    WebSocket,
    console: { log: write("log"), warn: write("warn"), error: write("error") },
    setInterval: (action, time) => setInterval(action, time / haste),
    clearInterval,
  });
  for (const script of scripts) {
    vm.runInContext(readFileSync(new URL(script, ASSETS), "utf-8"), world, { filename: script });
  }
  world.said = said;
  return world;
}

/* A server on a port of its own. `frames` are what came, decoded; `next()` waits for one more. */
export async function server(test, { deaf = false } = {}) {
  const listening = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/xuc/api/2.0/cti" });
  await once(listening, "listening");
  const frames = [];
  const waiting = [];
  let read = 0;
  const links = [];
  listening.on("connection", (link) => {
    links.push(link);
    link.on("message", (data) => {
      const frame = JSON.parse(data);
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
  return {
    url: `ws://127.0.0.1:${listening.address().port}/xuc/api/2.0/cti?token=t`,
    frames,
    links,
    async next() {
      while (read >= frames.length) {
        await new Promise((resolve) => waiting.push(resolve));
      }
      return frames[read++];
    },
    tell(msgType, ctiMessage) {
      links.at(-1).send(JSON.stringify({ msgType, ctiMessage }));
    },
  };
}

/* Resolves with what the next message of this type says. */
export function heard(world, type, wanted = () => true) {
  return new Promise((resolve) => {
    const handler = (body) => {
      if (wanted(body)) {
        world.Cti.unsetHandler(type, handler);
        resolve(body);
      }
    };
    world.Cti.setHandler(type, handler);
  });
}

/* A page whose link to the server is open. */
export async function connected(test, options = {}) {
  const world = page(options);
  const there = await server(test, options);
  const opened = heard(world, "LinkStatusUpdate", ({ status }) => status === "opened");
  world.Cti.WebSocket.init(there.url, "bruce", "1001");
  await opened;
  return { world, there };
}

/* What a page's objects hold, as objects of this world. */
export const plain = (value) => JSON.parse(JSON.stringify(value));
