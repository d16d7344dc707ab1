/* The figures of a day, as a list of names and values in a panel. */

import { keepList, make, setText } from "../shared/dom.js";
import { t } from "../shared/words.js";

/** Keeps a list of figures: call what it returns with [{name, words}]. */
export function keepFigures(list) {
  return keepList(list, {
    key: (figure) => figure.name,
    begin: ({ name }) => {
      const value = make("dd", { class: "number" });
      return { value, root: make("div", {}, make("dt", { text: t(`figure.${name}`) }), value) };
    },
    fill: (parts, figure) => setText(parts.value, figure.words),
  });
}
