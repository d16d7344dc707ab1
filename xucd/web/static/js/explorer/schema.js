/* JSON Schema as the two documents use it: following references, naming types, making examples. */

/** @typedef {{$ref?: string}} Reference */

/**
 * A JSON Schema, with the keywords that the documents use.
 * @typedef {object} Schema
 * @property {string} [$ref]
 * @property {string} [type]
 * @property {string} [title]
 * @property {string} [description]
 * @property {string} [format]
 * @property {Record<string, Schema>} [properties]
 * @property {string[]} [required]
 * @property {Schema} [items]
 * @property {Schema[]} [anyOf]
 * @property {unknown[]} [enum]
 * @property {unknown} [const]
 * @property {unknown} [default]
 * @property {unknown[]} [examples]
 * @property {number} [minimum]
 * @property {number} [maxLength]
 */

const DEEP = 6; // levels of nesting in examples of recursive schemas
/** Better examples than those made from a type, by title and property.
 * @type {Record<string, string | number>}
 */
const EXAMPLES = {
  "CallbackFilter.field": "phoneNumber",
  "CallbackFilter.operator": "=",
  "CallbackFilter.value": "0230210082",
  "CallbackFilter.order": "ASC",
  "CallbackOrder.order": "ASC",
  "CallbackSearch.order": "dueDate",
  "CallbackSearch.limit": 20,
};

/** Follows references within a document; an empty object for undefined.
 * @template {object} T
 * @param {object} document
 * @param {T | Reference | undefined} node
 * @returns {T}
 */
export function resolve(document, node) {
  /** @type {any} */
  let found = node ?? {};
  while (found.$ref) {
    /** @type {string[]} */
    const keys = found.$ref.replace(/^#\//, "").split("/");
    found = document;
    for (const key of keys) {
      found = found[key.replaceAll("~1", "/").replaceAll("~0", "~")];
    }
  }
  return found;
}

/** The schema without the "or null" that optional arguments have.
 * @param {object} document
 * @param {Schema | undefined} schema
 * @returns {Schema}
 */
export function withoutNull(document, schema) {
  /** @type {Schema} */
  const found = resolve(document, schema);
  if (!found.anyOf) {
    return found;
  }
  const rest = found.anyOf.filter((option) => option.type !== "null");
  return rest.length === 1
    ? { ...resolve(document, rest[0]), ...extras(found) }
    : { ...found, anyOf: rest };
}

/** All values that a schema allows, if it is a choice among values; otherwise null.
 * @param {object} document
 * @param {Schema | undefined} schema
 * @returns {unknown[] | null}
 */
export function choices(document, schema) {
  const found = withoutNull(document, schema);
  if (found.const !== undefined) {
    return [found.const];
  }
  if (found.enum) {
    return found.enum;
  }
  const several = found.anyOf?.map((option) => choices(document, option)) ?? [];
  return several.length > 0 && !several.includes(null) ? several.flat() : null;
}

/** The type in a word or two: "integer", "array of QueueMember", "string (date)".
 * @param {object} document
 * @param {Schema | undefined} schema
 * @returns {string}
 */
export function typeName(document, schema) {
  const found = withoutNull(document, schema);
  const values = choices(document, found);
  if (values) {
    return values.map((value) => JSON.stringify(value)).join(" | ");
  }
  if (found.anyOf) {
    return [...new Set(found.anyOf.map((option) => typeName(document, option)))].join(" | ");
  }
  if (found.type === "array") {
    return `array of ${found.items ? typeName(document, found.items) : "anything"}`;
  }
  if (found.type === "object" || found.properties) {
    return found.title ?? "object";
  }
  return found.format ? `${found.type} (${found.format})` : (found.type ?? "anything");
}

/** The object schema within a schema, such as that of an array's items; null if there is none.
 * @param {object} document
 * @param {Schema | undefined} schema
 * @returns {(Schema & Required<Pick<Schema, "properties">>) | null}
 */
export function inside(document, schema) {
  const found = withoutNull(document, schema);
  if (found.type === "array" && found.items) {
    return inside(document, found.items);
  }
  if (found.anyOf) {
    return found.anyOf.map((option) => inside(document, option)).find(Boolean) ?? null;
  }
  const { properties } = found;
  return properties && Object.keys(properties).length ? { ...found, properties } : null;
}

/** A value that fits a schema; `name` is the argument's, to guess a sensible one.
 * @param {object} document
 * @param {Schema | undefined} schema
 * @returns {unknown}
 */
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
      Object.entries(found.properties).map(([key, property]) => [
        key, EXAMPLES[`${found.title}.${key}`] ?? example(document, property, key, depth + 1),
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
      return Math.max(found.minimum ?? 0, 0);
    case "boolean":
      return false;
    case "null":
      return null;
    default:
      return text(found, name);
  }
}

/**
 * @param {Schema} schema
 * @param {string} name
 */
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

/** @param {Schema} schema */
function extras({ description, default: value }) {
  return { ...(description && { description }), ...(value !== undefined && { default: value }) };
}
