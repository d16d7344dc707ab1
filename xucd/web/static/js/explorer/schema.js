/* JSON Schema as the two documents use it: following references, naming types, making examples. */

const DEEP = 6; // how far examples go into what holds itself
const EXAMPLES = {
  "CallbackFilter.field": "phoneNumber",
  "CallbackFilter.operator": "=",
  "CallbackFilter.value": "0230210082",
  "CallbackFilter.order": "ASC",
  "CallbackOrder.order": "ASC",
  "CallbackSearch.order": "dueDate",
  "CallbackSearch.limit": 20,
};

/** Follows references within a document. */
export function resolve(document, schema) {
  let found = schema ?? {};
  while (found.$ref) {
    found = found.$ref
      .replace(/^#\//, "")
      .split("/")
      .reduce((node, key) => node[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
  }
  return found;
}

/** The schema without the "or null" that optional arguments have. */
export function withoutNull(document, schema) {
  const found = resolve(document, schema);
  if (!found.anyOf) {
    return found;
  }
  const rest = found.anyOf.filter((one) => one.type !== "null");
  return rest.length === 1
    ? { ...resolve(document, rest[0]), ...extras(found) }
    : { ...found, anyOf: rest };
}

/** All values that a schema allows, if it is a choice among values; otherwise null. */
export function choices(document, schema) {
  const found = withoutNull(document, schema);
  if (found.const !== undefined) {
    return [found.const];
  }
  if (found.enum) {
    return found.enum;
  }
  const several = found.anyOf?.map((one) => choices(document, one));
  return several?.length && several.every(Boolean) ? several.flat() : null;
}

/** The type in a word or two: "integer", "array of QueueMember", "string (date)". */
export function typeName(document, schema) {
  const found = withoutNull(document, schema);
  const values = choices(document, found);
  if (values) {
    return values.map((value) => JSON.stringify(value)).join(" | ");
  }
  if (found.anyOf) {
    return [...new Set(found.anyOf.map((one) => typeName(document, one)))].join(" | ");
  }
  if (found.type === "array") {
    return `array of ${found.items ? typeName(document, found.items) : "anything"}`;
  }
  if (found.type === "object" || found.properties) {
    return found.title ?? "object";
  }
  return found.format ? `${found.type} (${found.format})` : (found.type ?? "anything");
}

/** The object's properties that a value of this schema has within: of its items, for an array. */
export function inside(document, schema) {
  const found = withoutNull(document, schema);
  if (found.type === "array" && found.items) {
    return inside(document, found.items);
  }
  if (found.anyOf) {
    return found.anyOf.map((one) => inside(document, one)).find(Boolean) ?? null;
  }
  return found.properties && Object.keys(found.properties).length ? found : null;
}

/** A value that fits; `name` helps to guess a sensible one. */
export function example(document, schema, name = "", depth = 0) {
  const found = withoutNull(document, schema);
  if (found.examples?.length) {
    return found.examples[0];
  }
  const values = choices(document, found);
  if (values) {
    return values[0];
  }
  if (found.anyOf) {
    return example(document, found.anyOf[0], name, depth);
  }
  if (found.properties) {
    if (depth > DEEP) {
      return {};
    }
    return Object.fromEntries(
      Object.entries(found.properties).map(([key, one]) => [
        key, EXAMPLES[`${found.title}.${key}`] ?? example(document, one, key, depth + 1),
      ]),
    );
  }
  switch (found.type) {
    case "array":
      return depth > DEEP ? [] : [example(document, found.items, name, depth + 1)];
    case "object":
      return { var1: "value 1" };
    case "integer":
    case "number":
      return found.minimum > 0 ? found.minimum : 0;
    case "boolean":
      return false;
    case "null":
      return null;
    default:
      return text(found, name);
  }
}

function text({ format }, name) {
  if (format === "uuid") {
    return "a967da84-bc41-4bf4-a4fc-2bcc54e11606";
  }
  if (format === "date") {
    return "2026-12-01";
  }
  if (format === "date-time") {
    return "2026-12-01T10:00:00Z";
  }
  return /number|phone|destination|line|DN|numbers/i.test(name) ? "1001" : "…";
}

function extras({ description, default: value }) {
  return { ...(description && { description }), ...(value !== undefined && { default: value }) };
}
