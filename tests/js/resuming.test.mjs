/* The library's commands over a lost link: each ends with its result, or says that it has none. */

import assert from "node:assert/strict";
import test from "node:test";

import { connect } from "../../xucd/web/static/lib/xucd.js";

/** @type {FakeSocket[]} */
const sockets = [];

/** A WebSocket whose other end is the test. */
class FakeSocket {
  readyState = 1;
  /** @type {any[]} */
  sent = [];
  /** @type {((event: any) => void) | null} */
  onopen = null;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    sockets.push(this);
    setTimeout(() => this.onopen?.({}), 0);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {}

  /**
   * @param {string} msgType
   * @param {object} ctiMessage
   */
  says(msgType, ctiMessage, position = 0) {
    this.onmessage?.({ data: JSON.stringify({ msgType, ctiMessage, position }) });
  }

  /** @param {boolean} [recovered] */
  greets(recovered) {
    const hello = { status: "ok", stream: { epoch: "E", position: 1 } };
    this.says("LoggedOn", recovered === undefined ? hello : { ...hello, recovered });
  }

  lose() {
    this.onclose?.({ code: 1006 });
  }

  /** Acknowledges each command that was sent over this link, until it is open. */
  async answersAll() {
    for (let turn = 0; turn < 5; turn += 1) {
      for (const { requestId } of this.sent.splice(0)) {
        if (requestId !== undefined) {
          this.says("CommandResult", { requestId, ok: true });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

/** @param {() => unknown} condition */
async function until(condition) {
  while (!condition()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function client() {
  sockets.length = 0;
  globalThis.fetch = /** @type {any} */ (
    async () => ({ ok: true, json: async () => ({ login: "bruce", token: "T", TTL: 3600 }) })
  );
  const coming = connect({
    url: "http://127.0.0.1:1",
    token: "T",
    WebSocket: /** @type {any} */ (FakeSocket),
  });
  await until(() => sockets.length);
  await new Promise((resolve) => setTimeout(resolve, 5));
  sockets[0].greets();
  await sockets[0].answersAll();
  return await coming;
}

/** Loses the first link; returns the next one. */
async function next() {
  sockets[0].lose();
  await until(() => sockets.length > 1);
  return sockets[1];
}

test("a result that was missed comes over the next link", async () => {
  const center = await client();
  const asked = center.listenAgent({ agentId: 7 });
  const { requestId } = sockets[0].sent.at(-1);
  const socket = await next();
  socket.greets(true);
  socket.says("CommandResult", { requestId, ok: true });
  await asked;
  center.close();
});

for (const recovered of [true, false]) {
  test(`a command without a result is given up once recovered is ${recovered}`, async () => {
    const center = await client();
    let settled = false;
    const asked = center.listenAgent({ agentId: 7 }).finally(() => (settled = true));
    asked.catch(() => {});
    const socket = await next();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(settled, false);
    socket.greets(recovered);
    await socket.answersAll();
    await assert.rejects(asked, { code: "Disconnected" });
    center.close();
  });
}
