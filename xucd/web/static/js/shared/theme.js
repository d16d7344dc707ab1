/* Light or dark: the system's choice, unless the user has made one, which is kept. */

const KEY = "xucd.theme";

/** The choices, in the order in which a switch goes through them. */
export const THEMES = ["system", "light", "dark"];

/** What the user has chosen, one of `THEMES`. */
export function theme() {
  const chosen = localStorage.getItem(KEY);
  return THEMES.includes(chosen) ? chosen : "system";
}

/** Takes one of `THEMES` from now on. */
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
