/* What eslint checks in all JavaScript of this repository. */

import js from "@eslint/js";
import globals from "globals";

/** Scripts that existing pages load by script tags: each defines one global. */
const CLASSIC = "xucd/web/static/assets/**/*.js";

export default [
  { ignores: [".venv/", "build/", "dist/", ".demo/", "xucd/web/static/vendor/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "eqeqeq": ["error", "always", { null: "ignore" }],
      "no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-implicit-globals": "error",
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["xucd/web/static/js/**/*.js"],
    languageOptions: { globals: globals.browser },
  },
  {
    // The library runs in browsers and in Node.
    files: ["xucd/web/static/lib/**/*.js"],
    languageOptions: { globals: globals["shared-node-browser"] },
  },
  {
    files: [CLASSIC],
    languageOptions: { sourceType: "script", globals: globals.browser },
    // `var Cti = (function () { const Cti = …; return Cti; })()`: the one global that a script is for.
    rules: { "no-var": "off", "no-shadow": "off" },
  },
  {
    files: ["**/*.mjs", "eslint.config.js"],
    languageOptions: { globals: globals.node },
  },
];
