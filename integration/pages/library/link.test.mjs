import assert from "node:assert/strict";
import test from "node:test";

import { agent, client, next, state, Proxy, recordingSockets } from "./help.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Center, Watchable } from "../../../xucd/web/static/lib/xucd.js" */

/** @type {Watchable[]} */
const WATCHED = ["agents", "queues", "queueCalls", "statistics", "memberships"];

test("what happened while a client was away is told in order when it is back", async (t) => {
  const proxy = await Proxy.open(t);
  const { WebSocket, received } = recordingSockets();
  const ada = await client(t, "ada", { url: proxy.url, WebSocket });
  const bruce = await agent(t, "bruce", "1001");
  await ada.watch(...WATCHED);
  /** @type {unknown[]} */
  const links = [];
  ada.on("link", (status) => links.push(status));
  await loseLink(proxy, ada);
  for (const reason of ["lunch", "coffee", "training"]) {
    await bruce.pauseAgent({ reason });
  }
  const from = received.length;
  await restoreLink(proxy, ada);
  const messages = received.slice(from).filter((frame) => frame.msgType);
  assert.equal(messages[0].ctiMessage.recovered, true);
  assert.deepEqual(
    messages
      .filter(({ msgType, ctiMessage }) => msgType === "AgentStateEvent" && ctiMessage.since === 0)
      .map(({ ctiMessage }) => ctiMessage.cause)
      .slice(0, 3),
    ["lunch", "coffee", "training"],
  );
  const positions = received.flatMap((frame) => frame.position ?? []);
  assert.ok(positions.every((position, at) => at === 0 || position > positions[at - 1]));
  assert.equal(ada.state.agents.get(8)?.state?.cause, "training");
  assert.deepEqual(links, ["closed", "catching-up", "opened"]);
});

test("one who was away too long reads everything anew, and goes on to be told", async (t) => {
  const proxy = await Proxy.open(t);
  const { WebSocket, received } = recordingSockets();
  const ada = await client(t, "ada", { url: proxy.url, WebSocket });
  const bruce = await agent(t, "bruce", "1001", 3);
  await ada.watch(...WATCHED);
  await ada.subscribeToPhoneHints({ phoneNumbers: ["1004"] });
  const known = ada.state.agents.get(8);
  await loseLink(proxy, ada);
  await bruce.pauseAgent({ reason: "lunch" });
  await bruce.setAgentQueue({ queueId: 3, penalty: 7 });
  proxy.changesEpoch = true;
  const from = received.length;
  await restoreLink(proxy, ada);
  assert.equal(received[from].ctiMessage.recovered, false);
  assert.equal(known, ada.state.agents.get(8));
  assert.equal(known?.state?.cause, "lunch");
  assert.equal(known?.queues.get(3), 7);
  assert.equal(known?.firstName, "Bruce");
  assert.equal(ada.state.queues.size, 3);
  // Every subscription holds on the new stream.
  assert.ok(received.slice(from).some((frame) => frame.msgType === "PhoneHintStatusEvent"));
  const calls = received.slice(from).filter((frame) => frame.msgType === "QueueCalls");
  assert.equal(calls.length, 3);
  const told = next(ada, "AgentStatistics");
  await bruce.unpauseAgent();
  await bruce.setAgentQueue({ queueId: 3, penalty: 8 });
  await state(ada, () => known?.state?.name === "AgentReady" && known?.queues.get(3) === 8);
  await told;
});

test("what was given up is not asked for again", async (t) => {
  const proxy = await Proxy.open(t);
  const { WebSocket, sent } = recordingSockets();
  const ada = await client(t, "ada", { url: proxy.url, WebSocket });
  await ada.subscribeToQueueCalls({ queueId: 1 });
  await ada.subscribeToQueueCalls({ queueId: 2 });
  await ada.subscribeToPhoneHints({ phoneNumbers: ["1004"] });
  await ada.unSubscribeToQueueCalls({ queueId: 1 });
  await ada.unsubscribeFromAllPhoneHints();
  proxy.changesEpoch = true;
  await loseLink(proxy, ada);
  const from = sent.length;
  await restoreLink(proxy, ada);
  const asked = sent.slice(from).filter((frame) => frame.command?.startsWith("subscribe"));
  assert.deepEqual(
    asked.map(({ command, queueId }) => [command, queueId]),
    [["subscribeToQueueCalls", 2]],
  );
});

