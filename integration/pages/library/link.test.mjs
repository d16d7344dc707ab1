import assert from "node:assert/strict";
import test from "node:test";

import { agent, client, next, state, Way, witness } from "./help.mjs";

const WATCHED = ["agents", "queues", "queueCalls", "statistics", "memberships"];

test("what happened while a client was away is told in order when it is back", async (t) => {
  const way = await Way.open(t);
  const { WebSocket, heard } = witness();
  const ada = await client(t, "ada", { url: way.url, WebSocket });
  const bruce = await agent(t, "bruce", "1001");
  await ada.watch(...WATCHED);
  const links = [];
  ada.on("link", (status) => links.push(status));
  await lost(way, ada);
  for (const reason of ["lunch", "coffee", "training"]) {
    await bruce.pauseAgent({ reason });
  }
  const from = heard.length;
  await back(way, ada);
  const messages = heard.slice(from).filter((frame) => frame.msgType);
  assert.equal(messages[0].ctiMessage.recovered, true);
  assert.deepEqual(
    messages
      .filter(({ msgType, ctiMessage }) => msgType === "AgentStateEvent" && ctiMessage.since === 0)
      .map(({ ctiMessage }) => ctiMessage.cause)
      .slice(0, 3),
    ["lunch", "coffee", "training"],
  );
  const positions = heard.map((frame) => frame.position).filter((one) => one !== undefined);
  assert.ok(positions.every((position, at) => at === 0 || position === positions[at - 1] + 1));
  assert.equal(ada.state.agents.get(8).state.cause, "training");
  assert.deepEqual(links, ["closed", "catching-up", "opened"]);
});

test("one who was away too long reads everything anew, and goes on to be told", async (t) => {
  const way = await Way.open(t);
  const { WebSocket, heard } = witness();
  const ada = await client(t, "ada", { url: way.url, WebSocket });
  const bruce = await agent(t, "bruce", "1001", 3);
  await ada.watch(...WATCHED);
  await ada.subscribeToPhoneHints({ phoneNumbers: ["1004"] });
  const known = ada.state.agents.get(8);
  await lost(way, ada);
  await bruce.pauseAgent({ reason: "lunch" });
  await bruce.setAgentQueue({ queueId: 3, penalty: 7 });
  way.misquote = true;
  const from = heard.length;
  await back(way, ada);
  assert.equal(heard[from].ctiMessage.recovered, false);
  assert.equal(known, ada.state.agents.get(8));
  assert.equal(known.state.cause, "lunch");
  assert.equal(known.queues.get(3), 7);
  assert.equal(known.firstName, "Bruce");
  assert.equal(ada.state.queues.size, 3);
  // Every subscription holds on the new stream.
  assert.ok(heard.slice(from).some((frame) => frame.msgType === "PhoneHintStatusEvent"));
  const calls = heard.slice(from).filter((frame) => frame.msgType === "QueueCalls");
  assert.equal(calls.length, 3);
  const told = next(ada, "AgentStatistics");
  await bruce.unpauseAgent();
  await bruce.setAgentQueue({ queueId: 3, penalty: 8 });
  await state(ada, () => known.state.name === "AgentReady" && known.queues.get(3) === 8);
  await told;
});

test("what was given up is not asked for again", async (t) => {
  const way = await Way.open(t);
  const { WebSocket, said } = witness();
  const ada = await client(t, "ada", { url: way.url, WebSocket });
  await ada.subscribeToQueueCalls({ queueId: 1 });
  await ada.subscribeToQueueCalls({ queueId: 2 });
  await ada.subscribeToPhoneHints({ phoneNumbers: ["1004"] });
  await ada.unSubscribeToQueueCalls({ queueId: 1 });
  await ada.unsubscribeFromAllPhoneHints();
  way.misquote = true;
  await lost(way, ada);
  const from = said.length;
  await back(way, ada);
  const asked = said.slice(from).filter((frame) => frame.command?.startsWith("subscribe"));
  assert.deepEqual(
    asked.map(({ command, queueId }) => [command, queueId]),
    [["subscribeToQueueCalls", 2]],
  );
});

