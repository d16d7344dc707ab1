/* A form for a command, made from its schema: a field for each argument. */

import { make } from "../shared/dom.js";
import { choices, example, typeName, withoutNull } from "./schema.js";

/** @import { Attributes } from "../shared/dom.js" */
/** @import { Schema } from "./schema.js" */
/** @import { Suggestion } from "./suggestions.js" */

/** @typedef {(name: string) => Suggestion[]} Suggest Values for an argument, each with a text. */
/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/**
 * How an argument is entered: its field, how its value is read from the field's text, and a hint.
 * @typedef {{control: Control, read?: (text: string) => unknown, hint?: string}} Entry
 */

const ALWAYS = ["claz", "command", "requestId"]; // set by the frame itself
const LONG = 200; // characters above which a text gets several lines
let ids = 0;

/**
 * The fields of a command: `root` holds them, `values()` returns the arguments that are filled in.
 * It throws a `SyntaxError` for invalid JSON.
 * @param {object} document
 * @param {Schema} schema
 * @param {Suggest} suggest
 */
export function makeFields(document, schema, suggest) {
  const required = schema.required ?? [];
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => !ALWAYS.includes(name))
    .map(([name, property]) => {
      const argument = { name, schema: property, required: required.includes(name) };
      return makeField(document, argument, suggest);
    });
  return {
    root: make("div", { class: "fields" }, ...fields.map((field) => field.root)),
    values() {
      return Object.fromEntries(
        fields.filter((field) => !field.empty()).map((field) => [field.name, field.value()]),
      );
    },
  };
}

/** @typedef {{name: string, schema: Schema, required: boolean}} Argument */

/**
 * @param {object} document
 * @param {Argument} argument
 * @param {Suggest} suggest
 */
function makeField(document, { name, schema, required }, suggest) {
  const found = withoutNull(document, schema);
  const { control, read = String, hint = "" } =
    controlFor(document, { name, schema: found, required });
  const id = `field-${(ids += 1)}`;
  control.id = id;
  control.name = name;
  control.setAttribute("autocomplete", "off");
  control.spellcheck = false;
  if (required) {
    control.required = true;
  }
  const root = make("div", { class: "field" },
    make("label", { for: id }, make("code", { text: name })),
    control,
    make("span", { class: "quiet small", id: `${id}-hint` },
      make("span", { text: typeName(document, found) }),
      ...(required ? [] : [" · ", make("span", { "data-t": "explorer.optional" })]),
      ...(hint ? [" · ", make("span", { "data-t": hint })] : [])));
  control.setAttribute("aria-describedby", `${id}-hint`);
  if (control instanceof HTMLInputElement) {
    offer(root, control, `${id}-list`, () => suggest(name));
  }
  return { root, name, empty: () => control.value.trim() === "", value: () => read(control.value) };
}

/**
 * @param {object} document
 * @param {Argument} argument
 * @returns {Entry}
 */
function controlFor(document, { name, schema: found, required }) {
  const values = choices(document, found);
  if (values) {
    const none = make("option", { value: "", "data-t": "explorer.none" });
    const options = values.map((value, at) => make("option", { value: at, text: String(value) }));
    const control = make("select", {}, ...(required ? [] : [none]), ...options);
    return { control, read: (at) => values[Number(at)] };
  }
  switch (found.type) {
    case "integer":
    case "number": {
      const control = make("input", { type: "text", inputmode: "numeric", pattern: "-?[0-9]+" });
      return { control, read: Number };
    }
    case "array": {
      const { type } = withoutNull(document, found.items);
      if (type === "string" || type === "integer") {
        return listOf(type);
      }
      break;
    }
    case "string":
      if (found.maxLength !== undefined && found.maxLength > LONG) {
        return { control: make("textarea", { rows: 2, maxlength: found.maxLength }) };
      }
      if (found.format === "date") {
        return { control: make("input", { type: "date" }) };
      }
      return { control: make("input", { type: "text", ...limit(found.maxLength) }) };
    default:
      if (found.anyOf?.every(({ type = "" }) => ["string", "integer", "number"].includes(type))) {
        return { control: make("input", { type: "text" }), read: numberOrText };
      }
  }
  const text = JSON.stringify(example(document, found, name), null, 2);
  const control = make("textarea", { class: "code", rows: Math.min(16, text.split("\n").length) });
  if (required) {
    control.value = text;
  } else {
    control.placeholder = text;
  }
  return { control, read: JSON.parse };
}

/** A list, separated by commas.
 * @param {"string" | "integer"} type
 * @returns {Entry}
 */
function listOf(type) {
  const control = make("input", { type: "text" });
  const read = (/** @type {string} */ text) =>
    text.split(",").map((item) => item.trim()).filter(Boolean)
      .map((item) => (type === "integer" ? numberOrText(item) : item));
  return { control, read, hint: "explorer.list" };
}

/**
 * @param {number | undefined} most
 * @returns {Attributes}
 */
function limit(most) {
  return most ? { maxlength: most } : {};
}

/** @param {string} text */
function numberOrText(text) {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** Offers suggestions, read when the field gets the focus.
 * @param {HTMLElement} root
 * @param {HTMLInputElement} control
 * @param {string} id
 * @param {() => Suggestion[]} known
 */
function offer(root, control, id, known) {
  const list = make("datalist", { id });
  control.setAttribute("list", id);
  control.addEventListener("focus", () => {
    list.replaceChildren(
      ...known().map(([value, words]) => make("option", { value, label: words })),
    );
  });
  root.append(list);
}
