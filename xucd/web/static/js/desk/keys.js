/* Shortcuts of one key each, for those who work without a mouse. They are off while one writes, and
can be switched off, since speech input may press them by chance. */

import { byId, make } from "../shared/dom.js";

const KEPT = "xucd.keys"; // "off" when they are switched off

// Key, what it is for, and what to do: press the first button that is there, or take the focus.
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
  ["?", "keys.help", () => byId("keys").showModal()],
];

/** Listens to the keys. */
export function startKeys(desk) {
  for (const button of document.querySelectorAll("[data-key]")) {
    button.setAttribute("aria-keyshortcuts", button.dataset.key);
    button.append(make("kbd", { text: button.dataset.key, "aria-hidden": "true" }));
  }
  byId("keys-list").append(...KEYS.map(([key, words]) => make("div", {},
    make("dt", {}, make("kbd", { text: key })), make("dd", { "data-t": words }))));
  byId("keys-help").addEventListener("click", () => byId("keys").showModal());
  byId("keys-on").checked = localStorage.getItem(KEPT) !== "off";
  byId("keys-on").addEventListener("change", () => {
    localStorage.setItem(KEPT, byId("keys-on").checked ? "on" : "off");
    document.body.classList.toggle("keyless", !byId("keys-on").checked);
  });
  document.body.classList.toggle("keyless", !byId("keys-on").checked);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("input, textarea, select")
      && !event.target.closest("dialog")) {
      event.target.blur(); // the shortcuts work again
    } else if (desk.center && byId("keys-on").checked && isFree(event) && pressed(event)) {
      event.preventDefault();
    }
  });
}

/** Whether a key was pressed by itself, where nobody writes and nothing else is asked. */
function isFree({ target, ctrlKey, altKey, metaKey, repeat, isComposing }) {
  return !(ctrlKey || altKey || metaKey || repeat || isComposing)
    && !target.closest("input:not([type=radio], [type=checkbox]), textarea, select, dialog")
    && !document.querySelector("dialog[open]");
}

function pressed({ key, code, shiftKey }) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code);
  if (digit && !shiftKey) { // by its place: a French keyboard has the digits with Shift
    return press(`#reasons button:nth-child(${digit[1]})`);
  }
  const found = KEYS.find(([name]) => name === key.toLowerCase());
  return found ? found[2]() ?? true : false;
}

function press(selector) {
  const button = visible(selector);
  button?.click();
  return button !== null;
}

/** Gives the focus to the first that is there of these, in their order. */
function focus(...selectors) {
  const element = selectors.map(visible).find(Boolean);
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return element !== undefined;
}

function visible(selector) {
  return [...document.querySelectorAll(selector)].find((one) => one.checkVisibility()) ?? null;
}
