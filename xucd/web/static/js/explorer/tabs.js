/* The tabs: what of the protocol is shown, and, where there is no room beside it, the frames. */

import { byId } from "../shared/dom.js";

const TABS = ["commands", "socket", "rest", "frames"];
const wide = matchMedia("(min-width: 62rem)");
const listeners = new Map(); // tab -> what is to be done when it is shown
let current = "commands";

/** Starts the tabs; `shown` has functions by tab, called each time it is shown. */
export function startTabs(shown) {
  Object.entries(shown).forEach(([tab, listener]) => listeners.set(tab, listener));
  for (const tab of TABS) {
    byId(`tab-${tab}`).addEventListener("click", () => selectTab(tab));
    byId(`tab-${tab}`).addEventListener("keydown", move);
  }
  wide.addEventListener("change", () => selectTab(current));
  selectTab(current);
}

/** Shows a tab. */
export function selectTab(tab) {
  current = wide.matches && tab === "frames" ? "commands" : tab;
  for (const one of TABS) {
    const chosen = one === current;
    const button = byId(`tab-${one}`);
    button.setAttribute("aria-selected", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
    if (one !== "frames") {
      byId(`panel-${one}`).hidden = !chosen;
    }
  }
  byId("tab-frames").hidden = wide.matches;
  byId("frames").hidden = !wide.matches && current !== "frames";
  byId("explorer").classList.toggle("frames-only", current === "frames");
  listeners.get(current)?.();
}

function move(event) {
  const tabs = TABS.filter((tab) => !byId(`tab-${tab}`).hidden);
  const at = tabs.indexOf(current);
  const to = {
    ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1,
  }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    selectTab(tabs[(to + tabs.length) % tabs.length]);
    byId(`tab-${current}`).focus();
  }
}
