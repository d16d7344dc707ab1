/* The explorer: every command with a form, every frame, and the documents of the protocol. */

import { byId, make } from "../shared/dom.js";
import { onLanguage, t } from "../shared/words.js";
import { showAsyncApi } from "./asyncapi.js";
import { filterCommands, showCommands } from "./commands.js";
import { startHand } from "./hand.js";
import { clearLog, logFrame, startLog } from "./log.js";
import { showOpenApi } from "./openapi.js";
import { onRecorded, RecordedSocket } from "./recorder.js";
import { giveUp, showResult } from "./sending.js";
import { suggestions } from "./suggestions.js";
import { selectTab, startTabs } from "./tabs.js";

const ASYNCAPI = "/xuc/api/2.0/asyncapi.json";
const OPENAPI = "/xuc/api/2.0/openapi.json";

/** @import { Center } from "/lib/xucd.js" */
/** @import { Page } from "../shared/signed-in.js" */
/** @import { AsyncApi } from "./asyncapi.js" */
/** @import { OpenApi } from "./openapi.js" */

const findCommand = byId("find-command", HTMLInputElement);
const findMessage = byId("find-message", HTMLInputElement);
const findRoute = byId("find-route", HTMLInputElement);

/** @type {Center | null} */
let center = null;

/**
 * A document of the protocol: `read` resolves to it, and rejects if it cannot be read; a failed read
 * is tried again next time.
 * @template T
 * @param {string} address
 */
function protocolDocument(address) {
  /** @type {Promise<T> | null} */
  let reading = null;
  return {
    read() {
      reading ??= fetch(address).then((answer) => {
        if (!answer.ok) {
          throw new Error(`${address} answered ${answer.status}`);
        }
        return answer.json();
      });
      reading.catch(() => {
        reading = null;
      });
      return reading;
    },
  };
}

/** @type {{read: () => Promise<AsyncApi>}} */
const asyncApi = protocolDocument(ASYNCAPI);
/** @type {{read: () => Promise<OpenApi>}} */
const openApi = protocolDocument(OPENAPI);

/** Shows a document in `place`, or that it could not be read; resolves to null then.
 * @template T
 * @template Shown
 * @param {HTMLElement} place
 * @param {{read: () => Promise<T>}} source
 * @param {(document: T, place: HTMLElement) => Shown} show
 */
async function showIn(place, source, show) {
  try {
    return show(await source.read(), place);
  } catch (error) {
    console.error(error);
    const failed = { class: "error", "data-t": "explorer.no-document", text: t("explorer.no-document") };
    place.replaceChildren(make("p", failed));
    return null;
  }
}

/** Like `showIn`, once: returns a function that shows the document or resolves to what it showed.
 * @template T
 * @template Shown
 * @param {HTMLElement} place
 * @param {{read: () => Promise<T>}} source
 * @param {(document: T, place: HTMLElement) => Shown} show
 */
function showOnce(place, source, show) {
  /** @type {Promise<Shown | null> | null} */
  let showing = null;
  return async () => {
    showing ??= showIn(place, source, show);
    const shown = await showing;
    if (shown === null) {
      showing = null; // to be tried again
    }
    return shown;
  };
}

const showSocket = showOnce(byId("socket"), asyncApi, showAsyncApi);
const showRest = showOnce(byId("rest"), openApi, showOpenApi);

/** @param {string} name of an argument */
function suggest(name) {
  return center ? suggestions(name, center.state) : [];
}

/** @param {string} name of a message or command */
async function explain(name) {
  selectTab("socket");
  findMessage.value = "";
  (await showSocket())?.open(name);
}

function showTitle() {
  if (center) {
    document.title = t("explorer.title");
  }
}

onRecorded((recorded) => {
  logFrame(recorded);
  if (recorded.way === "closed") {
    giveUp();
  }
});
findCommand.addEventListener("input", () => filterCommands(findCommand.value.trim()));
findMessage.addEventListener("input", async () => {
  (await showSocket())?.filter(findMessage.value.trim());
});
findRoute.addEventListener("input", async () => {
  (await showRest())?.filter(findRoute.value.trim());
});
onLanguage(showTitle);

/** @type {Page} */
export const page = {
  name: "explorer",
  connecting: { WebSocket: RecordedSocket },
  enter(opened) {
    center = opened;
    center.on("CommandResult", showResult);
    showTitle();
    showIn(byId("commands"), asyncApi, (document) => {
      showCommands(document, suggest);
      filterCommands(findCommand.value.trim());
    });
    findCommand.focus();
  },
  leave() {
    center = null;
    clearLog();
  },
};
startTabs({ socket: showSocket, rest: showRest });
startHand();
startLog(explain);
