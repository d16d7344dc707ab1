/* The pure parts of the board: the history of figures, its plots, and the views of agents and queues. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { History, SLOT, SLOTS } from "../../xucd/web/static/js/board/history.js";
import {
  agentMatches, agentView, levelOf, membership, possible, queueView, stateCounts, totals, wordsMatch,
} from "../../xucd/web/static/js/board/model.js";
import { STATE_TABLE, canRejoin, isInNoQueue } from "../../xucd/web/static/js/shared/state-table.js";
import { AGENT_STATES, QUEUE_STATISTICS } from "../../xucd/web/static/lib/table.js";
import { area, bars, ceiling, line } from "../../xucd/web/static/js/board/plot.js";

/** @import { AgentView, QueueView } from "../../xucd/web/static/lib/xucd.js" */
/** @import { Plotted } from "../../xucd/web/static/js/board/history.js" */
/** @import { Wanted } from "../../xucd/web/static/js/board/model.js" */

const QUIET = { waiting: 0, longest: 0, answered: 0, abandoned: 0 };

test("a peak between two redraws is kept, and calls are counted where they came", () => {
  const history = new History();
  history.record(1, { ...QUIET, answered: 40 }, 0);
  history.record(1, { ...QUIET, waiting: 7, longest: 3, answered: 40 }, 1000);
  history.record(1, { ...QUIET, answered: 42 }, 2000);
  history.record(1, { ...QUIET, answered: 43, abandoned: 1 }, SLOT * 2);
  const series = (/** @type {Plotted} */ name) => history.series(1, name, { now: SLOT * 2, span: SLOT * 3, count: 3 });
  assert.deepEqual(series("waiting"), [7, 0, 0]);
  assert.deepEqual(series("answered"), [2, 0, 1]);
  assert.deepEqual(series("abandoned"), [0, 0, 1]);
});

test("several slots make one value: the most of levels, the sum of calls", () => {
  const history = new History();
  for (let slot = 0; slot < 6; slot += 1) {
    history.record(1, { ...QUIET, waiting: slot, answered: slot }, slot * SLOT);
  }
  assert.deepEqual(history.series(1, "waiting", { now: SLOT * 5, span: SLOT * 6, count: 2 }), [2, 5]);
  assert.deepEqual(history.series(1, "answered", { now: SLOT * 5, span: SLOT * 6, count: 2 }), [2, 3]);
});

test("counters that begin anew at midnight are no negative calls", () => {
  const history = new History();
  history.record(1, { ...QUIET, answered: 500 }, 0);
  history.record(1, { ...QUIET, answered: 2 }, SLOT);
  assert.deepEqual(history.series(1, "answered", { now: SLOT, span: SLOT * 2, count: 2 }), [0, 2]);
});

test("silence carries on what was, and a lost link leaves a gap", () => {
  const history = new History();
  history.record(1, { ...QUIET, waiting: 2, answered: 10 }, 0);
  history.carry(SLOT);
  history.cut();
  history.carry(SLOT * 3);
  history.record(1, { ...QUIET, waiting: 1, answered: 90 }, SLOT * 4);
  assert.deepEqual(history.series(1, "waiting", { now: SLOT * 4, span: SLOT * 5, count: 5 }), [2, 2, NaN, NaN, 1]);
  assert.deepEqual(history.series(1, "answered", { now: SLOT * 4, span: SLOT * 5, count: 5 }), [0, 0, NaN, NaN, 0]);
});

test("what was while the computer slept is not known, and an hour is all that is kept", () => {
  const history = new History();
  history.record(1, { ...QUIET, waiting: 9, answered: 10 }, 0);
  history.record(1, { ...QUIET, answered: 90 }, SLOT * SLOTS * 50);
  const hour = (/** @type {Plotted} */ name) => history.series(1, name, { now: SLOT * SLOTS * 50, span: SLOT * SLOTS, count: SLOTS });
  assert.deepEqual(hour("waiting"), [...new Array(SLOTS - 1).fill(NaN), 0]);
  assert.deepEqual(hour("answered"), [...new Array(SLOTS - 1).fill(NaN), 0]);
});

