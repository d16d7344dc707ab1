/* The token, kept for this tab alone: a reload stays signed in, closing the tab signs out. */

const KEY = "xucd.token";

/** The token of this tab, or null. */
export function storedToken() {
  return sessionStorage.getItem(KEY);
}

/** Keeps a token; null removes it.
 * @param {string | null} token
 */
export function storeToken(token) {
  if (token === null) {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, token);
  }
}
