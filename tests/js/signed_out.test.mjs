/* Whoever was signed out stays so; a password is good for what has just expired. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import test from "node:test";

import { WebSocketServer } from "ws";

import { connect } from "../../xucd/web/static/lib/xucd.js";

/** @import { AddressInfo } from "node:net" */
/** @import { TestContext } from "node:test" */

/** A server that signs everybody in, and whose tokens are refused with `refusal` once it is set.
 * @param {TestContext} context
 */
async function server(context) {
  /** @type {{refusal: string, signIns: number, close: (code: number) => void}} */
  const there = { refusal: "", signIns: 0, close() {} };
  const http = createServer((request, answer) => {
    const refused = there.refusal && request.url?.endsWith("/check");
    there.signIns += request.url?.endsWith("/login") ? 1 : 0;
    answer.writeHead(refused ? 403 : 200, { "Content-Type": "application/json" });
    answer.end(JSON.stringify(refused ? { error: there.refusal, message: "" } : { token: "T", TTL: 3600 }));
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket) => {
    there.close = (code) => socket.close(code);
    socket.on("message", (data) => {
      const { requestId } = JSON.parse(String(data));
      const ctiMessage = { requestId, ok: true };
      socket.send(JSON.stringify({ msgType: "CommandResult", ctiMessage }));
    });
    const ctiMessage = { status: "ok", stream: { epoch: "E", position: 1 } };
    socket.send(JSON.stringify({ msgType: "LoggedOn", ctiMessage }));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  context.after(() => {
    sockets.close();
    http.closeAllConnections();
    http.close();
  });
  const { port } = /** @type {AddressInfo} */ (http.address());
  return Object.assign(there, { url: `http://127.0.0.1:${port}` });
}

for (const { refusal, code } of [
  { refusal: "InvalidToken", code: 4011 },
  { refusal: "InvalidToken", code: 1001 },
  { refusal: "TokenExpired", code: 4011 },
]) {
  test(`after ${code} and ${refusal}, a client with a password is over`, async (context) => {
    const there = await server(context);
    const center = await connect({ url: there.url, login: "bruce", password: "bruce-demo" });
    const over = new Promise((resolve) => center.on("closed", resolve));
    there.refusal = refusal;
    there.close(code);
    assert.equal((await over).code, refusal);
    assert.equal(there.signIns, 1);
  });
}

test("a client whose token has expired signs in again by its password", async (context) => {
  const there = await server(context);
  const center = await connect({ url: there.url, login: "bruce", password: "bruce-demo" });
  const token = new Promise((resolve) => center.on("token", resolve));
  there.refusal = "TokenExpired";
  there.close(1001);
  await token;
  assert.equal(there.signIns, 2);
  center.close();
});