test("a command that was under proxy at a cut is told so and never sent again", async (t) => {
  const proxy = await Proxy.open(t);
  const bruce = await agent(t, "bruce", "1001");
  const { WebSocket, sent } = recordingSockets();
  const ada = await client(t, "ada", { url: proxy.url, WebSocket });
  await ada.watch("agents");
  proxy.stalled = true;
  const pause = ada.pauseAgent({ agentId: 8, reason: "lunch" });
  const query = ada.getAgentDirectory();
  const told = Promise.allSettled([pause, query]);
  await loseLink(proxy, ada);
  await assert.rejects(ada.pauseAgent({ agentId: 8 }), { code: "Disconnected" });
  proxy.stalled = false;
  await restoreLink(proxy, ada);
  // Only now is it known that no result is among what was missed.
  for (const result of await told) {
    assert.equal(result.status === "rejected" && result.reason.code, "Disconnected");
  }
  assert.equal(sent.filter((frame) => frame.command === "pauseAgent").length, 1);
  assert.equal(sent.filter((frame) => frame.command === "getAgentDirectory").length, 1);
  // Nothing was done twice, and nothing late.
  assert.equal(bruce.state.agents.get(8)?.state?.name, "AgentReady");
  await ada.pauseAgent({ agentId: 8, reason: "coffee" });
  assert.equal(ada.state.agents.get(8)?.state?.cause, "coffee");
});

test("what is to be watched is watched, whenever the link comes back", async (t) => {
  const proxy = await Proxy.open(t);
  const ada = await client(t, "ada", { url: proxy.url });
  proxy.stalled = true;
  const watching = ada.watch("agents", "queues");
  await loseLink(proxy, ada);
  proxy.stalled = false;
  await restoreLink(proxy, ada);
  await watching;
  assert.equal(ada.state.agents.get(8)?.firstName, "Bruce");
  await loseLink(proxy, ada);
  const later = ada.watch("memberships");
  await restoreLink(proxy, ada);
  await later;
  assert.equal(ada.state.memberships.get(1)?.get(1), 0);
});

test("a link that is dead and does not know it is found out", async (t) => {
  const proxy = await Proxy.open(t);
  const ada = await client(t, "ada", { url: proxy.url, heartbeat: 50 });
  await ada.watch("agents");
  proxy.stalled = true;
  await state(ada, ({ link }) => link === "closed");
  proxy.cut();
  proxy.stalled = false;
  await state(ada, ({ link }) => link === "opened");
});

test("attempts grow rarer, and no two clients come at the same times", async (t) => {
  const attempts = await Promise.all([1, 2].map(() => pauses(t)));
  for (const [first, second, third] of attempts) {
    // Each is at least half of 0.5, 1 and 2 s; a busy machine makes them longer, never shorter.
    assert.ok(first >= 245 && second >= 495 && third >= 995, `${first}, ${second}, ${third} ms`);
  }
  assert.notDeepEqual(attempts[0], attempts[1]);
});

test("a server that is killed and started again is found again", async (t) => {
  const ada = await client(t, "ada");
  const bruce = await agent(t, "bruce", "1001");
  await Promise.all([ada.watch(...WATCHED), bruce.watch("agents")]);
  const closed = Promise.all([ada, bruce].map((center) => next(center, "link")));
  // Upon which the test beside us does it, perhaps before this is acknowledged.
  await bruce.pauseAgent({ reason: "restart" }).catch(({ code }) => {
    assert.equal(code, "Disconnected");
  });
  assert.deepEqual(await closed, ["closed", "closed"]);
  await Promise.all([ada, bruce].map((center) => state(
    center, ({ link, asterisk }) => link === "opened" && asterisk === "current")));
  await state(ada, ({ agents }) => agents.get(8)?.state?.cause === "restart");
  await bruce.unpauseAgent();
  await state(ada, ({ agents }) => agents.get(8)?.state?.name === "AgentReady");
  assert.equal(bruce.state.agents.get(8)?.state?.name, "AgentReady");
});

/**
 * @param {Proxy} proxy
 * @param {Center} center
 */
async function loseLink(proxy, center) {
  proxy.refusing = true;
  proxy.cut();
  await state(center, ({ link }) => link === "closed");
}

/**
 * @param {Proxy} proxy
 * @param {Center} center
 */
async function restoreLink(proxy, center) {
  proxy.refusing = false;
  await state(center, ({ link }) => link === "opened");
}

/** The milliseconds before each of the first attempts to reconnect.
 * @param {TestContext} context
 */
async function pauses(context) {
  const proxy = await Proxy.open(context);
  const center = await client(context, "ada", { url: proxy.url });
  const times = [performance.now()];
  await loseLink(proxy, center);
  while (times.length < 4) {
    await proxy.attempt();
    times.push(performance.now());
  }
  return times.slice(1).map((time, at) => time - times[at]);
}
