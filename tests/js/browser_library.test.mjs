/* The classic scripts that pages load, against a WebSocket server. frames.json is the table of
 * methods; a Python test checks it against the protocol. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import net from "node:net";
import { test } from "node:test";

import { WebSocket } from "ws";

import { SCRIPTS, connected, nextMessage, page, plain, server } from "./page.mjs";

/** @type {[name: string, values: unknown[], sent: object][]} */
const FRAMES = JSON.parse(readFileSync(new URL("frames.json", import.meta.url), "utf-8"));

/** @import { TestContext } from "node:test" */
/** @import { Page } from "./page.mjs" */

/** Calls a method such as "Cti.dial".
 * @param {Page} world
 * @param {string} name
 * @param {unknown[]} values
 */
function call(world, name, values) {
  const [library, method] = name.split(".");
  world[library][method](...values);
}

test("every method sends exactly the frame of the table", async (t) => {
  const { world, there } = await connected(t);
  for (const [name, values, sent] of FRAMES) {
    call(world, name, values);
    assert.deepEqual(await there.next(), { claz: "web", ...sent }, name);
  }
});

test("every message reaches the handlers of its type, and nobody else's", async (t) => {
  const { world, there } = await connected(t);
  const types = [world.Cti, world.Callback, world.Membership].flatMap((library) =>
    /** @type {string[]} */ (Object.values(library.MessageType)),
  );
  /** @type {unknown[]} */
  const got = [];
  for (const type of types) {
    world.Cti.setHandler(type, (/** @type {{number: number}} */ body) => got.push([type, body.number]));
  }
  types.forEach((type, number) => there.publish(type, { number }));
  const last = nextMessage(world, "Done");
  there.publish("Done", {});
  await last;
  assert.deepEqual(got, types.map((type, number) => [type, number]));
});

for (const scripts of [SCRIPTS, [...SCRIPTS].reverse(), ["cti.js"]]) {
  test(`loaded as ${scripts}, the library works`, async (t) => {
    const { world, there } = await connected(t, { scripts });
    if (world.Callback) {
      world.Callback.init(world.Cti);
      world.Callback.getCallbackLists();
      assert.equal((await there.next()).command, "getCallbackLists");
      world.Membership.init(world.Cti);
      world.Membership.getUserDefaultMembership(1);
      assert.equal((await there.next()).command, "getUserDefaultMembership");
    }
    const sheet = nextMessage(world, "Sheet");
    there.publish("Sheet", { channel: "SIP/1" });
    assert.deepEqual(plain(await sheet), { channel: "SIP/1" });
  });
}

test("handlers that are set inside the LoggedOn handler hear what follows it", async (t) => {
  const { world, there } = await connected(t);
  const statuses = new Promise((resolve) => {
    world.Cti.setHandler(world.Cti.MessageType.LOGGEDON, () =>
      world.Cti.setHandler(world.Cti.MessageType.USERSTATUSES, resolve),
    );
  });
  there.publish("LoggedOn", { status: "ok" });
  there.publish("UsersStatuses", [{ name: "available" }]);
  assert.deepEqual(plain(await statuses), [{ name: "available" }]);
});

test("a handler that throws is reported, stays, and keeps nobody else from hearing", async (t) => {
  const { world, there } = await connected(t);
  const { Cti } = world;
  let calls = 0;
  Cti.setHandler("Sheet", () => {
    calls += 1;
    throw new Error("a mistake of the page");
  });
  for (const channel of ["first", "second"]) {
    const sheet = nextMessage(world, "Sheet");
    there.publish("Sheet", { channel });
    assert.equal((await sheet).channel, channel);
  }
  assert.equal(calls, 2);
  assert.equal(world.said.error.length, 2);
  assert.match(world.said.error[0][0], /a handler of Sheet failed/);
  assert.equal(world.said.error[0][1].message, "a mistake of the page");
});

test("a handler is set once, can be taken away, and clearHandlers takes all", () => {
  const { Cti } = page();
  /** @type {unknown[]} */
  const got = [];
  const one = (/** @type {string} */ body) => got.push(`one ${body}`);
  const two = (/** @type {string} */ body) => got.push(`two ${body}`);
  const receive = (/** @type {string} */ type, /** @type {string} */ body) =>
    Cti.receive({ data: JSON.stringify({ msgType: type, ctiMessage: body }) });
  Cti.setHandler("Sheet", one);
  Cti.setHandler("Sheet", one);
  Cti.setHandler("Sheet", two);
  Cti.setHandler("PhoneEvent", two);
  receive("Sheet", "a");
  Cti.unsetHandler("Sheet", one);
  receive("Sheet", "b");
  receive("PhoneEvent", "c");
  Cti.clearHandlers();
  receive("Sheet", "d");
  receive("PhoneEvent", "e");
  assert.deepEqual(got, ["one a", "two a", "two b", "two c"]);
});

