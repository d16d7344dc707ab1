/* What every page begins with: the door, the header, the link, and what is said when it is lost.

    startPage({ name: "desk", words, enter(center) { … }, leave() { … } });

The page has `<div id="page" hidden>` with its `<main>` in it; `enter` is called with the open centre
each time somebody has signed in, `leave` when they are gone. `connecting` is more for the library's
`connect`. */

import { connect } from "/lib/xucd.js";
import { byId, make, setText } from "./dom.js";
import { closeDoor, openDoor, startDoor } from "./door.js";
import { makeHeader } from "./header.js";
import { forgetComplaints, startToasts } from "./toasts.js";
import { heldToken, holdToken } from "./token.js";
import { addWords, formatDate, onLanguage, t, translate } from "./words.js";

const AGAIN = 2000; // milliseconds

const banner = make("p", { id: "banner", class: "banner", role: "alert", hidden: "" });

let page = null;
let header = null;
let center = null;

/** Starts a page; call once. */
export function startPage(options) {
  page = options;
  addWords(options.words ?? {});
  header = makeHeader(options.name, () => leave());
  byId("page").prepend(header.root, banner);
  startToasts();
  startDoor(knock);
  onLanguage(show);
  translate(document);
  if (heldToken()) {
    comeBack();
  } else {
    openDoor("");
  }
}

/** Comes in by login and password; rejects with the library's `Refused`. */
async function knock(login, password) {
  enter(await connect({ url: location.origin, login, password, ...page.connecting }));
}

/** Comes in by the tab's token, after a reload; tries until it is let in or turned away. */
async function comeBack() {
  const token = heldToken();
  try {
    enter(await connect({ url: location.origin, token, ...page.connecting }));
  } catch (error) {
    if (!error.code) {
      throw error;
    }
    if (error.final) {
      holdToken(null);
      openDoor(t("door.ended"));
    } else {
      setTimeout(comeBack, AGAIN);
    }
  }
}

function enter(opened) {
  center = opened;
  holdToken(center.token);
  closeDoor();
  byId("page").hidden = false;
  center.on("change", show);
  center.on("closed", () => opened === center && leave(t("door.ended")));
  center.on("token", (token) => opened === center && holdToken(token));
  show();
  page.enter(center);
}

function leave(words = "") {
  const closing = center;
  center = null;
  holdToken(null);
  closing?.close();
  forgetComplaints();
  byId("page").hidden = true;
  page.leave?.();
  openDoor(words);
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
