/* What the pages say, in English and French.

A table of words has one row for each thing that is said, `{"state.ready": ["Ready", "Prêt"]}`, so
that neither language can go without. The browser's language is taken, unless the user has chosen
another, which is kept. */

import shared from "../words/shared.js";

/** The languages, in the order of a row's columns. */
export const LANGUAGES = ["en", "fr"];

const KEY = "xucd.language";
const table = new Map(Object.entries(shared));
const listeners = new Set();
let current = preferred();
let plurals = new Intl.PluralRules(current);
let names = collator();
let plain = new Intl.NumberFormat(current);

/** Adds a page's table to what can be said. */
export function addWords(rows) {
  for (const [key, row] of Object.entries(rows)) {
    table.set(key, row);
  }
}

/** What `key` stands for, with `{name}` replaced from `values`. */
export function t(key, values = {}) {
  const row = table.get(key);
  if (!row) {
    console.error(`no words for ${key}`);
    return key;
  }
  const words = row[LANGUAGES.indexOf(current)];
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Whether there are words for `key`. */
export function hasWords(key) {
  return table.has(key);
}

/** The words for so many: `key.one` or `key.other`, where `{n}` is the number. */
export function tCount(key, n, values = {}) {
  const form = plurals.select(n) === "one" ? "one" : "other";
  return t(`${key}.${form}`, { n: formatNumber(n), ...values });
}

/** The language that is spoken: "en" or "fr". */
export function language() {
  return current;
}

/** Speaks another language from now on, and keeps it for the next visit. */
export function chooseLanguage(code) {
  localStorage.setItem(KEY, code);
  current = code;
  plurals = new Intl.PluralRules(current);
  names = collator();
  document.documentElement.lang = current;
  translate(document);
  listeners.forEach((listener) => listener());
}

/** Calls `listener` whenever another language is chosen: the page then says all anew. */
export function onLanguage(listener) {
  listeners.add(listener);
}

/**
 * Says what the elements below `root` name: `data-t` for the text, `data-t-ATTRIBUTE` (`aria-label`,
 * `placeholder`, `title`) for attributes.
 */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const name of ["aria-label", "placeholder", "title"]) {
    for (const element of root.querySelectorAll(`[data-t-${name}]`)) {
      element.setAttribute(name, t(element.getAttribute(`data-t-${name}`)));
    }
  }
}

/** A number as the language writes it. */
export function formatNumber(number, options) {
  if (options === undefined) {
    return plain.format(number); // asked for often: making a format takes longer than using it
  }
  return new Intl.NumberFormat(current, options).format(number);
}

/** A `Date` as the language writes it; options as `Intl.DateTimeFormat` takes them. */
export function formatDate(date, options) {
  return new Intl.DateTimeFormat(current === "en" ? english() : current, options).format(date);
}

/** Compares two names as the language sorts them. */
export function byName(a, b) {
  return names.compare(a, b);
}

function collator() {
  return new Intl.Collator(current, { sensitivity: "base", numeric: true });
}

function preferred() {
  const chosen = localStorage.getItem(KEY);
  if (LANGUAGES.includes(chosen)) {
    return chosen;
  }
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find((code) => LANGUAGES.includes(code)) ?? "en";
}

/** The reader's own English, if English is what the browser speaks: dates differ. */
function english() {
  return navigator.languages.find((tag) => tag.startsWith("en")) ?? "en-GB";
}

document.documentElement.lang = current;