test("a command that was under way at a cut is told so and never sent again", async (t) => {
  const way = await Way.open(t);
  const bruce = await agent(t, "bruce", "1001");
  const { WebSocket, said } = witness();
  const ada = await client(t, "ada", { url: way.url, WebSocket });
  await ada.watch("agents");
  way.held = true;
  const pause = ada.pauseAgent({ agentId: 8, reason: "lunch" });
  const query = ada.getAgentDirectory();
  await lost(way, ada);
  for (const result of await Promise.allSettled([pause, query])) {
    assert.equal(result.reason.code, "Disconnected");
  }
  await assert.rejects(ada.pauseAgent({ agentId: 8 }), { code: "Disconnected" });
  way.held = false;
  await back(way, ada);
  assert.equal(said.filter((frame) => frame.command === "pauseAgent").length, 1);
  assert.equal(said.filter((frame) => frame.command === "getAgentDirectory").length, 1);
  // Nothing was done twice, and nothing late.
  assert.equal(bruce.state.agents.get(8).state.name, "AgentReady");
  await ada.pauseAgent({ agentId: 8, reason: "coffee" });
  assert.equal(ada.state.agents.get(8).state.cause, "coffee");
});

test("what is to be watched is watched, whenever the link comes back", async (t) => {
  const way = await Way.open(t);
  const ada = await client(t, "ada", { url: way.url });
  way.held = true;
  const watching = ada.watch("agents", "queues");
  await lost(way, ada);
  way.held = false;
  await back(way, ada);
  await watching;
  assert.equal(ada.state.agents.get(8).firstName, "Bruce");
  await lost(way, ada);
  const later = ada.watch("memberships");
  await back(way, ada);
  await later;
  assert.equal(ada.state.memberships.get(1).get(1), 0);
});

test("a link that is dead and does not know it is found out", async (t) => {
  const way = await Way.open(t);
  const ada = await client(t, "ada", { url: way.url, heartbeat: 50 });
  await ada.watch("agents");
  way.held = true;
  await state(ada, ({ link }) => link === "closed");
  way.cut();
  way.held = false;
  await state(ada, ({ link }) => link === "opened");
});

test("attempts grow rarer, and no two clients come at the same times", async (t) => {
  const attempts = await Promise.all([1, 2].map(() => pauses(t)));
  for (const [first, second, third] of attempts) {
    assert.ok(first >= 250 && first <= 700, `the first pause was ${first} ms`);
    assert.ok(third > first, "pauses do not grow");
    assert.ok(second > 400);
  }
  assert.notDeepEqual(attempts[0], attempts[1]);
});

test("a server that is killed and started again is found again", async (t) => {
  const ada = await client(t, "ada");
  const bruce = await agent(t, "bruce", "1001");
  await Promise.all([ada.watch(...WATCHED), bruce.watch("agents")]);
  const closed = Promise.all([ada, bruce].map((one) => next(one, "link")));
  // Upon which the test beside us does it, perhaps before this is acknowledged.
  await bruce.pauseAgent({ reason: "restart" }).catch(({ code }) => {
    assert.equal(code, "Disconnected");
  });
  assert.deepEqual(await closed, [["closed"], ["closed"]]);
  await Promise.all([ada, bruce].map((one) => state(one, ({ link }) => link === "opened")));
  await state(ada, ({ agents }) => agents.get(8).state.cause === "restart");
  await bruce.unpauseAgent();
  await state(ada, ({ agents }) => agents.get(8).state.name === "AgentReady");
  assert.equal(bruce.state.agents.get(8).state.name, "AgentReady");
});

async function lost(way, center) {
  way.shut = true;
  way.cut();
  await state(center, ({ link }) => link === "closed");
}

async function back(way, center) {
  way.shut = false;
  await state(center, ({ link }) => link === "opened");
}

/** How many milliseconds pass before each of the first attempts. */
async function pauses(test) {
  const way = await Way.open(test);
  const center = await client(test, "ada", { url: way.url });
  await lost(way, center);
  const times = [performance.now()];
  while (times.length < 4) {
    await way.tried();
    times.push(performance.now());
  }
  return times.slice(1).map((time, at) => time - times[at]);
}
