/* The AsyncAPI document: the messages that xucd sends, and the commands that it takes. */

import { make } from "../shared/dom.js";
import { translate } from "../shared/words.js";
import { example, resolve } from "./schema.js";
import { entry, heading, showExample, showShape } from "./shapes.js";
import { found, paragraphs, prose } from "./text.js";

/** @import { Reference, Schema } from "./schema.js" */

/** @typedef {{title: string, summary?: string, payload: Schema}} Message */

/**
 * @typedef {object} Operation
 * @property {"send" | "receive"} action
 * @property {(Message | Reference)[]} messages
 * @property {{messages: (Message | Reference)[]}} [reply]
 */

/**
 * An AsyncAPI 3 document, as far as it is shown.
 * @typedef {object} AsyncApi
 * @property {{title: string, version: string, description?: string}} info
 * @property {Record<string, Operation>} operations
 * @property {Record<string, {address: string, bindings: {ws: {query: Schema}}}>} channels
 * @property {Record<string, {protocol: string, host: string}>} servers
 * @property {{messages: Record<string, Message>}} components
 */

const OWN = ["claz", "command", "requestId"];

/** Shows an AsyncAPI document in `place`.
 * @param {AsyncApi} document
 * @param {HTMLElement} place
 */
export function showAsyncApi(document, place) {
  /** @type {{root: HTMLDetailsElement, title: string, text: string}[]} */
  const entries = [];
  const list = (/** @type {Operation[]} */ operations) =>
    operations.flatMap((operation) =>
      operation.messages.map((reference) => {
        /** @type {Message} */
        const message = resolve(document, reference);
        const { title, summary = "" } = message;
        const root = describe(document, operation, message);
        entries.push({ root, title, text: `${title} ${summary}` });
        return root;
      }));
  const all = Object.values(document.operations);
  const sent = all.filter(({ action }) => action === "send");
  const taken = all.filter(({ action }) => action === "receive");
  const groups = [
    make("section", {}, make("h2", { "data-t": "explorer.from" }), ...list(sent)),
    make("section", {}, make("h2", { "data-t": "explorer.to" }), ...list(taken)),
  ];
  const none = make("p", { class: "empty", "data-t": "explorer.nothing-found", hidden: "" });
  place.replaceChildren(introduction(document), ...groups, none);
  translate(place);
  return {
    /** Shows only what a search finds.
     * @param {string} search
     */
    filter(search) {
      for (const { root, text } of entries) {
        root.hidden = !found(text, search);
      }
      for (const group of groups) {
        group.hidden = !group.querySelector(".entry:not([hidden])");
      }
      none.hidden = groups.some((group) => !group.hidden);
    },
    /** Opens a message or command, if the document has it.
     * @param {string} name
     */
    open(name) {
      const { root } = entries.find(({ title }) => title === name) ?? {};
      if (root) {
        this.filter("");
        root.open = true;
        root.querySelector("summary")?.focus();
        root.scrollIntoView({ block: "start" });
      }
    },
  };
}

/** @param {AsyncApi} document */
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
  root.querySelector(".says")?.setAttribute("data-t", "explorer.connect");
  return root;
}

/**
 * @param {AsyncApi} document
 * @param {Operation} operation
 * @param {Message} message
 */
function describe(document, operation, message) {
  return entry(message.title, message.summary ?? "", (body) => {
    /** @type {Schema} */
    const payload = resolve(document, message.payload);
    const content = payload.properties?.ctiMessage; // of a message; a command has none
    /** @type {Schema} */
    const { description: words = "" } = resolve(document, content);
    if (words.trim() !== (message.summary ?? "").trim()) {
      body.append(...paragraphs(withoutFirst(words, message.summary)));
    }
    body.append(
      showShape(document, content ?? payload,
        (name) => content !== undefined || !OWN.includes(name)),
      ...answers(document, operation),
      showExample(example(document, payload)),
    );
    translate(body);
  });
}

/**
 * @param {string} words
 * @param {string} [first]
 */
function withoutFirst(words, first = "") {
  return words.startsWith(first) ? words.slice(first.length) : words;
}

/**
 * @param {AsyncApi} document
 * @param {Operation} operation
 */
function answers(document, { action, reply }) {
  if (action !== "receive" || !reply) {
    return [];
  }
  const names = reply.messages.map((reference) => {
    /** @type {Message} */
    const { title } = resolve(document, reference);
    return `\`${title}\``;
  });
  return [heading("explorer.answered"), make("p", {}, ...prose(names.join(" · ")))];
}
