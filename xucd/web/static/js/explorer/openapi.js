/* The OpenAPI document: the requests over HTTP. */

import { make } from "../shared/dom.js";
import { translate } from "../shared/words.js";
import { example, inside, resolve, typeName } from "./schema.js";
import { entry, heading, showExample, showShape, whether } from "./shapes.js";
import { found, paragraphs, prose } from "./text.js";

/** @import { Reference, Schema } from "./schema.js" */

/** @typedef {Record<string, {schema?: Schema, example?: unknown}>} Content By content type. */

/**
 * @typedef {object} Parameter
 * @property {string} name
 * @property {string} in
 * @property {Schema} [schema]
 * @property {boolean} [required]
 * @property {string} [description]
 */

/** @typedef {{description?: string, content?: Content}} Answer */

/**
 * @typedef {object} Route
 * @property {string} [summary]
 * @property {string} [description]
 * @property {(Parameter | Reference)[]} [parameters]
 * @property {{content?: Content} | Reference} [requestBody]
 * @property {Record<string, Answer | Reference>} responses
 */

/** @typedef {"get" | "post" | "put" | "patch" | "delete"} Method */

/**
 * An OpenAPI 3.1 document, as far as it is shown.
 * @typedef {object} OpenApi
 * @property {{title: string, description?: string}} info
 * @property {{url: string}[]} [servers]
 * @property {Record<string, Partial<Record<Method, Route>> & Pick<Route, "parameters">>} paths
 */

/** @type {Method[]} */
const METHODS = ["get", "post", "put", "patch", "delete"];

/** Shows an OpenAPI document in `place`.
 * @param {OpenApi} document
 * @param {HTMLElement} place
 */
export function showOpenApi(document, place) {
  const base = document.servers?.[0]?.url ?? "";
  /** @type {{root: HTMLElement, text: string}[]} */
  const entries = [];
  for (const [path, routes] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const route = routes[method];
      if (!route) {
        continue;
      }
      const parameters = [...(routes.parameters ?? []), ...(route.parameters ?? [])];
      const root = entry(`${base}${path}`, route.summary ?? "", (body) => {
        describe(document, parameters, route, body);
        translate(body);
      }, method);
      entries.push({ root, text: `${method} ${path} ${route.summary ?? ""}` });
    }
  }
  const none = make("p", { class: "empty", "data-t": "explorer.nothing-found", hidden: "" });
  place.replaceChildren(
    make("div", { class: "introduction" },
      make("h2", { text: document.info.title }), ...paragraphs(document.info.description ?? "")),
    ...entries.map(({ root }) => root), none);
  translate(place);
  return {
    /** Shows only what a search finds.
     * @param {string} search
     */
    filter(search) {
      for (const { root, text } of entries) {
        root.hidden = !found(text, search);
      }
      none.hidden = entries.some(({ root }) => !root.hidden);
    },
  };
}

/**
 * @param {OpenApi} document
 * @param {(Parameter | Reference)[]} parameters
 * @param {Route} route
 * @param {HTMLElement} body
 */
function describe(document, parameters, route, body) {
  body.append(...paragraphs(route.description ?? ""));
  if (parameters.length) {
    body.append(heading("explorer.parameters"),
      make("ul", { class: "shape" }, ...parameters.map((reference) => parameter(document, reference))));
  }
  /** @type {{content?: Content}} */
  const { content: kinds } = resolve(document, route.requestBody);
  if (kinds) {
    body.append(heading("explorer.body"), ...content(document, kinds));
  }
  body.append(heading("explorer.answers"),
    make("ul", { class: "shape" }, ...Object.entries(route.responses).map(([status, answer]) =>
      response(document, status, resolve(document, answer)))));
}

/**
 * @param {OpenApi} document
 * @param {Parameter | Reference} reference
 */
function parameter(document, reference) {
  /** @type {Parameter} */
  const { name, in: where, schema, required, description } = resolve(document, reference);
  return make("li", {},
    make("code", { class: "name", text: name }), " ",
    make("span", { class: "type", text: typeName(document, schema) }), " ",
    make("span", { class: "quiet small", text: where }), " ",
    whether(required),
    ...(description ? [make("p", { class: "quiet small" }, ...prose(description))] : []));
}

/**
 * @param {OpenApi} document
 * @param {string} status
 * @param {Answer} answer
 */
function response(document, status, { description, content: kinds }) {
  const row = make("li", {}, make("code", { class: "name", text: status }), " ",
    ...prose(description ?? ""));
  if (kinds && status.startsWith("2")) {
    row.append(...content(document, kinds));
  }
  return row;
}

/**
 * @param {OpenApi} document
 * @param {Content} kinds
 */
function content(document, kinds) {
  return Object.entries(kinds).flatMap(([kind, { schema, example: given }]) => [
    make("p", { class: "small" }, make("code", { text: kind }), " ",
      make("span", { class: "type", text: schema ? typeName(document, schema) : "" })),
    ...(schema && inside(document, schema)
      ? [showShape(document, schema), showExample(given ?? example(document, schema))]
      : []),
  ]);
}
