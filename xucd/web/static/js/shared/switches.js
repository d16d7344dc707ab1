/* The switches that every page has: the language, and light or dark. */

import { make, makeIcon } from "./dom.js";
import { ICONS } from "./icons.js";
import { chooseTheme, theme, THEMES } from "./theme.js";
import { chooseLanguage, language, LANGUAGES, onLanguage, t } from "./words.js";

/** A button that speaks the other language; it says so in that language. */
export function languageSwitch() {
  const other = () => LANGUAGES[(LANGUAGES.indexOf(language()) + 1) % LANGUAGES.length];
  const button = make("button", { class: "plain compact", type: "button" });
  const show = () => {
    button.textContent = other().toUpperCase();
    button.lang = other();
    button.title = t("language.other");
    // What is read has to begin with what is seen, for those who speak to their browser.
    button.setAttribute("aria-label", `${button.textContent}: ${t("language.other")}`);
  };
  button.addEventListener("click", () => chooseLanguage(other()));
  onLanguage(show);
  show();
  return button;
}

/** A button that goes from the system's choice to light, to dark, and back. */
export function themeSwitch() {
  const button = make("button", { class: "plain icon compact", type: "button" });
  const show = () => {
    const words = t(`theme.${theme()}`);
    button.replaceChildren(makeIcon(ICONS[theme()]));
    button.title = words;
    button.setAttribute("aria-label", words);
  };
  button.addEventListener("click", () => {
    chooseTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
    document.dispatchEvent(new Event("themechange"));
  });
  document.addEventListener("themechange", show);
  onLanguage(show);
  show();
  return button;
}
