/* Single-key shortcuts, for working without a mouse. They are off while the user types in a field,
and can be switched off, since speech input may press them by accident. */

import { byId, closest, make } from "../shared/dom.js";

/** @import { Desk } from "./desk.js" */

const KEPT = "xucd.keys"; // "off" when they are switched off

/** Each key, its text, and its action, which returns whether it found its button or field.
 * @type {[key: string, words: string, action: (() => boolean) | null][]}
 */
const KEYS = [
  ["r", "keys.ready", () => press("#ready")],
  ["1–9", "keys.pause", null],
  ["h", "keys.hang-up", () => press(".a-call [data-key=h]")],
  ["m", "keys.record", () => press(".a-call [data-key=m]")],
  ["t", "keys.transfer", () => focus(".transfer input")],
  ["d", "keys.dial", () => focus("#number")],
  ["o", "keys.sheet", () => press("#sheet-items a")],
  ["c", "keys.callbacks", () => focus("#callback-rows .head", "#callbacks-title")],
  ["q", "keys.queues", () => focus("#queue-rows button", "#queues-title")],
  ["a", "keys.agents", () => focus("#agents-title")],
  ["l", "keys.log-out", () => focus("#log-in input", "#log-out")],
  ["Esc", "keys.leave", null],
  ["?", "keys.help", showHelp],
];

/** Starts the shortcuts.
 * @param {Desk} desk
 */
export function startKeys(desk) {
  for (const button of document.querySelectorAll("[data-key]")) {
    const key = button.getAttribute("data-key") ?? "";
    button.setAttribute("aria-keyshortcuts", key);
    button.append(make("kbd", { text: key, "aria-hidden": "true" }));
  }
  byId("keys-list").append(...KEYS.map(([key, words]) => make("div", {},
    make("dt", {}, make("kbd", { text: key })), make("dd", { "data-t": words }))));
  byId("keys-help").addEventListener("click", showHelp);
  const on = byId("keys-on", HTMLInputElement);
  on.checked = localStorage.getItem(KEPT) !== "off";
  on.addEventListener("change", () => {
    localStorage.setItem(KEPT, on.checked ? "on" : "off");
    document.body.classList.toggle("keyless", !on.checked);
  });
  document.body.classList.toggle("keyless", !on.checked);
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.key === "Escape" && target instanceof HTMLElement
      && target.matches("input, textarea, select") && !target.closest("dialog")) {
      target.blur(); // the shortcuts work again
    } else if (desk.signedIn && on.checked && isFree(event) && pressed(event)) {
      event.preventDefault();
    }
  });
}

/** Whether a key was pressed alone, outside of fields, while no dialog is open.
 * @param {KeyboardEvent} event
 */
function isFree(event) {
  const { ctrlKey, altKey, metaKey, repeat, isComposing } = event;
  return !(ctrlKey || altKey || metaKey || repeat || isComposing)
    && !closest(event, "input:not([type=radio], [type=checkbox]), textarea, select, dialog")
    && !document.querySelector("dialog[open]");
}

/** Does what a key is for; returns whether it did anything.
 * @param {KeyboardEvent} event
 */
function pressed({ key, code, shiftKey }) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code);
  if (digit && !shiftKey) { // by its place: a French keyboard has the digits with Shift
    return press(`#reasons button:nth-child(${digit[1]})`);
  }
  const [, , action = null] = KEYS.find(([name]) => name === key.toLowerCase()) ?? [];
  return action ? action() : false;
}

function showHelp() {
  byId("keys", HTMLDialogElement).showModal();
  return true;
}

/** @param {string} selector */
function press(selector) {
  const button = visible(selector);
  button?.click();
  return button !== null;
}

/** Focuses the first of these that is visible.
 * @param {...string} selectors
 */
function focus(...selectors) {
  const element = selectors.map(visible).find((found) => found !== null);
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return element !== undefined;
}

/** The first visible element of a selector, or null.
 * @param {string} selector
 */
function visible(selector) {
  /** @type {NodeListOf<HTMLElement>} */
  const found = document.querySelectorAll(selector);
  return [...found].find((element) => element.checkVisibility()) ?? null;
}
