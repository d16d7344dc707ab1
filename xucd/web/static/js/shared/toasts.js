/* Short messages at the edge of the page: what was done goes by itself, what was refused stays until
it is dismissed or something else is tried. */

import { make, makeIcon } from "./dom.js";
import { ICONS } from "./icons.js";
import { refusalWords } from "./refusals.js";
import { t } from "./words.js";

const SHOWN = 5000; // milliseconds
const place = make("div", { class: "toasts" });
const polite = make("div", { role: "status" });
const alerts = make("div", { id: "refusal", role: "alert" });
place.append(polite, alerts);

/** Puts the place for toasts on the page; call once. */
export function startToasts() {
  document.body.append(place);
}

/** Says what was done. */
export function say(words) {
  const toast = begin(words, "done");
  polite.append(toast);
  setTimeout(() => toast.remove(), SHOWN);
}

/** Says what was refused: an error with a `code` and a `message`, or words. */
export function complain(error) {
  const words = typeof error === "string" ? error : refusalWords(error);
  const toast = begin(words, "refused");
  alerts.replaceChildren(toast);
}

/** Takes away what was refused before. */
export function forgetComplaints() {
  alerts.replaceChildren();
}

/**
 * Does what the user asked for: a function that gives a promise. What is refused is told; what is no
 * refusal is a mistake of the page, and is thrown. Resolves to what the promise does, undefined when
 * refused.
 */
export async function attempt(ask) {
  forgetComplaints();
  try {
    return await ask();
  } catch (error) {
    if (!error.code) {
      throw error;
    }
    complain(error);
    return undefined;
  }
}

function begin(words, look) {
  const close = make("button", { class: "plain icon compact", type: "button" },
    makeIcon(ICONS.close));
  close.setAttribute("aria-label", t("dismiss"));
  const toast = make("div", { class: `toast ${look}` }, make("p", { text: words }), close);
  close.addEventListener("click", () => toast.remove());
  return toast;
}
