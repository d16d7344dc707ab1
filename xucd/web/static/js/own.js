/* The user's own agent: its state, and the buttons that change it. */

import { countFrom } from "./clock.js";
import { byId, make, setAttribute, setShown, setState, setText } from "./dom.js";
import { detailWords, pauses, stateWords } from "./words.js";

/** Lets the buttons ask: `ask(command, values)` tells the user when it is refused. */
export function startOwn(ask) {
  byId("log-in").addEventListener("submit", (event) => {
    event.preventDefault();
    ask("agentLogin", { agentphonenumber: byId("line").value.trim() });
  });
  byId("ready").addEventListener("click", () => ask("unpauseAgent"));
  byId("log-out").addEventListener("click", () => ask("agentLogout"));
  byId("reasons").addEventListener("click", (event) => {
    const reason = event.target.closest("button")?.dataset.reason;
    if (reason) {
      ask("pauseAgent", { reason });
    }
  });
}

/** Shows the user's own agent as the facts have it. */
export function showOwn(facts) {
  const state = facts.states.get(facts.user?.agentId);
  const appears = byId("own").hidden;
  byId("own").hidden = !state;
  if (!state) {
    document.title = "xucd";
    return;
  }
  if (appears && document.activeElement === document.body) {
    byId("own-title").focus(); // the next Tab leads to what an agent needs first
  }
  const words = stateWords(state.name);
  const out = state.name === "AgentLoggedOut";
  setState(byId("own-state"), words);
  countFrom(byId("own-timer"), out ? null : state.startedAt);
  const detail = [detailWords(state, facts.statuses), out ? "" : `line ${state.phone}`];
  setText(byId("own-detail"), detail.filter(Boolean).join(" · "));
  document.title = `${words.words} · xucd`;
  setShown(byId("log-in"), out, byId("own-title"));
  setShown(byId("controls"), !out, byId("own-title"));
  showChoices(facts, state);
  suggestLine(facts, state);
}

function showChoices(facts, { name }) {
  showReasons(byId("reasons"), pauses(facts.statuses));
  // A pause chosen during a call holds after it, so the choice is shown by the status.
  const paused = pauses(facts.statuses).some((status) => status.name === facts.status);
  const wrapping = name === "AgentOnWrapup";
  setAttribute(byId("ready"), "aria-pressed", String(!paused && !wrapping));
  setText(byId("ready"), wrapping ? "Ready now" : "Ready");
  for (const button of byId("reasons").children) {
    setAttribute(button, "aria-pressed", String(button.dataset.reason === facts.status));
  }
}

function showReasons(place, statuses) {
  const names = statuses.map((status) => status.name);
  if (names.join() === [...place.children].map((button) => button.dataset.reason).join()) {
    return;
  }
  place.replaceChildren(...statuses.map(({ name, longName, color }) => {
    const dot = make("span", { class: "dot", "aria-hidden": "true" });
    dot.style.backgroundColor = color;
    return make("button", { type: "button", class: "choice", "data-reason": name }, dot, longName);
  }));
}

function suggestLine(facts, state) {
  const input = byId("line");
  const suggested = facts.line || state.phone;
  if (input.dataset.suggested !== suggested && input !== document.activeElement) {
    input.dataset.suggested = suggested;
    input.value = suggested;
  }
}
