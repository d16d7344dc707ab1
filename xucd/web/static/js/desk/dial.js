/* Dialling: from the user's own phone, or through a queue, whose free agent is rung first. */

import { byId, make, makeIcon, setShown } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { complain, say } from "../shared/toasts.js";
import { byName, t } from "../shared/words.js";

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** Lets the form dial. */
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
      byId("dial-queue").focus();
    }
  });
  byId("dial-queue").addEventListener("change", showThrough);
  byId("variable-add").addEventListener("click", () => addVariable().name.focus());
}

/** Leaves nothing that one user wrote for the next who signs in here. */
export function forgetDial() {
  byId("dial").reset();
  byId("variables").replaceChildren();
}

/** Shows through which queues may be dialled. */
export function showDial(desk) {
  const select = byId("dial-queue");
  const queues = [...desk.center.state.queues.values()].filter((queue) => queue.displayName);
  queues.sort((a, b) => byName(a.displayName, b.displayName));
  const options = [["", t("dial.own-phone")], ...queues.map((one) => [one.id, one.displayName])];
  const told = JSON.stringify(options);
  if (select.dataset.told !== told) {
    const chosen = select.value;
    select.dataset.told = told;
    select.replaceChildren(...options.map(([value, text]) => make("option", { value, text })));
    select.value = chosen;
    if (select.selectedIndex < 0) {
      select.selectedIndex = 0;
    }
  }
  showThrough();
}

function showThrough() {
  const through = byId("dial-queue").value !== "" && !byId("dial-options").hidden;
  setShown(byId("caller-id-field"), through, byId("dial-queue"));
}

async function dial(desk) {
  const destination = byId("number").value.replace(/[\s().-]/g, "");
  if (!destination) {
    byId("number").focus();
    return;
  }
  const options = byId("dial-options").hidden ? {} : readOptions();
  if (options === null) {
    return;
  }
  const done = await desk.attempt(async (center) => {
    if (options.queueId) {
      await center.dialFromQueue({ destination, ...options });
    } else {
      await center.dial({ destination, ...options });
    }
    return true;
  });
  if (done) {
    byId("number").value = "";
    byId("calls-title").focus(); // the shortcuts for the call work from there
    say(t(options.queueId ? "dial.through-done" : "dial.done", { destination }));
  }
}

/** What the form says beyond the number; null if it cannot be sent, which is told. */
function readOptions() {
  const options = {};
  const variables = {};
  for (const row of byId("variables").children) {
    const [name, value] = row.querySelectorAll("input");
    if (name.value.trim() === "" && value.value === "") {
      continue;
    }
    if (!NAME.test(name.value.trim())) {
      complain(t("dial.variable-name"));
      name.focus();
      return null;
    }
    variables[name.value.trim()] = value.value;
  }
  if (Object.keys(variables).length > 0) {
    options.variables = variables;
  }
  if (byId("dial-queue").value !== "") {
    options.queueId = Number(byId("dial-queue").value);
    const callerId = byId("caller-id").value.trim();
    if (callerId !== "") {
      options.callerId = callerId;
    }
  }
  return options;
}

function addVariable() {
  const named = (key) => make("input", {
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
  return { name };
}
