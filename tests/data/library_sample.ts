// What a program writes that uses the package; checked by the TypeScript compiler, never run.

import { connect, Refused, type AgentView, type Center, type PhoneEvent } from "xucd";

const center: Center = await connect({ url: "http://127.0.0.1:8090", login: "bruce", password: "" });
await connect({ url: ["http://127.0.0.1:8090", "http://127.0.0.1:8091"], token: center.token });
await center.watch("agents", "queues", "queueCalls", "callbacks", "statistics", "memberships");

const off = center.on("PhoneEvent", (event: PhoneEvent) => {
  const caller: string = event.otherDN;
  const queue: string | undefined = event.queueName;
  const kind: "EventRinging" | "EventDialing" | "EventEstablished" | "EventOnHold" | "EventReleased" =
    event.eventType;
  console.log(caller, queue, kind);
});
off();
center.on("change", (parts, keys) => {
  const agents: boolean = parts.has("agents");
  console.log(agents, keys.get("agents")?.size);
});
center.on("closed", (why) => console.log(why?.code, why?.detail.retryAfter));

const agent: AgentView | undefined = center.state.agents.get(8);
const penalty: number | undefined = agent?.queues.get(1);
if (agent?.state?.name === "AgentOnCall") {
  console.log(penalty, agent.state.monitorState === "ACTIVE", agent.state.cause);
}

try {
  await center.loginAgent({ phoneNumber: "1001" });
  await center.logoutAgent();
  await center.setAgentQueue({ agentId: 8, queueId: 1, penalty: 0 });
} catch (error) {
  console.log(error instanceof Refused ? error.code : error);
}
const queueName: string = (await center.getList({ objectType: "queue" }))[0].displayName;
const line: string = (await center.getConfig({ objectType: "line" })).phoneNumber;
const ticket: string = (await center.startCallback({ uuid: "", number: line })).ticketUuid;
const found = await center.findCallbackRequest({ request: { filters: [] } });
console.log(queueName, ticket, found.response.total, found.response.list[0].dueDate);
const paused = await center.until("AgentStateEvent", (body) => body.name === "AgentOnPause");
console.log(paused.since);

// @ts-expect-error: no message is called so
center.on("PhoneEvnt", () => {});
// @ts-expect-error: the wire's spelling is not the library's
await center.pauseAgent({ agentid: 8 });
// @ts-expect-error: a penalty is a number
await center.setAgentQueue({ queueId: 1, penalty: "high" });
// @ts-expect-error: an argument is missing
await center.loginAgent();
// @ts-expect-error: there is no such state
console.log(agent?.state?.name === "AgentAsleep");
// @ts-expect-error: only queries have an answer
const nothing: string = await center.logoutAgent();
