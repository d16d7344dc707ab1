/* Short messages at the edge of the page. A success disappears by itself; a refusal stays until it is
dismissed or the user does something else. */

import { make, makeIcon } from "./dom.js";
import { ICONS } from "./icons.js";
import { refusalOf, refusalWords } from "./refusals.js";
import { t } from "./words.js";

/** @import { Refused } from "/lib/xucd.js" */

const SHOWN = 5000; // milliseconds
const place = make("div", { class: "toasts" });
const polite = make("div", { role: "status" });
const alerts = make("div", { id: "refusal", role: "alert" });
place.append(polite, alerts);

/** Puts the place for toasts on the page; call once. */
export function startToasts() {
  document.body.append(place);
}

/** Shows what was done.
 * @param {string} words
 */
export function showDone(words) {
  const toast = begin(words, "done");
  polite.append(toast);
  setTimeout(() => toast.remove(), SHOWN);
}

/** Shows a refusal, or a text.
 * @param {Refused | string} refused
 */
export function showRefusal(refused) {
  const words = typeof refused === "string" ? refused : refusalWords(refused);
  const toast = begin(words, "refused");
  alerts.replaceChildren(toast);
}

/** Removes the refusal that is shown. */
export function clearRefusal() {
  alerts.replaceChildren();
}

/**
 * Does what the user asked for. Shows a refusal and resolves to false; any other error is a defect
 * of the page and is thrown.
 * @param {() => Promise<unknown>} action
 */
export async function attempt(action) {
  clearRefusal();
  try {
    await action();
    return true;
  } catch (error) {
    showRefusal(refusalOf(error));
    return false;
  }
}

/**
 * @param {string} words
 * @param {string} look
 */
function begin(words, look) {
  const close = make("button", { class: "plain icon compact", type: "button" },
    makeIcon(ICONS.close));
  close.setAttribute("aria-label", t("dismiss"));
  const toast = make("div", { class: `toast ${look}` }, make("p", { text: words }), close);
  close.addEventListener("click", () => toast.remove());
  return toast;
}
