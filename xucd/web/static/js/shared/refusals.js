/* How refused commands read. */

import { hasWords, language, t } from "./words.js";

const SEVERAL = ["FeatureDisabled", "InvalidArgument", "VariablesTooLarge"];

/** A refusal, an error with a `code` and a `message`, in words for a person. */
export function refusalWords({ code, message }) {
  const key = `refused.${code}`;
  // What a code may stand for several of, xucd says in English better than we could.
  if (hasWords(key) && !(SEVERAL.includes(code) && language() === "en")) {
    return t(key);
  }
  return message || t("refused.other", { code });
}
