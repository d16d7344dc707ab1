/* What every page has: the sign-in form, the header, the link, and a banner when the link is lost.

    startPage({ name: "desk", words, enter(center) { … }, leave() { … } });

The page has `<div id="page" hidden>` with its `<main>` in it. */

import { Session } from "/lib/session.js";
import { connect } from "/lib/xucd.js";
import { byId, make, setText } from "./dom.js";
import { hideSignIn, showSignIn, startSignIn } from "./sign-in.js";
import { makeHeader } from "./header.js";
import { askForPasswords } from "./password.js";
import {
  cameByProvider, comeBack, forgetProvider, signOutOfProvider, tokenFor,
} from "./provider.js";
import { refusalOf, refusalWords } from "./refusals.js";
import { clearRefusal, startToasts } from "./toasts.js";
import { storedToken, storeToken } from "./token.js";
import { addWords, formatDate, onLanguage, t, translate } from "./words.js";

/** @import { Center, Options, State } from "/lib/xucd.js" */
/** @import { Table } from "./words.js" */

/**
 * A page: `enter` is called with the open client each time somebody has signed in, `leave` when they
 * are signed out. `connecting` has further options for the library's `connect`.
 * @typedef {object} Page
 * @property {string} name
 * @property {Table} words
 * @property {(center: Center) => void} enter
 * @property {() => void} leave
 * @property {Options} [connecting]
 */

const AGAIN = 2000; // milliseconds

const banner = make("p", { id: "banner", class: "banner", role: "alert", hidden: "" });

/** @type {Page} */
let page;
/** @type {ReturnType<typeof makeHeader>} */
let header;
/** @type {Center | null} */
let center = null;
/* Closes the dialog for a new password; it must not outlive the sign-in that it is for. */
let closePasswords = () => {};

/** Starts a page; call once.
 * @param {Page} options
 */
export function startPage(options) {
  page = options;
  addWords(options.words);
  header = makeHeader(options.name, signOut, changePassword);
  byId("page").prepend(header.root, banner);
  startToasts();
  startSignIn(signIn);
  onLanguage(show);
  translate(document);
  const back = comeBack();
  const token = storedToken();
  if (back && "code" in back) {
    arrive(back.code);
  } else if (token) {
    resume(token); // an error in the address may come from a link elsewhere
  } else {
    showSignIn(back ? refusalWords({ code: back.error }) : "");
  }
}

/** Signs in by the code with which a provider has sent the browser back; retries while xucd is
unreachable.
 * @param {string} code
 */
async function arrive(code) {
  let token;
  try {
    token = await tokenFor(code);
  } catch (error) {
    const refused = refusalOf(error);
    if (refused.code === "Unreachable") {
      setTimeout(arrive, AGAIN, code);
    } else {
      showSignIn(refusalWords(refused));
    }
    return;
  }
  resume(token);
}

/** Signs in by login and password, and keeps no password: whoever is signed out stays so.

Rejects with the library's `Refused`.
 * @param {string} login
 * @param {string} password
 */
async function signIn(login, password) {
  forgetProvider(); // this sign-in is none of its
  const session = new Session({ url: location.origin, login, password }, () => {});
  await session.begin();
  session.end(); // from here on, the client renews the token
  enter(await connect({ url: location.origin, token: session.token, ...page.connecting }));
}

/** Signs in by the tab's token, after a reload; retries until xucd accepts or refuses it.
 * @param {string} token
 */
async function resume(token) {
  try {
    enter(await connect({ url: location.origin, token, ...page.connecting }));
  } catch (error) {
    if (refusalOf(error).final) {
      storeToken(null);
      forgetProvider();
      showSignIn(t("sign-in.ended"));
    } else {
      setTimeout(resume, AGAIN, token);
    }
  }
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
  header.show(center.state);
  const words = bannerWords(center.state);
  setText(banner, words);
  banner.hidden = !words;
  byId("page").classList.toggle("stale", words !== "");
}

/** @param {State} state */
function bannerWords({ link, asterisk, asteriskSince }) {
  if (link === "closed") {
    return t("link.lost");
  }
  if (asterisk !== "lost") {
    return "";
  }
  if (asteriskSince === null) {
    return t("asterisk.lost");
  }
  const since = formatDate(new Date(asteriskSince), { timeStyle: "short" });
  return t("asterisk.lost.since", { since });
}
