/* What the tests of the library share. XUCD_URL is a real xucd's address. */

import net from "node:net";
import { WebSocket } from "ws";

import { connect } from "../../../xucd/web/static/lib/xucd.js";

export const url = process.env.XUCD_URL;

/** A client of a user of the demo's centre, closed at the end of the test. */
export async function client(test, login, options = {}) {
  const credentials = login === undefined ? {} : { login, password: `${login}-demo` };
  const center = await connect({ url, ...credentials, ...options });
  test.after(() => center.close());
  return center;
}

/** A client of an agent that is logged in on a line, and in its own queues alone, until the end. */
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

/** Resolves once `state` fits, which is looked at whenever it has changed. */
export function state(center, fits) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      off();
      reject(new Error(`the state never was so: ${fits}`));
    }, 15_000);
    const look = () => {
      if (fits(center.state)) {
        off();
        clearTimeout(timer);
        resolve();
      }
    };
    const off = center.on("change", look);
    look();
  });
}

/** Resolves with the arguments of the next such event. */
export function next(center, type) {
  return new Promise((resolve) => {
    const off = center.on(type, (...values) => {
      off();
      resolve(values);
    });
  });
}

/** WebSockets that remember what was said and heard on all of them. */
export function witness() {
  const said = [];
  const heard = [];
  class Witnessed extends WebSocket {
    constructor(address) {
      super(address);
      this.on("message", (data) => heard.push(JSON.parse(data)));
    }
    send(text) {
      said.push(JSON.parse(text));
      super.send(text);
    }
  }
  return { WebSocket: Witnessed, said, heard };
}

/** A way to xucd that can be cut, held up, or shut. */
export class Way {
  #pairs = new Set();
  #server = net.createServer((near) => this.#open(near));
  shut = false;
  held = false; // nothing passes, and nobody is told
  misquote = false; // another epoch is asked for than the client meant

  static async open(test) {
    const way = new Way();
    await new Promise((resolve) => way.#server.listen(0, "127.0.0.1", resolve));
    way.url = `http://127.0.0.1:${way.#server.address().port}`;
    test.after(() => {
      way.cut();
      way.#server.close();
    });
    return way;
  }

  /** Resets every connection, as a network does that goes away. */
  cut() {
    for (const pair of this.#pairs) {
      pair.forEach((socket) => socket.destroy());
    }
  }

  /** Resolves at the next attempt to come this way. */
  tried() {
    return new Promise((resolve) => this.#server.once("connection", resolve));
  }

  #open(near) {
    if (this.shut) {
      near.destroy();
      return;
    }
    const { hostname, port } = new URL(url);
    const far = net.connect(port, hostname);
    const pair = [near, far];
    this.#pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on("data", (data) => this.held || to.write(this.#passed(data)));
      from.on("error", () => {});
      from.on("close", () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
  }

  #passed(data) {
    const text = data.toString("latin1");
    const wrong = this.misquote && text.startsWith("GET /xuc/api/2.0/cti?");
    return wrong ? Buffer.from(text.replace("epoch=", "epoch=X"), "latin1") : data;
  }
}
