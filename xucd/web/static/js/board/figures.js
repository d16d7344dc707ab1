/* The day's figures in a panel: a list of names and values. */

import { keepList, make, setText } from "../shared/dom.js";
import { t } from "../shared/words.js";

/** Fills a list of figures: returns a function that takes each figure's name and text.
 * @param {HTMLElement} list
 * @param {string} kind "agent" or "queue", whose figures they are
 */
export function keepFigures(list, kind) {
  return keepList(list, {
    key: (/** @type {{name: string, words: string}} */ figure) => figure.name,
    begin: ({ name }) => {
      const value = make("dd", { class: "number" });
      return { value, root: make("div", {}, make("dt", { text: t(`figure.${kind}.${name}`) }), value) };
    },
    fill: (parts, figure) => setText(parts.value, figure.words),
  });
}
