/* Small helpers for the page's elements. Text from xucd gets in as text only, never as HTML. */

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

/** Sets an element's text if it differs: a screen reader repeats what is set anew. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Sets an attribute if it differs. */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) {
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

/** A state in its colour, in a new or an existing element. */
export function setState(element, { words, look }) {
  setText(element, words);
  setAttribute(element, "class", `state ${look}`);
}