test("a topic takes several handlers, tells all values, and forgets by itself", () => {
  const { Cti } = page();
  /** @type {unknown[]} */
  const got = [];
  const first = (/** @type {unknown[]} */ ...values) => got.push(values);
  const second = (/** @type {unknown[]} */ ...values) => got.push(values.length);
  Cti.Topic("mine").subscribe(first).subscribe([second, second]);
  Cti.Topic("mine").publish(1, 2);
  Cti.Topic("mine").unsubscribe(second).publish(3);
  Cti.Topic("other").subscribe(first);
  Cti.Topic("mine").clear();
  Cti.Topic("mine").publish(4);
  Cti.Topic("other").publish(5);
  assert.deepEqual(got, [[1, 2], 2, 2, [3], [5]]);
});

test("a handler that takes itself away while it is called skips nobody", () => {
  const { Cti } = page();
  /** @type {unknown[]} */
  const got = [];
  const once = () => {
    got.push("once");
    Cti.unsetHandler("mine", once);
  };
  Cti.setHandler("mine", once);
  Cti.setHandler("mine", () => got.push("always"));
  Cti.Topic("mine").publish();
  Cti.Topic("mine").publish();
  assert.deepEqual(got, ["once", "always", "always"]);
});

test("what a handler publishes is heard after what it was called with", () => {
  const { Cti } = page();
  /** @type {unknown[]} */
  const got = [];
  Cti.setHandler("mine", (/** @type {number} */ number) => {
    got.push(`first ${number}`);
    if (number === 1) {
      Cti.Topic("mine").publish(2);
    }
  });
  Cti.setHandler("mine", (/** @type {number} */ number) => got.push(`second ${number}`));
  Cti.Topic("mine").publish(1);
  assert.deepEqual(got, ["first 1", "second 1", "first 2", "second 2"]);
});

test("what SHOTGUN's listeners hear and what Cti's handlers hear is the same", () => {
  for (const scripts of [["shotgun.js", "cti.js"], ["cti.js", "shotgun.js"]]) {
    const { Cti, SHOTGUN, said } = page({ scripts });
    /** @type {unknown[]} */
    const got = [];
    const key = SHOTGUN.listen("cti/Sheet", (/** @type {string} */ body) => got.push(`listener ${body}`));
    SHOTGUN.listen({ event: "cti/Sheet", key: "mine", action: () => got.push("mine") });
    Cti.setHandler("Sheet", (/** @type {string} */ body) => got.push(`handler ${body}`));
    Cti.Topic("Sheet").publish("a");
    SHOTGUN.remove("cti/Sheet", key);
    SHOTGUN.fire("cti/Sheet", ["b"]);
    SHOTGUN.remove("cti/Sheet", "mine");
    SHOTGUN.listen("page/loaded", (/** @type {number} */ one, /** @type {number} */ two) =>
      got.push(one + two));
    SHOTGUN.listen("page/loaded", () => {
      throw new Error("a mistake of the page");
    });
    SHOTGUN.fire("page/loaded", [1, 2]);
    SHOTGUN.remove("cti");
    Cti.Topic("Sheet").publish("c");
    SHOTGUN.fire("page/loaded", [3, 4]);
    Cti.clearHandlers();
    SHOTGUN.fire("page/loaded", [5, 6]);
    SHOTGUN.remove("page");
    SHOTGUN.fire("page/loaded", [7, 8]);
    SHOTGUN.fire("nobody/listens");
    assert.deepEqual(got, ["listener a", "mine", "handler a", "mine", "handler b", 3, 7, 11]);
    assert.equal(said.error.length, 3);
  }
});

