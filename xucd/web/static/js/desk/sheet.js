/* The sheet of the last call that had one. It stays until the user closes it or another comes, since
agents often need it after the call. */

import { byId, make, makeIcon, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { formatDate, t } from "../shared/words.js";

/** @import { SheetItem, SheetView } from "/lib/xucd.js" */
/** @import { Desk } from "./desk.js" */

/** The sheet that the user has closed.
 * @type {SheetView | null}
 */
let closed = null;

/** Starts the button that closes the sheet.
 * @param {Desk} desk
 */
export function startSheet(desk) {
  byId("sheet-close").append(makeIcon(ICONS.close));
  byId("sheet-close").addEventListener("click", () => {
    closed = desk.center.state.sheets[0];
    byId("calls-title").focus();
    showSheet(desk);
  });
}

/** Shows the newest sheet.
 * @param {Desk} desk
 */
export function showSheet(desk) {
  const sheet = desk.center.state.sheets[0];
  const open = sheet !== undefined && sheet !== closed;
  byId("sheet").hidden = !open;
  if (!open) {
    return;
  }
  setText(byId("sheet-at"), formatDate(new Date(sheet.at), { timeStyle: "short" }));
  const shown = JSON.stringify(sheet.items);
  if (byId("sheet-items").dataset.shown !== shown) {
    byId("sheet-items").dataset.shown = shown;
    byId("sheet-items").replaceChildren(...sheet.items.map(line));
  }
}

/** @param {SheetItem} item */
function line({ name, type, value }) {
  const address = type === "url" ? webAddress(value) : null;
  const shown = make("dd", address ? {} : { text: value });
  if (address) {
    const words = address.href.replace(/^https?:\/\//, "").replace(/\/$/, "");
    const link = make("a", {
      href: address.href, target: "_blank", rel: "noopener noreferrer", title: address.href,
    }, make("span", { text: words }), makeIcon(ICONS.external),
    make("span", { class: "unseen", "data-t": "sheet.new-tab", text: t("sheet.new-tab") }));
    shown.append(link);
  }
  return make("div", {}, make("dt", { text: name }), shown);
}

/** The address if it is safe to open, or null: callers can influence what is in a sheet.
 * @param {string} value
 */
function webAddress(value) {
  if (!URL.canParse(value)) {
    return null;
  }
  const address = new URL(value);
  return ["http:", "https:"].includes(address.protocol) ? address : null;
}
