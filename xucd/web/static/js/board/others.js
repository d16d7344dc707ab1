/* The members of a queue that are no agents, in the queue's panel: what they are, their calls of the
   day and, for an administrator, a button that makes an agent of one. */

import { keepList, make, setText } from "../shared/dom.js";
import { refusalWords } from "../shared/refusals.js";
import { showDone, showRefusal } from "../shared/toasts.js";
import { formatNumber, t } from "../shared/words.js";

/** @import { Center } from "/lib/xucd.js" */

/** A member as REST tells it; docs/rest.md says what its fields mean.
 * @typedef {object} Other
 * @property {number} queueId
 * @property {string} interface
 * @property {string} name
 * @property {"free" | "busy" | "ringing" | "paused" | "unreachable"} state
 * @property {boolean} configured
 * @property {boolean} adoptable
 * @property {number} calls
 */

/** @typedef {{members: Other[], unpreparedQueues: number[]}} Others */

const AGAIN = 5000; // until they are asked for once more, in ms
const PATH = "/xuc/api/2.0/other_members";

/** Makes the part of the panel; it is kept up to date until `close`.
 * @param {number} queueId
 * @param {Center} center
 */
export function makeOthers(queueId, center) {
  const list = make("ul", { class: "members others" });
  const unprepared = make("p", { class: "quiet small", text: t("panel.unprepared") });
  const title = make("h3", { text: t("panel.others") });
  const root = make("div", { class: "others-part" }, title, list, unprepared);
  root.hidden = true;
  const profile = center.state.rights?.profile;
  const mayAdopt = profile === "Admin";
  const show = keepList(list, {
    key: (/** @type {Other} */ other) => other.interface,
    begin: (other) => beginOther(() => adopt(other)),
    fill: (row, other) => fillOther(row, other, mayAdopt),
  });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let asking;
  let closed = false;

  async function ask() {
    clearTimeout(asking);
    const answer = await fetchJson(center, PATH);
    if (closed) {
      return;
    }
    if (answer.ok) {
      const { members, unpreparedQueues } = /** @type {Others} */ (answer.body);
      const mine = members.filter((other) => other.queueId === queueId);
      show(mine);
      title.hidden = list.hidden = mine.length === 0;
      unprepared.hidden = !unpreparedQueues.includes(queueId);
      root.hidden = mine.length === 0 && unprepared.hidden;
    }
    asking = setTimeout(ask, AGAIN);
  }

  /** @param {Other} other */
  async function adopt(other) {
    const answer = await fetchJson(center, `${PATH}/adopt`, { interface: other.interface });
    if (answer.ok) {
      showDone(t("done.adopted", /** @type {{login: string}} */ (answer.body)));
      ask();
    } else {
      const { error, message } = /** @type {{error: string, message: string}} */ (answer.body);
      showRefusal(refusalWords({ code: error, message }));
    }
  }

  if (profile === "Admin" || profile === "Supervisor") {
    ask();
  }
  return {
    root,
    close() {
      closed = true;
      clearTimeout(asking);
    },
  };
}

/** Asks xucd's REST interface; a body makes it a POST. No connection is a refusal, too.
 * @param {Center} center
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<{ok: boolean, status: number, body: unknown}>}
 */
async function fetchJson(center, path, body) {
  try {
    const answer = await fetch(path, {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${center.token}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    return { ok: answer.ok, status: answer.status, body: await answer.json() };
  } catch {
    return { ok: false, status: 0, body: { error: "Unreachable", message: "" } };
  }
}

/** @param {() => void} adopt */
function beginOther(adopt) {
  const name = make("span", { class: "name" });
  const what = make("span", { class: "quiet small" });
  const button = make("button", { type: "button", class: "compact adopt", text: t("panel.adopt") });
  button.addEventListener("click", adopt);
  return { name, what, button, root: make("li", { class: "member" }, name, what, button) };
}

/**
 * @param {ReturnType<typeof beginOther>} row
 * @param {Other} other
 * @param {boolean} mayAdopt
 */
function fillOther(row, other, mayAdopt) {
  setText(row.name, other.name === other.interface ? other.name : `${other.name} · ${other.interface}`);
  setText(row.what, [
    t(`other.${other.state}`),
    t("other.calls", { n: formatNumber(other.calls) }),
    t(other.configured ? "other.configured" : "other.dynamic"),
  ].join(" · "));
  row.button.hidden = !mayAdopt || !other.adoptable;
}
