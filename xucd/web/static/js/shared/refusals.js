/* Refused commands, and their texts. */

import { Refused } from "/lib/errors.js";
import { hasWords, language, t } from "./words.js";

const SEVERAL = ["FeatureDisabled", "InvalidArgument", "PbxUnavailable", "VariablesTooLarge"];

/** What a `catch` caught, if xucd refused something; throws anything else on: it is a defect.
 * @param {unknown} error
 */
export function refusalOf(error) {
  if (error instanceof Refused) {
    return error;
  }
  throw error;
}

/** The text for a refusal, in the page's language.
 * @param {{code: string, message?: string}} refused
 */
export function refusalWords({ code, message }) {
  const key = `refused.${code}`;
  // These codes have several causes: xucd's own text, in English, says which.
  if (hasWords(key) && !(SEVERAL.includes(code) && language() === "en")) {
    return t(key);
  }
  return message || t("refused.other", { code });
}
