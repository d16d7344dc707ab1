/* The panel of an agent: its state, actions, queues and figures, for keyboard and mouse. */

import { countFrom } from "../shared/clock.js";
import { closest, keepList, make, makeIcon, setAttribute, setShown, setText } from "../shared/dom.js";
import { agentFigures } from "../shared/figures.js";
import { ICONS } from "../shared/icons.js";
import { seesPart } from "../shared/state-table.js";
import { detailWords, pauseChoices, stateLook, stateWords } from "../shared/states.js";
import { duration } from "../shared/times.js";
import { formatNumber, t } from "../shared/words.js";
import { keepFigures } from "./figures.js";
import { differenceWords, fillMember, makeAdder, makeMember } from "./members.js";
import { agentView, possible, queueName } from "./model.js";

/** @import { State, UserStatus } from "/lib/xucd.js" */
/** @import { AgentFigure } from "../shared/figures.js" */
/** @import { Acts } from "./acts.js" */
/** @import { AgentTile } from "./model.js" */
/** @import { Panel } from "./panel.js" */

/** @type {AgentFigure[]} */
const FIGURES = [
  "answered", "missed", "inboundTime", "ringTime", "outbound", "readyTime", "pausedTime",
  "wrapupTime",
];

/** The panel of an agent.
 * @param {number} id
 * @param {State} state
 * @param {Acts} act
 * @returns {Panel}
 */
export function agentPanel(id, state, act) {
  const title = make("h2", { id: "panel-title", tabindex: "-1" });
  let name = "";
  const now = make("span", {});
  const timer = make("span", { class: "timer" });
  const detail = make("span", { class: "quiet" });
  const actions = beginActions(id, act);
  const queues = make("ul", { class: "members" });
  const none = make("p", { class: "empty" });
  const adder = makeAdder("add-queue", t("panel.add-queue"),
    (queueId, penalty) => act.add(id, queueId, penalty));
  const figures = make("dl", { class: "figures" });
  const root = make("div", { class: "panel-body" },
    make("p", { class: "row" }, now, timer, detail),
    actions.root,
    make("h3", { text: t("panel.queues") }), queues, none, adder.root,
    make("h3", { text: t("panel.today") }), figures);
  /** @type {Map<number, string>} */
  let differences = new Map();
  const showQueues = keepList(queues, {
    key: (/** @type {AgentTile["memberships"][number]} */ queue) => queue.id,
    begin: (queue) => makeMember(make("span", { class: "name", text: queue.name }), {
      setPenalty: (penalty) => act.setPenalty(id, queue.id, penalty),
      remove: () => act.remove(id, queue.id),
    }),
    fill: (row, queue) => {
      setText(row.difference, differences.get(queue.id) ?? "");
      fillMember(row, queue,
        t("panel.penalty.in", { queue: queue.name }),
        t("panel.remove.from", { name, queue: queue.name }));
    },
  });
  const showFigures = keepFigures(figures, "agent");

  /** @param {State} current */
  function show(current) {
    const agent = current.agents.get(id);
    if (!agent) {
      return; // the board closes the panel
    }
    const part = seesPart(current, id);
    const view = agentView(agent, current.queues, part);
    name = view.name;
    setText(title, `${name} · ${view.number}`);
    setText(now, stateWords(view.state));
    setAttribute(now, "class", `state ${stateLook(view.state)}`);
    countFrom(timer, view.since);
    const onLine = view.line !== "" && view.state !== "AgentLoggedOut";
    setText(detail, [detailWords(view.details, current.statuses),
      onLine ? t("board.line", { line: view.line }) : ""].filter(Boolean).join(" · "));
    actions.show(view, current.statuses, title);
    differences = new Map(view.memberships.map(({ id: queueId }) =>
      [queueId, differenceWords(agent, queueId)]));
    showQueues(view.memberships);
    none.hidden = view.memberships.length > 0;
    setText(none, t(part ? "panel.no-queues-of-yours" : "panel.no-queues"));
    adder.offer([...current.queues.values()]
      .filter((queue) => !agent.queues.has(queue.id))
      .map((queue) => ({ id: queue.id, name: queueName(queue) }))
      .sort((a, b) => a.name.localeCompare(b.name)));
    const values = agentFigures(agent);
    showFigures(FIGURES.map((figure) =>
      ({ name: figure, words: figureWords(figure, values[figure]) })));
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

/**
 * @param {AgentFigure} name
 * @param {number} value
 */
function figureWords(name, value) {
  return name.endsWith("Time") ? duration(value * 1000) : formatNumber(value);
}

/**
 * @param {string} key
 * @param {string} icon
 * @param {() => unknown} action
 */
function actionButton(key, icon, action) {
  const button = make("button", { type: "button" }, makeIcon(icon), make("span", { text: t(key) }));
  button.addEventListener("click", action);
  return button;
}

/**
 * @param {number} id
 * @param {Acts} act
 */
function beginActions(id, act) {
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
  const ready = actionButton("panel.make-ready", ICONS.play, () => act.ready(id));
  const listen = actionButton("panel.listen", ICONS.phone, () => act.listen(id));
  const mute = actionButton("panel.pause-recording", ICONS.pause, () => act.pauseRecording(id));
  const unmute =
    actionButton("panel.resume-recording", ICONS.record, () => act.resumeRecording(id));
  const logOut = actionButton("panel.log-out", ICONS.leave, () => act.logOut(id));
  const reasons = make("span", { class: "row reasons" });
  const pause = make("div", { class: "row", role: "group", "aria-label": t("panel.pause") },
    make("span", { class: "quiet", text: t("panel.pause") }), reasons);
  reasons.addEventListener("click", (event) => {
    const reason = closest(event, "button")?.dataset.reason;
    if (reason !== undefined) {
      act.pause(id, reason);
    }
  });
  const root = make("div", { class: "actions", role: "group", "aria-label": t("panel.actions") },
    logIn, make("div", { class: "row" }, ready, listen, mute, unmute, logOut), pause);
  /** @type {string | null} */
  let suggested = null;
  return {
    root,
    /**
     * @param {AgentTile} view
     * @param {UserStatus[]} statuses
     * @param {HTMLElement} title gets the focus of a button that is hidden
     */
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

/**
 * @param {HTMLElement} place
 * @param {UserStatus[]} statuses
 * @param {AgentTile} view
 */
function showReasons(place, statuses, view) {
  const wanted = pauseChoices(statuses);
  if (wanted.map((status) => status.name).join() !== [...place.children].map(nameOf).join()) {
    place.replaceChildren(...wanted.map(({ name, longName, color }) => {
      const dot = make("span", { class: "dot", "aria-hidden": "true" });
      dot.style.backgroundColor = color;
      return make("button",
        { type: "button", class: "choice compact", "data-reason": name }, dot, longName);
    }));
  }
  for (const button of place.children) {
    const pressed = view.state === "AgentOnPause" && view.details.cause === nameOf(button);
    setAttribute(button, "aria-pressed", String(pressed));
  }
}

/** @param {Element} button */
function nameOf(button) {
  return button.getAttribute("data-reason");
}
