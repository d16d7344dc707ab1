/* The structure of a value, as the documents show it: a list of its properties, and an example. */

import { make } from "../shared/dom.js";
import { showJson } from "./json.js";
import { choices, inside, resolve, typeName, withoutNull } from "./schema.js";
import { paragraphs, prose } from "./text.js";

/** @import { Schema } from "./schema.js" */

const MANY = 6; // choices above which they have a line of their own

/** The properties of a schema as a list; `only(name)` says which to show at the top level.
 * @param {object} document
 * @param {Schema} schema
 * @param {(name: string) => boolean} only
 */
export function showShape(document, schema, only = () => true) {
  const found = inside(document, schema);
  if (!found) {
    return make("p", { class: "quiet" }, make("code", { text: typeName(document, schema) }));
  }
  return parts(document, found, only, []);
}

/** An example, folded.
 * @param {unknown} value
 */
export function showExample(value) {
  return make("details", { class: "example" },
    make("summary", { "data-t": "explorer.example" }), showJson(value));
}

/** A heading of a part of an entry.
 * @param {string} words
 */
export function heading(words) {
  return make("h3", { "data-t": words });
}

/** Whether something is required.
 * @param {boolean | undefined} required
 */
export function whether(required) {
  const words = required ? "explorer.required" : "explorer.optional";
  return make("span", { class: "quiet small", "data-t": words });
}

/** An entry of a document, which `fill(body)` fills when it is first opened.
 * @param {string} name
 * @param {string} summary
 * @param {(body: HTMLElement) => void} fill
 * @param {string} method of HTTP; "" for none
 */
export function entry(name, summary, fill, method = "") {
  const root = make("details", { class: "entry" },
    make("summary", {},
      ...(method ? [make("span", { class: `method ${method}`, text: method.toUpperCase() })] : []),
      make("span", { class: "name", text: name }),
      make("span", { class: "quiet says", lang: "en" }, ...prose(summary))));
  root.addEventListener("toggle", () => {
    if (root.open && root.childElementCount === 1) {
      const body = make("div", { class: "body reference" });
      fill(body);
      root.append(body);
    }
  });
  return root;
}

/**
 * @param {object} document
 * @param {Schema & Required<Pick<Schema, "properties">>} found
 * @param {(name: string) => boolean} only
 * @param {Schema["properties"][]} above the properties of the schemas that this one is within
 */
function parts(document, found, only, above) {
  const required = found.required ?? [];
  const rows = Object.entries(found.properties)
    .filter(([name]) => only(name))
    .map(([name, schema]) =>
      part(document, { name, schema, required: required.includes(name) }, above));
  return rows.length
    ? make("ul", { class: "shape" }, ...rows)
    : make("p", { class: "quiet", "data-t": "explorer.nothing" });
}

/**
 * @param {object} document
 * @param {{name: string, schema: Schema, required: boolean}} property
 * @param {Schema["properties"][]} above
 */
function part(document, { name, schema, required }, above) {
  const bare = withoutNull(document, schema);
  const values = choices(document, bare);
  const long = values !== null && values.length > MANY;
  const row = make("li", {},
    make("code", { class: "name", text: name }), " ",
    make("span", { class: "type", text: long ? typeof values[0] : typeName(document, bare) }), " ",
    whether(required));
  /** @type {Schema} */
  const resolved = resolve(document, schema);
  const words = bare.description ?? resolved.description;
  if (words && !values) {
    row.append(...paragraphs(words).map(quiet));
  }
  if (long) {
    row.append(quiet(make("p", {}, ...prose(values.map((value) => `\`${value}\``).join(" · ")))));
  }
  const deeper = inside(document, schema);
  if (deeper && !above.includes(deeper.properties)) {
    row.append(parts(document, deeper, () => true, [...above, deeper.properties]));
  } else if (deeper) {
    row.append(make("p", { class: "quiet small", "data-t": "explorer.same" }));
  }
  return row;
}

/** @param {HTMLElement} paragraph */
function quiet(paragraph) {
  paragraph.className = "quiet small";
  return paragraph;
}
