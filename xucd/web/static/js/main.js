/* The page: who is signed in, the link to xucd, and what is shown of it. */

import { showAgents, startAgents } from "./agents.js";
import { startClock } from "./clock.js";
import { Commands, Refused } from "./commands.js";
import { Connection } from "./connection.js";
import { byId, setText } from "./dom.js";
import { showOwn, startOwn } from "./own.js";
import { heldToken, signIn, signOut } from "./session.js";
import { blank, take } from "./state.js";
import { profileWords } from "./words.js";

let facts = blank();
let linked = "connecting";
let drawing = false;

const connection = new Connection({
  heard: (type, body) => {
    if (type === "CommandResult") {
      commands.answered(body);
      return;
    }
    take(facts, type, body, performance.now());
    if (type === "LoggedOn") {
      catchUp(body.recovered === true);
    }
    if (type === "LinkStatus" && body.asterisk === "current") {
      tell(commands.ask("getAgentStates"));
    }
    draw();
  },
  linked: (status) => {
    linked = status;
    if (status === "lost") {
      commands.giveUp();
    }
    draw();
  },
  ended: (words) => leave(words),
});
const commands = new Commands((frame) => connection.send(frame));

/** After what was missed, only the timers are behind; otherwise all is asked for anew. */
function catchUp(recovered) {
  if (!recovered) {
    // Who has no line is refused; there is nothing to suggest then.
    tell(commands.ask("getConfig", { objectType: "line" }), ["LineUnknown"]);
    tell(commands.ask("getList", { objectType: "queue" }));
    tell(commands.ask("getList", { objectType: "queuemember" }));
    tell(commands.ask("getList", { objectType: "agent" }));
    tell(commands.ask("subscribeToAgentEvents"));
  }
  tell(commands.ask("getAgentStates"));
}

function ask(command, values) {
  setText(byId("refusal"), "");
  tell(commands.ask(command, values));
}

async function tell(asked, unless = ["LinkLost"]) {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof Refused)) {
      throw error;
    }
    if (!unless.includes(error.code)) {
      setText(byId("refusal"), error.message);
    }
  }
}

/** Shows the facts at the next frame, however many messages come before it. */
function draw() {
  if (!drawing) {
    drawing = true;
    setTimeout(() => {
      drawing = false;
      show();
    });
  }
}

function show() {
  setText(byId("user"), facts.user?.fullName ?? "");
  setText(byId("profile"), profileWords(facts.profile));
  setText(byId("link"), { open: "Live", connecting: "Connecting…", lost: "Offline" }[linked]);
  byId("link").className = `link ${linked}`;
  showBanner();
  showOwn(facts);
  showAgents(facts);
}

function showBanner() {
  let words = "";
  if (linked !== "open" && facts.user) {
    words = "The connection to xucd is lost: what you see may be old. Trying again…";
  } else if (facts.lostSince) {
    const since = facts.lostSince.toLocaleTimeString([], { timeStyle: "short" });
    words = `Asterisk is not reachable since ${since}: what you see may be old.`;
  }
  setText(byId("banner"), words);
  byId("banner").hidden = !words;
  byId("desk").classList.toggle("stale", words !== "");
}

function enter() {
  facts = blank();
  byId("door").hidden = true;
  byId("desk").hidden = false;
  show();
  connection.open();
}

function leave(words = "") {
  connection.close();
  commands.giveUp();
  signOut();
  facts = blank();
  show();
  setText(byId("refusal"), "");
  byId("desk").hidden = true;
  byId("door").hidden = false;
  setText(byId("sign-in-error"), words);
  byId("login").focus();
}

async function knock(event) {
  event.preventDefault();
  const [login, password] = [byId("login"), byId("password")];
  const empty = [login, password].find((input) => !input.value);
  if (empty) {
    setText(byId("sign-in-error"), "Give your login and your password.");
    empty.focus();
    return;
  }
  setText(byId("sign-in-error"), "");
  const button = byId("sign-in").querySelector("button");
  button.setAttribute("aria-busy", "true");
  try {
    await signIn(login.value.trim(), password.value);
    password.value = "";
    enter();
  } catch (error) {
    setText(byId("sign-in-error"), error.message);
    password.select();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

byId("sign-in").addEventListener("submit", knock);
byId("sign-out").addEventListener("click", () => leave());
startOwn(ask);
startAgents(ask);
startClock();
if (heldToken()) {
  enter();
} else {
  leave();
}
