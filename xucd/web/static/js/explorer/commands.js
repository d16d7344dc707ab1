/* The list of all commands, each with its form. */

import { byId, make } from "../shared/dom.js";
import { t, translate } from "../shared/words.js";
import { makeFields } from "./forms.js";
import { edit } from "./hand.js";
import { resolve } from "./schema.js";
import { showProblem, newRequestId, send } from "./sending.js";
import { found, prose } from "./text.js";

/** @import { AsyncApi, Message } from "./asyncapi.js" */
/** @import { Suggest } from "./forms.js" */
/** @import { Schema } from "./schema.js" */

const place = byId("commands");
/** @type {{root: HTMLElement, text: string}[]} */
const entries = [];

/** Shows the commands of a document.
 * @param {AsyncApi} document
 * @param {Suggest} suggest
 */
export function showCommands(document, suggest) {
  place.replaceChildren();
  entries.length = 0;
  for (const message of commandsOf(document)) {
    const root = makeEntry(document, message, suggest);
    entries.push({ root, text: `${message.title} ${message.summary ?? ""}` });
    place.append(root);
  }
}

/** Shows only the commands that a search finds.
 * @param {string} search
 */
export function filterCommands(search) {
  let any = false;
  for (const { root, text } of entries) {
    root.hidden = !found(text, search);
    any ||= !root.hidden;
  }
  byId("no-command").hidden = any;
}

/** @param {AsyncApi} document */
function commandsOf(document) {
  return Object.values(document.components.messages).filter(({ payload }) => {
    /** @type {Schema} */
    const { properties } = resolve(document, payload);
    return properties?.command !== undefined;
  });
}

/**
 * @param {AsyncApi} document
 * @param {Message} message
 * @param {Suggest} suggest
 */
function makeEntry(document, message, suggest) {
  const entry = make("details", { class: "entry" },
    make("summary", {},
      make("span", { class: "name", text: message.title }),
      make("span", { class: "quiet says", lang: "en" }, ...prose(message.summary ?? ""))));
  // Forms are many and heavy: each is made when it is first opened.
  entry.addEventListener("toggle", () => {
    if (entry.open && entry.childElementCount === 1) {
      entry.append(makeForm(document, message, suggest));
      translate(entry);
    }
  });
  return entry;
}

/**
 * @param {AsyncApi} document
 * @param {Message} message
 * @param {Suggest} suggest
 */
function makeForm(document, message, suggest) {
  /** @type {Schema} */
  const schema = resolve(document, message.payload);
  const fields = makeFields(document, schema, suggest);
  const result = make("p", { class: "result", role: "status" });
  const byHand = make("button", { type: "button", "data-t": "explorer.edit.form" });
  const form = make("form", { class: "body" },
    fields.root,
    make("div", { class: "row" },
      make("button", { class: "primary", type: "submit", "data-t": "explorer.send" }),
      byHand, result));
  const frame = () => ({
    claz: "web",
    command: message.title,
    ...fields.values(),
    ...(byId("acknowledge", HTMLInputElement).checked && { requestId: newRequestId() }),
  });
  const withFrame = (/** @type {(made: object) => void} */ use) => {
    try {
      use(frame());
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        throw error;
      }
      const why = error.message;
      showProblem(result, () => t("explorer.not-json", { why }));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    withFrame((made) => send(made, result));
  });
  byHand.addEventListener("click", () => withFrame(edit));
  return form;
}