test("what a page puts in the place of sendCallback, receive and Topic is used", async (t) => {
  const { world, there } = await connected(t);
  const { Cti, Callback, Membership } = world;
  Callback.init(Cti);
  Membership.init(Cti);
  /** @type {unknown[]} */
  const sent = [];
  const before = Cti.sendCallback;
  Cti.sendCallback = (/** @type {{command: string}} */ message) => {
    sent.push(message.command);
    before(message);
  };
  Cti.getList("queue");
  Callback.getCallbackLists();
  Membership.getUserDefaultMembership(1);
  for (const command of ["getList", "getCallbackLists", "getUserDefaultMembership"]) {
    assert.equal((await there.next()).command, command);
  }
  assert.deepEqual(sent, ["getList", "getCallbackLists", "getUserDefaultMembership"]);

  const published = new Promise((resolve) => {
    const topic = Cti.Topic;
    Cti.Topic = (/** @type {string} */ type) => (
      { ...topic(type), publish: (/** @type {unknown} */ body) => resolve([type, body]) });
  });
  there.publish("Sheet", { channel: "x" });
  assert.deepEqual(plain(await published), ["Sheet", { channel: "x" }]);

  const received = new Promise((resolve) => {
    Cti.receive = (/** @type {{data: string}} */ event) => resolve(event.data);
  });
  there.publish("Sheet", { channel: "y" });
  assert.equal(await received, '{"msgType":"Sheet","ctiMessage":{"channel":"y"}}');
});

test("Callback and Membership send through the new link after a reconnection", async (t) => {
  const { world, there } = await connected(t);
  world.Callback.init(world.Cti);
  const closed = nextMessage(world, "LinkStatusUpdate");
  there.links[0].close();
  assert.deepEqual(plain(await closed), { status: "closed" });
  const opened = nextMessage(world, "LinkStatusUpdate");
  world.Cti.WebSocket.init(there.url, "bruce", "1001");
  assert.deepEqual(plain(await opened), { status: "opened" });
  world.Callback.getCallbackLists();
  assert.equal((await there.next()).command, "getCallbackLists");
  assert.equal(there.links.length, 2);
});

test("Callback and Membership send through the Cti that they were given", () => {
  const { Callback, Membership } = page();
  /** @type {unknown[]} */
  const sent = [];
  const other = { sendCallback: (/** @type {{command: string}} */ message) => sent.push(message.command) };
  Callback.init(other);
  Membership.init(other);
  Callback.getCallbackLists();
  Membership.getUserDefaultMembership(1);
  assert.deepEqual(sent, ["getCallbackLists", "getUserDefaultMembership"]);
});

test("nothing is sent before init, and a warning says so", () => {
  const { Cti, Callback, said } = page();
  Cti.loginAgent("1001");
  Callback.getCallbackLists();
  Cti.close();
  assert.equal(said.warn.length, 2);
  const { Membership, said: others } = page({ scripts: ["membership.js"] });
  Membership.getUserDefaultMembership(1);
  assert.match(others.error[0][0], /no Cti/);
});

test("pings go out as long as they are answered, and the link stays", async (t) => {
  const { world, there } = await connected(t, { haste: 100 });
  /** @type {unknown[]} */
  const closed = [];
  world.Cti.setHandler("LinkStatusUpdate", (/** @type {{status: string}} */ link) => closed.push(link.status));
  for (let number = 0; number < 8; number += 1) {
    assert.deepEqual(await there.next(), { claz: "ping" });
  }
  assert.deepEqual(closed, []);
  const end = nextMessage(world, "LinkStatusUpdate");
  world.Cti.close();
  assert.equal((await end).status, "closed");
});

test("a link is dropped after three pings that were followed by nothing at all", async (t) => {
  const { world, there } = await connected(t, { haste: 50, deaf: true });
  /** @type {unknown[]} */
  const links = [];
  world.Cti.setHandler("LinkStatusUpdate", (/** @type {{status: string}} */ link) => links.push(link.status));
  await nextMessage(world, "LinkStatusUpdate");
  for (let number = 0; number < 3; number += 1) {
    assert.deepEqual(await there.next(), { claz: "ping" });
  }
  assert.equal(there.frames.length, 3);
  assert.match(world.said.warn[0][0], /dropped/);
  // The closing handshake ends later, and is not published a second time.
  if (world.Cti.webSocket.readyState !== WebSocket.CLOSED) {
    await new Promise((resolve) => world.Cti.webSocket.on("close", resolve));
  }
  assert.deepEqual(links, ["closed"]);
});

test("any frame counts as an answer to the pings", async (t) => {
  const { world, there } = await connected(t, { haste: 50, deaf: true });
  /** @type {unknown[]} */
  const links = [];
  world.Cti.setHandler("LinkStatusUpdate", (/** @type {{status: string}} */ link) => links.push(link.status));
  for (let number = 0; number < 8; number += 1) {
    await there.next();
    const event = nextMessage(world, "PhoneEvent");
    there.publish("PhoneEvent", {});
    await event;
  }
  assert.deepEqual(links, []);
});

