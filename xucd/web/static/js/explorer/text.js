/* The English texts of the documents, and searching them. */

import { make } from "../shared/dom.js";

/** The nodes of a text: what stands between single or double backticks is code.
 * @param {string} text
 */
export function prose(text) {
  return text.split(/(``[^`]+``|`[^`]+`)/).filter(Boolean).map((piece) =>
    piece.startsWith("`")
      ? make("code", { text: piece.replaceAll("`", "") })
      : document.createTextNode(piece),
  );
}

/** Paragraphs of a longer text.
 * @param {string} text
 */
export function paragraphs(text) {
  return text.trim().split(/\n\s*\n/).filter(Boolean)
    .map((piece) => make("p", { lang: "en" }, ...prose(piece.replace(/\s+/g, " "))));
}

/** Whether a text contains every word of a search.
 * @param {string} text
 * @param {string} search
 */
export function found(text, search) {
  const lower = text.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => lower.includes(word));
}
