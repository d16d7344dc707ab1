/* The token, kept for this tab alone: a reload stays signed in, a closed tab does not. */

const KEY = "xucd.token";

/** The token of this tab, or null. */
export function heldToken() {
  return sessionStorage.getItem(KEY);
}

/** Keeps a token, or forgets it: null. */
export function holdToken(token) {
  if (token === null) {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, token);
  }
}
