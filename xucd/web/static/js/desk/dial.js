/* Dialling: from the user's own phone, or through a queue, which rings a free agent first. */

import { byId, make, makeIcon, setShown } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { showRefusal, showDone } from "../shared/toasts.js";
import { byName, t } from "../shared/words.js";

/** @import { Desk } from "./desk.js" */

const number = byId("number", HTMLInputElement);
const queueSelect = byId("dial-queue", HTMLSelectElement);
/** The names that variables of a call may have. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** Starts the form.
 * @param {Desk} desk
 */
export function startDial(desk) {
  byId("dial").addEventListener("submit", (event) => {
    event.preventDefault();
    dial(desk);
  });
  byId("dial-more").addEventListener("click", () => {
    const open = byId("dial-options").hidden;
    byId("dial-options").hidden = !open;
    byId("dial-more").setAttribute("aria-expanded", String(open));
    if (open) {
      queueSelect.focus();
    }
  });
  queueSelect.addEventListener("change", showThrough);
  byId("variable-add").addEventListener("click", () => addVariable().focus());
}

/** Clears the form, for another user. */
export function forgetDial() {
  byId("dial", HTMLFormElement).reset();
  byId("variables").replaceChildren();
}

/** Shows the queues to call through.
 * @param {Desk} desk
 */
export function showDial(desk) {
  const queues = [...desk.center.state.queues.values()].filter((queue) => queue.displayName);
  queues.sort((a, b) => byName(a.displayName, b.displayName));
  const options = [["", t("dial.own-phone")],
    ...queues.map(({ id, displayName }) => [id, displayName])];
  const shown = JSON.stringify(options);
  if (queueSelect.dataset.shown !== shown) {
    const chosen = queueSelect.value;
    queueSelect.dataset.shown = shown;
    queueSelect.replaceChildren(...options.map(([value, text]) => make("option", { value, text })));
    queueSelect.value = chosen;
    if (queueSelect.selectedIndex < 0) {
      queueSelect.selectedIndex = 0;
    }
  }
  showThrough();
}

function showThrough() {
  const through = queueSelect.value !== "" && !byId("dial-options").hidden;
  setShown(byId("caller-id-field"), through, queueSelect);
}

/** @param {Desk} desk */
async function dial(desk) {
  // What is read easily in a number belongs to a name: "204-a", "bob.smith".
  const parted = /[a-z]/i.test(number.value) ? /\s/g : /[\s().-]/g;
  const destination = number.value.replace(parted, "");
  if (!destination) {
    number.focus();
    return;
  }
  const options = byId("dial-options").hidden ? {} : readOptions();
  if (options === null) {
    return;
  }
  const { queueId, callerId, variables } = options;
  const done = await desk.attempt((center) => (queueId
    ? center.dialFromQueue({ destination, queueId, callerId, variables })
    : center.dial({ destination, variables })));
  if (done) {
    number.value = "";
    byId("calls-title").focus(); // the shortcuts for the call work from there
    showDone(t(queueId ? "dial.through-done" : "dial.done", { destination }));
  }
}

/**
 * What is dialled with the number.
 * @typedef {object} DialOptions
 * @property {Record<string, string>} [variables]
 * @property {number} [queueId]
 * @property {string} [callerId]
 */

/** Reads the options; shows what is wrong with them and returns null then.
 * @returns {DialOptions | null}
 */
function readOptions() {
  /** @type {DialOptions} */
  const options = {};
  /** @type {Record<string, string>} */
  const variables = {};
  for (const row of byId("variables").children) {
    const [name, value] = row.querySelectorAll("input");
    if (name.value.trim() === "" && value.value === "") {
      continue;
    }
    if (!NAME.test(name.value.trim())) {
      showRefusal(t("dial.variable-name"));
      name.focus();
      return null;
    }
    variables[name.value.trim()] = value.value;
  }
  if (Object.keys(variables).length > 0) {
    options.variables = variables;
  }
  if (queueSelect.value !== "") {
    options.queueId = Number(queueSelect.value);
    const callerId = byId("caller-id", HTMLInputElement).value.trim();
    if (callerId !== "") {
      options.callerId = callerId;
    }
  }
  return options;
}

/** Adds the fields of a variable; returns that of its name. */
function addVariable() {
  const named = (/** @type {string} */ key) => make("input", {
    size: 12, autocomplete: "off", "aria-label": t(key), "data-t-aria-label": key,
    placeholder: t(key), "data-t-placeholder": key,
  });
  const name = named("dial.variable");
  const value = named("dial.value");
  const remove = make("button", {
    type: "button", class: "plain icon compact", "aria-label": t("dial.variable-remove"),
    "data-t-aria-label": "dial.variable-remove",
  }, makeIcon(ICONS.close));
  const row = make("div", { class: "row variable" }, name, value, remove);
  remove.addEventListener("click", () => {
    row.remove();
    byId("variable-add").focus();
  });
  byId("variables").append(row);
  return name;
}
