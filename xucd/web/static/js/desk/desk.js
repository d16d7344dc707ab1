/* The desk of an agent: its parts, each of which shows a part of the library's state. */

import { refusalOf } from "../shared/refusals.js";
import { attempt } from "../shared/toasts.js";
import { onLanguage } from "../shared/words.js";
import { announce, forgetAnnounced } from "./announcing.js";
import { showCallbacks, startCallbacks } from "./callbacks.js";
import { showCalls, startCalls } from "./calls.js";
import { showColleagues, startColleagues } from "./colleagues.js";
import { forgetDial, showDial, startDial } from "./dial.js";
import { startKeys } from "./keys.js";
import { showOwn, startOwn } from "./own.js";
import { showQueues, startQueues } from "./queues.js";
import { showSheet, startSheet } from "./sheet.js";
import { keepTickets } from "./tickets.js";
import { recordTime, showToday } from "./today.js";

/** @import { AgentView, Center, Part, Watchable } from "/lib/xucd.js" */
/** @import { Page } from "../shared/signed-in.js" */

/**
 * What the parts of the page share.
 * @typedef {object} Desk
 * @property {boolean} signedIn
 * @property {Center} center The open client; throws when nobody is signed in.
 * @property {boolean} callbacksOff Whether callbacks are switched off, or not for this user.
 * @property {AgentView | null} me The user's own agent.
 * @property {(action: (center: Center) => Promise<unknown>) => Promise<boolean>} attempt
 *   Does what the user asked for; shows a refusal and resolves to false then.
 */

/** Each part of the page, and the parts of the state that it shows.
 * @type {[show: (desk: Desk) => void, parts: Part[]][]}
 */
const PARTS = [
  [showOwn, ["user", "agents", "statuses", "link"]],
  [showCalls, ["user", "agents", "calls", "queues"]],
  [showSheet, ["sheets"]],
  [showDial, ["user", "queues"]],
  [showCallbacks, ["user", "agents", "callbacks"]],
  [showToday, ["user", "agents"]],
  [showQueues, ["user", "agents", "queues"]],
  [showColleagues, ["user", "agents", "queues", "statuses", "link"]],
  [announce, ["user", "agents", "calls", "sheets", "statuses"]],
];
const PAUSE = 50; // milliseconds between two redraws, in a busy contact centre

/** @type {Center | null} */
let opened = null;

/** @type {Desk} */
const desk = {
  get signedIn() {
    return opened !== null;
  },
  get center() {
    if (!opened) {
      throw new Error("nobody is signed in");
    }
    return opened;
  },
  callbacksOff: false,
  get me() {
    const { user, agents } = desk.center.state;
    const id = user?.agentId ?? null;
    return (id === null ? undefined : agents.get(id)) ?? null;
  },
  attempt: (action) => attempt(() => action(desk.center)),
};

/** @type {Set<Part>} */
let due = new Set();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let drawing;

/** @param {Center} center */
async function enter(center) {
  opened = center;
  desk.callbacksOff = false;
  center.on("change", (parts) => {
    if (center === opened) {
      showLater(parts);
    }
  });
  center.on("AgentStatistics", (body) => recordTime(body));
  keepTickets(center);
  showAll();
  await watch(center, "agents", "queues");
  showAll();
  // A user without the right to these, or with them switched off, has a desk without them.
  await Promise.all([
    watch(center, "statistics"), watch(center, "queueCalls"), watchCallbacks(center),
  ]);
}

/**
 * @param {Center} center
 * @param {...Watchable} parts
 */
async function watch(center, ...parts) {
  await attempt(() => center.watch(...parts));
}

/** @param {Center} center */
async function watchCallbacks(center) {
  try {
    await center.watch("callbacks");
  } catch (error) {
    refusalOf(error);
    desk.callbacksOff = true;
  }
  showLater(["callbacks"]);
}

function leave() {
  clearTimeout(drawing);
  drawing = undefined;
  due = new Set();
  opened = null;
  forgetAnnounced();
  forgetDial();
}

/** @param {Iterable<Part>} parts */
function showLater(parts) {
  for (const part of parts) {
    due.add(part);
  }
  drawing ??= setTimeout(showDue, PAUSE);
}

function showDue() {
  const changed = due;
  due = new Set();
  drawing = undefined;
  for (const [show, parts] of PARTS) {
    if (desk.signedIn && parts.some((part) => changed.has(part))) {
      show(desk);
    }
  }
}

function showAll() {
  if (desk.signedIn) {
    PARTS.forEach(([show]) => show(desk));
  }
}

for (const start of [
  startOwn, startCalls, startSheet, startDial, startCallbacks, startQueues, startColleagues,
  startKeys,
]) {
  start(desk);
}
onLanguage(showAll);
/** @type {Page} */
export const page = { name: "desk", enter, leave };
