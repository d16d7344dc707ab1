/* Prose of the documents, which is English, and searching it. */

import { make } from "../shared/dom.js";

/** A sentence's nodes: what stands between backticks, one or two, is code. */
export function prose(text) {
  return text.split(/(``[^`]+``|`[^`]+`)/).filter(Boolean).map((piece) =>
    piece.startsWith("`")
      ? make("code", { text: piece.replaceAll("`", "") })
      : document.createTextNode(piece),
  );
}

/** Paragraphs of a longer text. */
export function paragraphs(text) {
  return text.trim().split(/\n\s*\n/).filter(Boolean)
    .map((piece) => make("p", { lang: "en" }, ...prose(piece.replace(/\s+/g, " "))));
}

/** Whether a text has every word of a search. */
export function found(text, search) {
  const lower = text.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => lower.includes(word));
}
