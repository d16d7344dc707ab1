import assert from "node:assert/strict";
import net from "node:net";
import test, { describe } from "node:test";

import { connect, Refused } from "../../../xucd/web/static/lib/xucd.js";
import { client, next, state, url, Proxy, recordingSockets } from "./help.mjs";

/** @import { Center } from "../../../xucd/web/static/lib/xucd.js" */

const TTL = Number(process.env.XUCD_TTL); // seconds that a token is good for

test("a wrong password is told as xucd tells it", async () => {
  await assert.rejects(connect({ url, login: "bruce", password: "x" }), (error) => {
    assert.ok(error instanceof Refused);
    assert.equal(error.code, "InvalidCredentials");
    assert.ok(error.final);
    return true;
  });
});

test("a token that xucd never gave is told so", async () => {
  await assert.rejects(connect({ url, token: "a.b.c" }), { code: "InvalidToken", final: true });
});

test("where nobody listens, connect says so at once", async () => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(
    connect({ url: `http://127.0.0.1:${port}`, login: "bruce", password: "x" }),
    { code: "Unreachable", final: false },
  );
});

test("a client knows its user, its line and the statuses when connect resolves", async (t) => {
  const center = await client(t, "bruce");
  assert.equal(center.state.link, "opened");
  assert.equal(center.state.asterisk, "current");
  assert.equal(center.state.user?.fullName, "Bruce Wail");
  assert.equal(center.state.line?.phoneNumber, "1001");
  assert.equal(center.state.rights.profile, "NoRight");
  assert.ok(center.state.statuses.some((status) => status.name === center.state.userStatus));
  assert.equal(center.state.agents.get(8)?.state?.name, "AgentLoggedOut");
});

test("a user without a line has none, and connects all the same", async (t) => {
  const center = await client(t, "ada");
  assert.equal(center.state.line, null);
  assert.equal(center.state.link, "opened");
});

test("a token is enough to connect again, as a page does that is loaded anew", async (t) => {
  const first = await client(t, "bruce");
  const second = await client(t, undefined, { token: first.token });
  assert.equal(second.state.user?.fullName, "Bruce Wail");
});

describe("tokens that do not last", { concurrency: true }, () => {
  test("a token is renewed again and again while it is still good", async (t) => {
    const { token: first } = await client(t, "bruce");
    // Without a password, only a token that is still good gets another.
    const center = await client(t, undefined, { token: first });
    const tokens = new Set([center.token]);
    while (tokens.size < 4) {
      const token = await next(center, "token");
      assert.equal(token, center.token);
      tokens.add(token);
    }
    // The first has expired by now, the present one has not.
    await assert.rejects(connect({ url, token: first }), { code: "TokenExpired" });
    await client(t, undefined, { token: center.token });
  });

  test("away for longer than one lives, who has a password signs in again", async (t) => {
    const proxy = await Proxy.open(t);
    const center = await client(t, "bruce", { url: proxy.url });
    await away(proxy, center);
    proxy.refusing = false;
    await state(center, ({ link }) => link === "opened");
  });

  test("away for longer than one lives, who has none is told that it is over", async (t) => {
    const proxy = await Proxy.open(t);
    const { token } = await client(t, "bruce");
    const { WebSocket, sent } = recordingSockets();
    const center = await client(t, undefined, { url: proxy.url, token, WebSocket });
    const closed = next(center, "closed");
    await away(proxy, center);
    proxy.refusing = false;
    const why = await closed;
    assert.equal(why.code, "TokenExpired");
    assert.equal(center.state.link, "closed");
    const count = sent.length;
    await assert.rejects(center.pauseAgent(), { code: "TokenExpired" });
    assert.equal(sent.length, count);
  });
});

/** Loses the link for longer than a token lives.
 * @param {Proxy} proxy
 * @param {Center} center
 */
async function away(proxy, center) {
  proxy.refusing = true;
  proxy.cut();
  await state(center, ({ link }) => link === "closed");
  await new Promise((resolve) => setTimeout(resolve, (TTL + 1.5) * 1000));
}
