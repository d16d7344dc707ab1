/* All that can be seen of an agent and done with it, by keyboard as by mouse. */

import { AGENT_STATISTICS } from "../../lib/table.js";
import { countFrom } from "../shared/clock.js";
import { keepList, make, makeIcon, setAttribute, setShown, setText } from "../shared/dom.js";
import { ICONS } from "../shared/icons.js";
import { detailWords, pauses, stateLook, stateWords } from "../shared/states.js";
import { duration } from "../shared/times.js";
import { formatNumber, t } from "../shared/words.js";
import { keepFigures } from "./figures.js";
import { fillMember, makeAdder, makeMember } from "./members.js";
import { agentView, possible, queueName } from "./model.js";

const FIGURES = [
  { name: "agentAnswered", statistic: AGENT_STATISTICS.INBOUND_ANSWERED },
  { name: "agentMissed", statistic: AGENT_STATISTICS.INBOUND_UNANSWERED },
  { name: "agentTalk", statistic: AGENT_STATISTICS.INBOUND_CALL_TIME, seconds: true },
  { name: "agentRing", statistic: AGENT_STATISTICS.INBOUND_RING_TIME, seconds: true },
  { name: "agentOutbound", statistic: AGENT_STATISTICS.OUTBOUND_CALLS },
  { name: "agentReady", statistic: AGENT_STATISTICS.READY_TIME, seconds: true },
  { name: "agentPaused", statistic: AGENT_STATISTICS.PAUSED_TIME, seconds: true },
  { name: "agentWrapup", statistic: AGENT_STATISTICS.WRAPUP_TIME, seconds: true },
];

/** The panel of an agent: {root, title, show(state), gone(state)}. `act` does what is asked. */
export function agentPanel(id, state, act) {
  const title = make("h2", { id: "panel-title", tabindex: "-1" });
  let name = "";
  const now = make("span", {});
  const timer = make("span", { class: "timer" });
  const detail = make("span", { class: "quiet" });
  const actions = beginActions(id, act);
  const queues = make("ul", { class: "members" });
  const none = make("p", { class: "empty", text: t("panel.no-queues") });
  const adder = makeAdder("add-queue", t("panel.add-queue"),
    (queueId, penalty) => act.put(id, queueId, penalty));
  const figures = make("dl", { class: "figures" });
  const root = make("div", { class: "panel-body" },
    make("p", { class: "row" }, now, timer, detail),
    actions.root,
    make("h3", { text: t("panel.queues") }), queues, none, adder.root,
    make("h3", { text: t("panel.today") }), figures);
  const showQueues = keepList(queues, {
    key: (queue) => queue.id,
    begin: (queue) => makeMember(make("span", { class: "name", text: queue.name }), {
      setPenalty: (penalty) => act.setPenalty(id, queue.id, penalty),
      remove: () => act.takeOut(id, queue.id),
    }),
    fill: (row, queue) => fillMember(row, queue.penalty,
      t("panel.penalty.in", { queue: queue.name }),
      t("panel.remove.from", { name, queue: queue.name })),
  });
  const showFigures = keepFigures(figures);

  function show(current) {
    const agent = current.agents.get(id);
    const view = agentView(agent, current.queues);
    name = view.name;
    setText(title, `${name} · ${view.number}`);
    setText(now, stateWords(view.state));
    setAttribute(now, "class", `state ${stateLook(view.state)}`);
    countFrom(timer, view.since);
    setText(detail, [detailWords(view.told, current.statuses), view.line
      && view.state !== "AgentLoggedOut" && t("board.line", { line: view.line })]
      .filter(Boolean).join(" · "));
    actions.show(view, current.statuses, title);
    showQueues(view.queues);
    none.hidden = view.queues.length > 0;
    adder.offer([...current.queues.values()]
      .filter((queue) => !agent.queues.has(queue.id))
      .map((queue) => ({ id: queue.id, name: queueName(queue) }))
      .sort((a, b) => a.name.localeCompare(b.name)));
    showFigures(FIGURES.map((figure) =>
      ({ name: figure.name, words: figureWords(figure, agent.statistics ?? {}) })));
  }

  show(state);
  return {
    root,
    title,
    show,
    gone: (current) => !current.agents.has(id),
    close: () => countFrom(timer, null),
  };
}

function figureWords({ statistic, seconds }, statistics) {
  const value = statistics[statistic] ?? 0;
  return seconds ? duration(value * 1000) : formatNumber(value);
}

function beginActions(id, act) {
  const button = (key, icon, ask) => {
    const made = make("button", { type: "button" });
    if (icon) {
      made.append(makeIcon(icon));
    }
    made.append(make("span", { text: t(key) }));
    made.addEventListener("click", ask);
    return made;
  };
  const line = make("input", {
    id: "panel-line", inputmode: "tel", autocomplete: "off", maxlength: 40, size: 8, required: "",
  });
  const logIn = make("form", { class: "row" },
    make("label", { for: "panel-line", text: t("panel.on-line") }), line,
    make("button", { class: "primary", type: "submit", text: t("panel.log-in") }));
  logIn.addEventListener("submit", (event) => {
    event.preventDefault();
    act.logIn(id, line.value.trim());
  });
  const ready = button("panel.make-ready", ICONS.play, () => act.ready(id));
  const listen = button("panel.listen", ICONS.phone, () => act.listen(id));
  const mute = button("panel.pause-recording", ICONS.pause, () => act.muteRecording(id));
  const unmute = button("panel.resume-recording", ICONS.record, () => act.unmuteRecording(id));
  const logOut = button("panel.log-out", ICONS.leave, () => act.logOut(id));
  const reasons = make("span", { class: "row reasons" });
  const pause = make("div", { class: "row", role: "group", "aria-label": t("panel.pause") },
    make("span", { class: "quiet", text: t("panel.pause") }), reasons);
  reasons.addEventListener("click", (event) => {
    const reason = event.target.closest("button")?.dataset.reason;
    if (reason !== undefined) {
      act.pause(id, reason);
    }
  });
  const root = make("div", { class: "actions", role: "group", "aria-label": t("panel.actions") },
    logIn, make("div", { class: "row" }, ready, listen, mute, unmute, logOut), pause);
  let suggested = null;
  return {
    root,
    show(view, statuses, title) {
      const may = possible(view);
      setShown(logIn, may.logIn, title);
      setShown(ready, may.ready, title);
      setShown(listen, may.listen, title);
      setShown(mute, may.pauseRecording, title);
      setShown(unmute, may.resumeRecording, title);
      setShown(logOut, may.logOut, title);
      setShown(pause, may.pause, title);
      showReasons(reasons, statuses, view);
      if (suggested !== view.line && document.activeElement !== line) {
        suggested = view.line;
        line.value = view.line;
      }
    },
  };
}

function showReasons(place, statuses, view) {
  const wanted = pauses(statuses);
  if (wanted.map((status) => status.name).join() !== [...place.children].map(nameOf).join()) {
    place.replaceChildren(...wanted.map(({ name, longName, color }) => {
      const dot = make("span", { class: "dot", "aria-hidden": "true" });
      dot.style.backgroundColor = color;
      return make("button",
        { type: "button", class: "choice compact", "data-reason": name }, dot, longName);
    }));
  }
  for (const button of place.children) {
    const pressed = view.state === "AgentOnPause" && view.told.cause === nameOf(button);
    setAttribute(button, "aria-pressed", String(pressed));
  }
}

function nameOf(button) {
  return button.dataset.reason;
}
