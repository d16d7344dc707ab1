/* What pages know and say of memberships that are others than configured, and of an agent in no queue. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./browser.mjs";
import { differenceWords } from "../../xucd/web/static/js/board/members.js";
import { agentView, possible } from "../../xucd/web/static/js/board/model.js";
import { isInNoQueue, seesPart } from "../../xucd/web/static/js/shared/state-table.js";
import { detailWords } from "../../xucd/web/static/js/shared/states.js";
import { LANGUAGES, addWords, chooseLanguage } from "../../xucd/web/static/js/shared/words.js";
import board from "../../xucd/web/static/js/words/board.js";
import { apply, blank } from "../../xucd/web/static/lib/state.js";

addWords(board);

/** What is said in both languages.
 * @param {() => string} say
 */
function inBoth(say) {
  return LANGUAGES.map((code) => {
    chooseLanguage(code);
    return say();
  });
}

/** The state after these messages.
 * @param {[type: string, body: unknown][]} messages
 */
function after(...messages) {
  const state = blank();
  messages.forEach(([type, body]) => apply(state, type, body, () => {}));
  return state;
}

const LISTED = [{ agentId: 8, queueId: 2, penalty: 4, configuredPenalty: 1 },
  { agentId: 8, queueId: 3, penalty: 2, configuredPenalty: -1 },
  { agentId: 8, queueId: 4, penalty: 0, missing: true }];
const REMOVED = { agentId: 8, queueId: 1, penalty: -1, configuredPenalty: 0 };
const CONFIG = {
  id: 8, number: "2501", context: "default", member: [{ queue_id: 2, penalty: 1 }],
  removed: [{ queue_name: "support", queue_id: 1, configured_penalty: 0 }],
};

test("each difference has its words, in English and French", () => {
  const bruce = after(["QueueMemberList", LISTED], ["QueueMember", REMOVED]).agents.get(8);
  assert.ok(bruce);
  const said = (/** @type {number} */ id) => inBoth(() => differenceWords(bruce, id));
  assert.deepEqual(said(1), ["removed outside xucd", "retiré hors de xucd"]);
  assert.deepEqual(said(2), ["configured: 1", "configurée : 1"]);
  assert.deepEqual(said(3), ["added outside xucd", "ajouté hors de xucd"]);
  assert.deepEqual(said(4), ["not in the queue yet", "pas encore dans la file"]);
  assert.deepEqual(said(5), ["", ""]);
});

test("an agent's configuration keeps the removals, and a login ends them", () => {
  const state = after(["QueueMember", REMOVED], ["AgentConfig", CONFIG]);
  const bruce = state.agents.get(8);
  assert.ok(bruce);
  assert.deepEqual([...bruce.queues], [[2, 1]]);
  assert.deepEqual([...bruce.configured], [[1, 0]]);
  apply(state, "QueueMember", { agentId: 8, queueId: 1, penalty: 0 }, () => {});
  assert.equal(differenceWords(bruce, 1), "");
});

test("an agent whom another program has taken out of its last queue is said to be in none", () => {
  const told = { name: "AgentOnPause", agentId: 8, phoneNb: "1001", since: 0, cause: "unreachable" };
  const state = after(["QueueMember", { ...REMOVED, penalty: 0, configuredPenalty: undefined }],
    ["AgentStateEvent", { ...told, queues: [1] }]);
  const bruce = state.agents.get(8);
  const said = () => inBoth(() => (bruce?.state
    ? detailWords({ ...bruce.state, inNoQueue: isInNoQueue(bruce) }, []) : ""));
  assert.deepEqual(said(), ["Phone unreachable", "Téléphone injoignable"]);
  apply(state, "QueueMember", REMOVED, () => {});
  assert.deepEqual(said(), ["In no queue", "Dans aucune file"]);
});

test("whom a supervisor sees in none of its queues may be in others, and can be made ready", () => {
  const state = after(
    ["RightProfile", { profile: "Supervisor", rights: [] }],
    ["UserConfigUpdate", { agentId: 9 }],
    ["AgentStateEvent", {
      name: "AgentOnPause", agentId: 8, phoneNb: "1001", since: 0, cause: "unreachable", queues: [],
    }],
  );
  assert.deepEqual([seesPart(state, 8), seesPart(state, 9)], [true, false]);
  const bruce = state.agents.get(8);
  assert.ok(bruce);
  const view = (/** @type {boolean} */ part) => agentView(bruce, new Map(), part);
  const said = (/** @type {boolean} */ part) => inBoth(() => detailWords(view(part).details, []));
  assert.deepEqual(said(true), ["In no queue of yours", "Dans aucune de vos files"]);
  assert.deepEqual(said(false), ["In no queue", "Dans aucune file"]);
  const may = [true, false].map((part) => possible(view(part)));
  assert.deepEqual(may.map(({ logIn, ready }) => [logIn, ready]), [[true, true], [true, false]]);
  apply(state, "RightProfile", { profile: "Admin", rights: [] }, () => {});
  assert.ok(!seesPart(state, 8));
});
