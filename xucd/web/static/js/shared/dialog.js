/* Questions in a dialog, which keeps the focus until it is answered and then gives it back. */

import { make } from "./dom.js";
import { t } from "./words.js";

/**
 * Asks for confirmation; resolves to whether it was given. `words` is the question, `yes` the text of
 * the button that confirms.
 * @param {string} words
 * @param {string} yes
 * @returns {Promise<boolean>}
 */
export function confirmed(words, yes) {
  const dialog = make("dialog", { "aria-labelledby": "question" },
    make("form", { method: "dialog" },
      make("h2", { id: "question", text: words }),
      make("div", { class: "actions" },
        make("button", { value: "", text: t("cancel") }),
        make("button", { class: "primary", value: "yes", text: yes }))));
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
