/* Days as callbacks have them, "2026-11-22", in the user's time zone. */

import { formatDate, language } from "../shared/words.js";

/** @import { CallbackPeriod } from "/lib/xucd.js" */

const DAY = 86_400_000;

/** The day of a `Date`.
 * @param {Date} date
 */
export function localDay(date) {
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A day for a person: "today", "tomorrow", or its date.
 * @param {string} day
 */
export function dayWords(day) {
  const distance = Math.round((Number(midnight(day)) - Number(midnight(localDay(new Date())))) / DAY);
  if (Math.abs(distance) <= 1) {
    const words = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
    const said = words.format(distance, "day");
    return said.charAt(0).toUpperCase() + said.slice(1);
  }
  return formatDate(midnight(day), { weekday: "short", day: "numeric", month: "short" });
}

/** A period for a person: "Afternoon, 14:00–17:00".
 * @param {CallbackPeriod} period
 */
export function periodWords(period) {
  return `${period.name}, ${hoursWords(period)}`;
}

/** The hours of a period: "14:00–17:00".
 * @param {CallbackPeriod} period
 */
export function hoursWords({ periodStart, periodEnd }) {
  return `${periodStart.slice(0, 5)}–${periodEnd.slice(0, 5)}`;
}

/** @param {string} day */
function midnight(day) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date);
}
