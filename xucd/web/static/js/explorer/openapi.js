/* The OpenAPI document: the requests over HTTP. */

import { make } from "../shared/dom.js";
import { translate } from "../shared/words.js";
import { inside, resolve, typeName } from "./schema.js";
import { entry, exampleOf, heading, showExample, showShape, whether } from "./shapes.js";
import { found, paragraphs, prose } from "./text.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Shows an OpenAPI 3.1 document in `place`; returns {filter(search)}. */
export function showOpenApi(document, place) {
  const base = document.servers?.[0]?.url ?? "";
  const entries = [];
  for (const [path, routes] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((one) => routes[one])) {
      const route = routes[method];
      const parameters = [...(routes.parameters ?? []), ...(route.parameters ?? [])];
      const root = entry(`${base}${path}`, route.summary ?? "", (body) => {
        describe(document, parameters, route, body);
        translate(body);
      }, { method });
      entries.push({ root, says: `${method} ${path} ${route.summary ?? ""}` });
    }
  }
  const none = make("p", { class: "empty", "data-t": "explorer.nothing-found", hidden: "" });
  place.replaceChildren(
    make("div", { class: "introduction" },
      make("h2", { text: document.info.title }), ...paragraphs(document.info.description ?? "")),
    ...entries.map(({ root }) => root), none);
  translate(place);
  return {
    filter(search) {
      entries.forEach(({ root, says }) => (root.hidden = !found(says, search)));
      none.hidden = entries.some(({ root }) => !root.hidden);
    },
  };
}

function describe(document, parameters, route, body) {
  body.append(...paragraphs(route.description ?? ""));
  if (parameters.length) {
    body.append(heading("explorer.parameters"),
      make("ul", { class: "shape" }, ...parameters.map((one) => parameter(document, one))));
  }
  const asked = resolve(document, route.requestBody).content;
  if (asked) {
    body.append(heading("explorer.body"), ...content(document, asked));
  }
  body.append(heading("explorer.answers"),
    make("ul", { class: "shape" }, ...Object.entries(route.responses).map(([status, answer]) =>
      response(document, status, resolve(document, answer)))));
}

function parameter(document, reference) {
  const one = resolve(document, reference);
  return make("li", {},
    make("code", { class: "name", text: one.name }), " ",
    make("span", { class: "type", text: typeName(document, one.schema) }), " ",
    make("span", { class: "quiet small", text: one.in }), " ",
    whether(one.required),
    ...(one.description ? [make("p", { class: "quiet small" }, ...prose(one.description))] : []));
}

function response(document, status, { description, content: kinds }) {
  const row = make("li", {}, make("code", { class: "name", text: status }), " ",
    ...prose(description ?? ""));
  if (kinds && status.startsWith("2")) {
    row.append(...content(document, kinds));
  }
  return row;
}

function content(document, kinds) {
  return Object.entries(kinds).flatMap(([kind, { schema, example }]) => [
    make("p", { class: "small" }, make("code", { text: kind }), " ",
      make("span", { class: "type", text: schema ? typeName(document, schema) : "" })),
    ...(schema && inside(document, schema)
      ? [showShape(document, schema), showExample(example ?? exampleOf(document, schema))]
      : []),
  ]);
}
