import assert from "node:assert/strict";
import test from "node:test";

import { QUEUE_STATISTICS } from "../../../xucd/web/static/lib/xucd.js";
import { agent, client, state, recordingSockets } from "./help.mjs";

test("a command resolves when it is done, and the state is as it says", async (t) => {
  const bruce = await agent(t, "bruce", "1001");
  const own = () => bruce.state.agents.get(8);
  assert.equal(own()?.state?.name, "AgentReady");
  const before = Date.now();
  await bruce.pauseAgent({ reason: "lunch" });
  assert.deepEqual(own()?.state, { name: "AgentOnPause", phoneNb: "1001", cause: "lunch" });
  assert.equal(bruce.state.userStatus, "lunch");
  const since = own()?.since ?? 0;
  assert.ok(since >= before - 1000 && since <= Date.now());
  await bruce.unpauseAgent();
  assert.equal(own()?.state?.name, "AgentReady");
  await assert.rejects(bruce.loginAgent({ phoneNumber: "1002" }), {
    code: "LoggedInOnAnotherPhone",
    detail: { phoneNb: "1001", RequestedNb: "1002" },
  });
});

test("what xucd refuses rejects with its code, and says no more than it concerns", async (t) => {
  const ada = await client(t, "ada");
  const results = await Promise.allSettled([
    ada.pauseAgent({ agentId: 999 }),
    ada.loginAgent({ phoneNumber: "9999", agentId: 10 }),
    ada.setAgentQueue({ agentId: 8, queueId: 99, penalty: 0 }),
    // @ts-expect-error a penalty is a number
    ada.setAgentQueue({ agentId: 8, queueId: 1, penalty: "high" }),
    ada.ask("makeCoffee"),
  ]);
  const reasons = results.map((result) => (result.status === "rejected" ? result.reason : null));
  assert.deepEqual(
    reasons.map((reason) => reason?.code),
    [
      "AgentUnknown",
      "PhoneNumberUnknown",
      "QueueUnknown",
      "InvalidArgument",
      "UnknownCommand",
    ],
  );
  assert.ok(reasons.every((reason) => reason.message.length > 10));
});

test("an argument that a command does not have is never sent", async (t) => {
  const { WebSocket, sent } = recordingSockets();
  const ada = await client(t, "ada", { WebSocket });
  const before = sent.length;
  // @ts-expect-error it is agentId
  await assert.rejects(ada.pauseAgent({ agentid: 8 }), { code: "UnknownArgument" });
  // @ts-expect-error there is no such part
  await assert.rejects(ada.watch("weather"), { code: "UnknownArgument" });
  assert.equal(sent.length, before);
});

test("commands go out as the wire spells them", async (t) => {
  const { WebSocket, sent } = recordingSockets();
  const ada = await client(t, "ada", { WebSocket });
  await assert.rejects(ada.loginAgent({ phoneNumber: "1", agentId: 8 }));
  const { requestId, ...frame } = sent.findLast(({ command }) => command) ?? {};
  assert.deepEqual(frame, { claz: "web", command: "agentLogin", agentphonenumber: "1", agentid: 8 });
  assert.equal(typeof requestId, "number");
});

test("queries resolve with their answers, many at a time", async (t) => {
  const ada = await client(t, "ada");
  const [queues, support, agents, sales, line, directory, members] = await Promise.all([
    ada.getList({ objectType: "queue" }),
    ada.getQueueStatistics({ queueId: 1, window: 60, xqos: 20 }),
    ada.getConfig({ objectType: "agent" }),
    ada.getQueueStatistics({ queueId: 2, window: 60, xqos: 30 }),
    ada.getCurrentCallsPhoneEvents(),
    ada.getAgentDirectory(),
    ada.getConfig({ objectType: "queuemember" }),
  ]);
  assert.deepEqual(queues.map((queue) => queue.name).sort(), ["billing", "sales", "support"]);
  assert.equal(support.queueId, 1);
  /** @type {(seconds: string) => string} */
  const soon = (seconds) => QUEUE_STATISTICS.ANSWERED_SOON_SHARE.replace("15", seconds);
  assert.ok(support.counters.some(({ statName }) => statName === soon("20")));
  assert.equal(sales.queueId, 2);
  assert.ok(sales.counters.some(({ statName }) => statName === soon("30")));
  assert.equal(agents.length, directory.directory.length);
  assert.deepEqual(line, { events: [] });
  assert.ok(members.some((member) => member.agentId === 8 && member.queueId === 1));
});

test("two lists of the same kind each get their own answer", async (t) => {
  const ada = await client(t, "ada");
  const [agents, queues, agentsAgain, groups, queuesAgain] = await Promise.all([
    ada.getConfig({ objectType: "agent" }),
    ada.getConfig({ objectType: "queue" }),
    ada.getConfig({ objectType: "agent" }),
    ada.getConfig({ objectType: "agentgroup" }),
    ada.getConfig({ objectType: "queue" }),
  ]);
  assert.notEqual(agents, agentsAgain);
  assert.deepEqual(agents, agentsAgain);
  assert.notEqual(queues, queuesAgain);
  assert.deepEqual(queues, queuesAgain);
  assert.ok(groups.every((group) => Object.keys(group).sort().join() === "id,name"));
});

test("once closed, every promise says so and nothing more is told", async (t) => {
  const ada = await client(t, "ada");
  /** @type {unknown[]} */
  const reasons = [];
  ada.on("closed", (why) => reasons.push(why));
  const waiting = [ada.getAgentDirectory(), ada.until("PhoneEvent")];
  ada.close();
  ada.close();
  for (const result of await Promise.allSettled(waiting)) {
    assert.equal(result.status === "rejected" && result.reason.code, "Closed");
  }
  await assert.rejects(ada.watch("agents"), { code: "Closed" });
  assert.deepEqual(reasons, [null]);
  assert.equal(ada.state.link, "closed");
});

test("until says when it has waited long enough", async (t) => {
  const ada = await client(t, "ada");
  await assert.rejects(ada.until("PhoneEvent", () => true, 20), { code: "Timeout" });
});

test("a handler that throws is reported and stays, and the others are called", async (t) => {
  /** @type {unknown[]} */
  const complaints = [];
  t.mock.method(console, "error", (/** @type {unknown[]} */ ...words) => complaints.push(words));
  const ada = await client(t, "ada");
  /** @type {unknown[]} */
  const calls = [];
  ada.on("AgentList", () => {
    calls.push("first");
    throw new Error("a mistake in a page");
  });
  const off = ada.on("AgentList", () => calls.push("second"));
  await ada.getConfig({ objectType: "agent" });
  off();
  await ada.getConfig({ objectType: "agent" });
  assert.deepEqual(calls, ["first", "second", "first"]);
  assert.equal(complaints.length, 2);
  await state(ada, ({ agents }) => agents.size > 0);
});