test("a link that never opens is told as closed", async (t) => {
  const there = await server(t);
  const world = page();
  const told = nextMessage(world, "LinkStatusUpdate");
  world.Cti.WebSocket.init(there.url.replace("/cti", "/nobody"), "bruce", "1001");
  assert.equal((await told).status, "closed");
});

/** One address with the hosts of several.
 * @param {string[]} urls
 */
function together(...urls) {
  const [first, ...others] = urls.map((url) => new URL(url));
  return String(first).replace(first.host, [first, ...others].map(({ host }) => host).join(","));
}

/** What the page is told of its link, from now on.
 * @param {Page} world
 */
function linkStatuses(world) {
  /** @type {string[]} */
  const statuses = [];
  world.Cti.setHandler("LinkStatusUpdate", (/** @type {{status: string}} */ link) => statuses.push(link.status));
  return statuses;
}

/** A page that leaves at the end of the test, before its servers do: it would go to another one.
 * @param {TestContext} context
 * @param {{haste?: number}} options
 */
function leaving(context, options = {}) {
  const world = page(options);
  context.after(() => {
    world.Cti.clearHandlers();
    world.Cti.close();
  });
  return world;
}

/** Resolves once a link has ended.
 * @param {WebSocket} link
 * @returns {Promise<unknown>}
 */
const ended = (link) => new Promise((resolve) =>
  link.readyState === WebSocket.CLOSED ? resolve(null) : link.on("close", resolve));

const NOBODY = "ws://127.0.0.1:1/xuc/api/2.0/cti?token=t";

test("of an address with several hosts, a lost one is left for the next, and back again", async (t) => {
  const world = leaving(t);
  const [first, second] = [await server(t), await server(t)];
  const statuses = linkStatuses(world);
  const until = (/** @type {number} */ opened) =>
    nextMessage(world, "LinkStatusUpdate", () => statuses.filter((each) => each === "opened").length === opened);
  let opened = until(1);
  world.Cti.WebSocket.init(together(NOBODY, first.url, second.url), "bruce", "1001");
  await opened;
  for (const [from, to, count] of /** @type {[typeof first, typeof first, number][]} */ (
    [[first, second, 2], [second, first, 3]])) {
    opened = until(count);
    from.links.at(-1)?.terminate();
    await opened;
    world.Cti.getAgentStates();
    assert.equal((await to.next()).command, "getAgentStates");
    const sheet = nextMessage(world, "Sheet");
    to.publish("Sheet", {});
    await sheet;
  }
  assert.deepEqual(statuses, ["opened", "closed", "opened", "closed", "opened"]);
});

test("where none of several hosts answers, the page is told once, and begins anew by itself", async (t) => {
  const world = leaving(t);
  const there = await server(t);
  const statuses = linkStatuses(world);
  const closed = nextMessage(world, "LinkStatusUpdate");
  world.Cti.WebSocket.init(together(NOBODY, NOBODY), "bruce", "1001");
  await closed;
  const opened = nextMessage(world, "LinkStatusUpdate");
  world.Cti.WebSocket.init(together(NOBODY, there.url), "bruce", "1001");
  await opened;
  assert.deepEqual(statuses, ["closed", "opened"]);
});

test("a host that falls silent is left, and so is one that does not open the link", async (t) => {
  const world = leaving(t, { haste: 50 });
  const [deaf, good] = [await server(t, { deaf: true }), await server(t)];
  const silent = net.createServer((socket) => socket.resume());
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", () => resolve(null)));
  t.after(() => silent.close());
  const { port } = /** @type {net.AddressInfo} */ (silent.address());
  const statuses = linkStatuses(world);
  const opened = new Promise((resolve) => good.opened(resolve));
  world.Cti.WebSocket.init(
    together(NOBODY.replace(":1/", `:${port}/`), deaf.url, good.url), "bruce", "1001");
  await opened;
  assert.deepEqual(statuses, ["opened", "closed"]);
  assert.deepEqual(plain(deaf.frames), Array(3).fill({ claz: "ping" }));
});

test("a link of several hosts that the page closes stays closed", async (t) => {
  const world = leaving(t);
  const [first, second] = [await server(t), await server(t)];
  const statuses = linkStatuses(world);
  for (const closes of [() => world.Cti.close(), () => world.Cti.webSocket.close()]) {
    const opened = nextMessage(world, "LinkStatusUpdate");
    world.Cti.WebSocket.init(together(first.url, second.url), "bruce", "1001");
    await opened;
    const closed = nextMessage(world, "LinkStatusUpdate");
    closes();
    await closed;
  }
  assert.deepEqual(statuses, ["opened", "closed", "opened", "closed"]);
  assert.equal(second.links.length, 0);
});

