/* How the documents show what a value is made of: its parts in a list, and an example. */

import { make } from "../shared/dom.js";
import { showJson } from "./json.js";
import { choices, example, inside, resolve, typeName, withoutNull } from "./schema.js";
import { paragraphs, prose } from "./text.js";

const MANY = 6; // choices from which on they stand in a line of their own

/** The parts of a schema as a list; `only(name)` says which to show at its top. */
export function showShape(document, schema, only = () => true) {
  const found = inside(document, schema);
  if (!found) {
    return make("p", { class: "quiet" }, make("code", { text: typeName(document, schema) }));
  }
  return parts(document, found, only, []);
}

/** A schema's example, folded. */
export function showExample(value) {
  return make("details", { class: "example" },
    make("summary", { "data-t": "explorer.example" }), showJson(value));
}

/** An example of what a schema allows. */
export function exampleOf(document, schema) {
  return example(document, schema);
}

/** A heading of a part of an entry. */
export function heading(words) {
  return make("h3", { "data-t": words });
}

/** Whether something has to be there. */
export function whether(required) {
  const words = required ? "explorer.required" : "explorer.optional";
  return make("span", { class: "quiet small", "data-t": words });
}

/** An entry of a document that is filled when it is first opened. */
export function entry(name, summary, fill, { id = "", method = "" } = {}) {
  const root = make("details", { class: "entry", ...(id && { id }) },
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

function parts(document, found, only, above) {
  const required = found.required ?? [];
  const rows = Object.entries(found.properties)
    .filter(([name]) => only(name))
    .map(([name, schema]) => part(document, name, schema, required.includes(name), above));
  return rows.length
    ? make("ul", { class: "shape" }, ...rows)
    : make("p", { class: "quiet", "data-t": "explorer.nothing" });
}

function part(document, name, schema, required, above) {
  const bare = withoutNull(document, schema);
  const values = choices(document, bare);
  const long = values !== null && values.length > MANY;
  const row = make("li", {},
    make("code", { class: "name", text: name }), " ",
    make("span", { class: "type", text: long ? typeof values[0] : typeName(document, bare) }), " ",
    whether(required));
  const words = bare.description ?? resolve(document, schema).description;
  if (words && !values) {
    row.append(...paragraphs(words).map(quiet));
  }
  if (long) {
    row.append(quiet(make("p", {}, ...prose(values.map((value) => `\`${value}\``).join(" · ")))));
  }
  const deeper = inside(document, schema);
  if (deeper && !above.includes(deeper)) {
    row.append(parts(document, deeper, () => true, [...above, deeper]));
  } else if (deeper) {
    row.append(make("p", { class: "quiet small", "data-t": "explorer.same" }));
  }
  return row;
}

function quiet(paragraph) {
  paragraph.className = "quiet small";
  return paragraph;
}
