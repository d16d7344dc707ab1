/* The one panel at the board's side: an agent or a queue, until it is closed or is gone.

It does not stand in the way: the board beside it goes on and can be used. */

import { forget } from "../shared/clock.js";
import { byId, make, makeIcon } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { t } from "../shared/words.js";

let open = null; // {panel, opener}

/** Lets Escape close the panel; call once. */
export function startPanel() {
  byId("panel").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      closePanel();
    }
  });
}

/** What is open, as `agentPanel` and `queuePanel` make it; null for nothing. */
export function openedPanel() {
  return open?.panel ?? null;
}

/** Opens a panel that `begin()` makes; the focus goes to its title, and back to where it was. */
export function openPanel(begin) {
  const within = byId("panel").contains(document.activeElement);
  put(begin, within ? open?.opener : document.activeElement);
  open.panel.title.focus();
}

/** Makes the open panel anew, in another language; the focus stays where it is. */
export function renewPanel(begin) {
  put(begin, open.opener);
}

function put(begin, opener) {
  const dialog = byId("panel");
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
}

/** Brings the open panel up to date; if what had the focus goes, its title has it then. */
export function showPanel(...facts) {
  if (open) {
    const held = byId("panel").contains(document.activeElement);
    open.panel.show(...facts);
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
    byId("panel").close();
    document.body.classList.remove("with-panel");
    opener?.focus();
  }
}

function clear() {
  forget(byId("panel"));
  byId("panel").replaceChildren();
  open = null;
}
