/* JSON for reading: indented, with its parts in different colours. */

import { make } from "../shared/dom.js";

const PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d[\d.]*(?:[eE][+-]?\d+)?/g;

/** A value, or JSON text, as an element; text that is not JSON is shown as it is.
 * @param {unknown} value
 */
export function showJson(value) {
  const place = make("pre", { class: "json" });
  let text;
  if (typeof value === "string") {
    try {
      text = JSON.stringify(JSON.parse(value), null, 2);
    } catch {
      place.textContent = value;
      return place;
    }
  } else {
    text = JSON.stringify(value, null, 2);
  }
  let at = 0;
  for (const match of text.matchAll(PARTS)) {
    place.append(text.slice(at, match.index), part(match));
    at = match.index + match[0].length;
  }
  place.append(text.slice(at));
  return place;
}

/** @param {RegExpMatchArray} match */
function part([whole, string, colon]) {
  if (colon !== undefined) {
    const both = document.createDocumentFragment();
    both.append(make("span", { class: "key", text: string }), colon);
    return both;
  }
  return make("span", { class: string === undefined ? "value" : "string", text: whole });
}
