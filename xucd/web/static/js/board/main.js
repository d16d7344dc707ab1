/* The board: the form to sign in first, then the page. */

import { startPage } from "../shared/page.js";
import words from "../words/board.js";

startPage(words, () => import("./board.js"));
