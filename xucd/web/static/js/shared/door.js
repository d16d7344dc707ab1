/* Signing in: the form that stands before every page. */

import { make } from "./dom.js";
import { languageSwitch, themeSwitch } from "./switches.js";
import { refusalWords } from "./refusals.js";
import { t, translate } from "./words.js";

const login = make("input", {
  id: "login", name: "login", autocomplete: "username", autocapitalize: "none",
  spellcheck: "false", required: "",
});
const password = make("input", {
  id: "password", name: "password", type: "password", autocomplete: "current-password",
  required: "",
});
const error = make("p", { id: "sign-in-error", class: "error", role: "alert" });
const button = make("button", { class: "primary", type: "submit", "data-t": "door.enter" });
const form = make("form",
  { id: "sign-in", class: "card", "aria-labelledby": "door-title", novalidate: "" },
  make("h1", { id: "door-title" }, make("img", { src: "/icon.svg", alt: "", width: 28, height: 28 }),
    make("span", { "data-t": "door.title" })),
  make("label", { for: "login", "data-t": "door.login" }), login,
  make("label", { for: "password", "data-t": "door.password" }), password,
  error, button);
const door = make("main", { id: "door", class: "door", hidden: "" }, form);

/** Puts the door on the page. `knock(login, password)` resolves when it opens; call once. */
export function startDoor(knock) {
  door.append(make("div", { class: "tools" }, languageSwitch(), themeSwitch()));
  document.body.prepend(door);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tryToEnter(knock);
  });
}

/** Shows the door, with words on why. */
export function openDoor(words) {
  translate(door);
  document.title = t("door.title");
  door.hidden = false;
  error.textContent = words;
  login.focus();
}

/** Takes the door away. */
export function closeDoor() {
  password.value = "";
  door.hidden = true;
}

async function tryToEnter(knock) {
  const empty = [login, password].find((input) => !input.value);
  if (empty) {
    error.textContent = t("door.empty");
    empty.focus();
    return;
  }
  if (button.getAttribute("aria-busy")) {
    return;
  }
  error.textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    await knock(login.value.trim(), password.value);
  } catch (refusal) {
    if (!refusal.code) {
      throw refusal;
    }
    error.textContent = doorWords(refusal);
    password.select();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function doorWords(refusal) {
  if (refusal.code === "TooManyRequests" && refusal.detail.retryAfter) {
    return t("door.wait", { seconds: refusal.detail.retryAfter });
  }
  return refusalWords(refusal);
}
