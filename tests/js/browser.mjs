/* What modules of the pages ask the browser for as they are loaded: to be imported before them. */

const kept = new Map([["xucd.language", "en"]]);

Object.defineProperty(globalThis, "navigator", { value: { languages: ["en"] } });
Object.assign(globalThis, {
  localStorage: {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
  },
  document: { documentElement: {}, querySelectorAll: () => [] },
});