test("an unknown queue is drawn as nothing", () => {
  const values = new History().series(4, "waiting", { now: 0, span: SLOT * 4, count: 4 });
  assert.deepEqual(values, [NaN, NaN, NaN, NaN]);
  assert.equal(line(values, { top: 4, width: 40, height: 20 }) + area(values, { top: 4, width: 40, height: 20 }) + bars(values, { top: 4, width: 40, height: 20 }), "");
});

test("a line steps from value to value and is broken by a gap", () => {
  assert.equal(line([1, 1, 3], { top: 4, width: 30, height: 20 }), "M0 15H10H20V5H30");
  assert.equal(line([1, NaN, 4], { top: 4, width: 30, height: 20 }), "M0 15H10M20 0H30");
  assert.equal(area([2], { top: 4, width: 30, height: 20 }), "M0 20V10H30V20Z");
});

test("a scale ends at a round number that no value exceeds", () => {
  assert.equal(ceiling([1, 2], 4), 4);
  assert.equal(ceiling([NaN, 37], 4), 40);
  assert.equal(ceiling([101], 4), 200);
  assert.equal(ceiling([9.5], 4), 10);
});

test("a queue alarms by its longest wait, and at once when nobody is logged in", () => {
  /** @type {(waiting: number, longest: number, loggedIn: number) => string} */
  const level = (waiting, longest, loggedIn) => levelOf({ waiting, longest, loggedIn }, 60);
  assert.equal(level(0, 0, 0), "calm");
  assert.equal(level(1, 5, 2), "waiting");
  assert.equal(level(1, 30, 2), "warn");
  assert.equal(level(1, 60, 2), "alarm");
  assert.equal(level(1, 1, 0), "alarm");
});

/** @type {(id: number, name: string, displayName: string) => QueueView} */
const queue = (id, name, displayName) => (
  { id, name, displayName, number: `300${id}`, statistics: {}, calls: [] });
const SUPPORT = queue(1, "support", "Support");
const QUEUES = new Map([[1, SUPPORT], [2, queue(2, "sales", "Sales")]]);

/** @type {(values?: Partial<AgentView>) => AgentView} */
function agent(values = {}) {
  return {
    id: 8, firstName: "Maricé", lastName: "Saprïtchà", number: "2504", groupId: 2,
    userId: null, statistics: {}, since: 1000,
    state: { name: "AgentReady", phoneNb: "1004", cause: "" },
    queueIds: [1, 2, 99],
    queues: new Map([[2, 1], [1, 0], [99, 0]]), configured: new Map(), missing: new Set(), ...values,
  };
}

test("an agent is shown with those of its queues that may be seen, by their names", () => {
  const view = agentView(agent(), QUEUES);
  assert.deepEqual(view.queues.map(({ name, penalty }) => [name, penalty]),
    [["Sales", 1], ["Support", 0]]);
  assert.equal(agentView(agent({ state: null }), QUEUES).state, "AgentLoggedOut");
});

test("an agent is found by words without accents, by state, group and queue", () => {
  const view = agentView(agent(), QUEUES);
  const all = { words: "", states: new Set(), group: null, queue: null };
  const found = (/** @type {Partial<Wanted>} */ wanted) => agentMatches(view, { ...all, ...wanted });
  assert.ok(found({}));
  assert.ok(found({ words: "sapritcha marice" }));
  assert.ok(found({ words: "2504" }));
  assert.ok(!found({ words: "bruce" }));
  assert.ok(found({ states: new Set(["AgentReady"]) }));
  assert.ok(!found({ states: new Set(["AgentOnCall"]) }));
  assert.ok(!found({ group: 1 }));
  assert.ok(found({ queue: 2 }));
  assert.ok(!found({ queue: 99 }));
  assert.ok(wordsMatch("", "anything"));
});

