/* The texts of the pages, in English and French.

A table has one row for each text, `{"state.ready": ["Ready", "Prêt"]}`, so that neither language
can lack it. The page uses the browser's language unless the user has chosen another, which is
kept for the next visit. */

import shared from "../words/shared.js";

/** @typedef {"en" | "fr"} Language */
/** @typedef {Record<string, string[]>} Table Texts by their keys, one for each language. */

/** The languages, in the order of a row's columns.
 * @type {Language[]}
 */
export const LANGUAGES = ["en", "fr"];

const KEY = "xucd.language";
/** @type {Map<string, string[]>} */
const table = new Map(Object.entries(shared));
/** @type {Set<() => void>} */
const listeners = new Set();
let current = preferred();
let plurals = new Intl.PluralRules(current);
let names = collator();
let numberFormat = new Intl.NumberFormat(current);

/** Adds a page's texts.
 * @param {Table} rows
 */
export function addWords(rows) {
  for (const [key, row] of Object.entries(rows)) {
    table.set(key, row);
  }
}

/** The text of `key`, with `{name}` replaced from `values`.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  const row = table.get(key);
  if (!row) {
    console.error(`no words for ${key}`);
    return key;
  }
  const words = row[LANGUAGES.indexOf(current)];
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Whether `key` has a text.
 * @param {string} key
 */
export function hasWords(key) {
  return table.has(key);
}

/** The text of `key.one` or `key.other`, by the number `n`, which `{n}` stands for.
 * @param {string} key
 * @param {number} n
 * @param {Record<string, unknown>} [values]
 */
export function tCount(key, n, values = {}) {
  const form = plurals.select(n) === "one" ? "one" : "other";
  return t(`${key}.${form}`, { n: formatNumber(n), ...values });
}

/** The page's language. */
export function language() {
  return current;
}

/** Switches the page to another language, and keeps it for the next visit.
 * @param {Language} code
 */
export function chooseLanguage(code) {
  localStorage.setItem(KEY, code);
  current = code;
  plurals = new Intl.PluralRules(current);
  names = collator();
  numberFormat = new Intl.NumberFormat(current);
  document.documentElement.lang = current;
  translate(document);
  listeners.forEach((listener) => listener());
}

/** Calls `listener` whenever the language changes: the page then renders its texts again.
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.add(listener);
}

/**
 * Sets the texts that the elements below `root` name: `data-t` for the content, `data-t-ATTRIBUTE`
 * (`aria-label`, `placeholder`, `title`) for attributes.
 * @param {ParentNode} root
 */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.textContent = t(element.getAttribute("data-t") ?? "");
  }
  for (const name of ["aria-label", "placeholder", "title"]) {
    for (const element of root.querySelectorAll(`[data-t-${name}]`)) {
      element.setAttribute(name, t(element.getAttribute(`data-t-${name}`) ?? ""));
    }
  }
}

/** A number as the language writes it.
 * @param {number} number
 */
export function formatNumber(number) {
  return numberFormat.format(number);
}

/** A `Date` as the language writes it; options as `Intl.DateTimeFormat` takes them.
 * @param {Date} date
 * @param {Intl.DateTimeFormatOptions} options
 */
export function formatDate(date, options) {
  return new Intl.DateTimeFormat(current === "en" ? english() : current, options).format(date);
}

/** Some names in one sentence, as the language lists them.
 * @param {string[]} list
 */
export function formatList(list) {
  return new Intl.ListFormat(current).format(list);
}

/** Compares two names as the language sorts them.
 * @param {string} a
 * @param {string} b
 */
export function byName(a, b) {
  return names.compare(a, b);
}

function collator() {
  return new Intl.Collator(current, { sensitivity: "base", numeric: true });
}

/** The language that the user has chosen, or the first of the browser's that the pages have. */
function preferred() {
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  for (const code of [localStorage.getItem(KEY), ...wanted]) {
    const known = LANGUAGES.find((candidate) => candidate === code);
    if (known) {
      return known;
    }
  }
  return "en";
}

/** The reader's own English, if English is what the browser speaks: dates differ. */
function english() {
  return navigator.languages.find((tag) => tag.startsWith("en")) ?? "en-GB";
}

document.documentElement.lang = current;
