/* What every page has once somebody signs in: the header, the link, and a banner when that is lost.

The page has `<div id="page" hidden>` with its `<main>` in it. */

import { Session } from "/lib/session.js";
import { connect } from "/lib/xucd.js";
import { byId, make, setText } from "./dom.js";
import { hideSignIn, showSignIn } from "./sign-in.js";
import { makeHeader } from "./header.js";
import { askForPasswords } from "./password.js";
import { allIsStale, lostWords } from "./pbxs.js";
import { cameByProvider, forgetProvider, signOutOfProvider } from "./provider.js";
import { clearRefusal, startToasts } from "./toasts.js";
import { storedToken, storeToken } from "./token.js";
import { onLanguage, t, translate } from "./words.js";

/** @import { Center, Options } from "/lib/xucd.js" */

/**
 * A page: `enter` is called with the open client each time somebody has signed in, `leave` when they
 * are signed out. `connecting` has further options for the library's `connect`.
 * @typedef {object} Page
 * @property {string} name
 * @property {(center: Center) => void} enter
 * @property {() => void} leave
 * @property {Options} [connecting]
 */

const banner = make("p", { id: "banner", class: "banner", role: "alert", hidden: "" });

/** @type {Page} */
let page;
/** @type {ReturnType<typeof makeHeader>} */
let header;
/** @type {Center | null} */
let center = null;
/* Closes the dialog for a new password; it must not outlive the sign-in that it is for. */
let closePasswords = () => {};

/** Starts what a signed-in user sees of a page; call once.
 * @param {Page} options
 */
export function startSignedIn(options) {
  page = options;
  header = makeHeader(options.name, signOut, changePassword);
  byId("page").prepend(header.root, banner);
  startToasts();
  onLanguage(show);
  translate(document);
}

/** Signs in by login and password, and keeps no password: whoever is signed out stays so.

Rejects with the library's `Refused`.
 * @param {string} login
 * @param {string} password
 */
export async function signIn(login, password) {
  const session = new Session({ url: location.origin, login, password }, () => {});
  await session.begin();
  session.end(); // from here on, the client renews the token
  await resume(session.token);
}

/** Signs in by a token. Rejects with the library's `Refused`.
 * @param {string} token
 */
export async function resume(token) {
  enter(await connect({ url: location.origin, token, ...page.connecting }));
}

/** @param {Center} opened */
function enter(opened) {
  center = opened;
  storeToken(center.token);
  hideSignIn();
  byId("page").hidden = false;
  center.on("change", show);
  center.on("closed", () => {
    if (opened === center) {
      leave(t("sign-in.ended"));
    }
  });
  center.on("token", (token) => {
    if (opened === center) {
      storeToken(token);
    }
  });
  show();
  page.enter(center);
}

function signOut() {
  const leaving = center;
  const token = storedToken();
  const ended = token && cameByProvider() ? signOutOfProvider(token) : leaving?.signOut();
  leave();
  // This tab has forgotten the token in any case.
  ended?.catch(() => {
    if (!center) {
      showSignIn(t("sign-in.not-ended"));
    }
  });
}

function changePassword() {
  if (center) {
    closePasswords = askForPasswords((old, fresh) => /** @type {Center} */ (center).changePassword(old, fresh));
  }
}

function leave(words = "") {
  const closing = center;
  center = null;
  storeToken(null);
  forgetProvider();
  closing?.close();
  clearRefusal();
  closePasswords();
  byId("page").hidden = true;
  page.leave();
  showSignIn(words);
}

function show() {
  if (!center) {
    return;
  }
  const { state } = center;
  header.show(state);
  const words = state.link === "closed" ? t("link.lost") : lostWords(state);
  setText(banner, words);
  banner.hidden = !words;
  byId("page").classList.toggle("stale", state.link === "closed" || allIsStale(state));
}
