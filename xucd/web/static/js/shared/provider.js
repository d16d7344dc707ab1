/* Signing in by a provider of OpenID Connect: its button, the way back from it, and its end.

The provider sends the browser back to the page with `#signed-in=CODE`, or `#sign-in-error=CODE`. */

import { Refused } from "/lib/errors.js";

/** @typedef {{name: string, start: string}} Provider */

const AUTH = "/xuc/api/2.0/auth";
/* Says that this tab's token came by the provider; kept as long as the token is. */
const KEY = "xucd.provider";

/** The provider of this xucd, or null.
 * @returns {Promise<Provider | null>}
 */
export async function provider() {
  try {
    const answer = await fetch(`${AUTH}/methods`);
    return answer.ok ? (await answer.json()).oidc : null;
  } catch {
    return null; // the form says so when it is used
  }
}

/** Leaves the page for the provider.
 * @param {Provider} where
 */
export function leaveFor({ start }) {
  location.assign(`${start}?page=${encodeURIComponent(location.pathname)}`);
}

/** What the provider has sent the browser back with, once: a code, the reason for none, or null.
 * @returns {{code: string} | {error: string} | null}
 */
export function comeBack() {
  const said = new URLSearchParams(location.hash.slice(1));
  const code = said.get("signed-in");
  const error = said.get("sign-in-error");
  if (code === null && error === null) {
    return null;
  }
  history.replaceState(null, "", location.pathname + location.search);
  return code === null ? { error: error ?? "" } : { code };
}

/** The token for a code. Rejects with the library's `Refused`.
 * @param {string} code
 * @returns {Promise<string>}
 */
export async function tokenFor(code) {
  const { token } = await post(`${AUTH}/oidc`, { body: JSON.stringify({ code }) });
  sessionStorage.setItem(KEY, "yes");
  return token;
}

/** Whether this tab has signed in by the provider. */
export function cameByProvider() {
  return sessionStorage.getItem(KEY) !== null;
}

/** Forgets that this tab has signed in by the provider. */
export function forgetProvider() {
  sessionStorage.removeItem(KEY);
}

/** Ends the sign-in of a token, and leaves for the provider's own end, if it has one.

Rejects with the library's `Refused`.
 * @param {string} token
 */
export async function signOutOfProvider(token) {
  const headers = { Authorization: `Bearer ${token}` };
  const { location: end } = await post(`${AUTH}/oidc/logout`, { headers });
  if (end !== null) {
    location.assign(end);
  }
}

/**
 * @param {string} path
 * @param {RequestInit} options
 * @returns {Promise<any>}
 */
async function post(path, options) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", ...options });
  } catch {
    throw new Refused("Unreachable", "xucd is unreachable.", {});
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Refused(said.error ?? "Unreachable", said.message ?? "", {});
  }
  return said;
}
