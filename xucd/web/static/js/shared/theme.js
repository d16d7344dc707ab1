/* Light or dark: the system's choice, unless the user has made one, which is kept. */

const KEY = "xucd.theme";

/** @typedef {"system" | "light" | "dark"} Theme */

/** The choices, in the order in which a switch goes through them.
 * @type {Theme[]}
 */
export const THEMES = ["system", "light", "dark"];

/** What the user has chosen. */
export function theme() {
  const chosen = localStorage.getItem(KEY);
  return THEMES.find((known) => known === chosen) ?? "system";
}

/** Switches to a theme, and keeps it for the next visit.
 * @param {Theme} chosen
 */
export function chooseTheme(chosen) {
  localStorage.setItem(KEY, chosen);
  apply();
}

function apply() {
  if (theme() === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = theme();
  }
}

apply();
