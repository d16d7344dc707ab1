/* The beginning of every page: the sign-in form, or the reload of a tab that is signed in.

    startPage(words, () => import("./desk.js"));

The form needs few modules, which the page's head names for the browser to fetch at once. Once the
form is painted, the page itself comes: the function imports its module, whose `page` is a `Page`
of signed-in.js. */

import { comeBack, forgetProvider, tokenFor } from "./provider.js";
import { refusalOf, refusalWords } from "./refusals.js";
import { showSignIn, startSignIn } from "./sign-in.js";
import { storedToken, storeToken } from "./token.js";
import { addWords, t } from "./words.js";

/** @import { Page } from "./signed-in.js" */
/** @import { Table } from "./words.js" */

/** @typedef {typeof import("./signed-in.js")} SignedIn */

const AGAIN = 2000; // milliseconds
const LOADED_ANEW = "xucd.loaded-anew"; // kept while a reload is to mend what could not be loaded

/** Loads the page, and resolves to what signs in once the page is started.
 * @type {() => Promise<SignedIn>}
 */
let load;
/** @type {Promise<SignedIn> | null} */
let loading = null;

/** Starts a page; call once.
 * @param {Table} words
 * @param {() => Promise<{page: Page}>} loadPage
 */
export function startPage(words, loadPage) {
  addWords(words);
  load = async () => {
    const [signedIn, { page }] = await Promise.all([import("./signed-in.js"), loadPage()]);
    signedIn.startSignedIn(page);
    return signedIn;
  };
  startSignIn(signIn);
  const back = comeBack();
  const token = storedToken();
  if (back && "code" in back) {
    arrive(back.code);
  } else if (token) {
    resume(token); // an error in the address may come from a link elsewhere
  } else {
    showSignIn(back ? refusalWords({ code: back.error }) : "");
    requestAnimationFrame(() => setTimeout(loadEarly)); // the form is painted before
  }
}

function loadEarly() {
  loading ??= load();
  loading.catch(() => {}); // whoever signs in comes to know
}

/** What signs in, once the page is there. A browser that could not fetch a module does not try again
while the page is open, which is then loaded anew: once, for a defect would come again. */
async function loaded() {
  try {
    loading ??= load();
    const signedIn = await loading;
    sessionStorage.removeItem(LOADED_ANEW);
    return signedIn;
  } catch (error) {
    setTimeout(giveUp, AGAIN, error); // not of a page that is being left
    return /** @type {Promise<never>} */ (new Promise(() => {}));
  }
}

/** Loads the page anew once xucd answers, or says that it cannot be loaded.
 * @param {unknown} error
 */
async function giveUp(error) {
  console.error(error);
  if (sessionStorage.getItem(LOADED_ANEW)) {
    showSignIn(t("sign-in.not-loaded"));
    return;
  }
  try {
    await fetch(location.href, { method: "HEAD" });
  } catch {
    setTimeout(giveUp, AGAIN, error);
    return;
  }
  sessionStorage.setItem(LOADED_ANEW, "yes");
  location.reload();
}

/** Signs in by login and password; rejects with the library's `Refused`.
 * @param {string} login
 * @param {string} password
 */
async function signIn(login, password) {
  forgetProvider(); // this sign-in is none of its
  await (await loaded()).signIn(login, password);
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
  storeToken(token); // the code is spent
  resume(token);
}

/** Signs in by the tab's token, after a reload; retries until xucd accepts or refuses it.
 * @param {string} token
 */
async function resume(token) {
  try {
    await (await loaded()).resume(token);
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
