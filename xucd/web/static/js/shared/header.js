/* The header of every page: the pages, the state of the link, the user, the user's password, and how to
sign out. */

import { make, makeIcon, setAttribute, setText } from "./dom.js";
import { ICONS } from "./icons.js";
import { languageSwitch, themeSwitch } from "./switches.js";
import { t } from "./words.js";

/** @import { State } from "/lib/xucd.js" */

const PAGES = [["desk", "/desk"], ["board", "/board"], ["explorer", "/explorer"]];

/**
 * Makes the header of the page `name`; `signOut` and `changePassword` are called by its buttons.
 * `show(state)` updates it from the library's state; `tools` is where a page may put buttons of its own.
 * @param {string} name
 * @param {() => void} signOut
 * @param {() => void} changePassword
 */
export function makeHeader(name, signOut, changePassword) {
  const link = make("span", { id: "link", class: "link", role: "status" });
  const user = make("span", { id: "user" });
  const profile = make("span", { id: "profile", class: "quiet small" });
  const out = make("button",
    { id: "sign-out", class: "plain compact", type: "button", "data-t-aria-label": "sign-out" },
    makeIcon(ICONS.leave), make("span", { "data-t": "sign-out" }));
  out.addEventListener("click", () => signOut());
  const key = make("button",
    { id: "change-password", class: "plain icon compact", type: "button",
      "data-t-title": "password.change" },
    makeIcon(ICONS.key), make("span", { class: "unseen", "data-t": "password.change" }));
  key.addEventListener("click", () => changePassword());
  const tools = make("div", { class: "tools" }, languageSwitch(), themeSwitch());
  const root = make("header", { class: "top" },
    make("span", { class: "brand" },
      make("img", { src: "/icon.svg", alt: "", width: 24, height: 24 }), "xucd"),
    make("nav", { "data-t-aria-label": "pages" }, ...PAGES.map((page) => pageLink(page, name))),
    link, make("span", { class: "who" }, user, profile), tools, key, out);
  return {
    root,
    tools,
    /** @param {State} state */
    show(state) {
      setText(link, t(`link.${state.link}`));
      setAttribute(link, "class", `link ${state.link === "closed" ? "lost" : state.link}`);
      setText(user, state.user?.fullName ?? "");
      setText(profile, profileWords(state.rights?.profile));
    },
  };
}

/**
 * @param {string[]} page its name and its address
 * @param {string} current the name of the page that is open
 */
function pageLink([page, address], current) {
  const link = make("a", { href: address, "data-t": `page.${page}` });
  if (page === current) {
    link.setAttribute("aria-current", "page");
  }
  return link;
}

/** @param {string} profile */
function profileWords(profile) {
  return profile && profile !== "NoRight" ? t(`profile.${profile}`) : "";
}