test("what may be done follows from the state", () => {
  const may = (/** @type {Partial<AgentView["state"]>} */ changes, queueIds = [1]) => possible(
    agentView(agent({
      state: { name: "AgentReady", phoneNb: "1004", cause: "", ...changes }, queueIds,
    }), QUEUES));
  assert.deepEqual(Object.entries(may({ name: "AgentLoggedOut" }))
    .filter(([, yes]) => yes).map(([name]) => name), ["logIn"]);
  const call = /** @type {const} */ (
    { name: "AgentOnCall", acd: true, monitorState: "ACTIVE" });
  assert.ok(may(call).listen && may(call).pauseRecording && !may(call).resumeRecording);
  assert.ok(may({ ...call, monitorState: "PAUSED" }).resumeRecording);
  assert.ok(!may({ ...call, acd: false }).pauseRecording);
  assert.ok(may({ name: "AgentOnWrapup" }).ready);
  assert.ok(may({ name: "AgentOnPause", cause: "lunch" }).ready);
  const unreachable = /** @type {const} */ ({ name: "AgentOnPause", cause: "unreachable" });
  assert.ok(may(unreachable).ready && !may(unreachable).logIn); // another program may have paused it
  const alone = may(unreachable, []);
  assert.ok(alone.logIn && alone.logOut && !alone.ready);
});

test("a membership that another program has ended has a row, and is no membership", () => {
  const view = agentView(agent({
    queues: new Map([[2, 1], [99, 0]]), configured: new Map([[1, 3], [2, 0], [99, -1]]),
  }), QUEUES);
  assert.deepEqual(view.memberships, [
    { id: 2, name: "Sales", penalty: 1, removed: false },
    { id: 1, name: "Support", penalty: 3, removed: true },
  ]);
  assert.deepEqual(view.queues.map(({ id }) => id), [2]);
  assert.equal(membership({ queues: new Map(), configured: new Map([[1, -1]]) }, 1), null);
});

test("an agent is in no queue when none of its queues has it, whatever may be seen of them", () => {
  const out = (/** @type {number[]} */ told, /** @type {Partial<AgentView>} */ values = {}) => agent({
    state: { name: "AgentOnPause", phoneNb: "1004", cause: "unreachable" },
    queueIds: told,
    queues: new Map(told.map((id) => [id, 0])), ...values,
  });
  assert.ok(isInNoQueue(out([])) && canRejoin(out([])));
  assert.ok(!isInNoQueue(out([1])));
  assert.ok(!isInNoQueue(out([99], { queues: new Map() }))); // in one that the user may not see
  const gone = out([1], { missing: new Set([1]) });
  assert.ok(isInNoQueue(gone) && !canRejoin(gone));
  assert.ok(canRejoin({ ...gone, configured: new Map([[2, 0]]) }));
  assert.ok(!isInNoQueue(agent({ queues: new Map() })));
});

test("figures of queues are read by xucd's names and added up", () => {
  /** @type {(waiting: number, longest: number) => ReturnType<typeof queueView>} */
  const view = (waiting, longest) => queueView({
    ...SUPPORT,
    statistics: {
      [QUEUE_STATISTICS.WAITING_CALLS]: waiting,
      [QUEUE_STATISTICS.LONGEST_WAIT]: longest,
      [QUEUE_STATISTICS.ABANDONED]: 2,
      [QUEUE_STATISTICS.TIMED_OUT]: 3,
    },
  }, 60);
  assert.deepEqual(totals([view(2, 70), view(1, 10)]),
    { waiting: 3, longest: 70, answered: 0, abandoned: 4, timedOut: 6 });
  assert.equal(view(2, 70).level, "alarm");
  assert.equal(stateCounts([agentView(agent(), QUEUES)]).get("AgentReady"), 1);
});

test("every state of an agent has its row in the pages' table, and a rank of its own", () => {
  assert.deepEqual(Object.keys(STATE_TABLE).sort(), [...AGENT_STATES].sort());
  const ranks = Object.values(STATE_TABLE).map(({ rank }) => rank);
  assert.deepEqual(ranks.sort(), ranks.map((_, index) => index));
});