for (const later of [false, true]) {
  test(`a page that itself calls init ${later ? "after" : "in"} a loss has one link`, async (t) => {
    const world = leaving(t);
    const [first, second] = [await server(t), await server(t)];
    const begin = () => world.Cti.WebSocket.init(together(first.url, second.url), "bruce", "1001");
    let opened = nextMessage(world, "LinkStatusUpdate");
    begin();
    await opened;
    const statuses = linkStatuses(world);
    world.Cti.setHandler("LinkStatusUpdate", (/** @type {{status: string}} */ { status }) => {
      if (status === "closed" && !later) {
        begin();
      } else if (status === "closed") {
        queueMicrotask(begin); // by when the library has begun another link
      }
    });
    opened = nextMessage(world, "LinkStatusUpdate", ({ status }) => status === "opened");
    first.links[0].terminate();
    await opened;
    world.Cti.getAgentStates();
    await second.next();
    await Promise.all(second.links.slice(0, -1).map(ended));
    assert.deepEqual(statuses, ["closed", "opened"]);
  });
}

test("a link of several hosts takes the place of the one before it", async (t) => {
  const world = leaving(t);
  const there = await server(t);
  const statuses = linkStatuses(world);
  for (let number = 1; number <= 2; number += 1) {
    const opened = nextMessage(world, "LinkStatusUpdate");
    world.Cti.WebSocket.init(together(there.url, NOBODY), "bruce", "1001");
    await opened;
  }
  await ended(there.links[0]);
  const sheet = nextMessage(world, "Sheet");
  there.publish("Sheet", {});
  await sheet;
  assert.deepEqual(statuses, ["opened", "opened"]);
});

test("a page's own class of WebSocket is used", async (t) => {
  const there = await server(t);
  const world = page();
  class Mine extends WebSocket {}
  const opened = nextMessage(world, "LinkStatusUpdate");
  world.Cti.WebSocket.init(there.url, "bruce", "1001", Mine);
  await opened;
  assert.ok(world.Cti.webSocket instanceof Mine);
  assert.equal(world.Cti.username, "bruce");
  assert.equal(world.Cti.agentNumber, "1001");
  world.Cti.webSocket.sendCallback({ claz: "web", command: "getAgentStates" });
  assert.equal((await there.next()).command, "getAgentStates");
});

test("debugMsg writes each frame to the console", async (t) => {
  const { world, there } = await connected(t);
  world.Cti.debugMsg = world.Cti.debugHandler = true;
  const sheet = nextMessage(world, "Sheet");
  world.Cti.getAgentStates();
  await there.next();
  there.publish("Sheet", {});
  await sheet;
  const lines = world.said.log.map((words) => words.join(" "));
  assert.ok(lines.includes('Cti sends {"claz":"web","command":"getAgentStates"}'));
  assert.ok(lines.includes('Cti received {"msgType":"Sheet","ctiMessage":{}}'));
  assert.ok(lines.includes("Cti: handler set for Sheet"));
});

test("what is no message is refused aloud", () => {
  const { Cti } = page();
  for (const data of ["", "{", "null", "7"]) {
    assert.throws(() => Cti.receive({ data }), { name: "TypeError" });
  }
  Cti.receive({ data: '{"claz":"ping"}' });
});

test("messages can be made without being sent", () => {
  const { Cti, Callback } = page();
  const { WebsocketMessageFactory: factory } = Cti;
  assert.deepEqual(plain(factory.createPing()), { claz: "ping" });
  assert.deepEqual(plain(factory.createAgentLogin("1001", 8)), {
    claz: "web", command: "agentLogin", agentphonenumber: "1001", agentid: 8,
  });
  assert.deepEqual(plain(factory.createMessageFromArgs(factory.getListCmd, { objectType: "queue" })), {
    claz: "web", command: "getList", objectType: "queue",
  });
  assert.equal(Callback.MessageFactory.createTakeCallback("u").uuid, "u");
});

test("every status of a phone has its colour", () => {
  const { Cti } = page();
  assert.equal(Cti.PhoneStatus.BUSY_AND_RINGING, 9);
  for (const status of Object.values(Cti.PhoneStatus)) {
    assert.match(Cti.PhoneStatusColors[status], /^#[0-9A-F]{6}$/);
  }
});
