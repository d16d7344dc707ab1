/* A form for a command, made from its schema: a field for each argument. */

import { make } from "../shared/dom.js";
import { t } from "../shared/words.js";
import { choices, example, typeName, withoutNull } from "./schema.js";

const ALWAYS = ["claz", "command", "requestId"]; // said by the frame itself
const LONG = 200; // characters from which on a text gets more than one line
let lists = 0;

/**
 * The fields of a command: `root` holds them, `values()` gives the arguments that are filled in.
 * `suggest(name)` gives what may go into an argument as [value, words]. `values` throws a
 * `SyntaxError` for JSON that is none.
 */
export function makeFields(document, schema, suggest) {
  const required = schema.required ?? [];
  const fields = Object.entries(schema.properties)
    .filter(([name]) => !ALWAYS.includes(name))
    .map(([name, one]) => makeField(document, name, one, required.includes(name), suggest));
  return {
    root: make("div", { class: "fields" }, ...fields.map((field) => field.root)),
    values() {
      return Object.fromEntries(
        fields.filter((field) => !field.empty()).map((field) => [field.name, field.value()]),
      );
    },
  };
}

function makeField(document, name, schema, required, suggest) {
  const found = withoutNull(document, schema);
  const { control, read = (text) => text, hint = "" } = controlFor(document, name, found, required);
  const id = `field-${(lists += 1)}`;
  control.id = id;
  control.name = name;
  control.autocomplete = "off";
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
  if (control.tagName === "INPUT") {
    offer(root, control, `${id}-list`, () => suggest(name));
  }
  return { root, name, empty: () => control.value.trim() === "", value: () => read(control.value) };
}

function controlFor(document, name, found, required) {
  const values = choices(document, found);
  if (values) {
    const none = make("option", { value: "", "data-t": "explorer.none" });
    const options = values.map((value, at) => make("option", { value: at, text: String(value) }));
    const control = make("select", {}, ...(required ? [] : [none]), ...options);
    return { control, read: (at) => values[at] };
  }
  switch (found.type) {
    case "integer":
    case "number": {
      const control = make("input", { type: "text", inputmode: "numeric", pattern: "-?[0-9]+" });
      return { control, read: Number };
    }
    case "array":
      if (["string", "integer"].includes(withoutNull(document, found.items).type)) {
        return listOf(withoutNull(document, found.items).type);
      }
      break;
    case "string":
      if (found.maxLength > LONG) {
        return { control: make("textarea", { rows: 2, maxlength: found.maxLength }) };
      }
      if (found.format === "date") {
        return { control: make("input", { type: "date" }) };
      }
      return { control: make("input", { type: "text", ...limit(found.maxLength) }) };
    default:
      if (found.anyOf?.every((one) => ["string", "integer", "number"].includes(one.type))) {
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

function listOf(type) {
  const control = make("input", { type: "text" });
  const read = (text) =>
    text.split(",").map((one) => one.trim()).filter(Boolean)
      .map((one) => (type === "integer" ? numberOrText(one) : one));
  return { control, read, hint: "explorer.list" };
}

function limit(most) {
  return most ? { maxlength: most } : {};
}

function numberOrText(text) {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** Offers what is known at the moment the field is entered. */
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
