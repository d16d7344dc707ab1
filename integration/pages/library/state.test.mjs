import assert from "node:assert/strict";
import test from "node:test";

import { AGENT_STATISTICS, QUEUE_STATISTICS } from "../../../xucd/web/static/lib/xucd.js";
import { agent, client, next, state } from "./help.mjs";

/** @import { Part, State } from "../../../xucd/web/static/lib/xucd.js" */

test("watching fills the state with agents, groups, queues and figures", async (t) => {
  const ada = await client(t, "ada");
  await ada.watch("agents", "queues", "queueCalls", "statistics", "memberships");
  const { agents, groups, queues, memberships } = ada.state;
  const bruce = agents.get(8);
  const support = queues.get(1);
  assert.ok(bruce?.groupId && bruce.userId && support);
  assert.equal(`${bruce.firstName} ${bruce.lastName} ${bruce.number}`, "Bruce Wail 2501");
  assert.equal(groups.get(bruce.groupId)?.name, "default");
  assert.equal(bruce.state?.name, "AgentLoggedOut");
  assert.deepEqual([...bruce.queues], [[1, 0], [2, 1]]);
  assert.equal(typeof bruce.statistics[AGENT_STATISTICS.PAUSED_TIME], "number");
  assert.equal(support.displayName, "Support");
  assert.equal(support.statistics[QUEUE_STATISTICS.WAITING_CALLS], 0);
  assert.deepEqual(support.calls, []);
  assert.deepEqual([...memberships.get(bruce.userId) ?? []], [[1, 0], [2, 1]]);
});

test("changes are told once a turn, with what they concern", async (t) => {
  const ada = await client(t, "ada");
  await ada.watch("agents", "queues");
  /** @type {{parts: Set<Part>, keys: Map<Part, Set<number | string>>}[]} */
  const changes = [];
  ada.on("change", (parts, keys) => changes.push({ parts, keys }));
  await agent(t, "bruce", "1001");
  await state(ada, ({ agents }) => agents.get(8)?.state?.name === "AgentReady");
  assert.ok(changes.length > 0);
  for (const { parts, keys } of changes) {
    assert.deepEqual([...parts], ["agents"]);
    assert.deepEqual([...keys.get("agents") ?? []], [8]);
  }
});

test("a state that is told again keeps the moment it began", async (t) => {
  const ada = await client(t, "ada");
  await ada.watch("agents");
  // Told in whole seconds, it says no more than an answer's delay allows: only quick ones count.
  for (let began; ;) {
    const asked = performance.now();
    await ada.getAgentStates();
    const quick = performance.now() - asked < 400;
    const { since } = ada.state.agents.get(8) ?? {};
    if (quick && began !== undefined) {
      assert.equal(since, began);
      break;
    }
    began = quick ? since ?? undefined : undefined;
    await new Promise((resolve) => setTimeout(resolve, 1100));
  }
});

test("memberships and penalties are live", async (t) => {
  const [ada, alice] = await Promise.all([client(t, "ada"), client(t, "alice")]);
  await ada.watch("agents");
  const queues = ada.state.agents.get(9)?.queues ?? new Map();
  await alice.setAgentQueue({ queueId: 2, penalty: 4 });
  await state(ada, () => queues.get(2) === 4);
  await alice.removeAgentFromQueue({ queueId: 2 });
  await state(ada, () => !queues.has(2));
});

test("a call is in the state from its ring to its end, on both phones", async (t) => {
  const [bruce, alice] = await Promise.all([client(t, "bruce"), client(t, "alice")]);
  /** @type {unknown[]} */
  const events = [];
  bruce.on("PhoneEvent", ({ eventType }) => events.push(eventType));
  await bruce.dial({ destination: "1002", variables: { ticket: "T-17" } });
  for (const center of [bruce, alice]) {
    await state(center, ({ calls }) => only(calls)?.eventType === "EventEstablished");
  }
  const [own, theirs] = [only(bruce.state.calls), only(alice.state.calls)];
  assert.ok(own?.answered && theirs);
  assert.equal(own.otherDN, "1002");
  assert.equal(own.userData.USR_ticket, "T-17");
  assert.equal(theirs.callDirection, "Incoming");
  assert.ok(own.began <= own.answered && own.answered <= Date.now());
  assert.equal(own.since, own.answered);
  // A client that connects during a call has it in its state.
  const page = await client(t, "bruce");
  assert.deepEqual([...page.state.calls.keys()], [...bruce.state.calls.keys()]);
  await bruce.hangup();
  await Promise.all(
    [bruce, alice, page].map((center) => state(center, ({ calls }) => calls.size === 0)),
  );
  assert.equal(events.at(-1), "EventReleased");
});

test("who waits in a queue is known, and its figures follow", async (t) => {
  const [ada, bruce] = await Promise.all([client(t, "ada"), client(t, "bruce")]);
  await ada.watch("queues", "queueCalls", "statistics");
  const billing = ada.state.queues.get(3);
  await bruce.dial({ destination: "3002" }); // whose agents are all out
  const waiting = () => billing?.statistics[QUEUE_STATISTICS.WAITING_CALLS];
  await state(ada, () => billing?.calls.length === 1 && waiting() === 1);
  assert.equal(billing?.calls[0].number, "1001");
  await bruce.hangup();
  await state(ada, () => billing?.calls.length === 0 && waiting() === 0);
  assert.equal(billing?.statistics[QUEUE_STATISTICS.ABANDONED], 1);
});

test("callbacks are in the state, and everybody sees who takes one", async (t) => {
  const [ada, bruce] = await Promise.all([client(t, "ada"), agent(t, "bruce", "1001")]);
  await Promise.all([ada.watch("callbacks"), bruce.watch("callbacks")]);
  const { lists, requests, periods } = bruce.state.callbacks;
  const callback = [...requests.values()].find(({ agentId }) => agentId === null);
  assert.ok(callback);
  assert.equal(lists.get(callback.listUuid)?.queueId, 1);
  assert.ok(periods.some((period) => period.name === "Morning"));
  await bruce.takeCallback({ uuid: callback.uuid });
  await state(ada, ({ callbacks }) => callbacks.requests.get(callback.uuid)?.agentId === 8);
  await assert.rejects(ada.takeCallback({ uuid: callback.uuid }));
  const filters = [{ field: "uuid", operator: "=", value: callback.uuid }];
  const found = await ada.findCallbackRequest({ request: { filters } });
  assert.deepEqual([found.response.total, found.response.list[0].agentId], [1, 8]);
  await bruce.releaseCallback({ uuid: callback.uuid });
  await state(ada, ({ callbacks }) => callbacks.requests.get(callback.uuid)?.agentId === null);
});

test("events come with their bodies, and off ends them", async (t) => {
  const bruce = await client(t, "bruce");
  /** @type {unknown[]} */
  const names = [];
  const off = bruce.on("AgentStateEvent", (body) => names.push(body.name));
  const [body] = await Promise.all([
    next(bruce, "AgentStateEvent"),
    bruce.loginAgent({ phoneNumber: "1001" }),
  ]);
  assert.equal(body.agentId, 8);
  off();
  await Promise.all([bruce.until("AgentStateEvent"), bruce.logoutAgent()]);
  assert.ok(names.length > 0 && !names.includes("AgentLoggedOut"));
});

/** The only call; undefined if there are others or none.
 * @param {State["calls"]} calls
 */
function only(calls) {
  return calls.size === 1 ? [...calls.values()][0] : undefined;
}
