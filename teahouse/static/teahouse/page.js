/** What every page of Teahouse runs: the choice of theme and language, and the words in the chosen one. */

import "./elements/settings.js";
import { translatePage } from "./words.js";

translatePage();
