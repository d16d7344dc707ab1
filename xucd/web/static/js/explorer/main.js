/* The explorer: the form to sign in first, then the page. */

import { startPage } from "../shared/page.js";
import words from "../words/explorer.js";

startPage(words, () => import("./explorer.js"));
