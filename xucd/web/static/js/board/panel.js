/* The panel at the board's side: an agent or a queue, until the user closes it or the agent or queue
is removed. It is not modal: the board beside it stays live and usable. */

import { forget } from "../shared/clock.js";
import { byId, make, makeIcon } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { t } from "../shared/words.js";

/** @import { State } from "/lib/xucd.js" */
/** @import { History } from "./history.js" */

/**
 * What a panel shows; `gone` says that it shows nothing any more, `alarm` is in seconds.
 * @typedef {object} Panel
 * @property {HTMLElement} root
 * @property {HTMLElement} title
 * @property {(state: State, alarm: number) => void} show
 * @property {(history: History, now: number, span: number) => void} [plot]
 * @property {(state: State) => boolean} gone
 * @property {() => void} close
 */

/** @type {{panel: Panel, opener: Element | null} | null} */
let open = null;

/** Lets Escape close the panel; call once. */
export function startPanel() {
  byId("panel").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      closePanel();
    }
  });
}

/** The open panel; null for none. */
export function openedPanel() {
  return open?.panel ?? null;
}

/** Opens a panel that `begin()` makes; its title gets the focus, which goes back on closing.
 * @param {() => Panel} begin
 */
export function openPanel(begin) {
  const within = byId("panel").contains(document.activeElement);
  replace(begin, (within && open?.opener) || document.activeElement).title.focus();
}

/** Makes the open panel again, in another language; the focus stays where it is.
 * @param {() => Panel} begin
 */
export function renewPanel(begin) {
  replace(begin, open?.opener ?? null);
}

/**
 * @param {() => Panel} begin
 * @param {Element | null} opener
 */
function replace(begin, opener) {
  const dialog = byId("panel", HTMLDialogElement);
  clear();
  const panel = begin();
  const close = make("button", { type: "button", class: "plain icon compact" },
    makeIcon(ICONS.close));
  close.setAttribute("aria-label", t("panel.close"));
  close.addEventListener("click", closePanel);
  dialog.replaceChildren(make("div", { class: "panel-head" }, panel.title, close), panel.root);
  dialog.scrollTop = 0;
  if (!dialog.open) {
    dialog.show();
  }
  document.body.classList.add("with-panel");
  open = { panel, opener };
  return panel;
}

/** Updates the open panel; its title gets the focus if the focused element is removed.
 * @param {State} state
 * @param {number} alarm
 */
export function showPanel(state, alarm) {
  if (open) {
    const held = byId("panel").contains(document.activeElement);
    open.panel.show(state, alarm);
    if (held && !byId("panel").contains(document.activeElement)) {
      open.panel.title.focus();
    }
  }
}

/** Closes the panel. */
export function closePanel() {
  if (open) {
    const { opener } = open;
    clear();
    byId("panel", HTMLDialogElement).close();
    document.body.classList.remove("with-panel");
    if (opener instanceof HTMLElement) {
      opener.focus();
    }
  }
}

function clear() {
  forget(byId("panel"));
  byId("panel").replaceChildren();
  open = null;
}
