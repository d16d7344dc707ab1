/* Small helpers for a page's elements. Text from xucd gets in as text only, never as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/** The element of this id, which the page has. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element with attributes (and `text`), and children within. */
export function make(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  if (text !== undefined) {
    element.textContent = text;
  }
  element.append(...children);
  return element;
}

/** A new icon, drawn by the path `d` in a square of 24. */
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

/** Sets an element's text if it differs: a screen reader repeats what is set anew. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Sets an attribute if it differs; null takes it away. */
export function setAttribute(element, name, value) {
  if (value === null) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** Hides an element or shows it; `instead` gets the focus if that would be lost. */
export function setShown(element, shown, instead = null) {
  if (!shown && !element.hidden && instead && element.contains(document.activeElement)) {
    instead.focus();
  }
  element.hidden = !shown;
}

/**
 * Keeps one element for each item, in the items' order, so that the focus and the place on the page
 * are kept. `begin(item)` makes the parts of a new one, with its element as `root`; `fill(parts,
 * item)` brings it up to date; `end(parts)` is told of one that goes. Returns a function that takes
 * the items and gives the parts by their keys.
 */
export function keepList(place, { key, begin, fill, end = () => {} }) {
  const kept = new Map();
  return (items) => {
    const keys = new Set(items.map(key));
    const active = document.activeElement;
    for (const [name, parts] of kept) {
      if (!keys.has(name)) {
        end(parts);
        parts.root.remove();
        kept.delete(name);
      }
    }
    items.forEach((item, index) => {
      const name = key(item);
      if (!kept.has(name)) {
        kept.set(name, begin(item));
      }
      const parts = kept.get(name);
      fill(parts, item);
      const there = place.children[index];
      if (there !== parts.root) {
        place.insertBefore(parts.root, there ?? null);
      }
    });
    if (active !== document.activeElement && place.contains(active)) {
      active.focus({ preventScroll: true }); // it was lost as its element moved
    }
    return kept;
  };
}
