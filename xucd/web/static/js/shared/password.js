/* The dialog in which a user changes its own password. */

import { make } from "./dom.js";
import { refusalOf } from "./refusals.js";
import { passwordRefusalWords } from "./sign-in.js";
import { showDone } from "./toasts.js";
import { t } from "./words.js";

const SHORTEST = 8; // characters, as xucd has it

/**
 * Asks for the present password and twice for a new one, until `change(old, new)` resolves or the
 * user cancels; `change` rejects with `Refused`. Returns what closes the dialog.
 * @param {(old: string, fresh: string) => Promise<void>} change
 */
export function askForPasswords(change) {
  const old = passwordInput("old-password", "current-password");
  const fresh = passwordInput("new-password", "new-password");
  const again = passwordInput("new-password-again", "new-password");
  const error = make("p", { id: "password-error", class: "error", role: "alert" });
  const save = make("button", { class: "primary", type: "submit", text: t("password.save") });
  const cancel = make("button", { type: "button", text: t("cancel") });
  const form = make("form", { class: "password", novalidate: "" },
    make("h2", { id: "password-title", text: t("password.change") }),
    make("label", { for: "old-password", text: t("password.old") }), old,
    make("label", { for: "new-password", text: t("password.new") }), fresh,
    make("label", { for: "new-password-again", text: t("password.again") }), again,
    make("p", { class: "quiet small", text: t("password.others") }),
    error,
    make("div", { class: "actions" }, cancel, save));
  const dialog = make("dialog", { id: "password-dialog", "aria-labelledby": "password-title" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (save.getAttribute("aria-busy")) {
      return;
    }
    error.textContent = mistake(old.value, fresh.value, again.value);
    if (error.textContent) {
      return;
    }
    save.setAttribute("aria-busy", "true");
    try {
      await change(old.value, fresh.value);
      dialog.close();
      showDone(t("password.changed"));
    } catch (refused) {
      error.textContent = passwordRefusalWords(refusalOf(refused));
      old.select();
    } finally {
      save.removeAttribute("aria-busy");
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  return () => dialog.close();
}

/**
 * @param {string} id
 * @param {string} autocomplete
 */
function passwordInput(id, autocomplete) {
  return make("input", { id, name: id, type: "password", autocomplete, required: "" });
}

/**
 * What is wrong with the input, "" for nothing.
 * @param {string} old
 * @param {string} fresh
 * @param {string} again
 */
function mistake(old, fresh, again) {
  if (!old || !fresh || !again) {
    return t("password.empty");
  }
  if ([...fresh].length < SHORTEST) {
    return t("refused.PasswordTooShort");
  }
  return fresh === again ? "" : t("password.differ");
}
