/* The sign-in form, which every page shows until somebody has signed in. */

import { make } from "./dom.js";
import { languageSwitch, themeSwitch } from "./switches.js";
import { leaveFor, provider } from "./provider.js";
import { refusalOf, refusalWords } from "./refusals.js";
import { onLanguage, t, translate } from "./words.js";

/** @import { Refused } from "/lib/xucd.js" */

const login = make("input", {
  id: "login", name: "login", autocomplete: "username", autocapitalize: "none",
  spellcheck: "false", required: "",
});
const password = make("input", {
  id: "password", name: "password", type: "password", autocomplete: "current-password",
  required: "",
});
const error = make("p", { id: "sign-in-error", class: "error", role: "alert" });
const button = make("button", { class: "primary", type: "submit", "data-t": "sign-in.enter" });
const elsewhere = make("button", { id: "sign-in-elsewhere", type: "button", hidden: "" });
const form = make("form",
  { id: "sign-in", class: "card", "aria-labelledby": "sign-in-title", novalidate: "" },
  make("h1", { id: "sign-in-title" }, make("img", { src: "/icon.svg", alt: "", width: 28, height: 28 }),
    make("span", { "data-t": "sign-in.title" })),
  make("label", { for: "login", "data-t": "sign-in.login" }), login,
  make("label", { for: "password", "data-t": "sign-in.password" }), password,
  error, button, elsewhere);
const page = make("main", { class: "sign-in", hidden: "" }, form);

/** Adds the form to the page; `signIn(login, password)` rejects with `Refused`. Call once.
 * @param {(login: string, password: string) => Promise<void>} signIn
 */
export function startSignIn(signIn) {
  page.append(make("div", { class: "tools" }, languageSwitch(), themeSwitch()));
  document.body.prepend(page);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(signIn);
  });
  offerProvider();
}

/** Shows the button of the provider, if there is one. */
async function offerProvider() {
  const found = await provider();
  if (found) {
    const show = () => { elsewhere.textContent = t("sign-in.elsewhere", { name: found.name }); };
    show();
    onLanguage(show);
    elsewhere.addEventListener("click", () => leaveFor(found));
    elsewhere.hidden = false;
  }
}

/** Shows the form, with the reason why; "" for none.
 * @param {string} words
 */
export function showSignIn(words) {
  translate(page);
  document.title = t("sign-in.title");
  page.hidden = false;
  error.textContent = words;
  login.focus();
}

/** Hides the form. */
export function hideSignIn() {
  password.value = "";
  page.hidden = true;
}

/** @param {(login: string, password: string) => Promise<void>} signIn */
async function submit(signIn) {
  const empty = [login, password].find((input) => !input.value);
  if (empty) {
    error.textContent = t("sign-in.empty");
    empty.focus();
    return;
  }
  if (button.getAttribute("aria-busy")) {
    return;
  }
  error.textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    await signIn(login.value.trim(), password.value);
  } catch (refused) {
    error.textContent = passwordRefusalWords(refusalOf(refused));
    password.select();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** The text for a refusal of a password, with the time to wait after too many.
 * @param {Refused} refused
 */
export function passwordRefusalWords(refused) {
  if (refused.code === "TooManyRequests" && refused.detail.retryAfter) {
    return t("sign-in.wait", { seconds: refused.detail.retryAfter });
  }
  return refusalWords(refused);
}
