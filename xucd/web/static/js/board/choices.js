/* The user's choices for the board, kept for the next visit. */

const KEY = "xucd.board";

/** Minutes that plots show, and seconds after which a wait is too long. */
export const SPANS = [15, 30, 60];
export const ALARMS = [20, 30, 60, 120, 300];

/**
 * @typedef {object} Choices
 * @property {number} span minutes
 * @property {number} alarm seconds
 * @property {string} queueOrder
 * @property {string} agentOrder
 */

/** The allowed values of each choice; the first visit has the defaults below.
 * @type {{[Name in keyof Choices]: Choices[Name][]}}
 */
const ALLOWED = {
  span: SPANS,
  alarm: ALARMS,
  queueOrder: ["name", "waiting", "longest"],
  agentOrder: ["state", "name"],
};

/** The choices; change one with `choose`.
 * @type {Choices}
 */
export const choices = {
  span: 15, alarm: 60, queueOrder: "name", agentOrder: "state", ...kept(),
};

/** Makes a choice and keeps it.
 * @template {keyof Choices} Name
 * @param {Name} name
 * @param {Choices[Name]} value
 */
export function choose(name, value) {
  choices[name] = value;
  localStorage.setItem(KEY, JSON.stringify(choices));
}

function kept() {
  try {
    /** @type {unknown} */
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return Object.fromEntries(Object.entries(found ?? {}).filter(([name, value]) => fits(name, value)));
  } catch (error) {
    if (error instanceof SyntaxError) {
      return {}; // another program wrote there
    }
    throw error;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function fits(name, value) {
  /** @type {Record<string, unknown[]>} */
  const allowed = ALLOWED;
  return Object.hasOwn(allowed, name) && allowed[name].includes(value);
}
