/* Small helpers for a page's elements. Text from xucd gets in as text only, never as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Record<string, string | number>} Attributes */

/**
 * The page's element of this id. `kind` is the class that it must have, such as `HTMLInputElement`.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof (kind ?? HTMLElement))) {
    throw new TypeError(`the page has no such element: ${id}`);
  }
  return /** @type {T} */ (element);
}

/**
 * The innermost element that matches a selector, from an event's target outwards; null for none.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest({ target }, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/** A new element with attributes (and `text`), and children within.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  if (text !== undefined) {
    element.textContent = String(text);
  }
  element.append(...children);
  return element;
}

/** A new icon, drawn by the path `d` in a square of 24.
 * @param {string} d
 */
export function makeIcon(d) {
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", d);
  icon.append(path);
  return icon;
}

/** Sets an element's text if it differs: a screen reader repeats a text that is set again.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Sets an attribute if it differs; null removes it.
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** Hides an element or shows it; `instead` gets the focus if that would be lost.
 * @param {HTMLElement} element
 * @param {boolean} shown
 * @param {HTMLElement | null} instead
 */
export function setShown(element, shown, instead = null) {
  if (!shown && !element.hidden && instead && element.contains(document.activeElement)) {
    instead.focus();
  }
  element.hidden = !shown;
}

/**
 * Keeps one element for each item, in the items' order, so that the focus and the scroll position
 * are kept. `begin(item)` makes the parts of a new item, with its element as `root`; `fill(parts,
 * item)` updates them; `end(parts)` is called before an element is removed. Returns a function that
 * takes the items and returns the parts by their keys.
 * @template Item
 * @template {string | number} Key
 * @template {{root: HTMLElement}} Parts
 * @param {HTMLElement} place
 * @param {object} options
 * @param {(item: Item) => Key} options.key
 * @param {(item: Item) => Parts} options.begin
 * @param {(parts: Parts, item: Item) => void} options.fill
 * @param {(parts: Parts) => void} [options.end]
 * @returns {(items: Item[]) => Map<Key, Parts>}
 */
export function keepList(place, { key, begin, fill, end = () => {} }) {
  /** @type {Map<Key, Parts>} */
  const kept = new Map();
  return (items) => {
    const keys = new Set(items.map(key));
    const { activeElement: active } = document;
    for (const [name, parts] of kept) {
      if (!keys.has(name)) {
        end(parts);
        parts.root.remove();
        kept.delete(name);
      }
    }
    items.forEach((item, index) => {
      const name = key(item);
      const parts = kept.get(name) ?? begin(item);
      kept.set(name, parts);
      fill(parts, item);
      const there = place.children[index];
      if (there !== parts.root) {
        place.insertBefore(parts.root, there ?? null);
      }
    });
    if (active instanceof HTMLElement && active !== document.activeElement
      && place.contains(active)) {
      active.focus({ preventScroll: true }); // it was lost as its element moved
    }
    return kept;
  };
}
