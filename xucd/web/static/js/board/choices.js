/* What the user has chosen for the board, kept for the next visit. */

const KEY = "xucd.board";

/** For how many minutes plots reach back, and after how many seconds a wait is too long. */
export const SPANS = [15, 30, 60];
export const ALARMS = [20, 30, 60, 120, 300];

const first = { span: 15, alarm: 60, queueOrder: "name", agentOrder: "state" };

/** The choices; change one with `choose`. */
export const choices = { ...first, ...kept() };

/** Makes a choice. */
export function choose(name, value) {
  choices[name] = value;
  localStorage.setItem(KEY, JSON.stringify(choices));
}

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return Object.fromEntries(Object.entries(found).filter(([name, value]) => fits(name, value)));
  } catch (error) {
    if (error instanceof SyntaxError) {
      return {}; // somebody else wrote there
    }
    throw error;
  }
}

function fits(name, value) {
  const allowed = {
    span: SPANS,
    alarm: ALARMS,
    queueOrder: ["name", "waiting", "longest"],
    agentOrder: ["state", "name"],
  };
  return allowed[name]?.includes(value);
}
