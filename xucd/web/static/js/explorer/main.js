/* The explorer: every command with a form, every frame that goes through, and the documents. */

import { byId, make } from "../shared/dom.js";
import { startPage } from "../shared/page.js";
import { onLanguage, t } from "../shared/words.js";
import words from "../words/explorer.js";
import { showAsyncApi } from "./asyncapi.js";
import { filterCommands, showCommands } from "./commands.js";
import { startHand } from "./hand.js";
import { clearLog, logFrame, startLog } from "./log.js";
import { showOpenApi } from "./openapi.js";
import { listenTo, RecordedSocket } from "./recorder.js";
import { answered, giveUp } from "./sending.js";
import { suggestions } from "./suggestions.js";
import { selectTab, startTabs } from "./tabs.js";

const ASYNCAPI = "/xuc/api/2.0/asyncapi.json";
const OPENAPI = "/xuc/api/2.0/openapi.json";

let center = null;
const kept = new Map(); // address -> promise of its document, as it was read
const shown = new Map(); // address -> promise of what it is shown by

function read(address) {
  if (!kept.has(address)) {
    const answer = fetch(address).then((answer) => {
      if (!answer.ok) {
        throw new Error(`${address} answered ${answer.status}`);
      }
      return answer.json();
    });
    answer.catch(() => kept.delete(address)); // to be tried again
    kept.set(address, answer);
  }
  return kept.get(address);
}

/** Shows a document, or says in `place` that it could not be read; resolves to null then. */
async function showIn(place, address, show) {
  try {
    return show(await read(address), place);
  } catch (error) {
    console.error(error);
    const words = { class: "error", "data-t": "explorer.no-document", text: t("explorer.no-document") };
    place.replaceChildren(make("p", words));
    shown.delete(address);
    return null;
  }
}

function showOnce(place, address, show) {
  if (!shown.has(address)) {
    shown.set(address, showIn(place, address, show));
  }
  return shown.get(address);
}

function suggest(name) {
  return center ? suggestions(name, center.state) : [];
}

function showSocket() {
  return showOnce(byId("socket"), ASYNCAPI, showAsyncApi);
}

function showRest() {
  return showOnce(byId("rest"), OPENAPI, showOpenApi);
}

async function explain(name) {
  selectTab("socket");
  byId("find-message").value = "";
  (await showSocket())?.open(name);
}

function sayTitle() {
  if (center) {
    document.title = t("explorer.title");
  }
}

listenTo((frame) => {
  logFrame(frame);
  if (frame.way === "closed") {
    giveUp();
  }
});
byId("find-command").addEventListener("input", (event) => {
  filterCommands(event.target.value.trim());
});
byId("find-message").addEventListener("input", async (event) => {
  (await showSocket())?.filter(event.target.value.trim());
});
byId("find-route").addEventListener("input", async (event) => {
  (await showRest())?.filter(event.target.value.trim());
});
onLanguage(sayTitle);

startPage({
  name: "explorer",
  words,
  connecting: { WebSocket: RecordedSocket },
  enter(opened) {
    center = opened;
    center.on("CommandResult", answered);
    sayTitle();
    showIn(byId("commands"), ASYNCAPI, (document) => {
      showCommands(document, suggest);
      filterCommands(byId("find-command").value.trim());
    });
    byId("find-command").focus();
  },
  leave() {
    center = null;
    clearLog();
  },
});
startTabs({ socket: showSocket, rest: showRest });
startHand();
startLog(explain);
