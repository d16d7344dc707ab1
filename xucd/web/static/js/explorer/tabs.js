/* The tabs: the parts of the protocol and, on narrow screens, the frames. */

import { byId } from "../shared/dom.js";

const TABS = ["commands", "socket", "rest", "frames"];
const wide = matchMedia("(min-width: 62rem)");
/** Functions by tab, called each time the tab is shown.
 * @type {Map<string, () => unknown>}
 */
const listeners = new Map();
let current = "commands";

/** Starts the tabs; `shown` has functions by tab, called each time it is shown.
 * @param {Record<string, () => unknown>} shown
 */
export function startTabs(shown) {
  Object.entries(shown).forEach(([tab, listener]) => listeners.set(tab, listener));
  for (const tab of TABS) {
    byId(`tab-${tab}`).addEventListener("click", () => selectTab(tab));
    byId(`tab-${tab}`).addEventListener("keydown", move);
  }
  wide.addEventListener("change", () => selectTab(current));
  selectTab(current);
}

/** Shows a tab.
 * @param {string} tab
 */
export function selectTab(tab) {
  current = wide.matches && tab === "frames" ? "commands" : tab;
  for (const name of TABS) {
    const chosen = name === current;
    const button = byId(`tab-${name}`);
    button.setAttribute("aria-selected", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
    if (name !== "frames") {
      byId(`panel-${name}`).hidden = !chosen;
    }
  }
  byId("tab-frames").hidden = wide.matches;
  byId("frames").hidden = !wide.matches && current !== "frames";
  byId("explorer").classList.toggle("frames-only", current === "frames");
  listeners.get(current)?.();
}

/** @param {KeyboardEvent} event */
function move(event) {
  const tabs = TABS.filter((tab) => !byId(`tab-${tab}`).hidden);
  const at = tabs.indexOf(current);
  /** @type {Record<string, number>} */
  const targets = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
  const to = targets[event.key];
  if (to !== undefined) {
    event.preventDefault();
    selectTab(tabs[(to + tabs.length) % tabs.length]);
    byId(`tab-${current}`).focus();
  }
}
