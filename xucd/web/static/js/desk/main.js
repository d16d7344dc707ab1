/* The desk of an agent: its parts, each of which shows what the library's state says. */

import { startPage } from "../shared/page.js";
import { attempt } from "../shared/toasts.js";
import { onLanguage } from "../shared/words.js";
import words from "../words/desk.js";
import { announce, forgetAnnounced } from "./announcing.js";
import { showCallbacks, startCallbacks } from "./callbacks.js";
import { showCalls, startCalls } from "./calls.js";
import { showColleagues, startColleagues } from "./colleagues.js";
import { forgetDial, showDial, startDial } from "./dial.js";
import { startKeys } from "./keys.js";
import { showOwn, startOwn } from "./own.js";
import { showQueues, startQueues } from "./queues.js";
import { showSheet, startSheet } from "./sheet.js";
import { heldTickets } from "./tickets.js";
import { noteFigures, showToday } from "./today.js";

// Each part, and what of the state it shows.
const PARTS = [
  [showOwn, ["user", "agents", "statuses"]],
  [showCalls, ["user", "agents", "calls", "queues"]],
  [showSheet, ["sheets"]],
  [showDial, ["user", "queues"]],
  [showCallbacks, ["user", "agents", "callbacks"]],
  [showToday, ["user", "agents"]],
  [showQueues, ["user", "agents", "queues"]],
  [showColleagues, ["user", "agents", "queues", "statuses"]],
  [announce, ["user", "agents", "calls", "sheets", "statuses"]],
];
const PAUSE = 50; // milliseconds; on a busy floor much changes between two looks

/**
 * What the parts share: the open centre or null, what it can do (`callbacks` may be switched off),
 * and how they ask it for something.
 */
const desk = {
  center: null,
  callbacksOff: false,
  /** The user's own agent as the state has it, or null. */
  get me() {
    const { user, agents } = desk.center.state;
    return agents.get(user?.agentId) ?? null;
  },
  /** Does what the user asked for, `ask(center)`; tells what is refused. */
  attempt: (ask) => attempt(() => ask(desk.center)),
  show: (part) => later([part]),
};

let due = new Set();
let drawing = null;

async function enter(center) {
  desk.center = center;
  desk.callbacksOff = false;
  center.on("change", (changed) => center === desk.center && later(changed));
  center.on("AgentStatistics", (body) => noteFigures(body));
  heldTickets(center);
  showAll();
  await follow("agents", "queues");
  showAll();
  // Whoever has no right to these, or has them switched off, does without.
  await Promise.all([follow("statistics"), follow("queueCalls"), followCallbacks()]);
}

async function follow(...parts) {
  const { center } = desk;
  await attempt(() => center.watch(...parts));
}

async function followCallbacks() {
  const { center } = desk;
  try {
    await center.watch("callbacks");
  } catch (error) {
    if (!error.code) {
      throw error;
    }
    desk.callbacksOff = true;
  }
  later(["callbacks"]);
}

function leave() {
  clearTimeout(drawing);
  drawing = null;
  due = new Set();
  desk.center = null;
  forgetAnnounced();
  forgetDial();
}

function later(parts) {
  for (const part of parts) {
    due.add(part);
  }
  drawing ??= setTimeout(showDue, PAUSE);
}

function showDue() {
  const changed = due;
  due = new Set();
  drawing = null;
  for (const [show, parts] of PARTS) {
    if (parts.some((part) => changed.has(part))) {
      show(desk);
    }
  }
}

function showAll() {
  if (desk.center) {
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
startPage({ name: "desk", words, enter, leave });
