/* What the library knows of several PBXs of which some are lost, and what pages say of it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./browser.mjs";
import { allIsStale, isStale, lostWords, shownOf } from "../../xucd/web/static/js/shared/pbxs.js";
import { LANGUAGES, chooseLanguage } from "../../xucd/web/static/js/shared/words.js";
import { apply, blank } from "../../xucd/web/static/lib/state.js";

/** @import { AgentStateEvent, LinkStatus, LoggedOn } from "../../xucd/web/static/lib/xucd.js" */

const TEN = "2026-11-28T10:00:00Z";
const ELEVEN = "2026-11-28T11:00:00Z";

/** @type {Record<string, LinkStatus>} */
const NORTH = {
  lost: { asterisk: "lost", since: ELEVEN, pbx: "north" },
  current: { asterisk: "current", pbx: "north" },
};
/** @type {Record<string, LinkStatus>} */
const MAIN = {
  lost: { asterisk: "lost", since: TEN, pbx: "main" },
  current: { asterisk: "current", pbx: "main" },
};

const QUEUE = { id: 1, name: "sales", displayName: "Sales", number: "500", context: "default" };
/** @type {AgentStateEvent} */
const READY = { name: "AgentReady", agentId: 8, phoneNb: "1001", since: 0, queues: [] };

/** The state after these were told, and how often the link was said to have changed.
 * @param {...LinkStatus} told
 */
function after(...told) {
  const state = blank();
  let changes = 0;
  told.forEach((body) => apply(state, "LinkStatus", body, (part) => {
    assert.equal(part, "link");
    changes += 1;
  }));
  return { state, changes };
}

test("a PBX that is current does not hide that another is lost", () => {
  const { state, changes } = after(NORTH.lost, MAIN.current);
  assert.equal(state.asterisk, "lost");
  assert.equal(state.asteriskSince, Date.parse(ELEVEN));
  assert.deepEqual([...state.pbxs], [
    ["north", { asterisk: "lost", since: Date.parse(ELEVEN) }],
    ["main", { asterisk: "current", since: null }],
  ]);
  assert.equal(changes, 2);
});

test("all is current once the last PBX is, and lost since the first was", () => {
  assert.equal(after(NORTH.lost, MAIN.lost).state.asteriskSince, Date.parse(TEN));
  assert.equal(after(NORTH.lost, MAIN.lost, MAIN.current).state.asteriskSince, Date.parse(ELEVEN));
  const { state, changes } = after(NORTH.lost, MAIN.lost, MAIN.current, NORTH.current, NORTH.current);
  assert.deepEqual([state.asterisk, state.asteriskSince], ["current", null]);
  assert.equal(changes, 4); // what is told again is no change
});

test("where no PBX is named it is about all that there is", () => {
  const { state } = after({ asterisk: "lost", since: TEN });
  assert.deepEqual([state.asterisk, state.asteriskSince, state.pbxs.size], ["lost", Date.parse(TEN), 0]);
  assert.equal(after({ asterisk: "lost", since: TEN }, { asterisk: "current" }).state.asterisk, "current");
  assert.equal(after(NORTH.lost, { asterisk: "current" }).state.asterisk, "current");
  assert.equal(after({ asterisk: "lost", since: TEN }, MAIN.current).state.asterisk, "current");
});

test("a new stream knows of no PBX, and a resumed one of those that it was told of", () => {
  for (const recovered of [true, false]) {
    const { state } = after(NORTH.lost, MAIN.current);
    /** @type {LoggedOn} */
    const hello = { status: "ok", recovered };
    apply(state, "LoggedOn", hello, () => {});
    assert.equal(state.asterisk, recovered ? "lost" : "current");
    assert.equal(state.pbxs.size, recovered ? 2 : 0);
  }
});

/** What a page says in both languages, with the hours and minutes as 0.
 * @param {...LinkStatus} told
 */
function said(...told) {
  return LANGUAGES.map((code) => {
    chooseLanguage(code);
    return lostWords(after(...told).state).replace(/\d+:\d+(?:.[AP]M)?/, "0:00");
  });
}

test("the banner names the PBXs that are lost, where there are several", () => {
  assert.deepEqual(said(MAIN.current, NORTH.lost), [
    "The telephone system north cannot be reached since 0:00: what is shown of it may be out of date.",
    "Le système téléphonique north est injoignable depuis 0:00 : ce qui en est affiché peut être périmé.",
  ]);
  assert.deepEqual(said(MAIN.lost, NORTH.lost), [
    "The telephone systems main and north cannot be reached since 0:00: what is shown of them may be out of date.",
    "Les systèmes téléphoniques main et north sont injoignables depuis 0:00 : ce qui en est affiché peut être périmé.",
  ]);
  assert.match(said(MAIN.lost, NORTH.current)[0], /^The telephone system main cannot/);
  assert.deepEqual(said(MAIN.current, NORTH.current), ["", ""]);
});

test("of one PBX the banner speaks as of all", () => {
  const words = [
    "Asterisk is unreachable since 0:00: the data shown may be out of date.",
    "Asterisk est injoignable depuis 0:00 : les données affichées peuvent être périmées.",
  ];
  assert.deepEqual(said(MAIN.lost), words);
  assert.deepEqual(said({ asterisk: "lost", since: TEN }), words);
});

test("only what is of a lost PBX is stale, all if none is left or none is named", () => {
  const stale = (/** @type {LinkStatus[]} */ ...told) => {
    const { state } = after(...told);
    return [allIsStale(state), ...["north", "main", undefined].map((pbx) => isStale(state, pbx))];
  };
  assert.deepEqual(stale(MAIN.current, NORTH.lost), [false, true, false, false]);
  assert.deepEqual(stale(MAIN.lost, NORTH.lost), [true, true, true, true]);
  assert.deepEqual(stale(MAIN.lost), [true, true, true, true]);
  assert.deepEqual(stale({ asterisk: "lost", since: TEN }), [true, true, true, true]);
  assert.deepEqual(stale(MAIN.current, NORTH.current), [false, false, false, false]);
});

test("of several PBXs those count of which a queue or an agent is shown", () => {
  const gaps = ["north", "south", "west", undefined].map((pbx) => ({ pbx }));
  const { state } = after();
  assert.deepEqual(shownOf(state, gaps), [{ pbx: undefined }]);
  apply(state, "QueueList", [{ ...QUEUE, pbx: "north" }], () => {});
  apply(state, "AgentStateEvent", { ...READY, pbx: "south" }, () => {});
  assert.deepEqual(shownOf(state, gaps), [{ pbx: "north" }, { pbx: "south" }, { pbx: undefined }]);
});
