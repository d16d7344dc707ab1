/* The AsyncAPI document: what xucd tells, and what it is told. */

import { make } from "../shared/dom.js";
import { translate } from "../shared/words.js";
import { resolve } from "./schema.js";
import { entry, exampleOf, heading, showExample, showShape } from "./shapes.js";
import { found, paragraphs, prose } from "./text.js";

const OWN = ["claz", "command", "requestId"];

/** Shows an AsyncAPI 3 document in `place`; returns {filter(search), open(name)}. */
export function showAsyncApi(document, place) {
  const entries = [];
  const list = (operations) =>
    operations.flatMap((operation) =>
      operation.messages.map((reference) => {
        const message = resolve(document, reference);
        const { title, summary = "" } = message;
        const root = describe(document, operation, message);
        entries.push({ root, title, says: `${title} ${summary}` });
        return root;
      }));
  const operations = Object.values(document.operations);
  const told = operations.filter(({ action }) => action === "send");
  const asked = operations.filter(({ action }) => action === "receive");
  const groups = [
    make("section", {}, make("h2", { "data-t": "explorer.from" }), ...list(told)),
    make("section", {}, make("h2", { "data-t": "explorer.to" }), ...list(asked)),
  ];
  const none = make("p", { class: "empty", "data-t": "explorer.nothing-found", hidden: "" });
  place.replaceChildren(introduction(document), ...groups, none);
  translate(place);
  return {
    filter(search) {
      entries.forEach(({ root, says }) => (root.hidden = !found(says, search)));
      for (const group of groups) {
        group.hidden = !group.querySelector(".entry:not([hidden])");
      }
      none.hidden = groups.some((group) => !group.hidden);
    },
    open(name) {
      const one = entries.find(({ title }) => title === name);
      if (one) {
        this.filter("");
        one.root.open = true;
        one.root.querySelector("summary").focus();
        one.root.scrollIntoView({ block: "start" });
      }
    },
  };
}

function introduction(document) {
  const channel = Object.values(document.channels)[0];
  const server = Object.values(document.servers)[0];
  const { title, version, description } = document.info;
  const address = `${server.protocol}://${server.host}${channel.address}`;
  const root = entry(`${title} ${version}`, "", (body) => {
    body.append(
      ...paragraphs(description ?? ""),
      make("p", {}, make("code", { text: address })),
      heading("explorer.query"),
      showShape(document, channel.bindings.ws.query),
    );
    translate(body);
  });
  root.querySelector(".says").dataset.t = "explorer.connect";
  return root;
}

function describe(document, operation, message) {
  return entry(message.title, message.summary ?? "", (body) => {
    const payload = resolve(document, message.payload);
    const told = payload.properties.ctiMessage;
    const schema = told ?? payload;
    const words = resolve(document, told ?? {}).description ?? "";
    if (words.trim() !== (message.summary ?? "").trim()) {
      body.append(...paragraphs(withoutFirst(words, message.summary)));
    }
    body.append(
      showShape(document, schema, (name) => told || !OWN.includes(name)),
      ...answers(document, operation),
      showExample(exampleOf(document, told ? { ...payload } : payload)),
    );
    translate(body);
  });
}

function withoutFirst(words, first = "") {
  return words.startsWith(first) ? words.slice(first.length) : words;
}

function answers(document, { action, reply }) {
  if (action !== "receive" || !reply) {
    return [];
  }
  const names = reply.messages.map((reference) => `\`${resolve(document, reference).title}\``);
  return [heading("explorer.answered"), make("p", {}, ...prose(names.join(" · ")))];
}
