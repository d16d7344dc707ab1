/* The desk of an agent: the form to sign in first, then the page. */

import { startPage } from "../shared/page.js";
import words from "../words/desk.js";

startPage(words, () => import("./desk.js"));
