import assert from "node:assert/strict";
import test from "node:test";

import { agent, client, next, state, Proxy, recordingSockets, url } from "./help.mjs";

const AT_ANOTHER = 8000; // milliseconds within which a client is at another address
const NOBODY = "http://127.0.0.1:1";

test("the first address that answers is used", { timeout: AT_ANOTHER }, async (t) => {
  const [frozen, used, unused] = await Promise.all([1, 2, 3].map(() => Proxy.open(t)));
  frozen.stalled = true;
  unused.refusing = true;
  const ada = await client(t, "ada", { url: [frozen.url, NOBODY, used.url, unused.url] });
  const lost = next(ada, "link");
  used.cut();
  await lost;
});

test("a centre of which nobody answers is unreachable", async (t) => {
  await assert.rejects(client(t, "ada", { url: [NOBODY, "http://127.0.0.1:2"] }), { code: "Unreachable" });
  await assert.rejects(client(t, "ada", { url: [] }), TypeError);
});

test("a wrong password is asked of one address alone", async (t) => {
  const other = await Proxy.open(t);
  let asked = false;
  other.attempt().then(() => (asked = true));
  const signingIn = client(t, "ada", { url: [url, other.url], password: "wrong" });
  await assert.rejects(signingIn, { code: "InvalidCredentials" });
  assert.equal(asked, false);
});

test("a cut link is resumed where it was, if somebody answers there", async (t) => {
  const [used, unused] = await Promise.all([1, 2].map(() => Proxy.open(t)));
  unused.refusing = true;
  const ada = await client(t, "ada", { url: [used.url, unused.url] });
  const hello = ada.until("LoggedOn");
  used.cut();
  assert.equal((await hello).recovered, true);
});

/** @type {[string, (proxy: Proxy) => void][]} */
const LOSSES = [
  ["cut", (proxy) => {
    proxy.refusing = true;
    proxy.cut();
  }],
  ["silent", (proxy) => {
    proxy.stalled = true;
  }],
];
for (const [how, lose] of LOSSES) {
  test(`a client whose link is ${how} is told all at the next address, and does nothing twice`, async (t) => {
    const [first, second] = await Promise.all([1, 2].map(() => Proxy.open(t)));
    second.changesEpoch = true; // as another node, which does not know the stream
    const bruce = await agent(t, "bruce", "1001");
    const { WebSocket, sent } = recordingSockets();
    const ada = await client(t, "ada", { url: [first.url, second.url], WebSocket });
    await ada.watch("agents", "queues");
    await ada.subscribeToQueueCalls({ queueId: 2 });
    const hello = ada.until("LoggedOn", () => true, AT_ANOTHER);
    lose(first);
    await assert.rejects(ada.pauseAgent({ agentId: 8, reason: "lunch" }), { code: "Disconnected" });
    assert.equal((await hello).recovered, false);
    await state(ada, ({ link }) => link === "opened");
    assert.equal(ada.state.agents.get(8)?.state?.name, "AgentReady");
    assert.equal(sent.filter(({ command }) => command === "subscribeToQueueCalls").length, 2);
    await bruce.pauseAgent({ reason: "coffee" });
    await state(ada, ({ agents }) => agents.get(8)?.state?.cause === "coffee");
    assert.equal(sent.filter(({ command }) => command === "pauseAgent").length, 1);
    // Where it is, it stays.
    first.refusing = first.stalled = false;
    await ada.unpauseAgent({ agentId: 8 });
    const back = ada.until("LoggedOn");
    second.cut();
    assert.equal((await back).recovered, false);
  });
}
